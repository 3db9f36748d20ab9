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
 *
 * Return: {"rules": {text: true}, "sets": {name: {key: data or true}}}, for na_kept_missing(). A
 * set without elements is not in it.
 */
json_t *na_kept_read(const struct na_ruleset *rs);

/** na_kept_none() - is there nothing at all in it */
bool na_kept_none(const json_t *kept);

/**
 * na_kept_missing() - what is in @now and not in @then, both of na_kept_read()
 *
 * Return: an array of texts in UTF-8, the first @most of them.
 */
json_t *na_kept_missing(const json_t *now, const json_t *then, size_t most);

#endif
