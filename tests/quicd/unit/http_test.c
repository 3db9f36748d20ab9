// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../../quicd/http3/fields.h"
#include "../../../quicd/http3/httpval.h"
#include "../../../quicd/http3/mime.h"

static void paths(void **state)
{
	static const struct {
		const char *in, *out; /* NULL: refused */
	} cases[] = {
		{"/", ""},
		{"/a/b.txt", "a/b.txt"},
		{"/a/", "a/"},
		{"/a%20b?x=/../", "a b"},
		{"/%41", "A"},
		{"/.well-known/acme", ".well-known/acme"},
		{"", NULL},
		{"a", NULL},
		{"*", NULL},
		{"//etc/passwd", NULL},
		{"/a//b", NULL},
		{"/..", NULL},
		{"/../etc", NULL},
		{"/a/../b", NULL},
		{"/a/..", NULL},
		{"/%2e%2e/etc", NULL},
		{"/.%2e/etc", NULL},
		{"/a%2fb", NULL},
		{"/a%00b", NULL},
		{"/a%0", NULL},
		{"/a%zz", NULL},
		{"/.git/config", NULL},
		{"/a/.htpasswd", NULL},
		{"/.", NULL},
	};
	char out[64], longer[100] = "/";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rv = http_path_decode(cases[i].in, out, sizeof(out));

		if (!cases[i].out != !!rv)
			fail_msg("%s: %d", cases[i].in, rv);
		if (cases[i].out)
			assert_string_equal(out, cases[i].out);
	}
	memset(longer + 1, 'x', 98);
	assert_int_equal(http_path_decode(longer, out, sizeof(out)), -EINVAL);
}

static void ranges(void **state)
{
	static const struct {
		const char *in;
		uint64_t size;
		enum range_result want;
		uint64_t first, last;
	} cases[] = {
		{"bytes=0-0", 10, RANGE_OK, 0, 0},
		{"bytes=2-", 10, RANGE_OK, 2, 9},
		{"bytes=-3", 10, RANGE_OK, 7, 9},
		{"bytes=-30", 10, RANGE_OK, 0, 9},
		{"bytes=5-100", 10, RANGE_OK, 5, 9},
		{"BYTES=1-2", 10, RANGE_OK, 1, 2},
		{"bytes=10-", 10, RANGE_BAD, 0, 0},
		{"bytes=-0", 10, RANGE_BAD, 0, 0},
		{"bytes=0-", 0, RANGE_BAD, 0, 0},
		{"bytes=0-1,3-4", 10, RANGE_NONE, 0, 0},
		{"bytes=4-2", 10, RANGE_NONE, 0, 0},
		{"bytes=-", 10, RANGE_NONE, 0, 0},
		{"bytes=+1-2", 10, RANGE_NONE, 0, 0},
		{"bytes= 1-2", 10, RANGE_NONE, 0, 0},
		{"bytes=1-2x", 10, RANGE_NONE, 0, 0},
		{"lines=1-2", 10, RANGE_NONE, 0, 0},
		{"bytes=99999999999999999999-", 10, RANGE_NONE, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t first = 0, last = 0;
		enum range_result r = http_range(cases[i].in, cases[i].size, &first, &last);

		if (r != cases[i].want)
			fail_msg("%s: %d", cases[i].in, r);
		if (r == RANGE_OK) {
			assert_int_equal(first, cases[i].first);
			assert_int_equal(last, cases[i].last);
		}
	}
}

static void dates(void **state)
{
	char out[HTTP_DATE_LEN];

	(void)state;
	http_date(784111777, out);
	assert_string_equal(out, "Sun, 06 Nov 1994 08:49:37 GMT");
	assert_int_equal(http_date_parse(out), 784111777);
	/* Every month, weekday and digit: libc is the judge. i386's time_t ends in 2038. */
	for (int64_t i = 0; i < (sizeof(time_t) > 4 ? 4000000000 : INT32_MAX); i += 2419201) {
		char want[HTTP_DATE_LEN];
		time_t t = (time_t)i;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(want, sizeof(want), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		http_date(t, out);
		assert_string_equal(out, want);
	}
	/* Dates whose places are the same in turn. */
	for (int i = 0; i < 4; i++) {
		http_date(784111777 + i % 2 * 16, out);
		assert_string_equal(out, i % 2 ? "Sun, 06 Nov 1994 08:49:53 GMT"
					       : "Sun, 06 Nov 1994 08:49:37 GMT");
	}
	http_date(0, out);
	assert_string_equal(out, "Thu, 01 Jan 1970 00:00:00 GMT");
	assert_int_equal(http_date_parse("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
	assert_int_equal(http_date_parse("Sun Nov  6 08:49:37 1994"), 784111777);
	assert_int_equal(http_date_parse("yesterday"), -1);
	assert_int_equal(http_date_parse("Sun, 06 Nov 1994 08:49:37 GMT+1"), -1);
}

static void etags(void **state)
{
	(void)state;
	assert_true(http_etag_in("\"a\"", "\"a\""));
	assert_true(http_etag_in("\"x\", W/\"a\"", "\"a\""));
	assert_true(http_etag_in("*", "\"a\""));
	assert_false(http_etag_in("\"ab\"", "\"a\""));
	assert_false(http_etag_in("\"a", "\"a\""));
	assert_false(http_etag_in("", "\"a\""));
}

static void hop_by_hop(void **state)
{
	struct fields f = {0};

	(void)state;
	assert_int_equal(fields_add(&f, "Connection", 10, "close, X-Mine ", 14), 0);
	assert_int_equal(fields_add(&f, "X-Mine", 6, "1", 1), 0);
	assert_true(fields_hop_by_hop(&f, "x-mine"));
	assert_true(fields_hop_by_hop(&f, "transfer-encoding"));
	assert_false(fields_hop_by_hop(&f, "x-min"));
	assert_false(fields_hop_by_hop(&f, "content-type"));
	assert_string_equal(fields_get(&f, "x-mine")->value, "1");
	fields_free(&f);
}

static void fields_are_bounded(void **state)
{
	static char big[FIELDS_BYTES_MAX];
	struct fields f = {0};
	int n = 0;

	(void)state;
	assert_int_equal(fields_add(&f, "a", 1, big, sizeof(big)), -E2BIG);
	while (!fields_add(&f, "a", 1, "b", 1))
		n++;
	assert_int_equal(n, FIELDS_MAX);
	fields_free(&f);
}

static void types(void **state)
{
	(void)state;
	assert_string_equal(mime_type("a/b.HTML"), "text/html; charset=utf-8");
	assert_string_equal(mime_type("x.7z"), "application/x-7z-compressed");
	assert_string_equal(mime_type("x.zst"), "application/zstd");
	assert_string_equal(mime_type("dir.html/x"), "application/octet-stream");
	assert_string_equal(mime_type("x"), "application/octet-stream");
	assert_string_equal(mime_type("x."), "application/octet-stream");
}

static void numbers(void **state)
{
	static const uint64_t values[] = {0, 9, 10, 15, 16, 255, 1000, UINT32_MAX, UINT64_MAX};
	char out[21], want[21];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(want, sizeof(want), "%" PRIu64, values[i]);
		assert_ptr_equal(http_number(out, values[i], 10), out + strlen(want));
		assert_string_equal(out, want);
		snprintf(want, sizeof(want), "%" PRIx64, values[i]);
		assert_ptr_equal(http_number(out, values[i], 16), out + strlen(want));
		assert_string_equal(out, want);
	}
}

/* Texts of any length stay where they are while others come. */
static void fields_stay(void **state)
{
	char text[1000], name[24], *kept;
	struct fields f = {0};

	(void)state;
	memset(text, 'x', sizeof(text));
	kept = fields_keep(&f, "/path?", 5);
	assert_string_equal(kept, "/path");
	for (size_t i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "N%zu", i);
		assert_int_equal(fields_add(&f, name, strlen(name), text, i * 6), 0);
	}
	for (size_t i = 0; i < 100; i++) {
		const struct field *d;

		snprintf(name, sizeof(name), "n%zu", i);
		d = fields_get(&f, name);
		assert_non_null(d);
		assert_int_equal(strlen(d->value), i * 6);
		assert_int_equal(strspn(d->value, "x"), i * 6);
		assert_int_equal(d->value_len, i * 6);
	}
	assert_null(fields_get(&f, "n"));
	assert_null(fields_get(&f, "n1000"));
	assert_string_equal(kept, "/path");
	fields_free(&f);
	assert_null(f.block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),       cmocka_unit_test(ranges),
		cmocka_unit_test(dates),       cmocka_unit_test(etags),
		cmocka_unit_test(hop_by_hop),  cmocka_unit_test(fields_are_bounded),
		cmocka_unit_test(types),       cmocka_unit_test(numbers),
		cmocka_unit_test(fields_stay),
	};

	return RUN_TAP(tests);
}
