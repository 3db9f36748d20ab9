// SPDX-License-Identifier: GPL-2.0-or-later
/* Values: elements of sets and maps, literals of every kind of key. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elem.h"
#include "shorts.h"
#include "vars.h"
#include "warn.h"
#include "walk.h"

bool nx_read_literal(struct nx_walk *w, size_t i, const struct nx_key *k, struct nx_lit *lit)
{
	bool quoted = nx_type_of(w, i) == NX_QUOTED;
	struct nx_buf err = NX_BUF_INIT;
	const char *s = nx_text_of(w, i);
	size_t len = nx_len_of(w, i);
	int rc;

	if (w->lang->dir == NX_OUT) {
		/* as stock nft prints a wide integer */
		return !quoted && !nx_lit_from_number(s, len, k->width, lit);
	}
	if (quoted)
		s++, len -= 2;
	rc = nx_lit_parse(k, s, len, quoted, lit, &err);
	if (rc)
		nx_error(w, i, i + 1, "%s", nx_buf_cstr(&err));
	else if (quoted || len < 2 || s[1] != 'x')
		nx_warn_literal(w, i, k, s, len);
	nx_buf_free(&err);
	return !rc;
}

/*
 * "v1-v2", one word to the scanner; symbols may have a dash inside. "0xff000000/24" becomes a
 * range: nft would load fewer bytes for a prefix, and a key can only be loaded whole.
 */
static bool read_range(const struct nx_key *k, const char *s, size_t len, uint32_t *lo,
		       uint32_t *hi)
{
	const char *slash = memchr(s, '/', len);
	uint32_t host;
	char *end;

	for (size_t dash = 1; dash + 1 < len; dash++) {
		if (s[dash] == '-' && !nx_num_parse(k, s, dash, lo) &&
		    !nx_num_parse(k, s + dash + 1, len - dash - 1, hi))
			return true;
	}
	if (!slash || slash + 1 == s + len || nx_num_parse(k, s, slash - s, lo))
		return false;
	host = strtoul(slash + 1, &end, 10);
	if (end != s + len || !host || host > k->width * 8u)
		return false;
	host = (uint32_t)((UINT64_C(1) << (k->width * 8 - host)) - 1);
	*hi = *lo | host;
	*lo &= ~host;
	return true;
}

/* True if there is a range at @i. */
static bool walk_range(struct nx_walk *w, size_t i, const struct nx_key *k)
{
	struct nx_buf b = NX_BUF_INIT;
	uint32_t lo, hi;

	if (nx_type_of(w, i) != NX_WORD ||
	    !read_range(k, nx_text_of(w, i), nx_len_of(w, i), &lo, &hi))
		return false;
	if (w->lang->dir == NX_IN) {
		nx_buf_fmt(&b, lo == hi ? "%u" : "%u-%u", (unsigned int)lo, (unsigned int)hi);
	} else {
		nx_num_text(&b, k, lo, true);
		nx_buf_str(&b, "-");
		nx_num_text(&b, k, hi, true);
	}
	nx_replace(w, i, i + 1, &b);
	nx_buf_free(&b);
	return true;
}

/* NX_OUT: part of a connection ID as stock nft prints a number. */
static bool out_id(struct nx_buf *b, const char *s, size_t len, const struct nx_key *k, bool hex)
{
	struct nx_lit lit;

	if (nx_lit_from_number(s, len, k->width, &lit))
		return false;
	nx_id_text(b, k, lit.b, hex);
	return true;
}

/* "0x2000/4": the range of all that begin with so many bits, for nft would load fewer bytes. */
static int id_prefix(struct nx_buf *b, const struct nx_key *k, const char *s, size_t len,
		     struct nx_buf *err)
{
	const char *slash = memchr(s, '/', len);
	struct nx_lit lo, hi;
	unsigned long bits;
	char *end;

	if (nx_id_parse(k, s, slash - s, &lo, err))
		return -EINVAL;
	bits = strtoul(slash + 1, &end, 10);
	if (end != s + len || slash[1] < '0' || slash[1] > '9' || bits > k->width * 8u) {
		nx_buf_fmt(err, "quic %s: expected at most %u bits behind the /", k->name,
			   k->width * 8u);
		return -EINVAL;
	}
	hi = lo;
	for (size_t bit = bits; bit < k->width * 8u; bit++) {
		lo.b[bit / 8] &= ~(0x80 >> bit % 8);
		hi.b[bit / 8] |= 0x80 >> bit % 8;
	}
	nx_id_text(b, k, lo.b, true);
	if (bits < k->width * 8u) {
		nx_buf_str(b, "-");
		nx_id_text(b, k, hi.b, true);
	}
	return 0;
}

/* NX_IN: part of a connection ID, a range of them or a prefix, in one word. */
static void in_id(struct nx_walk *w, size_t i, const struct nx_key *k)
{
	bool quoted = nx_type_of(w, i) == NX_QUOTED;
	const char *s = nx_text_of(w, i) + quoted;
	size_t len = nx_len_of(w, i) - 2 * quoted;
	const char *dash = memchr(s, '-', len);
	struct nx_buf b = NX_BUF_INIT, err = NX_BUF_INIT;
	struct nx_lit lit;
	int rc;

	if (memchr(s, '/', len))
		rc = id_prefix(&b, k, s, len, &err);
	else if (dash)
		rc = nx_id_parse(k, s, dash - s, &lit, &err) ||
		     nx_id_parse(k, dash + 1, s + len - dash - 1, &lit, &err);
	else
		rc = nx_id_parse(k, s, len, &lit, &err);
	if (rc)
		nx_error(w, i, i + 1, "%s", nx_buf_cstr(&err));
	else if (quoted && !b.len)
		nx_buf_add(&b, s, len);
	if (!rc && b.len)
		nx_replace(w, i, i + 1, &b);
	nx_buf_free(&b);
	nx_buf_free(&err);
}

/* NX_OUT: part of a connection ID, or a range of them in one word. */
static void out_ids(struct nx_walk *w, size_t i, const struct nx_key *k)
{
	const char *s = nx_text_of(w, i);
	size_t len = nx_len_of(w, i);
	const char *dash = memchr(s, '-', len);
	size_t first = dash ? (size_t)(dash - s) : len, rest = dash ? len - first - 1 : 0;
	struct nx_buf b = NX_BUF_INIT;
	bool ok;

	ok = out_id(&b, s, first, k, w->lang->numeric);
	if (ok && dash) {
		nx_buf_str(&b, "-");
		ok = out_id(&b, dash + 1, rest, k, w->lang->numeric);
	}
	if (ok)
		nx_replace(w, i, i + 1, &b);
	nx_buf_free(&b);
}

void nx_walk_number(struct nx_walk *w, size_t i, const struct nx_key *k)
{
	const char *s = nx_text_of(w, i);
	size_t len = nx_len_of(w, i);
	struct nx_buf b = NX_BUF_INIT;
	uint32_t val;
	int rc;

	if (k->kind == NX_ID) {
		if (w->lang->dir == NX_IN)
			in_id(w, i, k);
		else
			out_ids(w, i, k);
		return;
	}
	if (walk_range(w, i, k))
		return;
	if (nx_type_of(w, i) == NX_QUOTED)
		s++, len -= 2;
	rc = nx_num_parse(k, s, len, &val);
	if (w->lang->dir == NX_OUT) {
		if (!rc) {
			nx_num_text(&b, k, val, w->lang->numeric);
			nx_replace(w, i, i + 1, &b);
			nx_buf_free(&b);
		}
		return;
	}
	if (rc == -ERANGE) {
		nx_error(w, i, i + 1, "quic %s: %.*s is too large", k->name, (int)len, s);
	} else if (rc && (nx_type_of(w, i) == NX_QUOTED || !len || *s < '0' || *s > '9')) {
		nx_error(w, i, i + 1, "quic %s: expected %s, not \"%.*s\"", k->name,
			 nx_num_symbols(k), (int)len, s);
	} else if (!rc && (*s < '0' || *s > '9' || k->id == NFT_QUIC_TYPE ||
			   nx_type_of(w, i) == NX_QUOTED)) {
		nx_buf_fmt(&b, "%u", (unsigned int)val);
		nx_replace(w, i, i + 1, &b);
		nx_buf_free(&b);
	}
}

/* "0x61-0x62" and "0x6100/8", which are one word to the scanner */
static bool out_range(struct nx_walk *w, size_t i, const struct nx_key *k)
{
	const char *s = nx_text_of(w, i), *dash = memchr(s, '-', nx_len_of(w, i));
	struct nx_buf b = NX_BUF_INIT;
	struct nx_lit from, to;
	bool ok = false;

	if (!dash)
		return false;
	if (!nx_lit_from_number(s, dash - s, k->width, &from) &&
	    !nx_lit_from_number(dash + 1, s + nx_len_of(w, i) - dash - 1, k->width, &to)) {
		nx_lit_text(&b, k, &from);
		nx_buf_str(&b, "-");
		nx_lit_text(&b, k, &to);
		nx_replace(w, i, i + 1, &b);
		ok = true;
	}
	nx_buf_free(&b);
	return ok;
}

/* A word in the place of this token would not run into what is beside it. */
static bool stands_alone(const struct nx_walk *w, size_t i)
{
	static const char apart[] = " \t\n\r,:{}";
	const char *s = nx_text_of(w, i), *end = s + nx_len_of(w, i);

	return (s == w->toks.src || memchr(apart, s[-1], sizeof(apart) - 1)) &&
	       (end == w->toks.src + w->toks.len || memchr(apart, *end, sizeof(apart) - 1));
}

static void walk_name(struct nx_walk *w, size_t i, const struct nx_key *k, bool concat)
{
	struct nx_buf *b = &w->lang->word;
	struct nx_lit lit;

	if (w->lang->dir == NX_OUT && out_range(w, i, k))
		return;
	if (!nx_read_literal(w, i, k, &lit))
		return;
	nx_buf_reset(b);
	if (w->lang->dir == NX_OUT) {
		nx_lit_text(b, k, &lit);
	} else if (lit.len > k->width) {
		nx_error(w, i, i + 1,
			 "quic %s: name of %u bytes is too long for a %s, at most %u are possible",
			 k->name, lit.len, concat ? "concatenation" : "set", k->width);
		return;
	} else if (!w->lang->short_names || !stands_alone(w, i) ||
		   !nx_short_put(&w->lang->shorts, b, &lit, k->width)) {
		nx_lit_hex(b, &lit, k->width);
	}
	nx_replace(w, i, i + 1, b);
}

static void walk_literal(struct nx_walk *w, size_t i, const struct nx_key *k, bool concat)
{
	if (nx_key_is_number(k))
		nx_walk_number(w, i, k);
	else
		walk_name(w, i, k, concat);
}

size_t nx_walk_value(struct nx_walk *w, size_t i, size_t to, const struct nx_key *k, bool concat)
{
	struct nx_sub sub;

	if (i < to && (nx_type_of(w, i) == NX_QUOTED || nx_type_of(w, i) == NX_WORD)) {
		walk_literal(w, i, k, concat);
		return i + 1;
	}
	if (i + 1 < to && nx_sub_begin(w, i, &sub)) {
		nx_walk_value(&sub.w, 0, sub.w.toks.n, k, concat);
		nx_sub_end(w, i, &sub, true);
		return i + 2;
	}
	return i;
}

/* To the next token in @stop outside of braces, or to @to. */
static size_t skip_to(struct nx_walk *w, size_t i, size_t to, const char *stop)
{
	struct nx_block chain = {.kind = NX_CHAIN};

	for (; i < to; i++) {
		char c;

		if (nx_type_of(w, i) != NX_PUNCT)
			continue;
		c = *nx_text_of(w, i);
		if (c && strchr(stop, c))
			break;
		if ((c != '{' && c != '(') || !nx_mate(w, i))
			continue;
		/* a chain of its own: `: jump { ... }` */
		if (c == '{' && i && (nx_is(w, i - 1, "jump") || nx_is(w, i - 1, "goto"))) {
			if (++w->lang->nesting <= NX_MAX_NESTING)
				nx_walk_block(w, i + 1, nx_mate(w, i), &chain);
			w->lang->nesting--;
		}
		i = nx_mate(w, i);
	}
	return i;
}

/* One side of an element, key or data: parts joined by dots. */
static size_t walk_parts(struct nx_walk *w, size_t i, size_t to, const struct nx_key *const *key,
			 unsigned int n, const char *stop)
{
	for (unsigned int part = 0; i < to; part++) {
		const struct nx_key *k = part < n ? key[part] : NULL;

		while (nx_type_of(w, i) == NX_NL && i < to)
			i++;
		if (k) {
			size_t from = i;

			i = nx_walk_value(w, i, to, k, n > 1);
			if (i < to && nx_is_punct(w, i, '-')) {
				i = nx_walk_value(w, i + 1, to, k, n > 1);
				if (w->lang->dir == NX_IN && !nx_key_is_number(k))
					nx_error(w, from, i,
						 "quic %s: a range is not possible with a name",
						 k->name);
			}
		}
		i = skip_to(w, i, to, stop);
		if (i >= to || !nx_is_punct(w, i, '.'))
			break;
		i++;
	}
	return i;
}

/* `$name` that stands for a whole element, or for several. */
static bool whole_variable(struct nx_walk *w, size_t i, size_t to)
{
	return i + 1 < to && nx_is_punct(w, i, '$') && nx_type_of(w, i + 1) == NX_WORD &&
	       !nx_is_punct(w, i + 2, '.');
}

void nx_walk_elements(struct nx_walk *w, size_t from, size_t to, const struct nx_layout *l)
{
	size_t i = from, first = w->text->n;

	while (i < to) {
		struct nx_sub sub;
		size_t n = w->text->n;

		if (nx_type_of(w, i) == NX_NL || nx_is_punct(w, i, ',')) {
			i++;
			continue;
		}
		if (nx_is_punct(w, i, '{') && nx_mate(w, i)) {
			if (++w->lang->nesting <= NX_MAX_NESTING)
				nx_walk_elements(w, i + 1, nx_mate(w, i), l);
			w->lang->nesting--;
			i = nx_mate(w, i) + 1;
			continue;
		}
		if (whole_variable(w, i, to) && nx_sub_begin(w, i, &sub)) {
			nx_walk_elements(&sub.w, 0, sub.w.toks.n, l);
			nx_sub_end(w, i, &sub, true);
			i = skip_to(w, i + 2, to, ":,");
		} else {
			i = walk_parts(w, i, to, l->key, l->n, ".:,");
			if (w->lang->short_names && w->text->n > n && n > first)
				nx_text_tabs(w->text, n);
		}
		if (i < to && nx_is_punct(w, i, ':'))
			i = walk_parts(w, i + 1, to, l->data, l->dn, ".,");
		if (i < to && !nx_is_punct(w, i, ','))
			i++;
	}
}
