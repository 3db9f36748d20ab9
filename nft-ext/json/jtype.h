/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types of sets in JSON. libnftables prints a map's data, and old ones a key too, by the
 * name of its type alone; with that a set made by typeof is not the same again.
 */
#ifndef NX_JTYPE_H
#define NX_JTYPE_H

#include <jansson.h>
#include <stdbool.h>

/**
 * nx_jtype_of_text - {"typeof": ...} of what nft prints behind `typeof`
 * @text:	e.g. "ip daddr . quic sni"
 *
 * Return: a new reference, NULL for an expression whose JSON is not known here.
 */
json_t *nx_jtype_of_text(const char *text);

/**
 * nx_jtype_of_name - {"typeof": ...} of some expression that has a type
 * @type:	the type's name, or an array of names
 *
 * Return: a new reference, NULL if there is none or @type names a kind of object.
 */
json_t *nx_jtype_of_name(const json_t *type);

/** nx_jtype_known - is it the name of a type, and not of a kind of object? */
bool nx_jtype_known(const json_t *name);

#endif /* NX_JTYPE_H */
