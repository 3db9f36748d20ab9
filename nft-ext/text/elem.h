/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values: elements of sets and maps, literals of every kind of key. */
#ifndef NX_ELEM_H
#define NX_ELEM_H

#include "edit.h"

/** nx_walk_elements - elements, joined by commas, of a set whose parts are @l */
void nx_walk_elements(struct nx_walk *w, size_t from, size_t to, const struct nx_layout *l);
/** nx_walk_value - one value of a set's part at @i; returns the token after it */
size_t nx_walk_value(struct nx_walk *w, size_t i, size_t to, const struct nx_key *k, bool concat);
/** nx_read_literal - the name or CID at @i; false with an error */
bool nx_read_literal(struct nx_walk *w, size_t i, const struct nx_key *k, struct nx_lit *lit);
/** nx_walk_number - the number or symbol at @i */
void nx_walk_number(struct nx_walk *w, size_t i, const struct nx_key *k);

#endif /* NX_ELEM_H */
