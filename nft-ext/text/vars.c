// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Defines: stock nft sees them unchanged, but for words that it does not read, and a use as a quic
 * value is expanded here.
 */
#include <stdlib.h>

#include "vars.h"

#define MAX_EXPANSION 16

/* The tokens on one line, without comments, with a blank wherever there was any gap. */
static char *flatten(const struct nx_walk *w, size_t from, size_t to)
{
	struct nx_buf b = NX_BUF_INIT;
	size_t end = 0;

	for (size_t i = from; i < to; i++) {
		if (nx_type_of(w, i) == NX_NL)
			continue;
		if (b.len && w->toks.t[i].off > end)
			nx_buf_str(&b, " ");
		nx_buf_add(&b, nx_text_of(w, i), nx_len_of(w, i));
		end = w->toks.t[i].off + nx_len_of(w, i);
	}
	if (b.oom) {
		nx_buf_free(&b);
		return NULL;
	}
	for (char *nl = b.p; nl && (nl = strchr(nl, '\n')); nl++)
		*nl = ' '; /* inside of a quoted string */
	return b.p ? b.p : strdup("");
}

static void put(struct nx_lang *lang, const char *name, size_t len, char *value)
{
	struct nx_var *v = calloc(1, sizeof(*v));
	void *old;

	if (!v || !value)
		goto err;
	v->name = strndup(name, len);
	if (!v->name || nx_map_put(&lang->vars, name, len, v, &old))
		goto err;
	v->shadows = old;
	v->value = value;
	v->depth = lang->depth;
	v->older = lang->scope;
	lang->scope = v;
	return;
err:
	if (v)
		free(v->name);
	free(v);
	free(value);
	lang->oom = true;
}

void nx_define(struct nx_walk *w, const char *name, size_t len, size_t from, size_t to, bool again)
{
	struct nx_var *v = again ? nx_map_get(&w->lang->vars, name, len) : NULL;
	char *value = flatten(w, from, to);

	if (v && value) {
		free(v->value);
		v->value = value;
		return;
	}
	put(w->lang, name, len, value);
}

void nx_undefine(struct nx_walk *w, const char *name, size_t len)
{
	if (nx_map_put(&w->lang->vars, name, len, NULL, NULL))
		w->lang->oom = true;
}

void nx_scope_end(struct nx_lang *lang)
{
	while (lang->scope && lang->scope->depth > lang->depth) {
		struct nx_var *v = lang->scope;

		lang->scope = v->older;
		if (nx_map_get(&lang->vars, v->name, strlen(v->name)) == v &&
		    nx_map_put(&lang->vars, v->name, strlen(v->name), v->shadows, NULL))
			lang->oom = true;
		free(v->name);
		free(v->value);
		free(v);
	}
}

const struct nx_var *nx_var_get(const struct nx_walk *w, const char *name, size_t len)
{
	return nx_map_get(&w->lang->vars, name, len);
}

void nx_lang_define(struct nx_lang *lang, const char *assignment)
{
	const char *eq = strchr(assignment, '=');

	if (eq)
		put(lang, assignment, eq - assignment, strdup(eq + 1));
}

bool nx_sub_begin(struct nx_walk *w, size_t i, struct nx_sub *sub)
{
	const struct nx_var *v;
	char *copy;

	if (!nx_is_punct(w, i, '$') || nx_type_of(w, i + 1) != NX_WORD)
		return false;
	v = nx_var_get(w, nx_text_of(w, i + 1), nx_len_of(w, i + 1));
	if (!v || w->lang->expanding >= MAX_EXPANSION)
		return false;
	*sub = (struct nx_sub){
		.w = {.lang = w->lang, .parent = w, .at = i, .at_end = i + 2},
	};
	copy = strdup(v->value);
	if (copy)
		sub->w.text = nx_text_new(NULL, copy, strlen(copy));
	if (!sub->w.text || nx_lex(&sub->w.toks, sub->w.text->src, sub->w.text->len, false)) {
		nx_text_free(sub->w.text);
		w->lang->oom = true;
		return false;
	}
	w->lang->expanding++;
	return true;
}

void nx_sub_end(struct nx_walk *w, size_t i, struct nx_sub *sub, bool emit)
{
	w->lang->expanding--;
	nx_text_finish(sub->w.text);
	if (sub->w.text->dst.oom)
		w->lang->oom = true;
	else if (emit && sub->w.text->n)
		nx_replace(w, i, i + 2, &sub->w.text->dst);
	nx_lex_free(&sub->w.toks);
	nx_text_free(sub->w.text);
}
