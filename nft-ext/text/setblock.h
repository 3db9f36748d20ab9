/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block of a set or map: its type, which tells where quic keys are, and its elements. */
#ifndef NX_SETBLOCK_H
#define NX_SETBLOCK_H

#include "edit.h"

/**
 * nx_setblock_layout - find where a set has quic keys, and remember it in @w->lang->sets
 * @w:		the walk
 * @from:	first token inside of the set's block
 * @to:		its closing brace
 * @block:	the block of its table
 * @name:	of the set, not terminated; NULL if it cannot be told
 * @len:	its length
 * @l:		the result
 */
void nx_setblock_layout(struct nx_walk *w, size_t from, size_t to, const struct nx_block *block,
			const char *name, size_t len, struct nx_layout *l);

/** nx_setblock_line - the statement at @i, in the block of a set of layout @l */
size_t nx_setblock_line(struct nx_walk *w, size_t i, size_t to, struct nx_layout *l);

#endif /* NX_SETBLOCK_H */
