/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of a ruleset that a reboot is to bring back. */
#ifndef NA_KEPT_H
#define NA_KEPT_H

#include <jansson.h>

#include "ruleset.h"

/**
 * na_kept_read() - rules with quic, and the elements of sets and maps by names
 *
 * Without those of dynamic sets, which packets fill, and those with a time-out.
 * @as:		NULL, or another one: a set of which that has no more than the number is read in the
 *		same way, and each other one whole, whatever @rs says
 *
 * Return: {"rules": {text: true}, "sets": {name: {key: data or true}}, "cut": {name: number}}, for
 * na_kept_missing(). A set without elements is not in it; of one that is cut (struct na_set)
 * there is the number of its elements alone, -1 if that is not known.
 */
json_t *na_kept_read(struct na_ruleset *rs, const json_t *as);

/** na_kept_none() - is there nothing at all in it */
bool na_kept_none(const json_t *kept);

/**
 * na_kept_missing() - what is in @now and not in @then, both of na_kept_read()
 *
 * Of sets of which both have the number alone it is compared.
 *
 * Return: an array of texts in UTF-8, the first @most of them.
 */
json_t *na_kept_missing(const json_t *now, const json_t *then, size_t most);

#endif
