// SPDX-License-Identifier: GPL-2.0-or-later
/* Each answer comes in whole and then byte by byte: the outcome must be the same. */
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../../quicd/common/list.h"
#include "../../../quicd/common/log.h"
#include "../../../quicd/http3/upparse.h"

/* As the owner saw the answer: "100: a=1|200: b=2|body". */
struct seen {
	struct upparse u;
	char text[1024];
	size_t len;
	unsigned int refuse; /* on_header() refuses this status */
};

static void put(struct seen *s, const char *text, size_t len)
{
	assert_true(s->len + len < sizeof(s->text));
	memcpy(s->text + s->len, text, len);
	s->len += len;
	s->text[s->len] = '\0';
}

static void put_fields(struct seen *s, const struct fields *f)
{
	for (size_t i = 0; i < f->n; i++) {
		char text[256];
		int n = snprintf(text, sizeof(text), " %s=%s", f->v[i].name, f->v[i].value);

		put(s, text, (size_t)n);
	}
	put(s, "|", 1);
}

static int on_header(struct upparse *u, unsigned int status)
{
	struct seen *s = container_of(u, struct seen, u);
	char text[16];

	put(s, text, (size_t)snprintf(text, sizeof(text), "%u:", status));
	put_fields(s, &u->fields);
	return status == s->refuse ? -1 : 0;
}

static int on_body(struct upparse *u, const char *at, size_t len)
{
	put(container_of(u, struct seen, u), at, len);
	return 0;
}

static void begin(struct seen *s, bool head)
{
	memset(s, 0, sizeof(*s));
	s->u.on_header = on_header;
	s->u.on_body = on_body;
	upparse_init(&s->u, head);
}

static int feed(struct seen *s, const char *text, size_t len, size_t step)
{
	int err = 0;

	for (size_t at = 0; !err && at < len && !s->u.complete; at += step)
		err = upparse_feed(&s->u, text + at, len - at < step ? len - at : step);
	return err;
}

enum end {
	WHOLE,	 /* complete, and the connection may be used again */
	CLOSING, /* complete, and it may not */
	OPEN,	 /* only the end of file would end it, and may */
	CUT,	 /* an end of file would break it off */
	BAD,
};

static const struct answer {
	const char *text, *seen;
	enum end end;
	bool head;
} answers[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200: content-length=2|hi", WHOLE,
	 false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh", "200: content-length=2|h", CUT, false},
	{"HTTP/1.1 200 OK\r\nX: \t a  b \t \r\nEmpty:\r\nContent-Length: 0\r\n\r\n",
	 "200: x=a  b empty= content-length=0|", WHOLE, false},
	{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
	 "200: connection=close content-length=1|x", CLOSING, false},
	{"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "200: content-length=1|x", CLOSING,
	 false},
	{"HTTP/1.1 200 OK\r\n\r\nall of it", "200:|all of it", OPEN, false},
	{"HTTP/1.1 204 No Content\r\n\r\n", "204:|", WHOLE, false},
	{"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "304: content-length=9|", WHOLE,
	 false},
	/* To a HEAD, the length is that of the body which a GET would get. */
	{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "200: content-length=9|", WHOLE, true},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n"
	 "Sum: 5\r\n\r\n",
	 "200: transfer-encoding=chunked|abcde", WHOLE, false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
	 "200: transfer-encoding=chunked|abc", CUT, false},
	/* Interim answers come in front, each with its own fields. */
	{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
	 "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
	 "100:|103: link=a|200: content-length=1|x", WHOLE, false},
	{"HTTP/1.1 100 Continue\r\n\r\n", "100:|", CUT, false},
	/* One that announces the end of the connection is not the last. */
	{"HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\n"
	 "Connection: close\r\nContent-Length: 1\r\n\r\nx",
	 "103: connection=close|200: connection=close content-length=1|x", CLOSING, false},
	{"HTTP/1.0 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
	 "100:|200: content-length=1|x", WHOLE, false},
	/* RFC 9112, 6.3: no interim answer has a body, not even one that llhttp does not know. */
	{"HTTP/1.1 150 Wait\r\nContent-Length: 3\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
	 "1\r\n\r\nx",
	 "150: content-length=3|200: content-length=1|x", WHOLE, false},
	{"HTTP/1.1 150 Wait\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx", "150:|200:|x", OPEN, false},
	{"HTTP/1.1 20", "", CUT, false},
	/* Refused. */
	{"HTTP/2.0 200 OK\r\n\r\n", "", BAD, false},
	{"HTTP/1.1 500 No\r\n\r\n", "500:|", BAD, false},
	{"HTTP/1.1 199 No\r\n\r\n", "199:|", BAD, false},
	{"220 smtp ready\r\n", "", BAD, false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "", BAD, false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
	 "chunked\r\n\r\n0\r\n\r\n",
	 "", BAD, false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", "", BAD,
	 false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "", BAD, false},
	{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "", BAD, false},
	{"HTTP/1.1 200 OK\r\nA b: 1\r\n\r\n", "", BAD, false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
	 "200: transfer-encoding=chunked|", BAD, false},
};

static enum end outcome(struct seen *s, int err)
{
	if (err)
		return err == -EPROTO ? BAD : (enum end) - 1;
	if (s->u.complete)
		return s->u.keep ? WHOLE : CLOSING;
	return upparse_eof(&s->u) || !s->u.complete ? CUT : OPEN;
}

static void answers_are_understood(void **state)
{
	struct seen s;

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct answer *a = &answers[i];

		for (int bytes = 0; bytes < 2; bytes++) {
			size_t len = strlen(a->text);
			enum end end;

			begin(&s, a->head);
			s.refuse = strstr(a->text, "500") ? 500 : 199;
			end = outcome(&s, feed(&s, a->text, len, bytes ? 1 : len));
			if (end != a->end || strcmp(s.text, a->seen))
				fail_msg("case %zu%s: %d, saw \"%s\"", i, bytes ? " in bytes" : "",
					 end, s.text);
			upparse_free(&s.u);
		}
	}
}

/* Behind a complete answer nothing was asked for: such a connection is not used again. */
static void bytes_behind_the_answer(void **state)
{
	static const char text[] =
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n";
	struct seen s;

	(void)state;
	begin(&s, false);
	assert_int_equal(feed(&s, text, sizeof(text) - 1, sizeof(text)), 0);
	assert_true(s.u.complete);
	assert_false(s.u.keep);
	assert_string_equal(s.text, "200: content-length=1|x");
	upparse_free(&s.u);
}

static void trailers_are_left_in_fields(void **state)
{
	const struct answer *a = &answers[9];
	struct seen s;

	(void)state;
	begin(&s, false);
	assert_int_equal(feed(&s, a->text, strlen(a->text), 1), 0);
	assert_int_equal(s.u.fields.n, 1);
	assert_string_equal(s.u.fields.v[0].name, "sum");
	assert_string_equal(s.u.fields.v[0].value, "5");
	upparse_free(&s.u);
}

/* One parser reads the answers of a kept connection one after the other. */
static void next_answer_begins_anew(void **state)
{
	static const char cut[] = "HTTP/1.1 200 OK\r\nHalf: a fie";
	struct seen s;

	(void)state;
	begin(&s, false);
	assert_int_equal(feed(&s, cut, sizeof(cut) - 1, 1), 0);
	upparse_init(&s.u, false);
	assert_int_equal(feed(&s, answers[0].text, strlen(answers[0].text), 1), 0);
	assert_true(s.u.complete && s.u.keep);
	assert_string_equal(s.text, answers[0].seen);
	upparse_init(&s.u, true);
	assert_false(s.u.complete || s.u.keep || s.u.header_done);
	upparse_free(&s.u);
}

/* Fields are bounded, in number and in size. */
static void limits(void **state)
{
	static const char line[] = "a: b\r\n", start[] = "HTTP/1.1 200 OK\r\nBig: ";
	struct seen s;
	int err = 0;

	(void)state;
	begin(&s, false);
	assert_int_equal(feed(&s, start, 17, 17), 0);
	for (int i = 0; !err && i <= FIELDS_MAX + 1; i++)
		err = feed(&s, line, sizeof(line) - 1, 6);
	assert_int_equal(err, -EPROTO);
	assert_int_equal(s.u.fields.n, FIELDS_MAX);
	upparse_free(&s.u);
	begin(&s, false);
	err = feed(&s, start, sizeof(start) - 1, 100);
	for (int i = 0; !err && i <= FIELDS_BYTES_MAX / 4; i++)
		err = feed(&s, "xxxx", 4, 4);
	assert_int_equal(err, -EPROTO);
	assert_true(s.u.value.len <= FIELDS_BYTES_MAX);
	upparse_free(&s.u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_understood),
		cmocka_unit_test(bytes_behind_the_answer),
		cmocka_unit_test(trailers_are_left_in_fields),
		cmocka_unit_test(next_answer_begins_anew),
		cmocka_unit_test(limits),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return RUN_TAP(tests);
}
