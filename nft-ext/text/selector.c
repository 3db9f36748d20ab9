// SPDX-License-Identifier: GPL-2.0-or-later
/* Selectors: `quic KEY`, alone and in concatenations, in rules and behind typeof. */
#include <stdlib.h>

#include "selector.h"
#include "words.h"

static bool number(const struct nx_walk *w, size_t i, uint32_t *val)
{
	char *end;
	unsigned long v;

	if (nx_type_of(w, i) != NX_WORD || *nx_text_of(w, i) < '0' || *nx_text_of(w, i) > '9')
		return false;
	v = strtoul(nx_text_of(w, i), &end, 10);
	*val = v;
	return end == nx_text_of(w, i) + nx_len_of(w, i) && v <= UINT32_MAX;
}

/* `@ih,OFFSET,BITS` at @i */
bool nx_raw_payload(const struct nx_walk *w, size_t i, uint32_t *off, uint32_t *bits)
{
	return i + 6 <= w->toks.n && nx_is_punct(w, i, '@') && nx_is(w, i + 1, "ih") &&
	       nx_is_punct(w, i + 2, ',') && number(w, i + 3, off) && nx_is_punct(w, i + 4, ',') &&
	       number(w, i + 5, bits);
}

/* A word that a name follows: no expression can come next. */
bool nx_names_follow(const struct nx_walk *w, size_t i)
{
	return nx_is(w, i, "jump") || nx_is(w, i, "goto") || nx_is_punct(w, i, '@') ||
	       nx_is_punct(w, i, '$');
}

const struct nx_key *nx_selector_key(const struct nx_walk *w, size_t i, size_t *end)
{
	const struct nx_key *k;
	uint32_t off, bits;

	if (w->lang->dir == NX_OUT) {
		if (!nx_raw_payload(w, i, &off, &bits))
			return NULL;
		*end = i + 6;
		return nx_key_by_place(off, bits);
	}
	if (!nx_is(w, i, "quic") || nx_type_of(w, i) != NX_WORD || nx_type_of(w, i + 1) != NX_WORD)
		return NULL;
	if (i && nx_names_follow(w, i - 1))
		return NULL;
	k = nx_key_by_name(nx_text_of(w, i + 1), nx_len_of(w, i + 1));
	*end = i + 2;
	return k;
}

static bool is_binop(const struct nx_walk *w, size_t i)
{
	return nx_is_punct(w, i, '&') || nx_is_punct(w, i, '|') || nx_is_punct(w, i, '^') ||
	       nx_is(w, i, "<<") || nx_is(w, i, ">>") ||
	       (nx_type_of(w, i) == NX_WORD &&
		(nx_is(w, i, "and") || nx_is(w, i, "or") || nx_is(w, i, "xor") ||
		 nx_is(w, i, "lshift") || nx_is(w, i, "rshift")));
}

/* `& 0xff` and the like behind a part: the token after it all. */
static size_t skip_binops(const struct nx_walk *w, size_t i, size_t to)
{
	while (i + 1 < to && is_binop(w, i))
		i = nx_is_punct(w, i + 1, '(') && nx_mate(w, i + 1) ? nx_mate(w, i + 1) + 1 : i + 2;
	return i < to ? i : to;
}

/* The token after a part of a concatenation that is not ours. */
static size_t skip_part(const struct nx_walk *w, size_t i, size_t to)
{
	bool fib = nx_is(w, i, "fib");
	bool hash = nx_is(w, i, "numgen") || nx_is(w, i, "jhash") || nx_is(w, i, "symhash");

	for (size_t from = i; i < to; i++) {
		enum nx_tok_type type = nx_type_of(w, i);

		if (type == NX_WORD) {
			/* `fib saddr . iif type` has dots of its own; its result word ends it */
			if (fib && i > from + 1 && !nx_is_punct(w, i - 1, '.') &&
			    (nx_is(w, i, "type") || nx_is(w, i, "oif") || nx_is(w, i, "oifname") ||
			     nx_is(w, i, "check")))
				return i + 1;
			if (hash &&
			    (nx_is(w, i, "mod") || nx_is(w, i, "seed") || nx_is(w, i, "offset"))) {
				i++;
				continue;
			}
			if (nx_is(w, i, "map") || nx_is(w, i, "vmap") ||
			    nx_word_after_key(nx_text_of(w, i), nx_len_of(w, i)))
				break; /* also the words of is_binop */
			continue;
		}
		if (type == NX_PUNCT && nx_is_punct(w, i, '@') && i + 2 < to &&
		    nx_is_punct(w, i + 2, ',')) {
			i += 5; /* a raw payload */
			if (i >= to)
				break;
			continue;
		}
		if (type == NX_PUNCT && nx_is_punct(w, i, '(') && nx_mate(w, i)) {
			i = nx_mate(w, i);
			continue;
		}
		if (type == NX_PUNCT && nx_is_punct(w, i, '.') && fib)
			continue;
		break;
	}
	return skip_binops(w, i, to);
}

/*
 * How many parts of the concatenation stand before token @i, which follows a dot, and at *@first
 * where they begin. Going back, each part must begin with a word that begins an expression:
 * otherwise it is a value of the match before.
 */
static unsigned int parts_before(const struct nx_walk *w, size_t i, size_t from, size_t *first)
{
	unsigned int n = 0;

	while (i > from && nx_is_punct(w, i - 1, '.')) {
		size_t j = i - 1;

		n++;
		while (j > from && (nx_type_of(w, j - 1) == NX_WORD || nx_is_punct(w, j - 1, ',') ||
				    nx_is_punct(w, j - 1, '@') || nx_is_punct(w, j - 1, ')') ||
				    is_binop(w, j - 1))) {
			if (nx_is_punct(w, j - 1, ')')) {
				size_t open = w->toks.t[j - 1].mate;

				if (open >= j - 1)
					break;
				j = open;
				continue;
			}
			j--;
			if (j >= 1 && nx_is(w, j, "fib"))
				break;
		}
		/* dots of a fib expression are not parts */
		if (j >= from + 3 && nx_is_punct(w, j - 1, '.') && nx_is(w, j - 3, "fib"))
			j -= 1;
		*first = j;
		if (j <= from || !nx_is_punct(w, j - 1, '.') ||
		    !nx_word_begins_expr(nx_text_of(w, j), nx_len_of(w, j)))
			break;
		i = j;
	}
	return n;
}

/* Bytes of a stock part in a register, at least. */
static unsigned int stock_width(const struct nx_walk *w, size_t i)
{
	if (nx_is(w, i, "meta"))
		i++;
	if (nx_is(w, i, "iifname") || nx_is(w, i, "oifname"))
		return 16;
	if ((nx_is(w, i, "ip6") || nx_is(w, i, "ether")) &&
	    (nx_is(w, i + 1, "saddr") || nx_is(w, i + 1, "daddr")))
		return nx_is(w, i, "ip6") ? 16 : 8;
	return 4;
}

/* Bytes of a selector, of which @stock are of parts that are not ours. */
static unsigned int width(const struct nx_selector *s, unsigned int stock)
{
	unsigned int bytes = stock;

	for (unsigned int i = 0; i < s->layout.n; i++)
		bytes += s->layout.key[i] ? nx_key_room(s->layout.key[i]) : 0;
	return bytes;
}

/*
 * Concatenations that no nft could load, or list again: it keeps the typeof of so many
 * parts, and without that it takes the value of a name for those behind it. @stock: bytes of the
 * parts that are not ours.
 */
static bool too_wide(struct nx_walk *w, const struct nx_selector *s, unsigned int stock,
		     size_t from, size_t to)
{
	unsigned int bytes = width(s, stock);

	if (w->lang->dir == NX_OUT)
		return false;
	if (s->layout.n > NX_CONCAT_PARTS) {
		nx_error(w, from, to, "quic: concatenation of %u parts, at most %u are possible",
			 s->layout.n, NX_CONCAT_PARTS);
		return true;
	}
	if (bytes <= NX_CONCAT_MAX)
		return false;
	nx_error(w, from, to,
		 "quic: concatenation of %u bytes is too long, at most %u are possible", bytes,
		 NX_CONCAT_MAX);
	return true;
}

/* Two values that are needed at once must share the registers. */
static void no_room(struct nx_walk *w, const struct nx_selector *s, unsigned int stock, size_t from,
		    size_t to, unsigned int max)
{
	unsigned int bytes = width(s, stock);

	if (bytes > max && w->lang->dir == NX_IN)
		nx_error(w, from, to,
			 "quic: %u bytes are too long beside another value, at most %u are "
			 "possible%s",
			 bytes, max, max < NX_BESIDE_MAX ? ", or 48 in a concatenation" : "");
}

/* `to 192.0.2.1:quic alpn map`, `{ ip saddr : quic alpn }`, but not `to :quic alpn map` */
static bool is_second(const struct nx_walk *w, size_t i, size_t from)
{
	return i > from + 1 && nx_is_punct(w, i - 1, ':') && !nx_is(w, i - 2, "to");
}

size_t nx_read_selector(struct nx_walk *w, size_t i, size_t from, size_t to, const struct nx_key *k,
			size_t end, struct nx_selector *s)
{
	unsigned int part = 0, stock = 0;
	size_t begin = i, first = i;

	memset(s, 0, sizeof(*s));
	if (i > from && nx_is_punct(w, i - 1, '.'))
		part = parts_before(w, i, from, &first);
	s->concat = part > 0;
	stock = 4 * part;
	while (part < NX_COMPS) {
		if (k) {
			s->layout.key[part] = k;
			s->from[part] = i;
			s->to[part] = end;
			i = k->kind == NX_NUM ? skip_binops(w, end, to) : end;
			if (s->concat || (i < to && nx_is_punct(w, i, '.')))
				end = i;
		} else {
			stock += stock_width(w, i);
			end = skip_part(w, i, to);
		}
		s->layout.n = ++part;
		if (end >= to || !nx_is_punct(w, end, '.'))
			break;
		s->concat = true;
		i = end + 1;
		k = i < to ? nx_selector_key(w, i, &end) : NULL;
	}
	for (part = 0; s->concat && part < s->layout.n; part++)
		s->layout.key[part] = nx_key_in_concat(s->layout.key[part]);
	if (!too_wide(w, s, stock, begin, end) && is_second(w, first, from))
		no_room(w, s, stock, begin, end, NX_BESIDE_MAX);
	return end;
}

void nx_refuse_wide_key(struct nx_walk *w, size_t i, size_t to, bool map)
{
	struct nx_selector s = {0};
	unsigned int stock = 0;
	size_t end = i, from = i;

	while (i < to && s.layout.n < NX_COMPS) {
		const struct nx_key *k = nx_selector_key(w, i, &end);

		if (!k) {
			stock += stock_width(w, i);
			end = skip_part(w, i, to);
		}
		s.layout.key[s.layout.n++] = k;
		if (end >= to || !nx_is_punct(w, end, '.'))
			break;
		i = end + 1;
	}
	s.concat = s.layout.n > 1;
	for (unsigned int p = 0; s.concat && p < s.layout.n; p++)
		s.layout.key[p] = nx_key_in_concat(s.layout.key[p]);
	if (nx_layout_quic(&s.layout))
		no_room(w, &s, stock, from, end, map && !s.concat ? NX_REG_MAX : NX_BESIDE_MAX);
}

void nx_write_selector(struct nx_walk *w, const struct nx_selector *s)
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

/* `quic` where nothing else can be meant, at @i, and no key behind it. */
void nx_refuse_key(struct nx_walk *w, size_t i, size_t to)
{
	bool word = i + 1 < to && nx_type_of(w, i + 1) == NX_WORD;

	if (w->lang->dir == NX_OUT || !nx_is(w, i, "quic") || nx_type_of(w, i) != NX_WORD)
		return;
	if (word)
		nx_error(w, i, i + 2, "unknown quic key \"%.*s\", known are %s",
			 (int)nx_len_of(w, i + 1), nx_text_of(w, i + 1), nx_key_names());
	else
		nx_error(w, i, i + 1, "quic: a key is missing, known are %s", nx_key_names());
}

/* One side of `typeof KEY : DATA`; the token after it. */
static size_t typeof_side(struct nx_walk *w, size_t i, size_t to, uint8_t *n,
			  const struct nx_key **key)
{
	struct nx_selector s = {0};
	unsigned int part = 0, stock = 0;
	size_t from = i;

	while (i < to && part < NX_COMPS) {
		size_t end = i;
		const struct nx_key *k = nx_selector_key(w, i, &end);

		if (k) {
			s.layout.key[part] = k;
			s.from[part] = i;
			s.to[part] = end;
		} else {
			nx_refuse_key(w, i, to);
			stock += stock_width(w, i);
			end = skip_part(w, i, to);
		}
		part++;
		i = end;
		if (i >= to || !nx_is_punct(w, i, '.'))
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
	if (!nx_layout_quic(&s.layout) || !too_wide(w, &s, stock, from, i))
		nx_write_selector(w, &s);
	return i;
}

size_t nx_walk_typeof(struct nx_walk *w, size_t from, size_t to, struct nx_layout *l)
{
	size_t end = nx_rule_end(w, from, to), i;

	memset(l, 0, sizeof(*l));
	i = typeof_side(w, from, end, &l->n, l->key);
	while (i < end && !nx_is_punct(w, i, ':'))
		i++;
	if (i < end)
		typeof_side(w, i + 1, end, &l->dn, l->data);
	return end;
}
