// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <string.h>

#include "../../../quicd/http3/settings.h"

/* Of @n bytes, @want are left; NULL: the setting is not found. */
static void expect(const char *bytes, size_t n, const char *want)
{
	uint8_t data[64];
	size_t at;

	memcpy(data, bytes, n);
	at = settings_find_connect(data, n);
	assert_int_equal(at != 0, want != NULL);
	if (at)
		data[at] = SETTINGS_RESERVED;
	assert_memory_equal(data, want ? want : bytes, n);
}

#define EXPECT(bytes, want) expect(bytes, sizeof(bytes) - 1, want)

static void hides(void **state)
{
	(void)state;
	EXPECT("\0\4\2\x08\x01", "\0\4\2\x21\x01");
	/* Between others, one of them with a value that looks like it. */
	EXPECT("\0\4\x0a\x06\x80\x01\0\0\x01\x08\x08\x01\x07\x08",
	       "\0\4\x0a\x06\x80\x01\0\0\x01\x08\x21\x01\x07\x08");
	/* No more than the frame. */
	EXPECT("\0\4\2\x01\x08\x08\x01", NULL);
	EXPECT("\0\4\0\x08\x01", NULL);
	/* Other streams and frames, and what is cut short. */
	EXPECT("\2\4\2\x08\x01", NULL);
	EXPECT("\0\7\2\x08\x01", NULL);
	EXPECT("\0\4\2\x08", NULL);
	EXPECT("\0\4\x40", NULL);
	EXPECT("\0\4", NULL);
	EXPECT("", NULL);
}

/* The same bytes at once and one by one. */
static void expect_read(const char *bytes, size_t n, const char *want, bool other)
{
	for (size_t piece = n;; piece = 1) {
		struct settings_reader s = {0};
		uint8_t data[64];

		memcpy(data, bytes, n);
		for (size_t at = 0; at < n; at += piece)
			settings_never_block(&s, data + at, piece);
		assert_memory_equal(data, want, n);
		assert_int_equal(s.other, other);
		if (piece == 1)
			break;
	}
}

#define READ(bytes, want, other) expect_read(bytes, sizeof(bytes) - 1, want, other)

static void never_blocks(void **state)
{
	(void)state;
	READ("\0\4\2\x07\x10", "\0\4\2\x21\x10", false);
	/* Between others, as a value, in long integers, and no more than the frame. */
	READ("\0\4\x0b\x01\x07\x40\x07\x40\x07\x06\x80\0\0\x07\x07\x07",
	     "\0\4\x0b\x01\x07\x40\x21\x40\x07\x06\x80\0\0\x07\x07\x07", false);
	READ("\x40\0\x40\4\x40\3\x07\x40\x20\x07\x07", "\x40\0\x40\4\x40\3\x21\x40\x20\x07\x07",
	     false);
	READ("\0\4\0\x07\x07", "\0\4\0\x07\x07", false);
	/* Other streams and frames. */
	READ("\2\4\2\x07\x01", "\2\4\2\x07\x01", true);
	READ("\x40\x54\4\2\x07\x01", "\x40\x54\4\2\x07\x01", true);
	READ("\0\7\2\x07\x01", "\0\7\2\x07\x01", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(hides), cmocka_unit_test(never_blocks)};

	return RUN_TAP(tests);
}
