// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

bool nx_buf_room(struct nx_buf *b, size_t more)
{
	size_t cap = b->cap;
	char *p;

	if (b->oom)
		return false;
	if (b->len + more + 1 <= cap)
		return true;
	if (!cap)
		cap = 256;
	while (cap < b->len + more + 1)
		cap *= 2;
	p = realloc(b->p, cap);
	if (!p) {
		b->oom = true;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void nx_buf_add(struct nx_buf *b, const void *data, size_t n)
{
	if (!nx_buf_room(b, n))
		return;
	if (n)
		memcpy(b->p + b->len, data, n);
	b->len += n;
	b->p[b->len] = '\0';
}

void nx_buf_str(struct nx_buf *b, const char *s)
{
	nx_buf_add(b, s, strlen(s));
}

void nx_buf_char(struct nx_buf *b, char c, size_t n)
{
	if (!nx_buf_room(b, n))
		return;
	memset(b->p + b->len, c, n);
	b->len += n;
	b->p[b->len] = '\0';
}

void nx_buf_vfmt(struct nx_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->oom = true;
		return;
	}
	if (!nx_buf_room(b, n))
		return;
	vsnprintf(b->p + b->len, n + 1, fmt, ap);
	b->len += n;
}

void nx_buf_fmt(struct nx_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	nx_buf_vfmt(b, fmt, ap);
	va_end(ap);
}

void nx_buf_reset(struct nx_buf *b)
{
	b->len = 0;
	if (b->p)
		b->p[0] = '\0';
}

void nx_buf_free(struct nx_buf *b)
{
	free(b->p);
	*b = (struct nx_buf)NX_BUF_INIT;
}

const char *nx_buf_cstr(const struct nx_buf *b)
{
	return b->p ? b->p : "";
}
