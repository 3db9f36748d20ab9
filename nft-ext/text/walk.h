/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the text translator: the walk over one text's tokens. */
#ifndef NX_WALK_H
#define NX_WALK_H

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
 * @at_end:	the token behind it
 */
struct nx_walk {
	struct nx_lang *lang;
	struct nx_text *text;
	struct nx_toks toks;
	struct nx_walk *parent;
	size_t at, at_end;
};

/** struct nx_var - a define: its value as one line without comments */
struct nx_var {
	struct nx_var *older;	/* of all */
	struct nx_var *shadows; /* the outer one of this name */
	char *name;
	char *value;
	unsigned int depth;
};

/* Tokens. All indices stay within [0, toks.n]. */

static inline bool is(const struct nx_walk *w, size_t i, const char *s)
{
	return nx_tok_is(&w->toks, i, s);
}

static inline bool is_punct(const struct nx_walk *w, size_t i, char c)
{
	return w->toks.t[i].type == NX_PUNCT && w->toks.src[w->toks.t[i].off] == c;
}

static inline enum nx_tok_type type_of(const struct nx_walk *w, size_t i)
{
	return w->toks.t[i].type;
}

static inline const char *text_of(const struct nx_walk *w, size_t i)
{
	return nx_tok_text(&w->toks, i);
}

static inline size_t len_of(const struct nx_walk *w, size_t i)
{
	return w->toks.t[i].len;
}

/** nx_mate - the closing brace of the one at @i, or 0 if it is not closed */
static inline size_t nx_mate(const struct nx_walk *w, size_t i)
{
	return w->toks.t[i].mate > i ? w->toks.t[i].mate : 0;
}

/** nx_replace - put @with in the place of tokens @from up to, not with, @to */
void nx_replace(struct nx_walk *w, size_t from, size_t to, const struct nx_buf *with);

/** nx_error - a message about tokens @from up to, not with, @to */
void nx_error(struct nx_walk *w, size_t from, size_t to, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* walk.c: commands and blocks */
void nx_walk_block(struct nx_walk *w, size_t from, size_t to, const struct nx_block *block);

/* expr.c: expressions in rules */
size_t nx_walk_rule(struct nx_walk *w, size_t from, size_t to);
void nx_walk_exprs(struct nx_walk *w, size_t from, size_t to);
/** nx_rule_end - the token that ends the rule in which @i stands */
size_t nx_rule_end(const struct nx_walk *w, size_t i, size_t to);

/* selector.c: `quic KEY` and concatenations with it */

/**
 * struct nx_selector - `quic alpn . ip daddr`, or its placeholder
 * @layout:	its parts
 * @from:	first token of each quic part
 * @to:		token behind each
 * @concat:	it is a part of a concatenation
 * @slot:	NX_OUT: the literal that it stands for, if it is a slot
 */
struct nx_selector {
	struct nx_layout layout;
	size_t from[NX_COMPS], to[NX_COMPS];
	bool concat;
	const struct nx_slot *slot;
};

/** nx_selector_key - the quic key that is selected at @i; *end is the token behind it */
const struct nx_key *nx_selector_key(const struct nx_walk *w, size_t i, size_t *end);
/** nx_refuse_key - an error if there is `quic` at @i, which no key follows */
void nx_refuse_key(struct nx_walk *w, size_t i, size_t to);
/** nx_raw_payload - `@ih,OFFSET,BITS` at @i */
bool nx_raw_payload(const struct nx_walk *w, size_t i, uint32_t *off, uint32_t *bits);
/** nx_names_follow - is @i a word or sign that a name follows? */
bool nx_names_follow(const struct nx_walk *w, size_t i);
/**
 * nx_read_selector - a selector whose first quic key @k is at tokens @i to @end
 * @from:	where the rule begins: parts of a concatenation before @i are counted
 * @to:		where it ends
 *
 * Return: the token behind it.
 */
size_t nx_read_selector(struct nx_walk *w, size_t i, size_t from, size_t to, const struct nx_key *k,
			size_t end, struct nx_selector *s);
/**
 * nx_refuse_wide_key - an error if a key does not fit beside another value
 * @i:		its first token
 * @to:		where it must end
 * @map:	it is the key of a dynamic map, the data beside it; else that of a hash
 */
void nx_refuse_wide_key(struct nx_walk *w, size_t i, size_t to, bool map);
/** nx_write_selector - translate its quic keys */
void nx_write_selector(struct nx_walk *w, const struct nx_selector *s);
/** nx_walk_typeof - `KEY : DATA` behind typeof */
size_t nx_walk_typeof(struct nx_walk *w, size_t from, size_t to, struct nx_layout *layout);

/* elem.c: values */
void nx_walk_elements(struct nx_walk *w, size_t from, size_t to, const struct nx_layout *l);
/** nx_walk_value - one value of a set's part at @i; returns the token behind it */
size_t nx_walk_value(struct nx_walk *w, size_t i, size_t to, const struct nx_key *k, bool concat);
/** nx_read_literal - the name or CID at @i; false with an error */
bool nx_read_literal(struct nx_walk *w, size_t i, const struct nx_key *k, struct nx_lit *lit);
/** nx_walk_number - the number or symbol at @i */
void nx_walk_number(struct nx_walk *w, size_t i, const struct nx_key *k);

/* vars.c: defines */
void nx_define(struct nx_walk *w, const char *name, size_t len, size_t from, size_t to, bool again);
void nx_undefine(struct nx_walk *w, const char *name, size_t len);
void nx_scope_end(struct nx_lang *lang);
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

#endif /* NX_WALK_H */
