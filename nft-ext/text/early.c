// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "early.h"
#include "edit.h"
#include "keys.h"

#define NX_GATHERS (-399) /* the priority of the module's hook */

struct name {
	const char *p;
	size_t len;
};

/** struct chain - @via: the jump by which an early chain leads here, 0 if none does */
struct chain {
	const char *family;
	struct name table, name;
	bool early, names;
	size_t via;
};

/** struct jump - from a chain, at token @at, to another of its table */
struct jump {
	size_t from, at;
	struct name to;
};

struct early {
	struct nx_walk w;
	struct chain *chain;
	struct jump *jump;
	size_t nchain, njump;
	bool oom;
};

static bool same(const struct name *a, const struct name *b)
{
	return a->len == b->len && !memcmp(a->p, b->p, a->len);
}

/* Room for one more in an array that doubles. */
static void *grow(struct early *e, void *array, size_t n, size_t size)
{
	void *more = array;

	if (!(n & (n - 1)))
		more = realloc(array, (n ? 2 * n : 1) * size);
	e->oom |= !more;
	return more;
}

static bool read_name(const struct nx_walk *w, size_t i, struct name *name)
{
	bool quoted = nx_type_of(w, i) == NX_QUOTED;

	if (!quoted && nx_type_of(w, i) != NX_WORD)
		return false;
	*name = (struct name){nx_text_of(w, i) + quoted, nx_len_of(w, i) - 2 * quoted};
	return true;
}

/* The index of a chain, which may be new. */
static size_t find(struct early *e, const struct chain *c)
{
	void *more;
	size_t i;

	for (i = 0; i < e->nchain; i++)
		if (same(&e->chain[i].name, &c->name) && same(&e->chain[i].table, &c->table) &&
		    !strcmp(e->chain[i].family, c->family))
			return i;
	more = grow(e, e->chain, e->nchain, sizeof(*c));
	if (!more)
		return 0;
	e->chain = more;
	e->chain[e->nchain++] = *c;
	return i;
}

/* Is what stands behind `priority` a number before the module's hook? */
static bool is_early(const struct nx_walk *w, size_t i, size_t to)
{
	static const struct {
		const char *name;
		int value;
	} known[] = {{"raw", -300}, {"mangle", -150}, {"dstnat", -100},
		     {"filter", 0}, {"security", 50}, {"srcnat", 100}};
	long value = 0, sign = 1;

	for (; i < to && nx_type_of(w, i) != NX_NL && !nx_is_punct(w, i, ';'); i++) {
		size_t k = 0, n = sizeof(known) / sizeof(*known);

		if (nx_is_punct(w, i, '-')) {
			sign = -1;
			continue;
		}
		if (nx_type_of(w, i) != NX_WORD)
			return false;
		while (k < n && !nx_is(w, i, known[k].name))
			k++;
		value += k < n ? known[k].value : sign * strtol(nx_text_of(w, i), NULL, 10);
	}
	return value <= NX_GATHERS;
}

static void read_chain(struct early *e, size_t c, size_t from, size_t to)
{
	const struct nx_walk *w = &e->w;
	struct jump j = {.from = c};
	bool at = false;
	void *more;

	for (size_t i = from; i + 1 < to && !e->oom; i++) {
		if (nx_is(w, i, "hook"))
			at = nx_is(w, i + 1, "prerouting") || nx_is(w, i + 1, "output");
		if (nx_is(w, i, "priority")) {
			e->chain[c].early |= at && is_early(w, i + 1, to);
			at = false; /* in rules it is something else */
		}
		if (nx_is(w, i, "quic"))
			e->chain[c].names |= nx_is(w, i + 1, "alpn") || nx_is(w, i + 1, "sni") ||
					     nx_is(w, i + 1, "ech") || nx_is(w, i + 1, "hello");
		if ((!nx_is(w, i, "jump") && !nx_is(w, i, "goto")) || !read_name(w, i + 1, &j.to))
			continue;
		j.at = i;
		more = grow(e, e->jump, e->njump, sizeof(j));
		if (!more)
			return;
		e->jump = more;
		e->jump[e->njump++] = j;
	}
}

/* `table [family] NAME { ... }`, @i at `table`. Return: the token after. */
static size_t read_table(struct early *e, size_t i)
{
	const struct nx_walk *w = &e->w;
	struct chain c = {.family = "ip"};
	size_t n = w->toks.n, end;
	const char *family;

	i++;
	family = i < n ? nx_family_word(nx_text_of(w, i), nx_len_of(w, i)) : NULL;
	if (family) {
		c.family = family;
		i++;
	}
	if (i + 1 >= n || !read_name(w, i, &c.table) || !nx_is_punct(w, i + 1, '{') ||
	    !nx_mate(w, i + 1))
		return i;
	end = nx_mate(w, i + 1);
	for (i += 2; i < end && !e->oom; i++) {
		if (i + 2 < end && nx_is(w, i, "chain") && read_name(w, i + 1, &c.name) &&
		    nx_is_punct(w, i + 2, '{') && nx_mate(w, i + 2)) {
			i += 2;
			read_chain(e, find(e, &c), i + 1, nx_mate(w, i));
		}
		if (nx_is_punct(w, i, '{') && nx_mate(w, i))
			i = nx_mate(w, i);
	}
	return end;
}

/* Follow the jumps. Return: the chain with names that is reached first, or NULL. */
static const struct chain *follow(struct early *e)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < e->njump; i++) {
			const struct jump *j = &e->jump[i];
			const struct chain *from = &e->chain[j->from];
			struct chain to = *from;
			size_t k;

			if (!from->early && !from->via)
				continue;
			to.name = j->to;
			for (k = 0; k < e->nchain; k++)
				if (same(&e->chain[k].name, &to.name) &&
				    same(&e->chain[k].table, &to.table) &&
				    !strcmp(e->chain[k].family, to.family))
					break;
			if (k == e->nchain || e->chain[k].via || e->chain[k].early)
				continue;
			e->chain[k].via = from->early ? j->at : from->via;
			if (e->chain[k].names)
				return &e->chain[k];
			more = true;
		}
	}
	return NULL;
}

void nx_early_warn(const struct nx_text *text, struct nx_buf *out)
{
	struct early e = {.w.text = (struct nx_text *)text};
	const struct chain *c;
	struct nx_buf what = NX_BUF_INIT;

	if (!memmem(text->src, text->len, "quic", 4) ||
	    (!memmem(text->src, text->len, "jump", 4) &&
	     !memmem(text->src, text->len, "goto", 4)) ||
	    nx_lex(&e.w.toks, text->src, text->len))
		return;
	for (size_t i = 0; i < e.w.toks.n && !e.oom; i++) {
		if (nx_is(&e.w, i, "table"))
			i = read_table(&e, i);
		else if (nx_is_punct(&e.w, i, '{') && nx_mate(&e.w, i))
			i = nx_mate(&e.w, i);
	}
	c = e.oom ? NULL : follow(&e);
	if (c) {
		nx_buf_fmt(&what,
			   "Warning: a chain at priority %d or lower comes before names of quic "
			   "are known: rules with them in chain %.*s never match there",
			   NX_GATHERS, (int)c->name.len, c->name.p);
		nx_message(out, &e.w, c->via, c->via + 2, nx_buf_cstr(&what));
	}
	nx_buf_free(&what);
	free(e.chain);
	free(e.jump);
	nx_lex_free(&e.w.toks);
}
