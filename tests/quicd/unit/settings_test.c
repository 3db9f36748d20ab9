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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(hides)};

	return RUN_TAP(tests);
}
