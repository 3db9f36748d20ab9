// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdlib.h>

#include "early.h"
#include "edit.h"
#include "keys.h"
#include "map.h"

#define NX_GATHERS (-399) /* the priority of the module's hook */

struct name {
	const char *p;
	size_t len;
};

/**
 * struct chain - a chain of the text
 * @via:	the jump by which an early chain leads here, 0 if none does
 * @first:	the first of its jumps, and @last the last; 1 more than the index, 0 if there is
 * none
 */
struct chain {
	const char *family;
	struct name table, name;
	bool early, names;
	size_t via, first, last;
};

/** struct jump - at token @at to another chain of the table; @next of the same chain, as @first */
struct jump {
	size_t at, next;
	struct name to;
};

struct early {
	struct nx_walk w;
	struct chain *chain;
	struct jump *jump;
	size_t nchain, njump;
	struct nx_map index; /* of chains by their name, 1 more than in @chain */
	bool oom;
};

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

/* A chain's full name; no word has a NUL. */
static void put_key(struct nx_buf *b, const struct chain *c, const struct name *name)
{
	nx_buf_str(b, c->family);
	nx_buf_char(b, 0, 1);
	nx_buf_add(b, c->table.p, c->table.len);
	nx_buf_char(b, 0, 1);
	nx_buf_add(b, name->p, name->len);
}

/* The chain with @name in the table of @c: 1 more than its index, 0 if there is none. */
static size_t look_up(struct early *e, const struct chain *c, const struct name *name)
{
	struct nx_buf key = NX_BUF_INIT;
	size_t found = 0;

	put_key(&key, c, name);
	e->oom |= key.oom;
	if (!key.oom)
		found = (uintptr_t)nx_map_get(&e->index, key.p, key.len);
	nx_buf_free(&key);
	return found;
}

/* The index of a chain, which may be new. */
static size_t find(struct early *e, const struct chain *c)
{
	size_t found = look_up(e, c, &c->name);
	struct nx_buf key = NX_BUF_INIT;
	void *more;

	if (found || e->oom)
		return found ? found - 1 : 0;
	more = grow(e, e->chain, e->nchain, sizeof(*c));
	if (!more)
		return 0;
	e->chain = more;
	e->chain[e->nchain++] = *c;
	put_key(&key, c, &c->name);
	e->oom |= key.oom ||
		  nx_map_put(&e->index, key.p, key.len, (void *)(uintptr_t)e->nchain, NULL);
	nx_buf_free(&key);
	return e->nchain - 1;
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
	struct jump j = {0};
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
					     nx_is(w, i + 1, "ech") || nx_is(w, i + 1, "hello") ||
					     nx_is(w, i + 1, "state");
		if ((!nx_is(w, i, "jump") && !nx_is(w, i, "goto")) || !read_name(w, i + 1, &j.to))
			continue;
		j.at = i;
		more = grow(e, e->jump, e->njump, sizeof(j));
		if (!more)
			return;
		e->jump = more;
		e->jump[e->njump++] = j;
		if (e->chain[c].last)
			e->jump[e->chain[c].last - 1].next = e->njump;
		else
			e->chain[c].first = e->njump;
		e->chain[c].last = e->njump;
	}
}

/* `table [family] NAME { ... }`, @i at `table`. Return: the token after. */
static size_t read_table(struct early *e, size_t i)
{
	const struct nx_walk *w = &e->w;
	struct chain c = {.family = "ip"};
	size_t n = w->toks.n, end, at;
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
			at = find(e, &c);
			if (!e->oom)
				read_chain(e, at, i + 1, nx_mate(w, i));
		}
		if (nx_is_punct(w, i, '{') && nx_mate(w, i))
			i = nx_mate(w, i);
	}
	return end;
}

/*
 * Follow the jumps, those of early chains first. Return: the chain with names that is reached
 * first, or NULL.
 */
static const struct chain *follow(struct early *e)
{
	size_t *queue = malloc(e->nchain * sizeof(*queue) + 1), n = 0;
	const struct chain *found = NULL;

	for (size_t i = 0; queue && i < e->nchain; i++) {
		if (e->chain[i].early)
			queue[n++] = i;
	}
	for (size_t i = 0; i < n && !found; i++) {
		const struct chain *from = &e->chain[queue[i]];
		const struct jump *j;

		for (size_t at = from->first; at && !found; at = j->next) {
			size_t to;

			j = &e->jump[at - 1];
			to = look_up(e, from, &j->to);
			if (!to || e->chain[to - 1].via || e->chain[to - 1].early)
				continue;
			e->chain[to - 1].via = from->early ? j->at : from->via;
			if (e->chain[to - 1].names)
				found = &e->chain[to - 1];
			queue[n++] = to - 1;
		}
	}
	free(queue);
	return e->oom ? NULL : found;
}

/* A warning about a jump, @at in @w. */
__attribute__((format(printf, 4, 5))) static void say(const struct nx_walk *w, size_t at,
						      struct nx_buf *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	nx_message(w, at, at + 2, out, "Warning: ", fmt, ap);
	va_end(ap);
}

void nx_early_warn(const struct nx_text *text, struct nx_buf *out)
{
	struct early e = {.w.text = (struct nx_text *)text};
	const struct chain *c;

	if (!memmem(text->src, text->len, "quic", 4) ||
	    (!memmem(text->src, text->len, "jump", 4) &&
	     !memmem(text->src, text->len, "goto", 4)) ||
	    nx_lex(&e.w.toks, text->src, text->len, false))
		return;
	for (size_t i = 0; i < e.w.toks.n && !e.oom; i++) {
		if (nx_is(&e.w, i, "table"))
			i = read_table(&e, i);
		else if (nx_is_punct(&e.w, i, '{') && nx_mate(&e.w, i))
			i = nx_mate(&e.w, i);
	}
	c = e.oom ? NULL : follow(&e);
	if (c)
		say(&e.w, c->via, out,
		    "a chain at priority %d or lower comes before names of quic are known: rules "
		    "with "
		    "them in chain %.*s never match there",
		    NX_GATHERS, (int)c->name.len, c->name.p);
	free(e.chain);
	free(e.jump);
	nx_map_clear(&e.index, NULL);
	nx_lex_free(&e.w.toks);
}
