// SPDX-License-Identifier: GPL-2.0-or-later
#include "chunkq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void chunk_pool_init(struct chunk_pool *p, size_t max_free)
{
	*p = (struct chunk_pool){.max_free = max_free};
}

void chunk_pool_free(struct chunk_pool *p)
{
	while (p->free) {
		struct chunk *c = p->free;

		p->free = c->next;
		free(c);
	}
	p->nfree = 0;
}

static struct chunk *chunk_get(struct chunk_pool *p)
{
	struct chunk *c = p->free;

	if (c) {
		p->free = c->next;
		p->nfree--;
	} else {
		c = malloc(sizeof(*c));
		if (!c)
			return NULL;
	}
	c->next = NULL;
	c->len = 0;
	p->in_use++;
	return c;
}

static void chunk_put(struct chunk_pool *p, struct chunk *c)
{
	p->in_use--;
	if (p->nfree >= p->max_free) {
		free(c);
		return;
	}
	c->next = p->free;
	p->free = c;
	p->nfree++;
}

static void link_tail(struct chunkq *q, struct chunk *c)
{
	if (q->tail)
		q->tail->next = c;
	else
		q->head = c;
	q->tail = c;
}

/* Frees an empty last chunk, so that an idle queue holds no memory. */
static void trim(struct chunkq *q, struct chunk_pool *p)
{
	if (q->len == 0 && q->head && q->head == q->tail) {
		chunk_put(p, q->head);
		*q = (struct chunkq){0};
	}
}

ssize_t chunkq_read(struct chunkq *q, struct chunk_pool *p, int fd, size_t len, off_t at)
{
	struct iovec iov[CHUNKQ_READ_MAX / CHUNK_BYTES + 1];
	struct chunk *fresh[CHUNKQ_READ_MAX / CHUNK_BYTES];
	size_t room = q->tail ? CHUNK_BYTES - q->tail->len : 0, got, nfresh = 0;
	int n = 0;
	ssize_t rv;

	if (len > CHUNKQ_READ_MAX)
		len = CHUNKQ_READ_MAX;
	if (room > len)
		room = len;
	if (room)
		iov[n++] = (struct iovec){q->tail->data + q->tail->len, room};
	for (size_t left = len - room; left; left -= iov[n++].iov_len) {
		struct chunk *c = chunk_get(p);

		if (!c)
			break;
		fresh[nfresh++] = c;
		iov[n] = (struct iovec){c->data, left < CHUNK_BYTES ? left : CHUNK_BYTES};
	}
	errno = ENOMEM;
	rv = !n ? -1 : at < 0 ? readv(fd, iov, n) : preadv(fd, iov, n, at);
	got = rv > 0 ? (size_t)rv : 0;
	q->len += got;
	q->unsent += got;
	if (room > got)
		room = got;
	if (room)
		q->tail->len += (uint32_t)room;
	got -= room;
	for (size_t i = 0; i < nfresh; i++) {
		fresh[i]->len = (uint32_t)(got < CHUNK_BYTES ? got : CHUNK_BYTES);
		got -= fresh[i]->len;
		if (fresh[i]->len)
			link_tail(q, fresh[i]);
		else
			chunk_put(p, fresh[i]);
	}
	return rv;
}

int chunkq_append(struct chunkq *q, struct chunk_pool *p, const void *data, size_t len)
{
	const uint8_t *src = data;
	size_t room = q->tail ? CHUNK_BYTES - q->tail->len : 0;
	struct chunk *fresh = NULL, **link = &fresh;

	/* All memory first: a failed append must not leave half of it behind. */
	for (size_t need = len > room ? len - room : 0; need;) {
		struct chunk *c = chunk_get(p);

		if (!c) {
			while (fresh) {
				c = fresh->next;
				chunk_put(p, fresh);
				fresh = c;
			}
			return -ENOMEM;
		}
		*link = c;
		link = &c->next;
		need -= need < CHUNK_BYTES ? need : CHUNK_BYTES;
	}
	q->len += len;
	q->unsent += len;
	if (room > len)
		room = len;
	if (room) {
		memcpy(q->tail->data + q->tail->len, src, room);
		q->tail->len += (uint32_t)room;
		src += room;
		len -= room;
	}
	while (fresh) {
		struct chunk *c = fresh;

		fresh = c->next;
		c->next = NULL;
		c->len = (uint32_t)(len < CHUNK_BYTES ? len : CHUNK_BYTES);
		memcpy(c->data, src, c->len);
		src += c->len;
		len -= c->len;
		link_tail(q, c);
	}
	return 0;
}

void chunkq_drop(struct chunkq *q, struct chunk_pool *p, size_t len)
{
	q->len -= len;
	if (q->unsent > q->len)
		q->unsent = q->len;
	while (q->head && len >= q->head->len - q->head_off) {
		struct chunk *c = q->head;

		len -= c->len - q->head_off;
		if (c == q->tail) {
			q->head_off = c->len;
			break;
		}
		if (q->mark == c)
			q->mark = NULL;
		q->head = c->next;
		q->head_off = 0;
		chunk_put(p, c);
	}
	q->head_off += len;
	trim(q, p);
}

void chunkq_clear(struct chunkq *q, struct chunk_pool *p)
{
	while (q->head) {
		struct chunk *c = q->head;

		q->head = c->next;
		chunk_put(p, c);
	}
	*q = (struct chunkq){0};
}

static size_t fill(const struct chunk *c, size_t off, struct iovec *iov, size_t max)
{
	size_t n = 0;

	for (; c && n < max; c = c->next, off = 0) {
		if (c->len == off)
			continue;
		iov[n].iov_base = (void *)(c->data + off);
		iov[n++].iov_len = c->len - off;
	}
	return n;
}

size_t chunkq_peek(const struct chunkq *q, struct iovec *iov, size_t max)
{
	return fill(q->head, q->head_off, iov, max);
}

size_t chunkq_peek_unsent(struct chunkq *q, struct iovec *iov, size_t max)
{
	if (!q->unsent)
		return 0;
	if (!q->mark) {
		q->mark = q->head;
		q->mark_off = q->head_off;
	}
	return fill(q->mark, q->mark_off, iov, max);
}

void chunkq_sent(struct chunkq *q, size_t len)
{
	if (!q->mark) {
		q->mark = q->head;
		q->mark_off = q->head_off;
	}
	q->unsent -= len;
	while (len) {
		size_t left = q->mark->len - q->mark_off;

		if (len <= left) {
			q->mark_off += len;
			break;
		}
		len -= left;
		q->mark = q->mark->next;
		q->mark_off = 0;
	}
}
