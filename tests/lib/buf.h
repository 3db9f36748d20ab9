/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growing-up-to-a-limit byte string, for tests that build packets. */
#ifndef QT_BUF_H
#define QT_BUF_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** struct qt_buf - @len bytes in use of @p's QT_BUF_MAX; too much is a bug of the test */
#define QT_BUF_MAX 65536
struct qt_buf {
	size_t len;
	uint8_t p[QT_BUF_MAX];
};

static inline void qt_put(struct qt_buf *b, const void *data, size_t len)
{
	assert(len <= QT_BUF_MAX - b->len);
	if (len)
		memcpy(b->p + b->len, data, len);
	b->len += len;
}

static inline void qt_fill(struct qt_buf *b, uint8_t byte, size_t n)
{
	assert(n <= QT_BUF_MAX - b->len);
	memset(b->p + b->len, byte, n);
	b->len += n;
}

/* Big-endian, @n bytes. */
static inline void qt_put_uint(struct qt_buf *b, uint64_t v, unsigned int n)
{
	while (n--) {
		uint8_t byte = v >> (8 * n);

		qt_put(b, &byte, 1);
	}
}

static inline void qt_put_u8(struct qt_buf *b, uint8_t v)
{
	qt_put_uint(b, v, 1);
}

static inline void qt_put_u16(struct qt_buf *b, uint16_t v)
{
	qt_put_uint(b, v, 2);
}

/* A varint of RFC 9000 16 in its shortest form. */
static inline void qt_put_varint(struct qt_buf *b, uint64_t v)
{
	if (v < 1 << 6)
		qt_put_uint(b, v, 1);
	else if (v < 1 << 14)
		qt_put_uint(b, v | 0x4000, 2);
	else if (v < 1 << 30)
		qt_put_uint(b, v | 0x80000000, 4);
	else
		qt_put_uint(b, v | 0xc000000000000000, 8);
}

/* Hex digits; spaces between them are skipped. */
static inline void qt_put_hex(struct qt_buf *b, const char *hex)
{
	unsigned int v = 0, digits = 0;

	for (; *hex; hex++) {
		const char *d = "0123456789abcdef", *at = strchr(d, *hex);

		if (*hex == ' ')
			continue;
		assert(at);
		v = v << 4 | (unsigned int)(at - d);
		if (++digits % 2 == 0)
			qt_put_u8(b, v);
	}
	assert(digits % 2 == 0);
}

/* A length of @n bytes, filled in by qt_len_end(). */
static inline size_t qt_len_begin(struct qt_buf *b, unsigned int n)
{
	qt_put_uint(b, 0, n);
	return b->len;
}

static inline void qt_len_end(struct qt_buf *b, size_t begin, unsigned int n)
{
	size_t end = b->len, len = end - begin;

	b->len = begin - n;
	qt_put_uint(b, len, n);
	b->len = end;
}

#endif /* QT_BUF_H */
