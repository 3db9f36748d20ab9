// SPDX-License-Identifier: GPL-2.0-or-later
#include "elem.h"
#include "many.h"
#include "selector.h"
#include "setblock.h"
#include "types.h"

/* `elements = { ... }` in the block of a set */
static size_t walk_elements_of(struct nx_walk *w, size_t i, size_t to, const struct nx_layout *l)
{
	size_t open = i + 1;

	if (open < to && nx_is_punct(w, open, '='))
		open++;
	if (l && open < to && nx_is_punct(w, open, '{') && nx_mate(w, open)) {
		if (!nx_many_walk(w, open, l))
			nx_walk_elements(w, open + 1, nx_mate(w, open), l);
	} else if (l && open + 1 < to && nx_is_punct(w, open, '$')) {
		nx_walk_elements(w, open, open + 2, l);
	}
	return nx_skip_command(w, i, to);
}

/* A key as `typeof` names it. */
static void put_key(struct nx_buf *out, const struct nx_key *k)
{
	nx_buf_fmt(out, "quic %s", k->name);
	if (k->kind == NX_ID && !nx_key_is_port(k))
		nx_buf_fmt(out, ",%u", k->width * 8u);
}

/* Part @n of a type at @i: what `typeof` would say of it. The token after it, or 0. */
static size_t type_part(const struct nx_walk *w, size_t i, size_t to, const struct nx_key *k,
			struct nx_buf *out)
{
	uint32_t off, bits;
	const char *expr;

	if (nx_raw_payload(w, i, &off, &bits)) {
		k = k ? k : nx_key_by_place(off, bits);
		if (k)
			put_key(out, k);
		return k ? i + 6 : 0;
	}
	if (i >= to || nx_type_of(w, i) != NX_WORD)
		return 0;
	if (k && nx_is(w, i, "integer")) {
		put_key(out, k);
		return i + 1;
	}
	expr = k ? NULL : nx_type_expr(nx_text_of(w, i), nx_len_of(w, i));
	if (expr)
		nx_buf_str(out, expr);
	return expr ? i + 1 : 0;
}

/*
 * NX_OUT: `get element` names a key by its type, from which no set could be made again. Write it as
 * typeof, if there is an expression for each part.
 */
static void type_to_typeof(struct nx_walk *w, size_t i, size_t to, const struct nx_layout *l)
{
	const struct nx_key *const *key = l->key;
	unsigned int n = l->n, part = 0;
	struct nx_buf b = NX_BUF_INIT;
	size_t at = i + 1;

	if (!nx_layout_quic(l))
		return;
	nx_buf_str(&b, "typeof ");
	while (at < to) {
		at = type_part(w, at, to, part < n ? key[part] : NULL, &b);
		part++;
		if (!at || at >= to || nx_type_of(w, at) == NX_NL || nx_is_punct(w, at, ';'))
			break;
		if (!nx_is_punct(w, at, '.') && !nx_is_punct(w, at, ':'))
			at = 0;
		if (!at)
			break;
		if (nx_is_punct(w, at, ':')) {
			key = l->data;
			n = l->dn;
			part = 0;
		}
		nx_buf_str(&b, nx_is_punct(w, at, ':') ? " : " : " . ");
		at++;
	}
	if (at)
		nx_replace(w, i, at, &b);
	nx_buf_free(&b);
}

size_t nx_setblock_line(struct nx_walk *w, size_t i, size_t to, struct nx_layout *l)
{
	if (nx_is(w, i, "type") && w->lang->dir == NX_OUT)
		type_to_typeof(w, i, to, l);

	if (nx_is(w, i, "typeof"))
		return nx_walk_typeof(w, i + 1, to, l);
	if (nx_is(w, i, "elements"))
		return walk_elements_of(w, i, to, l);
	return nx_skip_command(w, i, to);
}

/* NX_OUT: stock nft prints placeholders as the type of a set that the same commands make. */
static void type_layout(const struct nx_walk *w, size_t i, size_t to, struct nx_layout *l)
{
	const struct nx_key **key = l->key;
	uint8_t *n = &l->n;
	uint32_t off, bits;

	for (i++; i < to && nx_type_of(w, i) != NX_NL && !nx_is_punct(w, i, ';'); i++) {
		bool raw = nx_raw_payload(w, i, &off, &bits);

		if (nx_is_punct(w, i, ':')) {
			key = l->data;
			n = &l->dn;
		}
		if (*n == NX_COMPS || (!raw && nx_type_of(w, i) != NX_WORD))
			continue;
		key[(*n)++] = raw ? nx_key_by_place(off, bits) : NULL;
		i += raw ? 5 : 0;
	}
}

/* The layout comes first, wherever `typeof` stands in the block. */
static void find_layout(struct nx_walk *w, size_t from, size_t to, struct nx_layout *l)
{
	struct nx_walk look = *w;
	unsigned int nerrs = w->lang->nerrs;
	size_t errors = w->lang->errors.len;

	for (size_t i = from; i < to; i = nx_skip_command(w, i, to) + 1) {
		while (i < to && (nx_type_of(w, i) == NX_NL || nx_is_punct(w, i, ';')))
			i++;
		if (i < to && w->lang->dir == NX_OUT && nx_is(w, i, "type")) {
			type_layout(w, i, to, l);
			return;
		}
		if (i >= to || !nx_is(w, i, "typeof"))
			continue;
		look.text = nx_text_new(NULL, NULL, 0);
		if (!look.text) {
			w->lang->oom = true;
			return;
		}
		look.text->src = w->text->src;
		nx_walk_typeof(&look, i + 1, to, l);
		/* the walk itself will find the same errors again */
		w->lang->nerrs = nerrs;
		w->lang->errors.len = errors;
		look.text->src = NULL;
		nx_text_free(look.text);
		return;
	}
}

void nx_setblock_layout(struct nx_walk *w, size_t from, size_t to, const struct nx_block *block,
			const char *name, size_t len, struct nx_layout *l)
{
	struct nx_set_id id = {block->family, block->table, block->table_len, name, len};
	const struct nx_layout *known;

	memset(l, 0, sizeof(*l));
	find_layout(w, from, to, l);
	if (!nx_layout_quic(l) && w->lang->dir == NX_OUT && name && block->table) {
		known = w->lang->known ? nx_layouts_get(w->lang->known, &id) : NULL;
		if (!known && w->lang->made)
			known = nx_layouts_get(w->lang->made, &id);
		if (known)
			*l = *known;
	}
	if (name && block->table && nx_layouts_put(&w->lang->sets, &id, l))
		w->lang->oom = true;
}
