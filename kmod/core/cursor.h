/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one way in which the core reads bytes: a cursor that cannot leave its range.
 *
 * A cursor knows two ends: how far bytes are there, and how far they may ever go. A
 * read past the first returns NQ_MORE, a read past the second NQ_NOT_OURS. The first
 * error sticks, and every later read returns 0 or NULL: check once, at the end.
 */
#ifndef NQ_CURSOR_H
#define NQ_CURSOR_H

#include "types.h"

/**
 * struct nq_cursor - a place in a byte string
 * @buf:	its first byte
 * @pos:	the next byte to read; never past @avail
 * @avail:	bytes that are there
 * @limit:	bytes that there can be at most; @avail <= @limit
 * @state:	NQ_DONE as long as every read was fine
 */
struct nq_cursor {
	const u8 *buf;
	size_t pos, avail, limit;
	enum nq_verdict state;
};

/** nq_cursor_init - read @len bytes, all of them there */
static inline void nq_cursor_init(struct nq_cursor *c, const u8 *buf, size_t len)
{
	*c = (struct nq_cursor){.buf = buf, .avail = len, .limit = len, .state = NQ_DONE};
}

/** nq_cursor_ok - was every read up to now fine? */
static inline bool nq_cursor_ok(const struct nq_cursor *c)
{
	return c->state == NQ_DONE;
}

/** nq_cursor_fail - what was read makes no sense */
static inline void nq_cursor_fail(struct nq_cursor *c)
{
	if (nq_cursor_ok(c))
		c->state = NQ_NOT_OURS;
}

/** nq_cursor_left - bytes between here and the furthest that may be read */
static inline size_t nq_cursor_left(const struct nq_cursor *c)
{
	return nq_cursor_ok(c) ? c->limit - c->pos : 0;
}

/** nq_cursor_take - step over @n bytes; where they are, or NULL */
static inline const u8 *nq_cursor_take(struct nq_cursor *c, u64 n)
{
	const u8 *p;

	if (unlikely(!nq_cursor_ok(c)))
		return NULL;
	if (unlikely(n > c->avail - c->pos)) {
		c->state = n > c->limit - c->pos ? NQ_NOT_OURS : NQ_MORE;
		return NULL;
	}
	p = c->buf + c->pos;
	c->pos += n;
	return p;
}

/** nq_cursor_skip_zeros - step over bytes that are 0, eight at a time where that many are */
static inline void nq_cursor_skip_zeros(struct nq_cursor *c)
{
	const u8 *p = c->buf + c->pos, *end = c->buf + c->avail;
	u64 word;

	for (; end - p >= 8; p += 8) {
		memcpy(&word, p, sizeof(word));
		if (word)
			break;
	}
	while (p < end && !*p)
		p++;
	c->pos = p - c->buf;
}

/** nq_cursor_uint - a big-endian number of @n bytes, 1 to 8 */
static inline u64 nq_cursor_uint(struct nq_cursor *c, unsigned int n)
{
	const u8 *p = nq_cursor_take(c, n);
	u64 v = 0;

	if (p)
		while (n--)
			v = v << 8 | *p++;
	return v;
}

static inline u8 nq_cursor_u8(struct nq_cursor *c)
{
	return nq_cursor_uint(c, 1);
}

static inline u16 nq_cursor_u16(struct nq_cursor *c)
{
	return nq_cursor_uint(c, 2);
}

static inline u32 nq_cursor_u32(struct nq_cursor *c)
{
	return nq_cursor_uint(c, 4);
}

/** nq_cursor_varint - a variable-length integer (RFC 9000 16), 0 to 2^62 - 1 */
static inline u64 nq_cursor_varint(struct nq_cursor *c)
{
	u64 v = nq_cursor_u8(c);
	unsigned int more = (1U << (v >> 6)) - 1;

	v &= 0x3f;
	return more ? v << (8 * more) | nq_cursor_uint(c, more) : v;
}

/**
 * nq_cursor_sub - a cursor of its own over the next @len bytes
 *
 * They need not all be there yet; that they fit is checked. The parent stays in front
 * of them: call nq_cursor_take() with @len to step over.
 */
static inline void nq_cursor_sub(struct nq_cursor *c, size_t len, struct nq_cursor *sub)
{
	if (len > nq_cursor_left(c))
		nq_cursor_fail(c);
	*sub = *c;
	if (!nq_cursor_ok(c))
		return;
	sub->limit = c->pos + len;
	if (sub->avail > sub->limit)
		sub->avail = sub->limit;
}

#endif /* NQ_CURSOR_H */
