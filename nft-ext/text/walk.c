// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands and blocks: where rules, sets and elements stand. */
#include <stdarg.h>
#include <stdlib.h>

#include "types.h"
#include "walk.h"

void nx_replace(struct nx_walk *w, size_t from, size_t to, const struct nx_buf *with)
{
	size_t off = w->toks.t[from].off;
	const struct nx_tok *last = &w->toks.t[to - 1];

	if (with->oom || off < w->text->pos) {
		w->lang->oom |= with->oom;
		return;
	}
	nx_text_edit(w->text, off, last->off + last->len - off, nx_buf_cstr(with), with->len);
}

/* A message as nft prints one: place, text, the user's line, carets below it. */
void nx_error(struct nx_walk *w, size_t from, size_t to, const char *fmt, ...)
{
	struct nx_buf *b = &w->lang->errors;
	const char *line, *src, *end;
	size_t off, last, len;
	unsigned int no = 1;
	va_list ap;

	if (w->lang->nerrs++ >= NX_MAX_ERRORS)
		return;
	for (; w->parent; w = w->parent) {
		from = w->at;
		to = w->at_end;
	}
	src = line = w->toks.src;
	off = w->toks.t[from].off;
	last = w->toks.t[to - 1].off + w->toks.t[to - 1].len;
	for (const char *nl; (nl = memchr(line, '\n', src + off - line)); line = nl + 1)
		no++;
	end = memchr(src + off, '\n', w->toks.len - off);
	len = (end ? end : src + w->toks.len) - line;
	if (last > (size_t)(line - src) + len)
		last = line - src + len;
	if (w->text->name)
		nx_buf_fmt(b, "%s:%u:%zu-%zu: ", w->text->name, no, src + off - line + 1,
			   src + last - line);
	nx_buf_str(b, "Error: ");
	va_start(ap, fmt);
	nx_buf_vfmt(b, fmt, ap);
	va_end(ap);
	nx_buf_str(b, "\n");
	nx_buf_add(b, line, len);
	nx_buf_str(b, "\n");
	for (const char *p = line; p < src + off; p++)
		nx_buf_char(b, *p == '\t' ? '\t' : ' ', 1);
	nx_buf_char(b, '^', last > off ? last - off : 1);
	nx_buf_str(b, "\n");
}

/* A name, perhaps a define; *name is NULL if there is none. Returns the token behind it. */
static size_t read_name(struct nx_walk *w, size_t i, size_t to, const char **name, size_t *len)
{
	const struct nx_var *v;

	*name = NULL;
	*len = 0;
	if (i < to && (type_of(w, i) == NX_WORD || type_of(w, i) == NX_QUOTED)) {
		bool quoted = type_of(w, i) == NX_QUOTED;

		*name = text_of(w, i) + quoted;
		*len = len_of(w, i) - 2 * quoted;
		return i + 1;
	}
	if (i + 1 < to && is_punct(w, i, '$') && type_of(w, i + 1) == NX_WORD) {
		v = nx_var_get(w, text_of(w, i + 1), len_of(w, i + 1));
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
	const char *name = i < to && type_of(w, i) == NX_WORD
				   ? nx_family_word(text_of(w, i), len_of(w, i))
				   : NULL;

	*family = name ? name : "ip";
	return name ? i + 1 : i;
}

/* To the end of a command: a newline or semicolon outside of braces. */
static size_t skip_command(const struct nx_walk *w, size_t i, size_t to)
{
	while (i < to && type_of(w, i) != NX_NL && !is_punct(w, i, ';'))
		i = is_punct(w, i, '{') && nx_mate(w, i) ? nx_mate(w, i) + 1 : i + 1;
	return i < to ? i : to;
}

static size_t walk_include(struct nx_walk *w, size_t i, size_t to, const struct nx_block *block)
{
	struct nx_lang *lang = w->lang;

	if (i + 1 < to && type_of(w, i + 1) == NX_QUOTED && lang->include)
		lang->include(lang, block, text_of(w, i + 1) + 1, len_of(w, i + 1) - 2);
	return skip_command(w, i, to);
}

static size_t walk_define(struct nx_walk *w, size_t i, size_t to)
{
	size_t end = skip_command(w, i, to), name = i + 1;

	if (name >= end || type_of(w, name) != NX_WORD)
		return end;
	if (is(w, i, "undefine"))
		nx_undefine(w, text_of(w, name), len_of(w, name));
	else if (name + 1 < end && is_punct(w, name + 1, '='))
		nx_define(w, text_of(w, name), len_of(w, name), name + 2, end,
			  is(w, i, "redefine"));
	return end;
}

/* Statements allowed in any block; returns the token behind, or @i if there is none. */
static size_t walk_common(struct nx_walk *w, size_t i, size_t to, const struct nx_block *block)
{
	if (type_of(w, i) == NX_NL || is_punct(w, i, ';'))
		return i + 1;
	if (w->lang->dir == NX_OUT || type_of(w, i) != NX_WORD)
		return i;
	if (is(w, i, "include"))
		return walk_include(w, i, to, block);
	if (is(w, i, "define") || is(w, i, "redefine") || is(w, i, "undefine"))
		return walk_define(w, i, to);
	return i;
}

/* `elements = { ... }` in the block of a set */
static size_t walk_elements_of(struct nx_walk *w, size_t i, size_t to, const struct nx_layout *l)
{
	size_t open = i + 1;

	if (open < to && is_punct(w, open, '='))
		open++;
	if (l && open < to && is_punct(w, open, '{') && nx_mate(w, open))
		nx_walk_elements(w, open + 1, nx_mate(w, open), l);
	else if (l && open + 1 < to && is_punct(w, open, '$'))
		nx_walk_elements(w, open, open + 2, l);
	return skip_command(w, i, to);
}

/* Part @n of a type at @i: what `typeof` would say of it. The token behind it, or 0. */
static size_t type_part(const struct nx_walk *w, size_t i, size_t to, const struct nx_key *k,
			struct nx_buf *out)
{
	uint32_t off, bits;
	const char *expr;

	if (nx_raw_payload(w, i, &off, &bits)) {
		k = k ? k : nx_key_by_place(off, bits);
		if (k)
			nx_buf_fmt(out, "quic %s", k->name);
		return k ? i + 6 : 0;
	}
	if (i >= to || type_of(w, i) != NX_WORD)
		return 0;
	if (k && is(w, i, "integer")) {
		nx_buf_fmt(out, "quic %s", k->name);
		return i + 1;
	}
	expr = k ? NULL : nx_type_expr(text_of(w, i), len_of(w, i));
	if (expr)
		nx_buf_str(out, expr);
	return expr ? i + 1 : 0;
}

/*
 * NX_OUT: `get element` names a key by its type, with which nothing could be made again. Where
 * each part can be said as an expression, they are.
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
		if (!at || at >= to || type_of(w, at) == NX_NL || is_punct(w, at, ';'))
			break;
		if (!is_punct(w, at, '.') && !is_punct(w, at, ':'))
			at = 0;
		if (!at)
			break;
		if (is_punct(w, at, ':')) {
			key = l->data;
			n = l->dn;
			part = 0;
		}
		nx_buf_str(&b, is_punct(w, at, ':') ? " : " : " . ");
		at++;
	}
	if (at)
		nx_replace(w, i, at, &b);
	nx_buf_free(&b);
}

static size_t walk_set_line(struct nx_walk *w, size_t i, size_t to, struct nx_layout *l)
{
	if (is(w, i, "type") && w->lang->dir == NX_OUT)
		type_to_typeof(w, i, to, l);

	if (is(w, i, "typeof"))
		return nx_walk_typeof(w, i + 1, to, l);
	if (is(w, i, "elements"))
		return walk_elements_of(w, i, to, l);
	return skip_command(w, i, to);
}

/* NX_OUT: of a set that is made by the same commands stock nft prints the placeholders as types. */
static void type_layout(const struct nx_walk *w, size_t i, size_t to, struct nx_layout *l)
{
	const struct nx_key **key = l->key;
	uint8_t *n = &l->n;
	uint32_t off, bits;

	for (i++; i < to && type_of(w, i) != NX_NL && !is_punct(w, i, ';'); i++) {
		bool raw = nx_raw_payload(w, i, &off, &bits);

		if (is_punct(w, i, ':')) {
			key = l->data;
			n = &l->dn;
		}
		if (*n == NX_COMPS || (!raw && type_of(w, i) != NX_WORD))
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

	for (size_t i = from; i < to; i = skip_command(w, i, to) + 1) {
		while (i < to && (type_of(w, i) == NX_NL || is_punct(w, i, ';')))
			i++;
		if (i < to && w->lang->dir == NX_OUT && is(w, i, "type")) {
			type_layout(w, i, to, l);
			return;
		}
		if (i >= to || !is(w, i, "typeof"))
			continue;
		look.text = nx_text_new(NULL, NULL, 0);
		if (!look.text) {
			w->lang->oom = true;
			return;
		}
		look.text->src = w->text->src;
		nx_walk_typeof(&look, i + 1, to, l);
		/* the walk proper will find the same errors again */
		w->lang->nerrs = nerrs;
		w->lang->errors.len = errors;
		look.text->src = NULL;
		nx_text_free(look.text);
		return;
	}
}

static void walk_set_block(struct nx_walk *w, size_t from, size_t to, const struct nx_block *block,
			   const char *name, size_t len)
{
	struct nx_set_id id = {block->family, block->table, block->table_len, name, len};
	struct nx_layout l = {0};
	const struct nx_layout *known;
	struct nx_block inside = *block;

	find_layout(w, from, to, &l);
	if (!nx_layout_quic(&l) && w->lang->dir == NX_OUT && name && block->table) {
		known = w->lang->known ? nx_layouts_get(w->lang->known, &id) : NULL;
		if (!known && w->lang->made)
			known = nx_layouts_get(w->lang->made, &id);
		if (known)
			l = *known;
	}
	if (name && block->table && nx_layouts_put(&w->lang->sets, &id, &l))
		w->lang->oom = true;
	inside.kind = NX_SET;
	inside.layout = &l;
	nx_walk_block(w, from, to, &inside);
}

/* `chain NAME { }`, `set NAME { }` and `map NAME { }` of a known table. */
static size_t walk_object(struct nx_walk *w, size_t i, size_t to, const struct nx_block *block)
{
	bool chain = is(w, i, "chain"), set = is(w, i, "set") || is(w, i, "map");
	struct nx_block inside = *block;
	const char *name;
	size_t len;

	i = read_name(w, i + 1, to, &name, &len);
	while (i < to && type_of(w, i) != NX_NL && !is_punct(w, i, '{') && !is_punct(w, i, ';'))
		i++;
	if (i >= to || !is_punct(w, i, '{') || !nx_mate(w, i))
		return skip_command(w, i, to);
	if (chain) {
		inside.kind = NX_CHAIN;
		nx_walk_block(w, i + 1, nx_mate(w, i), &inside);
	} else if (set) {
		walk_set_block(w, i + 1, nx_mate(w, i), block, name, len);
	}
	return nx_mate(w, i) + 1;
}

static size_t walk_table(struct nx_walk *w, size_t i, size_t to)
{
	struct nx_block table = {.kind = NX_TABLE};

	i = read_family(w, i + 1, to, &table.family);
	i = read_name(w, i, to, &table.table, &table.table_len);
	if (i >= to || !is_punct(w, i, '{') || !nx_mate(w, i))
		return skip_command(w, i, to);
	nx_walk_block(w, i + 1, nx_mate(w, i), &table);
	return nx_mate(w, i) + 1;
}

/* `rule [family] table chain [handle N|position N|index N] ...`, @i behind `rule` */
static size_t walk_rule_command(struct nx_walk *w, size_t i, size_t to)
{
	size_t end = skip_command(w, i, to), len;
	const char *family, *name;

	i = read_family(w, i, end, &family);
	i = read_name(w, i, end, &name, &len);
	i = read_name(w, i, end, &name, &len);
	if (i < end && (is(w, i, "handle") || is(w, i, "position") || is(w, i, "index")))
		i = read_name(w, i + 1, end, &name, &len);
	nx_walk_rule(w, i, end);
	return end;
}

static void remember_asked(struct nx_lang *lang, const struct nx_set_id *id,
			   const struct nx_layout *l)
{
	struct nx_asked *a = calloc(1, sizeof(*a));

	if (a) {
		a->family = id->family;
		a->table = strndup(id->table, id->table_len);
		a->set = strndup(id->set, id->set_len);
	}
	if (!a || !a->table || !a->set) {
		if (a) {
			free(a->table);
			free(a->set);
		}
		free(a);
		lang->oom = true;
		return;
	}
	if (l)
		a->layout = *l;
	a->next = lang->asked;
	lang->asked = a;
}

const struct nx_layout *nx_lang_layout(struct nx_lang *lang, const struct nx_set_id *id)
{
	const struct nx_layout *l = nx_layouts_get(&lang->sets, id);

	if (l)
		return l;
	l = lang->known ? nx_layouts_get(lang->known, id) : NULL;
	if (lang->dir == NX_IN)
		remember_asked(lang, id, l);
	return l;
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
		return skip_command(w, i, to);
	l = nx_lang_layout(w->lang, &id);
	if (l && is_punct(w, i, '{') && nx_mate(w, i))
		nx_walk_elements(w, i + 1, nx_mate(w, i), l);
	else if (l && is_punct(w, i, '$'))
		nx_walk_elements(w, i, i + 2, l);
	return skip_command(w, i, to);
}

static size_t walk_describe(struct nx_walk *w, size_t i, size_t to)
{
	size_t end = skip_command(w, i, to), behind;
	const struct nx_key *k = i + 1 < end ? nx_selector_key(w, i + 1, &behind) : NULL;

	nx_buf_char(&w->lang->describe, k ? k->id : 0xff, 1);
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
	bool chain = is(w, i, "chain");
	const char *name;
	size_t len;

	i = read_family(w, i + 1, to, &block.family);
	i = read_name(w, i, to, &block.table, &block.table_len);
	i = read_name(w, i, to, &name, &len);
	if (i >= to || !is_punct(w, i, '{') || !nx_mate(w, i))
		return skip_command(w, i, to);
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
		if (is(w, i, *words))
			return true;
	}
	return false;
}

static size_t walk_command(struct nx_walk *w, size_t i, size_t to)
{
	static const char *const makes[] = {"add", "create", "insert", "replace", NULL};
	static const char *const other[] = {"delete", "destroy", "get", "reset", NULL};
	static const char *const quiet[] = {"list",   "flush",	 "rename", "import",
					    "export", "monitor", NULL};
	static const char *const objects[] = {"flowtable", "counter",  "quota", "limit",  "ct",
					      "secmark",   "synproxy", "meter", "tunnel", NULL};

	if (type_of(w, i) != NX_WORD)
		return skip_command(w, i, to);
	if (any_of(w, i, quiet))
		return skip_command(w, i, to);
	if (is(w, i, "describe"))
		return walk_describe(w, i, to);
	if (any_of(w, i, other)) {
		if (i + 1 < to && is(w, i + 1, "element"))
			return walk_element_command(w, i + 2, to);
		return skip_command(w, i, to);
	}
	if (any_of(w, i, makes))
		i++;
	if (i >= to)
		return to;
	if (is(w, i, "table"))
		return walk_table(w, i, to);
	if (is(w, i, "chain") || is(w, i, "set") || is(w, i, "map"))
		return walk_object_command(w, i, to);
	if (is(w, i, "element"))
		return walk_element_command(w, i + 1, to);
	if (any_of(w, i, objects))
		return skip_command(w, i, to);
	if (w->lang->dir == NX_OUT)
		return nx_walk_rule(w, i, to); /* rules, traces: only placeholders matter */
	return walk_rule_command(w, is(w, i, "rule") ? i + 1 : i, to);
}

static void walk_items(struct nx_walk *w, size_t from, size_t to, const struct nx_block *block)
{
	struct nx_layout layout = {0};
	size_t i = from;

	if (block->layout)
		layout = *block->layout;
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
				next = walk_set_line(w, i, to, &layout);
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

	if (nx_lex(&w.toks, text->src, text->len)) {
		lang->oom = true;
		return;
	}
	walk_items(&w, 0, w.toks.n, block ? block : &top);
	nx_lex_free(&w.toks);
	nx_text_finish(text);
	lang->oom |= text->dst.oom || lang->errors.oom;
}

void nx_lang_free(struct nx_lang *lang)
{
	struct nx_asked *a;

	nx_layouts_clear(&lang->sets);
	nx_map_clear(&lang->vars, NULL);
	while (lang->scope) {
		struct nx_var *v = lang->scope;

		lang->scope = v->older;
		free(v->name);
		free(v->value);
		free(v);
	}
	while ((a = lang->asked)) {
		lang->asked = a->next;
		free(a->table);
		free(a->set);
		free(a);
	}
	while (lang->suspects) {
		struct nx_suspect *s = lang->suspects;

		lang->suspects = s->next;
		free(s);
	}
	nx_buf_free(&lang->describe);
	nx_buf_free(&lang->errors);
}
