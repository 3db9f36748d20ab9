// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "../../../quicd/server/accessfmt.h"

static struct access_entry request(void)
{
	struct access_entry e = {
		.wall = UINT64_C(1795000000123456789),
		.duration = 1234567,
		.method = "GET",
		.scheme = "https",
		.host = "example.org",
		.path = "/a?b",
		.status = 200,
		.sent = 10,
		.received = 3,
		.agent = "curl",
		.alpn = "h3",
		.sni = "example.org",
		.connection = 7,
		.stream = 4,
		.is_request = true,
	};

	e.client.in.sin_family = AF_INET;
	inet_pton(AF_INET, "192.0.2.55", &e.client.in.sin_addr);
	return e;
}

static char *combined(const struct access_entry *e)
{
	static char out[ACCESS_LINE_MAX];

	out[access_combined(e, out)] = '\0';
	return out;
}

static char *json(const struct access_entry *e, const struct access_list *l)
{
	static char out[ACCESS_LINE_MAX];

	out[access_json(e, l, out)] = '\0';
	return out;
}

static void combined_lines(void **state)
{
	struct access_entry e = request();

	(void)state;
	assert_string_equal(combined(&e), "192.0.2.55 - - [18/Nov/2026:11:06:40 +0000] "
					  "\"GET /a?b HTTP/3\" 200 10 \"-\" \"curl\"\n");
	e.status = 0;
	e.user = "Jo Doe";
	e.referer = "a\"b\\c\n\xff";
	assert_string_equal(combined(&e), "192.0.2.55 - Jo\\x20Doe [18/Nov/2026:11:06:40 +0000] "
					  "\"GET /a?b HTTP/3\" 000 10 \"a\\x22b\\x5cc\\x0a\\xff\" "
					  "\"curl\"\n");
	e.is_request = false;
	e.end = ACCESS_RESET;
	e.user = e.referer = e.agent = NULL;
	assert_string_equal(combined(&e), "192.0.2.55 - - [18/Nov/2026:11:06:40 +0000] "
					  "\"STREAM example.org h3\" reset 10 \"-\" \"-\"\n");
}

static void json_lines(void **state)
{
	struct access_entry e = request();
	struct access_list l = {{ACCESS_STREAM, ACCESS_TIME, ACCESS_PATH, ACCESS_REFERER,
				 ACCESS_DURATION, ACCESS_EARLY, ACCESS_BACKEND, ACCESS_END},
				8};
	union addr backend = {.un = {.sun_family = AF_UNIX, .sun_path = "/run/x"}};

	(void)state;
	e.path = "/\"\\\t\x7f\x80";
	assert_string_equal(
		json(&e, &l),
		"{\"stream\":4,\"time\":\"2026-11-18T11:06:40.123Z\","
		"\"path\":\"/\\u0022\\u005c\\u0009\\u007f\\u0080\",\"referer\":null,"
		"\"duration\":0.001234,\"early\":false,\"backend\":null,\"end\":\"ok\"}\n");
	e.backend = &backend;
	l = (struct access_list){{ACCESS_BACKEND, ACCESS_CLIENT}, 2};
	assert_string_equal(json(&e, &l),
			    "{\"backend\":\"unix:/run/x\",\"client\":\"192.0.2.55\"}\n");
}

/* Each text at its longest, each octet as six: the line fits, and no more than that is written. */
static void longest(void **state)
{
	struct access_entry e = request();
	char text[4000];
	struct access_list all = {.n = ACCESS_NFIELDS};

	(void)state;
	memset(text, 0x80, sizeof(text));
	text[sizeof(text) - 1] = '\0';
	e.user = e.method = e.scheme = e.host = e.path = e.referer = e.agent = e.alpn = e.sni =
		text;
	for (unsigned char i = 0; i < ACCESS_NFIELDS; i++)
		all.field[i] = i;
	assert_in_range(strlen(json(&e, &all)), 9 * 6 * ACCESS_TEXT_MAX, ACCESS_LINE_MAX - 1);
	assert_in_range(strlen(combined(&e)), 5 * 4 * ACCESS_TEXT_MAX, ACCESS_LINE_MAX - 1);
}

static void shortened(void **state)
{
	struct access_entry e = request();
	struct access_list l = {{ACCESS_CLIENT}, 1};

	(void)state;
	access_shorten(&e.client);
	assert_string_equal(json(&e, &l), "{\"client\":\"192.0.2.0\"}\n");
	memset(&e.client, 0, sizeof(e.client));
	e.client.in6.sin6_family = AF_INET6;
	inet_pton(AF_INET6, "2001:db8:1234:5678::9", &e.client.in6.sin6_addr);
	access_shorten(&e.client);
	assert_string_equal(json(&e, &l), "{\"client\":\"2001:db8:1234::\"}\n");
}

static void names(void **state)
{
	(void)state;
	assert_int_equal(access_field("time"), ACCESS_TIME);
	assert_int_equal(access_field("backend"), ACCESS_BACKEND);
	assert_int_equal(access_field("Time"), -1);
	assert_int_equal(access_field(""), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(combined_lines), cmocka_unit_test(json_lines),
		cmocka_unit_test(longest),	  cmocka_unit_test(shortened),
		cmocka_unit_test(names),
	};

	return RUN_TAP(tests);
}
