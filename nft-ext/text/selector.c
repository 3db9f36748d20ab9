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

/* Does the token behind @i follow without a gap? */
static bool adjacent(const struct nx_walk *w, size_t i)
{
	return w->toks.t[i].off + w->toks.t[i].len == w->toks.t[i + 1].off;
}

/* `,32` right behind a key that has parts, the length in bits as in a raw payload */
static const struct nx_key *key_part(const struct nx_walk *w, const struct nx_key *k, size_t *end)
{
	const struct nx_key *part;
	uint32_t bits;

	if (!nx_key_has_parts(k) || *end + 1 >= w->toks.n || !nx_is_punct(w, *end, ',') ||
	    !adjacent(w, *end - 1) || !adjacent(w, *end) || !number(w, *end + 1, &bits))
		return k;
	part = bits % 8 ? NULL : nx_key_part(k, bits / 8);
	if (part)
		*end += 2;
	return part ? part : k; /* stock nft points at the number */
}

const struct nx_key *nx_selector_key(const struct nx_walk *w, size_t i, size_t *end)
{
	const struct nx_slot *mask;
	const struct nx_key *k;
	uint32_t off, bits;

	if (w->lang->dir == NX_OUT) {
		if (!nx_raw_payload(w, i, &off, &bits))
			return NULL;
		*end = i + 6;
		mask = nx_slot_mask_by_place(w->lang->slots, off, bits);
		return mask ? mask->key : nx_key_by_place(off, bits);
	}
	if (!nx_is(w, i, "quic") || nx_type_of(w, i) != NX_WORD || nx_type_of(w, i + 1) != NX_WORD)
		return NULL;
	if (i && nx_names_follow(w, i - 1))
		return NULL;
	k = nx_key_by_name(nx_text_of(w, i + 1), nx_len_of(w, i + 1));
	*end = i + 2;
	return key_part(w, k, end);
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

/* Is token @i the name in `@name`, not the base in `@ih,0,8`? */
static bool is_set_name(const struct nx_walk *w, size_t i)
{
	return i && nx_is_punct(w, i - 1, '@') && !nx_is_punct(w, i + 1, ',');
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
		while (j > from && !is_set_name(w, j - 1) &&
		       (nx_type_of(w, j - 1) == NX_WORD || nx_is_punct(w, j - 1, ',') ||
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

/* Bytes of a selector. */
static unsigned int width(const struct nx_selector *s)
{
	unsigned int bytes = s->stock;

	for (unsigned int i = 0; i < s->layout.n; i++)
		bytes += s->layout.key[i] ? nx_key_room(s->layout.key[i]) : 0;
	return bytes;
}

/*
 * Concatenations that no nft could load, or list again: it keeps the typeof of so many
 * parts, and without that it takes the value of a name for those behind it.
 */
static bool too_wide(struct nx_walk *w, const struct nx_selector *s, size_t from, size_t to)
{
	unsigned int bytes = width(s);

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
static void no_room(struct nx_walk *w, const struct nx_selector *s, size_t from, size_t to,
		    unsigned int max)
{
	unsigned int bytes = width(s);

	if (bytes > max && w->lang->dir == NX_IN)
		nx_error(w, from, to,
			 "quic: %u bytes are too long beside another value, at most %u are "
			 "possible%s",
			 bytes, max, max < NX_BESIDE_MAX ? ", or 48 in a concatenation" : "");
}

void nx_selector_fits(struct nx_walk *w, const struct nx_selector *s, size_t from, size_t to)
{
	if (!too_wide(w, s, from, to) && s->second)
		no_room(w, s, from, to, NX_BESIDE_MAX);
}

/* `to 192.0.2.1:quic alpn map`, `{ ip saddr : quic alpn }`, but not `to :quic alpn map` */
static bool is_second(const struct nx_walk *w, size_t i, size_t from)
{
	return i > from + 1 && nx_is_punct(w, i - 1, ':') && !nx_is(w, i - 2, "to");
}

/* NX_OUT: the mask that the placeholder at @i has in it. */
static void read_slot_mask(const struct nx_walk *w, size_t i, struct nx_selector *s,
			   unsigned int part)
{
	const struct nx_slot *slot;
	uint32_t off, bits;

	nx_raw_payload(w, i, &off, &bits);
	slot = nx_slot_mask_by_place(w->lang->slots, off, bits);
	s->masked[part] = slot;
	if (slot)
		memcpy(s->mask[part], slot->lit.b, slot->lit.len);
}

/*
 * `& 0xff00` behind a number or an ID, which at @i ends: the token after it. An ID is as wide as
 * its mask; a mask of ones alone only tells the width.
 */
static size_t read_mask(struct nx_walk *w, size_t i, size_t to, struct nx_selector *s,
			unsigned int part)
{
	const struct nx_key *k = s->layout.key[part];
	bool ones = true;
	struct nx_lit lit;
	uint32_t val;
	size_t bytes;

	if (i + 1 >= to || !(nx_is_punct(w, i, '&') || nx_is(w, i, "and")))
		return i;
	if (k->kind == NX_NUM) {
		if (nx_type_of(w, i + 1) != NX_WORD || (i + 2 < to && is_binop(w, i + 2)) ||
		    nx_num_parse(k, nx_text_of(w, i + 1), nx_len_of(w, i + 1), &val))
			return i;
		for (bytes = 0; bytes < k->width; bytes++)
			s->mask[part][bytes] = val >> 8 * (k->width - bytes - 1);
	} else if (nx_key_has_parts(k)) {
		bytes = nx_type_of(w, i + 1) == NX_WORD
				? nx_id_width(nx_text_of(w, i + 1), nx_len_of(w, i + 1))
				: 0;
		if (bytes < 1 || bytes > NFT_QUIC_PART_MAX || (i + 2 < to && is_binop(w, i + 2)) ||
		    (s->sized[part] && bytes != k->width)) {
			nx_error(w, i + 1, i + 2,
				 "quic %s: a mask is 0x and two hex digits for each byte, at most "
				 "%d%s",
				 k->name, NFT_QUIC_PART_MAX,
				 s->sized[part] ? " and as many as the ID has here" : "");
			return i + 2;
		}
		k = nx_key_part(k, bytes);
		nx_lit_from_number(nx_text_of(w, i + 1), nx_len_of(w, i + 1), bytes, &lit);
		memcpy(s->mask[part], lit.b, bytes);
	} else {
		return i;
	}
	s->layout.key[part] = k;
	s->sized[part] = true;
	for (bytes = 0; bytes < k->width; bytes++)
		ones &= s->mask[part][bytes] == 0xff;
	s->masked[part] = !ones;
	s->to[part] = i + 2;
	return i + 2;
}

size_t nx_read_selector(struct nx_walk *w, size_t i, size_t from, size_t to, const struct nx_key *k,
			size_t end, struct nx_selector *s)
{
	unsigned int part = 0;
	size_t first = i;

	memset(s, 0, sizeof(*s));
	if (i > from && nx_is_punct(w, i - 1, '.'))
		part = parts_before(w, i, from, &first);
	s->concat = part > 0;
	s->stock = 4 * part;
	while (part < NX_COMPS) {
		if (k) {
			s->layout.key[part] = k;
			s->from[part] = i;
			s->to[part] = end;
			s->sized[part] = w->lang->dir == NX_IN && end > i + 2;
			if (w->lang->dir == NX_OUT)
				read_slot_mask(w, i, s, part);
			else
				end = read_mask(w, end, to, s, part);
			i = k->kind == NX_NUM ? skip_binops(w, end, to) : end;
			if (s->concat || (i < to && nx_is_punct(w, i, '.')))
				end = i;
		} else {
			s->stock += stock_width(w, i);
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
	s->second = is_second(w, first, from);
	return end;
}

void nx_refuse_wide_key(struct nx_walk *w, size_t i, size_t to, bool map)
{
	struct nx_selector s = {0};
	size_t end = i, from = i;

	while (i < to && s.layout.n < NX_COMPS) {
		const struct nx_key *k = nx_selector_key(w, i, &end);

		if (!k) {
			s.stock += stock_width(w, i);
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
		no_room(w, &s, from, end, map && !s.concat ? NX_REG_MAX : NX_BESIDE_MAX);
}

/* NX_OUT: `quic dcid,64`, `quic version & 0x0f0f0f0f` */
static void put_key(struct nx_buf *b, const struct nx_selector *s, unsigned int part)
{
	const struct nx_key *k = s->layout.key[part];
	const uint8_t *mask = s->mask[part];
	uint32_t val = 0;

	nx_buf_fmt(b, "quic %s", k->name);
	if (k->kind == NX_ID && !nx_key_is_port(k) && !s->evident[part] && !s->masked[part])
		nx_buf_fmt(b, ",%u", k->width * 8u);
	if (!s->masked[part])
		return;
	nx_buf_str(b, " & ");
	if (k->kind == NX_ID) {
		nx_id_text(b, k, mask, true);
		return;
	}
	for (unsigned int n = 0; n < k->width; n++)
		val = val << 8 | mask[n];
	nx_num_text(b, k, val, true);
}

/* A mask and a value with nothing between look like one number. */
static void put_equals(struct nx_buf *b, const struct nx_selector *s)
{
	if (s->masked[0] && s->layout.n == 1 && s->implied)
		nx_buf_str(b, " ==");
}

/* NX_IN: the placeholder */
static void put_place(struct nx_walk *w, struct nx_buf *b, const struct nx_selector *s,
		      unsigned int part)
{
	const struct nx_port_word *word = s->port[part] ? nx_port_word(w->lang->port_word) : NULL;
	const struct nx_key *k = s->layout.key[part];
	uint32_t off = nx_key_offset(k), num;

	if (word) {
		nx_buf_fmt(b, "ct %s %s", word->dir, word->key);
		w->lang->port_used = true;
		return;
	}
	if (s->port[part] && w->lang->port_word == NX_NO_PORT_WORD)
		nx_error(w, s->from[part], s->to[part], NX_NO_PORT);
	if (s->masked[part]) {
		if (nx_slot_put_mask(w->lang->slots, k, s->mask[part], &num))
			w->lang->oom = true;
		else
			off = nx_slot_offset(num);
	}
	nx_buf_fmt(b, "@ih,%u,%u", off, k->width * 8u);
}

void nx_write_selector(struct nx_walk *w, const struct nx_selector *s)
{
	struct nx_buf b = NX_BUF_INIT;

	for (unsigned int i = 0; i < s->layout.n; i++) {
		if (!s->layout.key[i])
			continue;
		nx_buf_reset(&b);
		if (w->lang->dir == NX_OUT)
			put_key(&b, s, i), put_equals(&b, s);
		else
			put_place(w, &b, s, i);
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
	unsigned int part = 0;
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
			s.stock += stock_width(w, i);
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
	if (!nx_layout_quic(&s.layout) || !too_wide(w, &s, from, i))
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
