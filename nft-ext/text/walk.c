// SPDX-License-Identifier: GPL-2.0-or-later
#include "elem.h"
#include "expr.h"
#include "many.h"
#include "selector.h"
#include "setblock.h"
#include "vars.h"
#include "walk.h"

/* A name, perhaps a define; *name is NULL if there is none. Returns the token after it. */
static size_t read_name(struct nx_walk *w, size_t i, size_t to, const char **name, size_t *len)
{
	const struct nx_var *v;

	*name = NULL;
	*len = 0;
	if (i < to && (nx_type_of(w, i) == NX_WORD || nx_type_of(w, i) == NX_QUOTED)) {
		bool quoted = nx_type_of(w, i) == NX_QUOTED;

		*name = nx_text_of(w, i) + quoted;
		*len = nx_len_of(w, i) - 2 * quoted;
		return i + 1;
	}
	if (i + 1 < to && nx_is_punct(w, i, '$') && nx_type_of(w, i + 1) == NX_WORD) {
		v = nx_var_get(w, nx_text_of(w, i + 1), nx_len_of(w, i + 1));
		if (v) {
			*name = v->value;
			*len = strlen(v->value);
			if (*len >= 2 && **name == '"') {
				(*name)++;
				*len -= 2;
			}
		}
		return i + 2;
	}
	return i;
}

static size_t read_family(const struct nx_walk *w, size_t i, size_t to, const char **family)
{
	const char *name = i < to && nx_type_of(w, i) == NX_WORD
				   ? nx_family_word(nx_text_of(w, i), nx_len_of(w, i))
				   : NULL;

	*family = name ? name : "ip";
	return name ? i + 1 : i;
}

static size_t walk_include(struct nx_walk *w, size_t i, size_t to, const struct nx_block *block)
{
	struct nx_lang *lang = w->lang;

	if (i + 1 < to && nx_type_of(w, i + 1) == NX_QUOTED && lang->include)
		lang->include(lang, block, nx_text_of(w, i + 1) + 1, nx_len_of(w, i + 1) - 2);
	return nx_skip_command(w, i, to);
}

/* 0rtt and *.example.org are no words to nft, but it reads what a define has: as strings then. */
static void quote_values(struct nx_walk *w, size_t from, size_t to)
{
	struct nx_buf b = NX_BUF_INIT;

	for (size_t i = from; i < to; i++) {
		if (nx_type_of(w, i) != NX_WORD ||
		    (!nx_is(w, i, "0rtt") && (nx_text_of(w, i)[0] != '*' || nx_len_of(w, i) < 3)))
			continue;
		nx_buf_reset(&b);
		nx_buf_fmt(&b, "\"%.*s\"", (int)nx_len_of(w, i), nx_text_of(w, i));
		nx_replace(w, i, i + 1, &b);
	}
	nx_buf_free(&b);
}

static size_t walk_define(struct nx_walk *w, size_t i, size_t to)
{
	size_t end = nx_skip_command(w, i, to), name = i + 1;

	if (name >= end || nx_type_of(w, name) != NX_WORD)
		return end;
	if (nx_is(w, i, "undefine"))
		nx_undefine(w, nx_text_of(w, name), nx_len_of(w, name));
	else if (name + 1 < end && nx_is_punct(w, name + 1, '=')) {
		nx_define(w, nx_text_of(w, name), nx_len_of(w, name), name + 2, end,
			  nx_is(w, i, "redefine"));
		quote_values(w, name + 2, end);
	}
	return end;
}

/* Statements allowed in any block; returns the token after, or @i if there is none. */
static size_t walk_common(struct nx_walk *w, size_t i, size_t to, const struct nx_block *block)
{
	if (nx_type_of(w, i) == NX_NL || nx_is_punct(w, i, ';'))
		return i + 1;
	if (w->lang->dir == NX_OUT || nx_type_of(w, i) != NX_WORD)
		return i;
	if (nx_is(w, i, "include"))
		return walk_include(w, i, to, block);
	if (nx_is(w, i, "define") || nx_is(w, i, "redefine") || nx_is(w, i, "undefine"))
		return walk_define(w, i, to);
	return i;
}

static void walk_set_block(struct nx_walk *w, size_t from, size_t to, const struct nx_block *block,
			   const char *name, size_t len)
{
	struct nx_block inside = *block;
	struct nx_layout l;

	nx_setblock_layout(w, from, to, block, name, len, &l);
	nx_many_find(w, from, to,
		     &(struct nx_set_id){block->family, block->table, block->table_len, name, len},
		     &l);
	inside.kind = NX_SET;
	inside.layout = &l;
	nx_walk_block(w, from, to, &inside);
}

/* `chain NAME { }`, `set NAME { }` and `map NAME { }` of a known table. */
static size_t walk_object(struct nx_walk *w, size_t i, size_t to, const struct nx_block *block)
{
	bool chain = nx_is(w, i, "chain"), set = nx_is(w, i, "set") || nx_is(w, i, "map");
	struct nx_block inside = *block;
	const char *name;
	size_t len;

	w->lang->chains |= chain;
	i = read_name(w, i + 1, to, &name, &len);
	while (i < to && nx_type_of(w, i) != NX_NL && !nx_is_punct(w, i, '{') &&
	       !nx_is_punct(w, i, ';'))
		i++;
	if (i >= to || !nx_is_punct(w, i, '{') || !nx_mate(w, i))
		return nx_skip_command(w, i, to);
	if (chain) {
		inside.kind = NX_CHAIN;
		nx_walk_block(w, i + 1, nx_mate(w, i), &inside);
	} else if (set) {
		walk_set_block(w, i + 1, nx_mate(w, i), block, name, len);
	}
	return nx_mate(w, i) + 1;
}

/* The sets of a table may stand behind the rules that use them, also in files that it includes. */
static void find_sets(struct nx_walk *w, size_t from, size_t to, const struct nx_block *block)
{
	/* files in front of all chains are known by the time that it matters */
	bool looking = w->lang->looking, behind = looking;
	struct nx_layout l;
	const char *name;
	size_t len, at;

	for (size_t i = from; i < to; i = nx_skip_command(w, i, to) + 1) {
		while (i < to && (nx_type_of(w, i) == NX_NL || nx_is_punct(w, i, ';')))
			i++;
		if (i < to && nx_is(w, i, "include") && behind) {
			w->lang->looking = true;
			walk_include(w, i, to, block);
			w->lang->looking = looking;
		}
		behind |= i < to && (nx_is(w, i, "chain") || nx_is(w, i, "include"));
		if (i >= to || !(nx_is(w, i, "set") || nx_is(w, i, "map")))
			continue;
		at = read_name(w, i + 1, to, &name, &len);
		if (name && at < to && nx_is_punct(w, at, '{') && nx_mate(w, at))
			nx_setblock_layout(w, at + 1, nx_mate(w, at), block, name, len, &l);
	}
}

static size_t walk_table(struct nx_walk *w, size_t i, size_t to)
{
	struct nx_block table = {.kind = NX_TABLE};

	i = read_family(w, i + 1, to, &table.family);
	i = read_name(w, i, to, &table.table, &table.table_len);
	if (i >= to || !nx_is_punct(w, i, '{') || !nx_mate(w, i))
		return nx_skip_command(w, i, to);
	nx_walk_block(w, i + 1, nx_mate(w, i), &table);
	return nx_mate(w, i) + 1;
}

/* `rule [family] table chain [handle N|position N|index N] ...`, @i behind `rule` */
static size_t walk_rule_command(struct nx_walk *w, size_t i, size_t to)
{
	size_t end = nx_skip_command(w, i, to), len;
	const char *family, *name;

	i = read_family(w, i, end, &family);
	i = read_name(w, i, end, &name, &len);
	w->lang->family = family;
	w->lang->table = name;
	w->lang->table_len = len;
	i = read_name(w, i, end, &name, &len);
	if (i < end && (nx_is(w, i, "handle") || nx_is(w, i, "position") || nx_is(w, i, "index")))
		i = read_name(w, i + 1, end, &name, &len);
	nx_walk_rule(w, i, end);
	w->lang->table = NULL;
	return end;
}

/* May it be a value of ours, as 0rtt and *.example.org, where nft reads no word? */
static bool is_ours_alone(const struct nx_walk *w, size_t i)
{
	static const char numeric[] = "0123456789abcdefABCDEFxhms.:/-_"; /* addresses, times */
	const char *s = nx_text_of(w, i);
	size_t len = nx_len_of(w, i), n = 0;

	if (nx_type_of(w, i) != NX_WORD || (*s != '*' && (*s < '0' || *s > '9')))
		return false;
	while (n < len && memchr(numeric, s[n], sizeof(numeric) - 1))
		n++;
	return n < len && len > 1;
}

/* `element [family] table set { ... }`, @i behind `element` */
static size_t walk_element_command(struct nx_walk *w, size_t i, size_t to)
{
	const struct nx_layout *l;
	struct nx_set_id id;

	i = read_family(w, i, to, &id.family);
	i = read_name(w, i, to, &id.table, &id.table_len);
	i = read_name(w, i, to, &id.set, &id.set_len);
	if (i >= to || !id.table || !id.set)
		return nx_skip_command(w, i, to);
	l = nx_lang_layout(w->lang, &id);
	if (l && nx_is_punct(w, i, '{') && nx_mate(w, i))
		nx_walk_elements(w, i + 1, nx_mate(w, i), l);
	else if (l && nx_is_punct(w, i, '$'))
		nx_walk_elements(w, i, i + 2, l);
	for (size_t n = i; !l && nx_is_punct(w, i, '{') && n < nx_mate(w, i); n++)
		w->lang->must_know |= w->lang->dir == NX_IN && is_ours_alone(w, n);
	return nx_skip_command(w, i, to);
}

static size_t walk_describe(struct nx_walk *w, size_t i, size_t to)
{
	size_t end = nx_skip_command(w, i, to), behind;
	const struct nx_key *k = i + 1 < end ? nx_selector_key(w, i + 1, &behind) : NULL;

	nx_buf_char(&w->lang->describe, k ? k->id : 0xff, 1);
	nx_buf_char(&w->lang->describe, k ? k->width : 0, 1);
	if (k)
		nx_walk_exprs(w, i + 1, end);
	else if (i + 2 < end)
		nx_refuse_key(w, i + 1, end);
	return end;
}

/* `set [family] table NAME { }` and its like as a command, @i at `set` */
static size_t walk_object_command(struct nx_walk *w, size_t i, size_t to)
{
	struct nx_block block = {.kind = NX_TABLE};
	bool chain = nx_is(w, i, "chain");
	const char *name;
	size_t len;

	i = read_family(w, i + 1, to, &block.family);
	i = read_name(w, i, to, &block.table, &block.table_len);
	i = read_name(w, i, to, &name, &len);
	if (i >= to || !nx_is_punct(w, i, '{') || !nx_mate(w, i))
		return nx_skip_command(w, i, to);
	if (chain) {
		block.kind = NX_CHAIN;
		nx_walk_block(w, i + 1, nx_mate(w, i), &block);
	} else {
		walk_set_block(w, i + 1, nx_mate(w, i), &block, name, len);
	}
	return nx_mate(w, i) + 1;
}

static bool any_of(const struct nx_walk *w, size_t i, const char *const *words)
{
	for (; *words; words++) {
		if (nx_is(w, i, *words))
			return true;
	}
	return false;
}

static size_t walk_command(struct nx_walk *w, size_t i, size_t to)
{
	static const char *const makes[] = {"add", "create", "insert", "replace", NULL};
	static const char *const other[] = {"delete", "destroy", "get", "reset", NULL};
	static const char *const quiet[] = {"flush", "rename", "import", NULL};
	static const char *const asks[] = {"list", "export", "monitor", "reset", NULL};
	static const char *const objects[] = {"flowtable", "counter",  "quota", "limit",  "ct",
					      "secmark",   "synproxy", "meter", "tunnel", NULL};

	if (nx_type_of(w, i) != NX_WORD)
		return nx_skip_command(w, i, to);
	w->lang->asks |= any_of(w, i, asks) || nx_is(w, i, "get");
	if (any_of(w, i, quiet) || (any_of(w, i, asks) && !nx_is(w, i, "reset")))
		return nx_skip_command(w, i, to);
	if (nx_is(w, i, "describe"))
		return walk_describe(w, i, to);
	if (any_of(w, i, other)) {
		if (i + 1 >= to || !nx_is(w, i + 1, "element"))
			return nx_skip_command(w, i, to);
		/* what is there already may be taken away without a word */
		w->lang->no_warnings = true;
		i = walk_element_command(w, i + 2, to);
		w->lang->no_warnings = false;
		return i;
	}
	if (any_of(w, i, makes))
		i++;
	if (i >= to)
		return to;
	if (nx_is(w, i, "table"))
		return walk_table(w, i, to);
	if (nx_is(w, i, "chain") || nx_is(w, i, "set") || nx_is(w, i, "map"))
		return walk_object_command(w, i, to);
	if (nx_is(w, i, "element"))
		return walk_element_command(w, i + 1, to);
	if (any_of(w, i, objects))
		return nx_skip_command(w, i, to);
	if (w->lang->dir == NX_OUT)
		return nx_walk_rule(w, i, to); /* rules, traces: only placeholders matter */
	return walk_rule_command(w, nx_is(w, i, "rule") ? i + 1 : i, to);
}

static void walk_items(struct nx_walk *w, size_t from, size_t to, const struct nx_block *block)
{
	struct nx_layout layout = {0};
	size_t i = from;

	if (block->layout)
		layout = *block->layout;
	if (block->table) {
		w->lang->family = block->family;
		w->lang->table = block->table;
		w->lang->table_len = block->table_len;
	}
	if (block->kind == NX_TABLE && w->lang->dir == NX_IN)
		find_sets(w, from, to, block);
	while (i < to && w->lang->nerrs < NX_MAX_ERRORS) {
		size_t next = walk_common(w, i, to, block);

		if (next == i) {
			switch (block->kind) {
			case NX_TOP:
				next = walk_command(w, i, to);
				break;
			case NX_TABLE:
				next = walk_object(w, i, to, block);
				break;
			case NX_CHAIN:
				next = nx_walk_rule(w, i, to);
				break;
			case NX_SET:
				next = nx_setblock_line(w, i, to, &layout);
				break;
			}
		}
		i = next > i ? next : i + 1;
	}
}

void nx_walk_block(struct nx_walk *w, size_t from, size_t to, const struct nx_block *block)
{
	w->lang->depth++;
	walk_items(w, from, to, block);
	w->lang->depth--;
	nx_scope_end(w->lang);
}

void nx_translate(struct nx_lang *lang, struct nx_text *text, const struct nx_block *block)
{
	static const struct nx_block top = {.kind = NX_TOP};
	struct nx_walk w = {.lang = lang, .text = text};

	if (nx_lex(&w.toks, text->src, text->len, lang->dir == NX_OUT)) {
		lang->oom = true;
		return;
	}
	walk_items(&w, 0, w.toks.n, block ? block : &top);
	nx_lex_free(&w.toks);
	nx_text_finish(text);
	lang->oom |= text->dst.oom || lang->errors.oom;
}

void nx_look_for_sets(struct nx_lang *lang, struct nx_text *text, const struct nx_block *block)
{
	struct nx_walk w = {.lang = lang, .text = text};

	if (nx_lex(&w.toks, text->src, text->len, lang->dir == NX_OUT)) {
		lang->oom = true;
		return;
	}
	find_sets(&w, 0, w.toks.n, block);
	nx_lex_free(&w.toks);
}

void nx_translate_elements(struct nx_lang *lang, struct nx_text *text, const struct nx_layout *l)
{
	struct nx_walk w = {.lang = lang, .text = text};

	if (nx_lex(&w.toks, text->src, text->len, lang->dir == NX_OUT)) {
		lang->oom = true;
		return;
	}
	nx_walk_elements(&w, 0, w.toks.n, l);
	nx_lex_free(&w.toks);
	nx_text_finish(text);
	lang->oom |= text->dst.oom;
}

void nx_translate_set(struct nx_lang *lang, struct nx_text *text, const struct nx_block *table,
		      const struct nx_buf *name, struct nx_layout *l)
{
	struct nx_walk w = {.lang = lang, .text = text};
	struct nx_block inside = *table;

	if (nx_lex(&w.toks, text->src, text->len, lang->dir == NX_OUT)) {
		lang->oom = true;
		return;
	}
	nx_setblock_layout(&w, 0, w.toks.n, table, nx_buf_cstr(name), name->len, l);
	inside.kind = NX_SET;
	inside.layout = l;
	nx_walk_block(&w, 0, w.toks.n, &inside);
	nx_lex_free(&w.toks);
	nx_text_finish(text);
	lang->oom |= text->dst.oom;
}
