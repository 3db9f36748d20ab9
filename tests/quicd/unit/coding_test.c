// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <string.h>

#include "../../../quicd/http3/coding.h"

/* The codings chosen for fields with these values, as "br,gzip". */
static const char *choose(const char *first, const char *second)
{
	const struct coding *like[CODINGS];
	static char text[32];
	struct fields f = {0};
	size_t n;

	text[0] = '\0';
	fields_put(&f, "accept", "br;q=0");
	if (first)
		fields_put(&f, "accept-encoding", first);
	if (second)
		fields_put(&f, "accept-encoding", second);
	n = coding_choose(&f, like);
	fields_free(&f);
	for (size_t i = 0; i < n; i++) {
		strcat(text, i ? "," : "");
		strcat(text, like[i]->name);
	}
	return text;
}

static void preferences(void **state)
{
	static const struct {
		const char *first, *second, *want;
	} cases[] = {
		{NULL, NULL, ""},
		{"", NULL, ""},
		{"gzip", NULL, "gzip"},
		{"gzip, deflate, br, zstd", NULL, "br,zstd,gzip"},
		{"gzip", "br", "br,gzip"},
		{"GZIP;Q=0.5 ,\tBr ; q=0.001", NULL, "gzip,br"},
		{"gzip;q=1.000,br;q=0.999,zstd;q=0.9", NULL, "gzip,br,zstd"},
		{"br;q=0, *", NULL, "zstd,gzip"},
		{"*;q=0.5, gzip;q=0", NULL, "br,zstd"},
		{"*;q=0", NULL, ""},
		{"x-gzip", NULL, "gzip"},
		{"identity, br;q=0.5", NULL, ""},
		{"identity;q=0.5, br;q=0.5, gzip;q=0.4", NULL, "br"},
		{"identity;q=0, gzip", NULL, "gzip"},
		/* Weights that are none, and other parameters. */
		{"br;q=1.001", NULL, ""},
		{"br;q=2", NULL, ""},
		{"br;q=0.1234", NULL, ""},
		{"br;q=-1", NULL, ""},
		{"br;q=", NULL, ""},
		{"br;", NULL, ""},
		{"br;q=1.x", NULL, ""},
		{"br;level=1", NULL, ""},
		{"brr, b r, gzip2", NULL, ""},
		{",,;q=1,br,", NULL, "br"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(choose(cases[i].first, cases[i].second), cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(preferences)};

	return RUN_TAP(tests);
}
