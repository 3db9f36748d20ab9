// SPDX-License-Identifier: GPL-2.0-or-later
/* Expressions in rules: selectors, what they are compared with, sets and maps on them. */
#include <errno.h>
#include <stdlib.h>

#include "walk.h"
#include "words.h"

/**
 * struct selector - `quic alpn . ip daddr`, or its placeholder
 * @layout:	its parts
 * @from:	first token of each quic part
 * @to:		token behind each
 * @concat:	it is a part of a concatenation
 * @slot:	NX_OUT: the literal that it stands for, if it is a slot
 */
struct selector {
	struct nx_layout layout;
	size_t from[NX_COMPS], to[NX_COMPS];
	bool concat;
	const struct nx_slot *slot;
};

static bool number(const struct nx_walk *w, size_t i, uint32_t *val)
{
	char *end;
	unsigned long v;

	if (type_of(w, i) != NX_WORD || *text_of(w, i) < '0' || *text_of(w, i) > '9')
		return false;
	v = strtoul(text_of(w, i), &end, 10);
	*val = v;
	return end == text_of(w, i) + len_of(w, i) && v <= UINT32_MAX;
}

/* `@ih,OFFSET,BITS` at @i */
static bool raw_payload(const struct nx_walk *w, size_t i, uint32_t *off, uint32_t *bits)
{
	return i + 6 <= w->toks.n && is_punct(w, i, '@') && is(w, i + 1, "ih") &&
	       is_punct(w, i + 2, ',') && number(w, i + 3, off) && is_punct(w, i + 4, ',') &&
	       number(w, i + 5, bits);
}

/* A word that a name follows: what comes next is no expression. */
static bool names_follow(const struct nx_walk *w, size_t i)
{
	return is(w, i, "jump") || is(w, i, "goto") || is_punct(w, i, '@') || is_punct(w, i, '$');
}

const struct nx_key *nx_selector_key(const struct nx_walk *w, size_t i, size_t *end)
{
	const struct nx_key *k;
	uint32_t off, bits;

	if (w->lang->dir == NX_OUT) {
		if (!raw_payload(w, i, &off, &bits))
			return NULL;
		*end = i + 6;
		return nx_key_by_place(off, bits);
	}
	if (!is(w, i, "quic") || type_of(w, i) != NX_WORD || type_of(w, i + 1) != NX_WORD)
		return NULL;
	if (i && names_follow(w, i - 1))
		return NULL;
	k = nx_key_by_name(text_of(w, i + 1), len_of(w, i + 1));
	*end = i + 2;
	return k;
}

/* The token behind a part of a concatenation that is not ours. */
static size_t skip_part(const struct nx_walk *w, size_t i, size_t to)
{
	bool fib = is(w, i, "fib");

	for (size_t from = i; i < to; i++) {
		enum nx_tok_type type = type_of(w, i);

		if (type == NX_WORD) {
			/* `fib saddr . iif type` has dots of its own; its result word ends it */
			if (fib && i > from + 1 && !is_punct(w, i - 1, '.') &&
			    (is(w, i, "type") || is(w, i, "oif") || is(w, i, "oifname") ||
			     is(w, i, "check")))
				return i + 1;
			if (is(w, i, "map") || is(w, i, "vmap") || nx_word_after_key(text_of(w, i), len_of(w, i)))
				break;
			continue;
		}
		if (type == NX_PUNCT && is_punct(w, i, '@') && i + 2 < to && is_punct(w, i + 2, ',')) {
			i += 5; /* a raw payload */
			if (i >= to)
				break;
			continue;
		}
		if (type == NX_PUNCT && is_punct(w, i, '(') && nx_mate(w, i)) {
			i = nx_mate(w, i);
			continue;
		}
		if (type == NX_PUNCT && is_punct(w, i, '.') && fib)
			continue;
		break;
	}
	return i;
}

/*
 * How many parts of the concatenation stand before token @i, which follows a dot. Going
 * back, each part must begin with a word that begins an expression: what does not is a
 * value of the match before.
 */
static unsigned int parts_before(const struct nx_walk *w, size_t i, size_t from)
{
	unsigned int n = 0;

	while (i > from && is_punct(w, i - 1, '.')) {
		size_t j = i - 1;

		n++;
		while (j > from && (type_of(w, j - 1) == NX_WORD || is_punct(w, j - 1, ',') ||
				    is_punct(w, j - 1, '@') || is_punct(w, j - 1, ')'))) {
			if (is_punct(w, j - 1, ')')) {
				size_t open = w->toks.t[j - 1].mate;

				if (open >= j - 1)
					break;
				j = open;
				continue;
			}
			j--;
			if (j >= 1 && is(w, j, "fib"))
				break;
		}
		/* dots of a fib expression are not parts */
		if (j >= from + 3 && is_punct(w, j - 1, '.') && is(w, j - 3, "fib"))
			j -= 1;
		if (j <= from || !is_punct(w, j - 1, '.') ||
		    !nx_word_begins_expr(text_of(w, j), len_of(w, j)))
			break;
		i = j;
	}
	return n;
}

static size_t read_selector(struct nx_walk *w, size_t i, size_t from, size_t to,
			    const struct nx_key *k, size_t end, struct selector *s)
{
	unsigned int part = 0;

	memset(s, 0, sizeof(*s));
	if (i > from && is_punct(w, i - 1, '.'))
		part = parts_before(w, i, from);
	s->concat = part > 0;
	while (part < NX_COMPS) {
		if (k) {
			s->layout.key[part] = k;
			s->from[part] = i;
			s->to[part] = end;
		} else {
			end = skip_part(w, i, to);
		}
		s->layout.n = ++part;
		if (end >= to || !is_punct(w, end, '.'))
			break;
		s->concat = true;
		i = end + 1;
		k = i < to ? nx_selector_key(w, i, &end) : NULL;
	}
	for (part = 0; s->concat && part < s->layout.n; part++)
		s->layout.key[part] = nx_key_in_concat(s->layout.key[part]);
	return end;
}

static void write_selector(struct nx_walk *w, const struct selector *s)
{
	struct nx_buf b = NX_BUF_INIT;

	for (unsigned int i = 0; i < s->layout.n; i++) {
		const struct nx_key *k = s->layout.key[i];

		if (!k)
			continue;
		nx_buf_reset(&b);
		if (w->lang->dir == NX_OUT)
			nx_buf_fmt(&b, "quic %s", k->name);
		else
			nx_buf_fmt(&b, "@ih,%u,%u", nx_key_offset(k), k->width * 8u);
		nx_replace(w, s->from[i], s->to[i], &b);
	}
	nx_buf_free(&b);
}

/* `quic sni` and a literal that fits no register: both become a slot */
static void write_slot(struct nx_walk *w, const struct selector *s, const struct nx_lit *lit,
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
	if (type_of(w, i) == NX_QUOTED)
		return true;
	if (type_of(w, i) != NX_WORD)
		return false;
	return w->lang->dir == NX_OUT ? *text_of(w, i) >= '0' && *text_of(w, i) <= '9' :
					!nx_word_reserved(text_of(w, i), len_of(w, i));
}

/* One literal behind a single name or connection ID. @i: its place in @w; @at: in @use. */
static void write_match(struct nx_walk *w, const struct selector *s, size_t i, struct nx_walk *use,
			size_t at, size_t at_end)
{
	const struct nx_key *k = s->layout.key[0];
	struct nx_buf b = NX_BUF_INIT;
	struct nx_lit lit;

	if (!nx_read_literal(w, i, k, &lit)) {
		if (w->lang->dir == NX_OUT)
			write_selector(use, s);
		return;
	}
	if (w->lang->dir == NX_IN && !nx_lit_fits(&lit, k->width)) {
		write_slot(use, s, &lit, at, at_end);
		return;
	}
	write_selector(use, s);
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
	static const char *const words[] = { "eq", "ne", "lt", "gt", "le", "ge", "and", "or",
					     "xor", "lshift", "rshift" };

	*equal = is(w, i, "==") || is(w, i, "!=") || is(w, i, "eq") || is(w, i, "ne");
	if (type_of(w, i) == NX_OP || is_punct(w, i, '&') || is_punct(w, i, '|') ||
	    is_punct(w, i, '^'))
		return true;
	for (size_t n = 0; type_of(w, i) == NX_WORD && n < sizeof(words) / sizeof(words[0]); n++) {
		if (is(w, i, words[n]))
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
static size_t walk_variable(struct nx_walk *w, size_t i, const struct selector *s)
{
	const struct nx_key *k = s->layout.n == 1 ? s->layout.key[0] : NULL;
	struct nx_sub sub;

	if (!nx_sub_begin(w, i, &sub)) {
		write_selector(w, s);
		return i + 2;
	}
	if (k && k->kind != NX_NUM && !is_punct(&sub.w, 0, '{') && !is_punct(&sub.w, 0, '@') &&
	    !is_punct(&sub.w, 0, '$')) {
		write_match(&sub.w, s, 0, w, i, i + 2);
		nx_sub_end(w, i, &sub, false);
		return i + 2;
	}
	if (k && k->kind != NX_NUM && is_punct(&sub.w, 0, '$')) {
		/* a define of a define: expand one level, in the use's place */
		struct nx_sub inner;

		if (nx_sub_begin(&sub.w, 0, &inner)) {
			if (is_punct(&inner.w, 0, '{') || is_punct(&inner.w, 0, '$')) {
				write_selector(w, s);
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
	write_selector(w, s);
	if (is_punct(&sub.w, 0, '{'))
		walk_braces(&sub.w, 0, &s->layout);
	else if (!is_punct(&sub.w, 0, '@'))
		nx_walk_elements(&sub.w, 0, sub.w.toks.n, &s->layout);
	nx_sub_end(w, i, &sub, true);
	return i + 2;
}

static size_t walk_numbers(struct nx_walk *w, size_t i, size_t to, const struct nx_key *k)
{
	nx_walk_number(w, i, k);
	if (i + 2 < to && is_punct(w, i + 1, '-') && is_literal(w, i + 2, to)) {
		nx_walk_number(w, i + 2, k);
		i += 2;
	}
	return i + 1;
}

/* What follows a selector, from token @i. */
static size_t walk_operand(struct nx_walk *w, size_t i, size_t to, const struct selector *s)
{
	const struct nx_key *k = s->layout.n == 1 && !s->concat ? s->layout.key[0] : NULL;
	const struct nx_key *any = NULL;
	size_t op = i;
	bool equal;

	for (unsigned int n = 0; n < s->layout.n && !any; n++)
		any = s->layout.key[n] && s->layout.key[n]->kind != NX_NUM ? s->layout.key[n] : NULL;
	if (i < to && is_op(w, i, &equal)) {
		if (any && !equal && w->lang->dir == NX_IN) {
			nx_error(w, op, op + 1,
				 "quic %s: only == and != are possible with a name, not %.*s",
				 any->name, (int)len_of(w, op), text_of(w, op));
			return i + 1;
		}
		i++;
	}
	if (i < to && (is(w, i, "map") || is(w, i, "vmap")))
		i++;
	if (i < to && is_punct(w, i, '{')) {
		write_selector(w, s);
		return walk_braces(w, i, &s->layout);
	}
	if (i + 1 < to && is_punct(w, i, '$'))
		return walk_variable(w, i, s);
	if (k && is_literal(w, i, to)) {
		if (k->kind == NX_NUM) {
			write_selector(w, s);
			return walk_numbers(w, i, to, k);
		}
		if (w->lang->dir == NX_IN && i + 2 < to && is_punct(w, i + 1, '-')) {
			nx_error(w, i, i + 3, "quic %s: a range is not possible with a name",
				 k->name);
			return i + 3;
		}
		write_match(w, s, i, w, i, i + 1);
		return i + 1;
	}
	write_selector(w, s);
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

/* An expression at @i, if it is one of ours; the token behind it, or @i. */
static size_t walk_expr(struct nx_walk *w, size_t i, size_t from, size_t to)
{
	const struct nx_slot *slot;
	const struct nx_key *k;
	uint32_t off, bits;
	struct selector s;
	size_t end;

	if (w->lang->dir == NX_OUT && raw_payload(w, i, &off, &bits)) {
		slot = nx_slot_by_place(w->lang->slots, off, bits);
		if (slot)
			return walk_slot(w, i, to, slot);
	}
	k = nx_selector_key(w, i, &end);
	if (!k || end > to)
		return i;
	end = read_selector(w, i, from, to, k, end, &s);
	return walk_operand(w, end, to, &s);
}

/* Tokens that stand in a rule, @i a brace: the block of a chain, or a set. */
static size_t walk_nested(struct nx_walk *w, size_t i)
{
	struct nx_block chain = { .kind = NX_CHAIN };
	size_t mate = nx_mate(w, i);

	if (!mate)
		return i + 1;
	if (i && (is(w, i - 1, "jump") || is(w, i - 1, "goto")))
		nx_walk_block(w, i + 1, mate, &chain);
	else
		nx_walk_exprs(w, i + 1, mate);
	return mate + 1;
}

/* `quic foo`: if stock nft stumbles here, it is told as an unknown key. */
static void suspect(struct nx_walk *w, size_t i, size_t to)
{
	struct nx_suspect *s;

	if (w->lang->dir == NX_OUT || w->parent || !is(w, i, "quic") || i + 1 >= to ||
	    type_of(w, i) != NX_WORD || type_of(w, i + 1) != NX_WORD || (i && names_follow(w, i - 1)))
		return;
	s = calloc(1, sizeof(*s));
	if (!s) {
		w->lang->oom = true;
		return;
	}
	s->text = w->text;
	s->off = w->toks.t[i].off;
	s->word = w->toks.t[i + 1].off;
	s->len = s->word + len_of(w, i + 1) - s->off;
	s->next = w->lang->suspects;
	w->lang->suspects = s;
}

static size_t walk_any(struct nx_walk *w, size_t i, size_t from, size_t to)
{
	size_t next = walk_expr(w, i, from, to);

	if (next > i)
		return next;
	suspect(w, i, to);
	return is_punct(w, i, '{') ? walk_nested(w, i) : i + 1;
}

void nx_walk_exprs(struct nx_walk *w, size_t from, size_t to)
{
	for (size_t i = from; i < to;)
		i = walk_any(w, i, from, to);
}

static size_t rule_end(const struct nx_walk *w, size_t i, size_t to)
{
	while (i < to && type_of(w, i) != NX_NL && !is_punct(w, i, ';')) {
		if (is_punct(w, i, '}'))
			break;
		i = (is_punct(w, i, '{') || is_punct(w, i, '(')) && nx_mate(w, i) ?
			    nx_mate(w, i) + 1 : i + 1;
	}
	return i < to ? i : to;
}

size_t nx_walk_rule(struct nx_walk *w, size_t from, size_t to)
{
	to = rule_end(w, from, to);
	nx_walk_exprs(w, from, to);
	return to;
}

/* One side of `typeof KEY : DATA`; the token behind it. */
static size_t typeof_side(struct nx_walk *w, size_t i, size_t to, uint8_t *n,
			  const struct nx_key **key)
{
	struct selector s = { 0 };
	unsigned int part = 0;

	while (i < to && part < NX_COMPS) {
		size_t end = i;
		const struct nx_key *k = nx_selector_key(w, i, &end);

		if (k) {
			s.layout.key[part] = k;
			s.from[part] = i;
			s.to[part] = end;
		} else {
			end = skip_part(w, i, to);
		}
		part++;
		i = end;
		if (i >= to || !is_punct(w, i, '.'))
			break;
		i++;
	}
	s.layout.n = part;
	for (unsigned int p = 0; p < part; p++) {
		if (part > 1)
			s.layout.key[p] = nx_key_in_concat(s.layout.key[p]);
		key[p] = s.layout.key[p];
	}
	*n = part;
	write_selector(w, &s);
	return i;
}

size_t nx_walk_typeof(struct nx_walk *w, size_t from, size_t to, struct nx_layout *l)
{
	size_t end = rule_end(w, from, to), i;

	memset(l, 0, sizeof(*l));
	i = typeof_side(w, from, end, &l->n, l->key);
	while (i < end && !is_punct(w, i, ':'))
		i++;
	if (i < end)
		typeof_side(w, i + 1, end, &l->dn, l->data);
	return end;
}
