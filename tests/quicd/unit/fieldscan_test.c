// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <string.h>

#include "../../../quicd/http3/fieldscan.h"

#define NAME_MAX_LEN  256
#define VALUE_MAX_LEN 65536

static uint8_t data[200000];
static size_t len;

static void put(const char *bytes, size_t n)
{
	memcpy(data + len, bytes, n);
	len += n;
}

#define PUT(bytes) put(bytes, sizeof(bytes) - 1)

/* A string's length behind @kind (RFC 7541, 5.1), and as many bytes of it as @n says. */
static void put_string(uint8_t kind, unsigned int prefix, size_t n)
{
	size_t top = (1U << prefix) - 1, rest = n;

	data[len++] = (uint8_t)(kind | (n < top ? n : top));
	if (n >= top) {
		for (rest -= top; rest >= 128; rest >>= 7)
			data[len++] = (uint8_t)(rest | 128);
		data[len++] = (uint8_t)rest;
	}
	memset(data + len, 0xff, n);
	len += n;
}

/* HEADERS with one of each kind of line, then @name and @value; returns where the last one begins.
 */
static size_t make(size_t name, size_t value)
{
	size_t begin, last;

	len = 0;
	PUT("\x21\x03odd");    /* a frame without a meaning */
	PUT("\x01\x80\0\0\0"); /* the length comes below */
	begin = len;
	PUT("\xff\x80\0\x7f\0");       /* counts in several bytes */
	PUT("\xd1\xff\x12\x11\x1f\5"); /* indexed, also beyond the base */
	put_string(0x50, 4, 3); /* names that are indexed; put_string's bytes are values below */
	len -= 3;
	put_string(0x80, 7, 200);
	put_string(0x00, 3, 2);
	len -= 2;
	put_string(0, 7, 0);
	put_string(0x28, 3, 20);
	put_string(0, 7, 300);
	put_string(0x20, 3, name);
	last = len;
	put_string(0, 7, value);
	data[begin - 3] = (uint8_t)((len - begin) >> 16);
	data[begin - 2] = (uint8_t)((len - begin) >> 8);
	data[begin - 1] = (uint8_t)(len - begin);
	return last;
}

/* All at once, and in pieces of every size up to seven. */
static void expect(size_t want)
{
	for (size_t piece = len; piece; piece = piece > 7 ? 7 : piece - 1) {
		struct fieldscan s = {0};
		size_t at = 0, n, got = 0;

		for (n = 0; at < len && got == n; at += got) {
			n = piece < len - at ? piece : len - at;
			got = fieldscan(&s, data + at, n);
		}
		assert_int_equal(at, want);
	}
}

static void lengths(void **state)
{
	size_t last;

	(void)state;
	make(1, 1);
	expect(len);
	make(NAME_MAX_LEN, VALUE_MAX_LEN);
	expect(len);
	last = make(NAME_MAX_LEN + 1, 5);
	/* The last byte of its length. */
	expect(last - NAME_MAX_LEN - 1 - 1);
	last = make(5, VALUE_MAX_LEN + 1);
	expect(last + 3);
}

static void frames(void **state)
{
	(void)state;
	/* The payload of DATA is nothing to look at, and trailers are. */
	make(3, 3);
	PUT("\0\x04\x27\xff\x7f\x7f");
	PUT("\x01\x07\0\0\x27\xff\x7f\x7f\x00");
	expect(len - 3);
	/* An integer without an end, a field section cut short, an empty one: not ours to judge. */
	len = 0;
	PUT("\x01\x20\0\0\x27\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
	expect(len);
	len = 0;
	PUT("\x01\0\x01\x03\0\0\x27\x01\x04\0\0\x27\xff");
	expect(len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lengths), cmocka_unit_test(frames)};

	return RUN_TAP(tests);
}
