/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which chains packets can come to. */
#ifndef NA_REACH_H
#define NA_REACH_H

#include "ruleset.h"

/**
 * na_reach() - for each chain of @rs, by its index: does a base chain lead to it
 *
 * By jump and goto, in rules and in maps, over any number of chains. A dormant table counts as if
 * it were awake. The caller frees it.
 */
bool *na_reach(const struct na_ruleset *rs);

#endif
