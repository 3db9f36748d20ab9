/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Large sets of names whose elements can go around the library (nx_bulk). */
#ifndef NX_MANY_H
#define NX_MANY_H

#include "edit.h"

/**
 * nx_many_find - are the elements in the block of a set many, and all of a simple form?
 * @w:		the walk; keeps the answer until nx_many_walk
 * @from:	first token inside of the set's block
 * @to:		its closing brace
 * @id:		the set
 * @l:		its layout
 *
 * Simple is: a name, and for a map the same data for all, or a number of a mark or a port; nothing
 * else in the block but the type and a comment. All other elements are the library's.
 */
void nx_many_find(struct nx_walk *w, size_t from, size_t to, const struct nx_set_id *id,
		  const struct nx_layout *l);

/** nx_many_walk - elements that begin at the brace @open, if they are those found; else false */
bool nx_many_walk(struct nx_walk *w, size_t open, const struct nx_layout *l);

#endif /* NX_MANY_H */
