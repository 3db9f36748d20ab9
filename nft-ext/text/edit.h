/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One text under translation: its tokens, what is replaced in it, messages about it. */
#ifndef NX_EDIT_H
#define NX_EDIT_H

#include <string.h>

#include "lang.h"
#include "lex.h"

/**
 * struct nx_walk - one text on its way
 * @lang:	shared state
 * @text:	where the edits go
 * @toks:	its tokens
 * @parent:	the walk that this text, a define's value, is expanded in, or NULL
 * @at:		first token of the use in @parent
 * @at_end:	the token after it
 * @many:	brace before the elements that nx_many_find found, or 0
 * @many_first:	the token after the first of them
 */
struct nx_walk {
	struct nx_lang *lang;
	struct nx_text *text;
	struct nx_toks toks;
	struct nx_walk *parent;
	size_t at, at_end;
	size_t many, many_first;
};

/* Tokens. All indices stay within [0, toks.n]. */

static inline bool nx_is(const struct nx_walk *w, size_t i, const char *s)
{
	return nx_tok_is(&w->toks, i, s);
}

static inline bool nx_is_punct(const struct nx_walk *w, size_t i, char c)
{
	return w->toks.t[i].type == NX_PUNCT && w->toks.src[w->toks.t[i].off] == c;
}

static inline enum nx_tok_type nx_type_of(const struct nx_walk *w, size_t i)
{
	return w->toks.t[i].type;
}

static inline const char *nx_text_of(const struct nx_walk *w, size_t i)
{
	return nx_tok_text(&w->toks, i);
}

static inline size_t nx_len_of(const struct nx_walk *w, size_t i)
{
	return w->toks.t[i].len;
}

/** nx_mate - the closing brace of the one at @i, or 0 if it is not closed */
static inline size_t nx_mate(const struct nx_walk *w, size_t i)
{
	return w->toks.t[i].mate > i ? w->toks.t[i].mate : 0;
}

/** nx_skip_command - to the end of a command: a newline or semicolon outside of braces */
size_t nx_skip_command(const struct nx_walk *w, size_t i, size_t to);
/** nx_rule_end - the token that ends the rule in which @i stands */
size_t nx_rule_end(const struct nx_walk *w, size_t i, size_t to);

/** nx_replace - put @with in the place of tokens @from up to, not with, @to */
void nx_replace(struct nx_walk *w, size_t from, size_t to, const struct nx_buf *with);

/**
 * nx_message - a message as nft prints one: place, text, the user's line, carets below it
 * @w:		the walk
 * @from:	first token that it is about
 * @to:		the token after
 * @out:	gets the message
 * @what:	"Error: " or "Warning: "
 * @fmt:	its text
 * @ap:		for @fmt
 */
void nx_message(const struct nx_walk *w, size_t from, size_t to, struct nx_buf *out,
		const char *what, const char *fmt, va_list ap);

/** nx_error - a message about tokens @from up to, not with, @to */
void nx_error(struct nx_walk *w, size_t from, size_t to, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif /* NX_EDIT_H */
