// SPDX-License-Identifier: GPL-2.0-or-later
#include "vars.h"
#include "warn.h"
#include "width.h"

/* An operator between a selector and its operand; the token after it. */
static size_t skip_op(const struct nx_walk *w, size_t i, size_t to)
{
	static const char *const words[] = {"eq", "ne", "lt", "gt", "le", "ge"};

	if (i >= to)
		return i;
	if (nx_type_of(w, i) == NX_OP)
		return i + 1;
	for (size_t n = 0; n < sizeof(words) / sizeof(words[0]); n++) {
		if (nx_type_of(w, i) == NX_WORD && nx_is(w, i, words[n]))
			return i + 1;
	}
	return i;
}

const struct nx_layout *nx_set_layout(struct nx_walk *w, size_t i)
{
	struct nx_set_id id = {w->lang->family, w->lang->table, w->lang->table_len,
			       nx_text_of(w, i), nx_len_of(w, i)};

	if (!id.table || (nx_type_of(w, i) != NX_WORD && nx_type_of(w, i) != NX_QUOTED))
		return NULL;
	if (nx_type_of(w, i) == NX_QUOTED) {
		id.set++;
		id.set_len -= 2;
	}
	return nx_lang_layout(w->lang, &id);
}

/*
 * nft 1.0.6 does not ask whether a number is as wide as the set's, and none asks what names and
 * symbols are of.
 */
static void fit_set(struct nx_walk *w, const struct nx_layout *l, struct nx_selector *s,
		    unsigned int part)
{
	const struct nx_key *k = s->layout.key[part],
			    *known = l && part < l->n ? l->key[part] : NULL;

	if (!known)
		s->port[part] = !s->sized[part] && k->id == NFT_QUIC_SERVER_ID;
	else if (!nx_key_has_parts(k) && !strcmp(known->name, k->name))
		return;
	else if (!nx_key_has_parts(k) && nx_layout_takes(l, &s->layout, part, w->lang->dynset))
		nx_warn(w, NX_WARN_OTHER_SET, s->from[part], s->to[part],
			"quic %s: the set is of quic %s, this will hardly match", k->name,
			known->name);
	else if (!nx_key_has_parts(k) || known->id != k->id || (s->sized[part] && known != k))
		nx_error(w, s->from[part], s->to[part], "quic %s: the set is of quic %s, %u bits",
			 k->name, known->name, known->width * 8u);
	else
		s->layout.key[part] = known;
}

/* Bytes of the first of "0x2000-0x20ff" or "8000-9000", or of "0x2000/4". */
static size_t word_width(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] != '-' && s[n] != '/')
		n++;
	return nx_id_width(s, n);
}

/* The first of the elements at @i that is a value: `*` tells no width. */
static size_t skip_catchall(const struct nx_walk *w, size_t i, size_t to)
{
	for (;;) {
		while (i < to && (nx_type_of(w, i) == NX_NL || nx_is_punct(w, i, ',')))
			i++;
		if (i >= to || !nx_is_punct(w, i, '*'))
			return i;
		while (i < to && !nx_is_punct(w, i, ','))
			i = nx_is_punct(w, i, '{') && nx_mate(w, i) ? nx_mate(w, i) + 1 : i + 1;
	}
}

/* @part of the value that begins at @i, `0x20fb . 192.0.2.1` */
static void fit_value(struct nx_walk *w, size_t i, size_t to, struct nx_selector *s,
		      unsigned int part)
{
	const struct nx_key *k = s->layout.key[part];
	struct nx_sub sub;
	size_t bytes = 0;

	i = skip_catchall(w, i, to);
	for (unsigned int n = 0; n < part; n++) {
		while (i < to && !nx_is_punct(w, i, '.') && !nx_is_punct(w, i, ','))
			i++;
		i++;
	}
	while (i < to && nx_type_of(w, i) == NX_NL)
		i++;
	if (i >= to)
		return;
	if (nx_type_of(w, i) == NX_WORD) {
		bytes = word_width(nx_text_of(w, i), nx_len_of(w, i));
	} else if (i + 1 < to && nx_sub_begin(w, i, &sub)) {
		if (nx_is_punct(&sub.w, 0, '{'))
			fit_value(&sub.w, 1, sub.w.toks.n, s, part);
		else
			fit_value(&sub.w, 0, sub.w.toks.n, s, part);
		nx_sub_end(w, i, &sub, false);
		return;
	}
	/* a whole connection ID may have any length */
	if (k->kind == NX_ID && nx_key_part(k, bytes))
		s->layout.key[part] = nx_key_part(k, bytes);
}

/* The first token of the selector that is ours. */
static size_t first_token(const struct nx_selector *s)
{
	unsigned int part = 0;

	while (part + 1 < s->layout.n && !s->layout.key[part])
		part++;
	return s->from[part];
}

/* Does token @i stand behind the colon of `{ KEY : DATA }`? */
static bool is_data(const struct nx_walk *w, size_t i)
{
	while (i-- > 0 && !nx_is_punct(w, i, '{')) {
		if (nx_is_punct(w, i, ':'))
			return true;
	}
	return false;
}

/* `add @set { quic server-id }`, `update @map { ip saddr : quic server-id }` */
static void fit_dynset(struct nx_walk *w, struct nx_selector *s, unsigned int part)
{
	struct nx_layout l = *w->lang->dynset;

	if (is_data(w, first_token(s))) {
		l.n = l.dn;
		memcpy(l.key, l.data, sizeof(l.key));
	}
	fit_set(w, nx_layout_quic(w->lang->dynset) ? &l : NULL, s, part);
}

/* `dport set quic server-id`, `to :quic server-id`, statements on sets */
static void fit_alone(struct nx_walk *w, struct nx_selector *s, unsigned int part)
{
	size_t i = first_token(s);

	if (w->lang->dynset) {
		fit_dynset(w, s, part);
		return;
	}
	s->port[part] = i && s->layout.n == 1 && s->layout.key[part]->id == NFT_QUIC_SERVER_ID &&
			(nx_is_punct(w, i - 1, ':') ||
			 (i > 1 && nx_is(w, i - 1, "set") &&
			  (nx_is(w, i - 2, "dport") || nx_is(w, i - 2, "sport"))));
}

static void fit_part(struct nx_walk *w, size_t i, size_t to, struct nx_selector *s,
		     unsigned int part)
{
	struct nx_sub sub;
	bool set = false;

	if (i + 1 < to && nx_is_punct(w, i, '@')) {
		fit_set(w, nx_set_layout(w, i + 1), s, part);
	} else if (i < to && nx_is_punct(w, i, '{') && nx_mate(w, i)) {
		fit_value(w, i + 1, nx_mate(w, i), s, part);
	} else if (i + 1 < to && nx_is_punct(w, i, '$') && nx_sub_begin(w, i, &sub)) {
		set = nx_is_punct(&sub.w, 0, '@');
		if (set)
			fit_set(w, nx_set_layout(&sub.w, 1), s, part);
		nx_sub_end(w, i, &sub, false);
		if (!set)
			fit_value(w, i, to, s, part);
	} else if (i < to && nx_type_of(w, i) == NX_WORD && nx_text_of(w, i)[0] >= '0' &&
		   nx_text_of(w, i)[0] <= '9') {
		fit_value(w, i, to, s, part);
	} else {
		fit_alone(w, s, part);
	}
}

/* NX_OUT: what stands at @i tells the width when it is read again. */
static void note_evident(const struct nx_walk *w, size_t i, size_t to, bool op,
			 struct nx_selector *s)
{
	bool set = i < to && nx_is_punct(w, i, '@'), list = i < to && nx_is_punct(w, i, '{');
	bool literal = i < to && nx_type_of(w, i) == NX_WORD && nx_text_of(w, i)[0] >= '0' &&
		       nx_text_of(w, i)[0] <= '9';

	s->implied = !op && (set || list || literal);
	for (unsigned int part = 0; part < s->layout.n; part++) {
		const struct nx_key *k = s->layout.key[part];

		s->evident[part] = k && (set || (k->id == NFT_QUIC_SERVER_ID && (list || literal)));
	}
}

void nx_fit_selector(struct nx_walk *w, size_t i, size_t to, struct nx_selector *s)
{
	size_t begin = i;

	i = skip_op(w, i, to);
	if (i < to && nx_type_of(w, i) == NX_WORD && (nx_is(w, i, "map") || nx_is(w, i, "vmap")))
		i++;
	if (w->lang->dir == NX_OUT) {
		note_evident(w, i, to, i > begin, s);
		return;
	}
	for (unsigned int part = 0; part < s->layout.n; part++) {
		const struct nx_key *k = s->layout.key[part];
		bool set = i + 1 < to && nx_is_punct(w, i, '@');

		if (nx_key_has_parts(k)
			    ? set || !s->sized[part]
			    : k && (set || w->lang->dynset || (i < to && nx_is_punct(w, i, '$'))))
			fit_part(w, i, to, s, part);
	}
	w->lang->must_know |= s->concat && w->lang->asked;
	nx_selector_fits(w, s, first_token(s), begin);
}
