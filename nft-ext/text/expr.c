// SPDX-License-Identifier: GPL-2.0-or-later
/* Expressions in rules: what selectors are compared with, sets and maps on them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "elem.h"
#include "expr.h"
#include "selector.h"
#include "vars.h"
#include "walk.h"
#include "width.h"
#include "words.h"

/* `quic sni` and a literal that fits no register: both become a slot */
static void write_slot(struct nx_walk *w, const struct nx_selector *s, const struct nx_lit *lit,
		       size_t at, size_t at_end)
{
	struct nx_buf b = NX_BUF_INIT;
	uint32_t num;
	int rc = nx_slot_put(w->lang->slots, s->layout.key[0], lit, &num);

	if (rc == -ENOSPC) {
		nx_error(w, at, at_end, "too many long names");
		return;
	}
	if (rc) {
		w->lang->oom = true;
		return;
	}
	nx_buf_fmt(&b, "@ih,%u,%u", nx_slot_offset(num), NX_SLOT_BITS);
	nx_replace(w, s->from[0], s->to[0], &b);
	nx_buf_reset(&b);
	nx_buf_str(&b, "1");
	nx_replace(w, at, at_end, &b);
	nx_buf_free(&b);
}

static bool is_literal(const struct nx_walk *w, size_t i, size_t to)
{
	if (i >= to)
		return false;
	if (nx_type_of(w, i) == NX_QUOTED)
		return true;
	if (nx_type_of(w, i) != NX_WORD)
		return false;
	return w->lang->dir == NX_OUT ? *nx_text_of(w, i) >= '0' && *nx_text_of(w, i) <= '9'
				      : !nx_word_reserved(nx_text_of(w, i), nx_len_of(w, i));
}

/* One literal behind a single name or connection ID. @i: its place in @w; @at: in @use. */
static void write_match(struct nx_walk *w, const struct nx_selector *s, size_t i,
			struct nx_walk *use, size_t at, size_t at_end)
{
	const struct nx_key *k = s->layout.key[0];
	struct nx_buf b = NX_BUF_INIT;
	struct nx_lit lit;

	if (!nx_read_literal(w, i, k, &lit)) {
		if (w->lang->dir == NX_OUT)
			nx_write_selector(use, s);
		return;
	}
	if (w->lang->dir == NX_IN && !nx_lit_fits(&lit, k->width)) {
		write_slot(use, s, &lit, at, at_end);
		return;
	}
	nx_write_selector(use, s);
	if (w->lang->dir == NX_OUT)
		nx_lit_text(&b, k, &lit);
	else
		nx_lit_hex(&b, &lit, k->width);
	nx_replace(use, at, at_end, &b);
	nx_buf_free(&b);
}

/* An operator at @i? *@equal tells == and != from the others. */
static bool is_op(const struct nx_walk *w, size_t i, bool *equal)
{
	static const char *const words[] = {"eq",  "ne", "lt",	"gt",	  "le",	   "ge",
					    "and", "or", "xor", "lshift", "rshift"};

	*equal = nx_is(w, i, "==") || nx_is(w, i, "!=") || nx_is(w, i, "eq") || nx_is(w, i, "ne");
	if (nx_type_of(w, i) == NX_OP || nx_is_punct(w, i, '&') || nx_is_punct(w, i, '|') ||
	    nx_is_punct(w, i, '^'))
		return true;
	for (size_t n = 0; nx_type_of(w, i) == NX_WORD && n < sizeof(words) / sizeof(words[0]);
	     n++) {
		if (nx_is(w, i, words[n]))
			return true;
	}
	return false;
}

static size_t walk_braces(struct nx_walk *w, size_t i, const struct nx_layout *l)
{
	if (!nx_mate(w, i))
		return i + 1;
	nx_walk_elements(w, i + 1, nx_mate(w, i), l);
	return nx_mate(w, i) + 1;
}

/* `$name` behind a selector: a set, or a literal. */
static size_t walk_variable(struct nx_walk *w, size_t i, const struct nx_selector *s)
{
	const struct nx_key *k = s->layout.n == 1 ? s->layout.key[0] : NULL;
	struct nx_sub sub;

	if (!nx_sub_begin(w, i, &sub)) {
		nx_write_selector(w, s);
		return i + 2;
	}
	if (k && !nx_key_is_number(k) && !nx_is_punct(&sub.w, 0, '{') &&
	    !nx_is_punct(&sub.w, 0, '@') && !nx_is_punct(&sub.w, 0, '$')) {
		write_match(&sub.w, s, 0, w, i, i + 2);
		nx_sub_end(w, i, &sub, false);
		return i + 2;
	}
	if (k && !nx_key_is_number(k) && nx_is_punct(&sub.w, 0, '$')) {
		/* a define of a define: expand one level, in the use's place */
		struct nx_sub inner;

		if (nx_sub_begin(&sub.w, 0, &inner)) {
			if (nx_is_punct(&inner.w, 0, '{') || nx_is_punct(&inner.w, 0, '$')) {
				nx_write_selector(w, s);
				nx_walk_elements(&inner.w, 0, inner.w.toks.n, &s->layout);
				nx_sub_end(&sub.w, 0, &inner, true);
				nx_sub_end(w, i, &sub, true);
			} else {
				write_match(&inner.w, s, 0, w, i, i + 2);
				nx_sub_end(&sub.w, 0, &inner, false);
				nx_sub_end(w, i, &sub, false);
			}
			return i + 2;
		}
	}
	nx_write_selector(w, s);
	if (nx_is_punct(&sub.w, 0, '{'))
		walk_braces(&sub.w, 0, &s->layout);
	else if (!nx_is_punct(&sub.w, 0, '@'))
		nx_walk_elements(&sub.w, 0, sub.w.toks.n, &s->layout);
	nx_sub_end(w, i, &sub, true);
	return i + 2;
}

static size_t walk_numbers(struct nx_walk *w, size_t i, size_t to, const struct nx_key *k)
{
	nx_walk_number(w, i, k);
	if (i + 2 < to && nx_is_punct(w, i + 1, '-') && is_literal(w, i + 2, to)) {
		nx_walk_number(w, i + 2, k);
		i += 2;
	}
	return i + 1;
}

/* `~`, `=~` or `!~` at @i, other filters' regular expressions: the token after, or 0. */
static size_t refuse_regex(struct nx_walk *w, size_t i, size_t to, const struct nx_selector *s)
{
	const struct nx_key *k = NULL;
	size_t tilde = i;

	if (i + 1 < to && (nx_is_punct(w, i, '=') || nx_is_punct(w, i, '!')))
		tilde++;
	if (w->lang->dir == NX_OUT || tilde >= to || !nx_is_punct(w, tilde, '~'))
		return 0;
	for (unsigned int n = 0; n < s->layout.n && !k; n++)
		k = s->layout.key[n];
	nx_error(w, i, tilde + 1,
		 "quic %s: a regular expression is not possible, values are compared as a whole%s",
		 k->name, k->id == NFT_QUIC_SNI ? ", or as \"*.example.com\"" : "");
	return tilde + 1;
}

/* The words behind a selector, from token @i. */
static size_t walk_words(struct nx_walk *w, size_t i, size_t to, struct nx_selector *s)
{
	const struct nx_key *k, *any = NULL;
	size_t op = i, behind = refuse_regex(w, i, to, s);
	bool equal;

	if (behind)
		return behind;
	k = s->layout.n == 1 && !s->concat ? s->layout.key[0] : NULL;
	for (unsigned int n = 0; n < s->layout.n && !any; n++)
		any = s->layout.key[n] && !nx_key_is_number(s->layout.key[n]) ? s->layout.key[n]
									      : NULL;
	if (i < to && is_op(w, i, &equal)) {
		if (any && !equal && w->lang->dir == NX_IN) {
			nx_error(w, op, op + 1,
				 "quic %s: only == and != are possible with a name, not %.*s",
				 any->name, (int)nx_len_of(w, op), nx_text_of(w, op));
			return i + 1;
		}
		/* a mask stays as it is, and what is left of the value with it */
		if (!equal && !any &&
		    (nx_type_of(w, i) != NX_OP || nx_is(w, i, "<<") || nx_is(w, i, ">>"))) {
			nx_write_selector(w, s);
			return i + 1;
		}
		i++;
	}
	if (i < to && (nx_is(w, i, "map") || nx_is(w, i, "vmap")))
		i++;
	if (i < to && nx_is_punct(w, i, '{')) {
		nx_write_selector(w, s);
		return walk_braces(w, i, &s->layout);
	}
	if (i + 1 < to && nx_is_punct(w, i, '$'))
		return walk_variable(w, i, s);
	if (s->layout.n > 1 && w->lang->dir == NX_IN && is_literal(w, i, to)) {
		/* as stock nft says of its own fields */
		nx_error(w, i, i + 1,
			 "quic: a concatenation is compared with a set, write { ... }");
		return to;
	}
	if (k && is_literal(w, i, to)) {
		if (nx_key_is_number(k)) {
			nx_write_selector(w, s);
			return walk_numbers(w, i, to, k);
		}
		if (w->lang->dir == NX_IN && i + 2 < to && nx_is_punct(w, i + 1, '-')) {
			nx_error(w, i, i + 3, "quic %s: a range is not possible with a name",
				 k->name);
			return i + 3;
		}
		write_match(w, s, i, w, i, i + 1);
		return i + 1;
	}
	nx_write_selector(w, s);
	return i;
}

static size_t walk_operand(struct nx_walk *w, size_t i, size_t to, struct nx_selector *s)
{
	unsigned int nerrs = w->lang->nerrs;
	bool numeric = w->lang->numeric;

	nx_fit_selector(w, i, to, s);
	if (w->lang->nerrs > nerrs)
		return to;
	/* bits of a number have no symbols */
	w->lang->numeric |= w->lang->dir == NX_OUT && s->masked[0];
	i = walk_words(w, i, to, s);
	w->lang->numeric = numeric;
	return i;
}

/* NX_OUT: `@ih,8388608,32 != 1` */
static size_t walk_slot(struct nx_walk *w, size_t i, size_t to, const struct nx_slot *slot)
{
	struct nx_buf b = NX_BUF_INIT;
	size_t val = i + 6;
	bool equal;

	if (val < to && is_op(w, val, &equal))
		val++;
	nx_buf_fmt(&b, "quic %s", slot->key->name);
	nx_replace(w, i, i + 6, &b);
	if (is_literal(w, val, to)) {
		nx_buf_reset(&b);
		nx_lit_text(&b, slot->key, &slot->lit);
		nx_replace(w, val, val + 1, &b);
		val++;
	}
	nx_buf_free(&b);
	return val;
}

/* An expression at @i, if it is one of ours; the token after it, or @i. */
static size_t walk_expr(struct nx_walk *w, size_t i, size_t from, size_t to)
{
	const struct nx_slot *slot;
	const struct nx_key *k;
	uint32_t off, bits;
	struct nx_selector s;
	unsigned int nerrs;
	size_t end;

	if (w->lang->dir == NX_OUT && nx_raw_payload(w, i, &off, &bits)) {
		slot = nx_slot_by_place(w->lang->slots, off, bits);
		if (slot)
			return walk_slot(w, i, to, slot);
	}
	k = nx_selector_key(w, i, &end);
	if (!k || end > to)
		return i;
	nerrs = w->lang->nerrs;
	end = nx_read_selector(w, i, from, to, k, end, &s);
	return w->lang->nerrs > nerrs ? to : walk_operand(w, end, to, &s);
}

/* Tokens that stand in a rule, @i a brace: the block of a chain, or a set. */
static size_t walk_nested(struct nx_walk *w, size_t i)
{
	struct nx_block chain = {.kind = NX_CHAIN};
	size_t mate = nx_mate(w, i);

	if (!mate)
		return i + 1;
	if (++w->lang->nesting > NX_MAX_NESTING)
		;
	else if (i && (nx_is(w, i - 1, "jump") || nx_is(w, i - 1, "goto")))
		nx_walk_block(w, i + 1, mate, &chain);
	else
		nx_walk_exprs(w, i + 1, mate);
	w->lang->nesting--;
	return mate + 1;
}

/* `quic foo`: if stock nft stumbles here, the message is about an unknown key. */
static void suspect(struct nx_walk *w, size_t i, size_t to)
{
	struct nx_suspect *s;

	if (w->lang->dir == NX_OUT || w->parent || !nx_is(w, i, "quic") || i + 1 >= to ||
	    nx_type_of(w, i) != NX_WORD || nx_type_of(w, i + 1) != NX_WORD ||
	    nx_is(w, i + 1, "quic") ||
	    (i && (nx_names_follow(w, i - 1) || nx_is(w, i - 1, "name"))))
		return;
	s = calloc(1, sizeof(*s));
	if (!s) {
		w->lang->oom = true;
		return;
	}
	s->text = w->text;
	s->off = w->toks.t[i].off;
	s->word = w->toks.t[i + 1].off;
	s->len = s->word + nx_len_of(w, i + 1) - s->off;
	s->next = w->lang->suspects;
	w->lang->suspects = s;
}

/* nft keeps no typeof with a meter's set: it could be listed, but not loaded again. */
static void refuse_meter(struct nx_walk *w, size_t i, size_t to)
{
	size_t open = i + 1, end;

	while (open < to && open < i + 6 && !nx_is_punct(w, open, '{'))
		open++;
	if (open >= to || !nx_mate(w, open))
		return;
	for (size_t j = open + 1; j < nx_mate(w, open); j++) {
		if (nx_selector_key(w, j, &end)) {
			nx_error(w, i, nx_mate(w, open) + 1,
				 "quic: not possible in a meter, use a dynamic set: add @set { "
				 "quic ... }");
			return;
		}
	}
}

/* `{ KEY }` of `update @set { KEY }` */
static bool dynamic_set(const struct nx_walk *w, size_t i, size_t from)
{
	return nx_is_punct(w, i, '{') && nx_mate(w, i) && i >= from + 3 &&
	       nx_is_punct(w, i - 2, '@') &&
	       (nx_is(w, i - 3, "add") || nx_is(w, i - 3, "update") || nx_is(w, i - 3, "delete"));
}

/* `{ KEY : DATA }` of `update @map { KEY : DATA }` */
static bool dynamic_map(const struct nx_walk *w, size_t i, size_t from)
{
	if (!dynamic_set(w, i, from))
		return false;
	for (size_t j = i + 1; j < nx_mate(w, i); j++) {
		if (nx_is_punct(w, j, ':'))
			return true;
	}
	return false;
}

static size_t walk_any(struct nx_walk *w, size_t i, size_t from, size_t to)
{
	static const struct nx_layout none;
	size_t next = walk_expr(w, i, from, to);
	const struct nx_layout *l;

	if (next > i)
		return next;
	suspect(w, i, to);
	if (w->lang->dir == NX_IN && nx_type_of(w, i) == NX_WORD) {
		if (nx_is(w, i, "meter"))
			refuse_meter(w, i, to);
		else if (nx_is(w, i, "jhash"))
			nx_refuse_wide_key(w, i + 1, to, false);
	}
	if (w->lang->dir == NX_IN && dynamic_map(w, i, from))
		nx_refuse_wide_key(w, i + 1, nx_mate(w, i), true);
	if (!nx_is_punct(w, i, '{'))
		return i + 1;
	if (w->lang->dir == NX_IN && dynamic_set(w, i, from)) {
		l = nx_set_layout(w, i - 1);
		w->lang->dynset = l ? l : &none;
	}
	next = walk_nested(w, i);
	w->lang->dynset = NULL;
	return next;
}

void nx_walk_exprs(struct nx_walk *w, size_t from, size_t to)
{
	for (size_t i = from; i < to;)
		i = walk_any(w, i, from, to);
}

/*
 * nft -o would merge rules with quic as if a packet had one value of each key; it has many
 * names. A match that no other rule shares keeps it from that; the kernel never sees it.
 */
static void mark_rule(struct nx_walk *w, size_t from, size_t to)
{
	char mark[64];
	size_t end;
	int n;

	for (size_t i = from; i < to; i++) {
		if (!nx_selector_key(w, i, &end))
			continue;
		n = snprintf(mark, sizeof(mark), "@ih,%u,%u != 1 ", NX_MARK_OFFSET, NX_SLOT_BITS);
		nx_text_edit(w->text, w->toks.t[from].off, 0, mark, n);
		return;
	}
}

/* Does the rule use `ct original proto-dst` or whatever @word is? */
static bool has_word(const struct nx_walk *w, size_t from, size_t to,
		     const struct nx_port_word *word)
{
	for (size_t i = from; i + 1 < to; i++) {
		if (nx_is(w, i, word->dir) && nx_is(w, i + 1, word->key))
			return true;
	}
	return false;
}

/*
 * Choose, and tell the other end, what stands for a server ID where nft wants a port. Return: true
 * if the text's last edit tells it.
 */
static bool name_port(struct nx_walk *w, size_t from, size_t to)
{
	const struct nx_key *k = NULL;
	uint32_t num = 1;
	char mark[64];
	size_t end, edits = w->text->n;
	int n;

	for (size_t i = from; i < to && !(k && k->id == NFT_QUIC_SERVER_ID); i++)
		k = nx_selector_key(w, i, &end);
	if (!k || k->id != NFT_QUIC_SERVER_ID)
		return false;
	while (num < NX_NO_PORT_WORD && has_word(w, from, to, nx_port_word(num)))
		num++;
	w->lang->port_word = num;
	if (num == NX_NO_PORT_WORD)
		return false;
	n = snprintf(mark, sizeof(mark), "@ih,%u,%u != %u ", NX_PORT_OFFSET, NX_SLOT_BITS,
		     (unsigned int)num);
	nx_text_edit(w->text, w->toks.t[from].off, 0, mark, n);
	return w->text->n > edits;
}

size_t nx_walk_rule(struct nx_walk *w, size_t from, size_t to)
{
	uint32_t outer = w->lang->port_word;
	bool outer_used = w->lang->port_used, named = false;
	size_t mark;

	to = nx_rule_end(w, from, to);
	if (w->lang->per_rule)
		mark_rule(w, from, to);
	w->lang->port_word = 0;
	w->lang->port_used = false;
	mark = w->text->n;
	if (w->lang->dir == NX_IN)
		named = name_port(w, from, to);
	nx_walk_exprs(w, from, to);
	/* a mark for nothing would turn a match of the user's into a server ID */
	if (named && !w->lang->port_used)
		nx_text_undo(w->text, mark);
	w->lang->port_word = outer;
	w->lang->port_used = outer_used;
	return to;
}
