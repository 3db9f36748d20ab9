// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "text.h"

#define MAP_MIN	 (1u << 20) /* of a translation that leaves the heap */
#define TABS_MAX 64	    /* bytes between two elements' names that are looked at */

struct nx_text *nx_text_new(const char *name, char *src, size_t len)
{
	struct nx_text *t = calloc(1, sizeof(*t));

	if (t && name) {
		t->name = strdup(name);
		if (!t->name) {
			free(t);
			t = NULL;
		}
	}
	if (!t) {
		free(src);
		return NULL;
	}
	t->src = src;
	t->len = len;
	return t;
}

void nx_text_free(struct nx_text *t)
{
	if (!t)
		return;
	free(t->name);
	if (!t->borrowed)
		free(t->src);
	free(t->edit);
	if (t->mapped)
		munmap(t->dst.p, t->mapped);
	else
		nx_buf_free(&t->dst);
	free(t);
}

void nx_text_edit(struct nx_text *t, size_t off, size_t len, const char *with, size_t with_len)
{
	struct nx_edit *e;

	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 16;

		e = realloc(t->edit, cap * sizeof(*e));
		if (!e) {
			t->dst.oom = true;
			return;
		}
		t->edit = e;
		t->cap = cap;
	}
	nx_buf_add(&t->dst, t->src + t->pos, off - t->pos);
	e = &t->edit[t->n++];
	e->src = off;
	e->src_len = len;
	e->dst = t->dst.len;
	nx_buf_add(&t->dst, with, with_len);
	for (const char *p = t->src + off, *end = p + len; (p = memchr(p, '\n', end - p)); p++)
		nx_buf_str(&t->dst, "\\\n");
	e->dst_len = t->dst.len - e->dst;
	t->dst.oom |= t->dst.len > UINT32_MAX;
	t->pos = off + len;
}

void nx_text_tabs(struct nx_text *t, size_t n)
{
	const struct nx_edit *e = t->edit + n;
	size_t from = e[-1].dst + e[-1].dst_len, len = e->dst - from;
	char *p = t->dst.p + from;

	if (t->dst.oom || len > TABS_MAX || memchr(p, '"', len))
		return;
	for (size_t i = 0; i < len; i++) {
		if (p[i] == ' ')
			p[i] = '\t';
	}
}

void nx_text_undo(struct nx_text *t, size_t n)
{
	size_t at = t->edit[n].dst, len = t->edit[n].dst_len;

	if (t->dst.oom)
		return;
	memmove(t->dst.p + at, t->dst.p + at + len, t->dst.len - at - len);
	t->dst.len -= len;
	t->n--;
	memmove(t->edit + n, t->edit + n + 1, (t->n - n) * sizeof(*t->edit));
	for (; n < t->n; n++)
		t->edit[n].dst -= len;
}

void nx_text_finish(struct nx_text *t)
{
	if (!t->n)
		return;
	nx_buf_add(&t->dst, t->src + t->pos, t->len - t->pos);
	t->pos = t->len;
}

void nx_text_map(struct nx_text *t, int fd)
{
	size_t len = t->dst.len, page = sysconf(_SC_PAGESIZE);
	char *p;

	/* the rest of the last page is zero, so that there is a NUL */
	if (t->mapped || !t->n || len < MAP_MIN || !(len % page))
		return;
	p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return;
	nx_buf_free(&t->dst);
	t->dst = (struct nx_buf){.p = p, .len = len};
	t->mapped = len;
}

const char *nx_text_result(const struct nx_text *t, size_t *len)
{
	*len = t->n ? t->dst.len : t->len;
	return t->n ? nx_buf_cstr(&t->dst) : t->src;
}

/* Offset of the first byte of a line, or @len if there are not so many. */
static size_t line_start(const char *s, size_t len, unsigned int line)
{
	size_t off = 0;

	while (line > 1 && off < len) {
		const char *nl = memchr(s + off, '\n', len - off);

		if (!nl)
			return len;
		off = nl - s + 1;
		line--;
	}
	return off;
}

/* The user's offset of byte @at; of the last byte of a replaced piece if @end. */
static size_t back(const struct nx_text *t, size_t at, bool end)
{
	const struct nx_edit *e;
	size_t lo = 0, hi = t->n;

	/* the last piece that begins at or before @at */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->edit[mid].dst <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return at;
	e = &t->edit[lo - 1];
	if (at >= e->dst + e->dst_len)
		return at - (e->dst + e->dst_len) + e->src + e->src_len;
	return end && e->src_len ? e->src + e->src_len - 1 : e->src;
}

void nx_text_back(const struct nx_text *t, unsigned int line, unsigned int *first,
		  unsigned int *last)
{
	size_t dst_len, dst, src, from, to;
	const char *result = nx_text_result(t, &dst_len);

	if (!t->n || !*first || *last < *first)
		return;
	dst = line_start(result, dst_len, line);
	src = line_start(t->src, t->len, line);
	from = back(t, dst + *first - 1, false);
	to = back(t, dst + *last - 1, true);
	*first = from >= src ? from - src + 1 : 1;
	*last = to >= src ? to - src + 1 : *first;
	if (*last < *first)
		*last = *first;
}

const char *nx_text_line(const struct nx_text *t, unsigned int line, size_t *len)
{
	size_t off = line_start(t->src, t->len, line);
	const char *nl;

	if (off >= t->len)
		return NULL;
	nl = memchr(t->src + off, '\n', t->len - off);
	*len = (nl ? nl : t->src + t->len) - (t->src + off);
	return t->src + off;
}
