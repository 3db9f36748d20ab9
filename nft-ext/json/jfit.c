// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "jfit.h"
#include "jvalue.h"

/* A server ID without a length becomes the expression that stands for a port in this rule. */
static void make_port(struct nx_jwalk *w, json_t *v)
{
	const struct nx_port_word *word = nx_port_word(w->lang->port_word);

	if (w->lang->port_word == NX_NO_PORT_WORD)
		nx_jerror(w, v, NX_NO_PORT);
	if (!word)
		return;
	json_object_clear(v);
	json_object_set_new(v, "ct", json_pack("{s:s, s:s}", "key", word->key, "dir", word->dir));
	w->port = true;
	w->changed = true;
}

void nx_jfit_port(struct nx_jwalk *w, json_t *v)
{
	const struct nx_key *k = nx_jkey(v);

	if (w->lang->dir == NX_IN && k && nx_key_is_port(k))
		make_port(w, v);
}

static void set_width(json_t *v, const struct nx_key *k)
{
	if (k)
		json_object_set_new(json_object_get(v, "quic"), "len", json_integer(k->width * 8));
}

/* The layout of the set that "@name" is; NULL if it has no quic keys. */
static const struct nx_layout *set_layout(struct nx_jwalk *w, const char *name)
{
	struct nx_set_id id = {w->lang->family, w->lang->table, w->lang->table_len, name + 1,
			       strlen(name + 1)};

	return id.table ? nx_lang_layout(w->lang, &id) : NULL;
}

/* A catch-all element, or the pair of one and its data: it tells no width. */
static bool is_catchall(json_t *v)
{
	const char *s = json_string_value(v);
	json_t *in;
	int yes;

	if (json_is_array(v))
		return is_catchall(json_array_get(v, 0));
	in = json_object_get(v, "elem");
	if (in)
		return is_catchall(json_object_get(in, "val"));
	return (s && !strcmp(s, "*")) ||
	       (!json_unpack(v, "{s:{s:b}}", "quic", "catchall", &yes) && yes);
}

/* Bytes of @part of a value, or of the first element of a list of them; 0 if it does not tell. */
static size_t value_width(json_t *v, unsigned int part)
{
	static const char *const inside[] = {"set", "range", "elem", "val"};
	struct nx_buf text = NX_BUF_INIT;
	json_t *in;
	size_t n = 0;

	if (json_is_array(v)) {
		while (n + 1 < json_array_size(v) && is_catchall(json_array_get(v, n)))
			n++;
		return json_array_size(v) ? value_width(json_array_get(v, n), part) : 0;
	}
	in = json_object_get(v, "concat");
	if (in)
		return value_width(json_array_get(in, part), 0);
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		in = json_object_get(v, inside[i]);
		if (in)
			return value_width(in, part);
	}
	n = nx_jtext(v, &text) ? nx_id_width(text.p, text.len) : 0;
	nx_buf_free(&text);
	return n;
}

/* @l: of the set that @right is, or NULL; @sel: of all that is looked up there */
static void fit_part(struct nx_jwalk *w, json_t *v, json_t *right, const struct nx_layout *l,
		     const struct nx_layout *sel, unsigned int part)
{
	json_t *and = json_object_get(v, "&"), *quic = and ? json_array_get(and, 0) : v;
	const struct nx_key *k = nx_jkey(quic);
	const char *set = json_string_value(right);
	bool sized = json_object_get(json_object_get(quic, "quic"), "len");

	if (k && !and&&!nx_key_has_parts(k) && l && part < l->n && l->key[part] &&
	    strcmp(l->key[part]->name, k->name) && !nx_layout_takes(l, sel, part, false))
		nx_jerror(w, v, "quic: the set is of another key");
	if (!nx_key_has_parts(k))
		return;
	if (set && set[0] == '@') {
		if (and&&!sized)
			k = nx_key_part(k, value_width(json_array_get(and, 1), 0));
		if (!k) {
			nx_jerror(w, v, "quic: an impossible mask");
			return;
		}
		sized |= and != NULL;
		if (l && part < l->n && l->key[part] &&
		    (l->key[part]->id != k->id || (sized && l->key[part] != k)))
			nx_jerror(w, v, "quic: the set is of another key, or of another length");
	}
	if (json_object_get(json_object_get(quic, "quic"), "len"))
		return;
	if (and) {
		set_width(quic, nx_key_part(k, value_width(json_array_get(and, 1), 0)));
	} else if (set && set[0] == '@') {
		if (l && part < l->n && l->key[part]) {
			set_width(quic, l->key[part]);
		} else if (nx_key_is_port(k)) {
			make_port(w, v);
		}
	} else if (k->kind == NX_ID) {
		set_width(quic, nx_key_part(k, value_width(right, part)));
	}
}

static void fit(struct nx_jwalk *w, json_t *left, json_t *right, const struct nx_layout *l)
{
	json_t *concat = json_object_get(left, "concat"), *p;
	struct nx_layout sel = {.n = 1, .key = {nx_jkey(left)}};
	size_t i;

	if (!json_is_array(concat)) {
		fit_part(w, left, right, l, &sel, 0);
		return;
	}
	sel.n = 0;
	json_array_foreach(concat, i, p)
	{
		if (i < NX_COMPS)
			sel.key[sel.n++] = nx_key_in_concat(nx_jkey(p));
	}
	json_array_foreach(concat, i, p) fit_part(w, p, right, l, &sel, i);
	w->lang->must_know |= nx_layout_quic(&sel) && w->lang->asked;
}

void nx_jfit(struct nx_jwalk *w, json_t *left, json_t *right)
{
	const char *set = json_string_value(right);

	if (w->lang->dir == NX_IN)
		fit(w, left, right, set && set[0] == '@' ? set_layout(w, set) : NULL);
}

void nx_jfit_data(struct nx_jwalk *w, json_t *data, json_t *map)
{
	const char *set = json_string_value(map);
	const struct nx_layout *l = NULL;
	struct nx_layout as_key = {0};

	if (w->lang->dir == NX_OUT)
		return;
	if (set && set[0] == '@')
		l = set_layout(w, set);
	if (l) {
		as_key.n = l->dn;
		memcpy(as_key.key, l->data, sizeof(as_key.key));
	}
	fit(w, data, map, l ? &as_key : NULL);
}

/* Is it `ct original proto-dst`, or whatever @word is? */
static bool is_word(json_t *v, const struct nx_port_word *word)
{
	const char *name, *dir;

	return !json_unpack(v, "{s:{s:s, s:s}}", "ct", "key", &name, "dir", &dir) &&
	       !strcmp(name, word->key) && !strcmp(dir, word->dir);
}

/* Does it use @word? */
static bool has_word(json_t *v, const struct nx_port_word *word)
{
	const char *name;
	size_t i;
	json_t *m;

	if (is_word(v, word))
		return true;
	json_array_foreach(v, i, m)
	{
		if (has_word(m, word))
			return true;
	}
	json_object_foreach(v, name, m)
	{
		if (has_word(m, word))
			return true;
	}
	return false;
}

void nx_jfit_rule(struct nx_jwalk *w, json_t *rule)
{
	const char *family = json_string_value(json_object_get(rule, "family"));
	const char *table = json_string_value(json_object_get(rule, "table"));
	json_t *expr = json_object_get(rule, "expr"), *place = json_object();
	uint32_t num = 1;

	while (num < NX_NO_PORT_WORD && has_word(expr, nx_port_word(num)))
		num++;
	w->lang->family = family ? nx_family_word(family, strlen(family)) : NULL;
	w->lang->table = table;
	w->lang->table_len = table ? strlen(table) : 0;
	w->lang->port_word = num;
	w->port = false;
	nx_jwalk(w, expr);
	if (w->port) {
		nx_jplace(place, NX_PORT_OFFSET, NX_SLOT_BITS);
		json_array_insert_new(expr, 0,
				      json_pack("{s:{s:s, s:O, s:I}}", "match", "op", "!=", "left",
						place, "right", (json_int_t)num));
	}
	json_decref(place);
	w->lang->table = NULL;
	w->lang->port_word = 0;
}

/* All that stands for a server ID by @word becomes one again. */
static void words_back(json_t *v, const struct nx_port_word *word)
{
	const char *name;
	size_t i;
	json_t *m;

	if (is_word(v, word)) {
		nx_jquic(v, nx_key_by_id(NFT_QUIC_SERVER_ID));
		return;
	}
	json_array_foreach(v, i, m) words_back(m, word);
	json_object_foreach(v, name, m) words_back(m, word);
}

void nx_jfit_rule_back(struct nx_jwalk *w, json_t *rule)
{
	json_t *expr = json_object_get(rule, "expr");
	const struct nx_port_word *word;
	json_int_t off, num;
	const char *base;

	if (json_unpack(json_array_get(expr, 0), "{s:{s:{s:{s:s, s:I}}, s:I}}", "match", "left",
			"payload", "base", &base, "offset", &off, "right", &num) ||
	    strcmp(base, "ih") || off != NX_PORT_OFFSET || num < 1 || num > NX_PORT_WORDS)
		return;
	word = nx_port_word(num);
	json_array_remove(expr, 0);
	words_back(expr, word);
	w->changed = true;
}
