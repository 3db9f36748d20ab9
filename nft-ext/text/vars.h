/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Defines: which are in force, and the value of one in the place of its use. */
#ifndef NX_VARS_H
#define NX_VARS_H

#include "edit.h"

/** nx_lang_define - a variable from outside, as nft -D has it: "name=value" */
void nx_lang_define(struct nx_lang *lang, const char *assignment);

/**
 * nx_define - a define in the text
 * @w:		the walk
 * @name:	its name, not terminated
 * @len:	its length
 * @from:	first token of the value
 * @to:		the token after it
 * @again:	redefine: the one in force gets the new value
 */
void nx_define(struct nx_walk *w, const char *name, size_t len, size_t from, size_t to, bool again);
/** nx_undefine - the define is no longer in force */
void nx_undefine(struct nx_walk *w, const char *name, size_t len);
/** nx_scope_end - a block has ended: @lang->depth is that of the one around it */
void nx_scope_end(struct nx_lang *lang);
/** nx_var_get - the define in force of that name, or NULL */
const struct nx_var *nx_var_get(const struct nx_walk *w, const char *name, size_t len);

/** struct nx_sub - a define's value being walked; see nx_sub_begin */
struct nx_sub {
	struct nx_walk w;
};

/**
 * nx_sub_begin - walk the value of the define that is used at tokens @i ('$') and @i + 1
 *
 * Return: false if there is no such define (stock nft will say so) or it nests too deeply.
 */
bool nx_sub_begin(struct nx_walk *w, size_t i, struct nx_sub *sub);
/** nx_sub_end - put the translated value in place of the use, unless nothing changed */
void nx_sub_end(struct nx_walk *w, size_t i, struct nx_sub *sub, bool emit);

#endif /* NX_VARS_H */
