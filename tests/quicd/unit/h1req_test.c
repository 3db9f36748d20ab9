// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../quicd/http3/h1req.h"
#include "../../../quicd/http3/httpval.h"
#include "../../../quicd/http3/mime.h"

static struct h1_request plain(const struct fields *f)
{
	return (struct h1_request){
		.method = "GET",
		.target = "/a?b",
		.authority = "www.example.org",
		.fields = f,
		.length = -1,
		.client = "192.0.2.1",
		.alpn = "h3",
		.subject = "",
	};
}

/* The text of @q, NUL-terminated; the caller frees it. */
static char *text_of(const struct h1_request *q)
{
	size_t len;
	char *text = h1_request_text(q, &len);

	assert_non_null(text);
	assert_int_equal(strlen(text), len);
	/* One header and nothing behind it, whatever the fields were. */
	assert_ptr_equal(strstr(text, "\r\n\r\n"), text + len - 4);
	return text;
}

static void whole_text(void **state)
{
	struct fields f = {0};
	struct h1_request q = plain(&f);
	char *text;

	(void)state;
	fields_put(&f, "accept", "*/*");
	text = text_of(&q);
	assert_string_equal(text,
			    "GET /a?b HTTP/1.1\r\n"
			    "host: www.example.org\r\n"
			    "accept: */*\r\n"
			    "forwarded: for=192.0.2.1;host=\"www.example.org\";proto=https\r\n"
			    "x-forwarded-for: 192.0.2.1\r\n"
			    "x-forwarded-proto: https\r\n"
			    "x-forwarded-host: www.example.org\r\n"
			    "x-forwarded-alpn: h3\r\n"
			    "via: 3 quicd\r\n\r\n");
	free(text);
	fields_free(&f);
}

static void framing(void **state)
{
	static const struct {
		const char *method;
		bool body;
		int64_t length;
		const char *want, *never;
	} cases[] = {
		{"GET", false, -1, "\r\n\r\n", "content-length"},
		{"DELETE", false, -1, "\r\n\r\n", "content-length"},
		{"POST", false, -1, "\r\ncontent-length: 0\r\n", "transfer-encoding"},
		{"PUT", false, 0, "\r\ncontent-length: 0\r\n", "transfer-encoding"},
		{"GET", false, 0, "\r\ncontent-length: 0\r\n", "transfer-encoding"},
		{"POST", true, 7, "\r\ncontent-length: 7\r\n", "transfer-encoding"},
		{"POST", true, -1, "\r\ntransfer-encoding: chunked\r\n", "content-length"},
		{"GET", true, -1, "\r\ntransfer-encoding: chunked\r\n", "content-length"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fields f = {0};
		struct h1_request q = plain(&f);
		char *text;

		/* The client's own word for it is never copied. */
		fields_put(&f, "content-length", "666");
		fields_put(&f, "transfer-encoding", "identity");
		q.method = cases[i].method;
		q.has_body = cases[i].body;
		q.length = cases[i].length;
		text = text_of(&q);
		assert_non_null(strstr(text, cases[i].want));
		assert_null(strstr(text, cases[i].never));
		assert_null(strstr(text, "666"));
		free(text);
		fields_free(&f);
	}
}

static void what_a_client_may_not_say(void **state)
{
	static const char *const names[] = {
		"forwarded",	    "x-forwarded-for", "x_forwarded_for", "x-forwarded_proto",
		"x-forwarded-alpn", "x-real-ip",       "x_real_ip",	  "early-data",
		"connection",	    "keep-alive",      "upgrade",	  "proxy-connection",
		"x-named",	    "expect",
	};
	struct fields f = {0};
	struct h1_request q = plain(&f);
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fields_put(&f, names[i], strcmp(names[i], "connection") ? "evil" : "evil, X-Named");
	fields_put(&f, "x-forwarder", "good");
	text = text_of(&q);
	assert_null(strstr(text, "evil"));
	assert_non_null(strstr(text, "x-forwarder: good\r\n"));
	free(text);
	fields_free(&f);
}

static void cookies_and_the_client(void **state)
{
	struct fields f = {0};
	struct h1_request q = plain(&f);
	char *text;

	(void)state;
	fields_put(&f, "cookie", "a=1");
	fields_put(&f, "cookie", "b=2");
	fields_put(&f, "te", "trailers");
	q.client = "2001:db8::1";
	q.client_v6 = true;
	q.early = true;
	q.subject = "CN=Jo\r\nX-Evil: 1";
	q.authority = "[::1]:443";
	text = text_of(&q);
	assert_non_null(strstr(text, "\r\ncookie: a=1; b=2\r\n"));
	assert_non_null(strstr(text, "\r\nte: trailers\r\nconnection: te\r\n"));
	assert_non_null(strstr(
		text, "\r\nforwarded: for=\"[2001:db8::1]\";host=\"[::1]:443\";proto=https\r\n"));
	assert_non_null(strstr(text, "\r\nx-forwarded-for: 2001:db8::1\r\n"));
	assert_non_null(strstr(text, "\r\nx-forwarded-client-cert: CN=Jo??X-Evil: 1\r\n"));
	assert_non_null(strstr(text, "\r\nearly-data: 1\r\n"));
	free(text);
	fields_free(&f);
}

static void trailers(void **state)
{
	struct fields f = {0};
	size_t len;
	char *text;

	(void)state;
	fields_put(&f, "x-sum", "1");
	fields_put(&f, "content-length", "9");
	fields_put(&f, "host", "evil");
	fields_put(&f, "x-forwarded-for", "evil");
	text = h1_trailer_text(&f, &len);
	assert_string_equal(text, "0\r\nx-sum: 1\r\n\r\n");
	free(text);
	fields_free(&f);
}

static void values(void **state)
{
	(void)state;
	assert_int_equal(http_length("0"), 0);
	assert_int_equal(http_length("9223372036854775807"), INT64_MAX);
	assert_int_equal(http_length("9223372036854775808"), -1);
	assert_int_equal(http_length(""), -1);
	assert_int_equal(http_length("+1"), -1);
	assert_int_equal(http_length("1, 1"), -1);
	assert_int_equal(http_length(" 1"), -1);
	assert_true(http_is_authority("www.example.org:443"));
	assert_true(http_is_authority("[2001:db8::1]"));
	assert_false(http_is_authority(""));
	assert_false(http_is_authority("user@host"));
	assert_false(http_is_authority("host/path"));
	assert_false(http_is_authority("host name"));
	assert_true(http_etag_in_strong("\"x\", \"a\"", "\"a\""));
	assert_false(http_etag_in_strong("W/\"a\"", "\"a\""));
}

static void types_of_a_file(void **state)
{
	char path[] = "/tmp/mime.XXXXXX", name[67] = "a.";
	FILE *f = fdopen(mkstemp(path), "w");
	struct mime *m;

	(void)state;
	assert_non_null(f);
	fputs("# comment html\n\ntext/x-mine mine html\nimage/none\napplication/x-b\tB b2", f);
	/* The longest ending. */
	memset(name + 2, 'x', 64);
	fprintf(f, "\napplication/x-long %.63s", name + 2);
	fclose(f);
	m = mime_load(path);
	unlink(path);
	assert_non_null(m);
	assert_string_equal(mime_find(m, "a.mine"), "text/x-mine; charset=utf-8");
	assert_string_equal(mime_find(m, "a.HTML"), "text/x-mine; charset=utf-8");
	assert_string_equal(mime_find(m, "a.b"), "application/x-b");
	assert_string_equal(mime_find(m, "a.b2"), "application/x-b");
	assert_string_equal(mime_find(m, "a.B"), "application/x-b");
	assert_string_equal(mime_find(m, name), "application/octet-stream");
	name[2 + 63] = '\0';
	assert_string_equal(mime_find(m, name), "application/x-long");
	assert_string_equal(mime_find(m, "a.png"), "image/png");
	assert_string_equal(mime_find(NULL, "a.html"), "text/html; charset=utf-8");
	mime_free(m);
	assert_null(mime_load("/nonexistent"));
	assert_int_equal(errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_text),
		cmocka_unit_test(framing),
		cmocka_unit_test(what_a_client_may_not_say),
		cmocka_unit_test(cookies_and_the_client),
		cmocka_unit_test(trailers),
		cmocka_unit_test(values),
		cmocka_unit_test(types_of_a_file),
	};

	return RUN_TAP(tests);
}
