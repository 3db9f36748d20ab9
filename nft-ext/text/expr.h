/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules: selectors in them, what these are compared with, sets and maps on them. */
#ifndef NX_EXPR_H
#define NX_EXPR_H

#include "edit.h"

/** nx_walk_rule - the rule that begins at @from; returns the token that ends it */
size_t nx_walk_rule(struct nx_walk *w, size_t from, size_t to);
/** nx_walk_exprs - the expressions among tokens @from up to @to */
void nx_walk_exprs(struct nx_walk *w, size_t from, size_t to);

#endif /* NX_EXPR_H */
