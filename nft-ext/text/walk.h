/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The grammar from its top: commands and blocks, where rules, sets and elements stand. */
#ifndef NX_WALK_H
#define NX_WALK_H

#include "lang.h"

struct nx_walk;

/**
 * nx_translate - translate a text
 * @lang:	shared state
 * @text:	the text; its translation is made
 * @block:	where it stands, NULL for the top
 *
 * Never fails as such: look at @lang->nerrs and @lang->oom afterwards.
 */
void nx_translate(struct nx_lang *lang, struct nx_text *text, const struct nx_block *block);

/**
 * nx_look_for_sets - remember the sets of a text that will be included in the block of a table
 * @lang:	shared state
 * @text:	the text; stays as it is
 * @block:	the block
 */
void nx_look_for_sets(struct nx_lang *lang, struct nx_text *text, const struct nx_block *block);

/** nx_translate_elements - likewise of a text that is elements, joined by commas, of layout @l */
void nx_translate_elements(struct nx_lang *lang, struct nx_text *text, const struct nx_layout *l);

/**
 * nx_translate_set - likewise of the inside of a set's block, or of its lines before the elements
 * @lang:	shared state, remembers the set
 * @text:	the text
 * @table:	the block of its table
 * @name:	the set's name
 * @l:		gets its layout
 */
void nx_translate_set(struct nx_lang *lang, struct nx_text *text, const struct nx_block *table,
		      const struct nx_buf *name, struct nx_layout *l);

/** nx_walk_block - the inside of a block, tokens @from up to @to: a scope of defines */
void nx_walk_block(struct nx_walk *w, size_t from, size_t to, const struct nx_block *block);

#endif /* NX_WALK_H */
