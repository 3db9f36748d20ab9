// SPDX-License-Identifier: GPL-2.0-or-later
#include "h1req.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum h1_framing h1_framing(const struct h1_request *q)
{
	if (!q->has_body)
		return H1_NO_BODY;
	return q->length >= 0 ? H1_LENGTH : H1_CHUNKED;
}

/* Several Cookie fields of HTTP/3 are one in HTTP/1.1 (RFC 9114, 4.2.1). */
static void put_cookies(FILE *f, const struct fields *fs)
{
	bool first = true;

	for (size_t i = 0; i < fs->n; i++) {
		if (strcmp(fs->v[i].name, "cookie"))
			continue;
		fprintf(f, "%s%s", first ? "cookie: " : "; ", fs->v[i].value);
		first = false;
	}
	if (!first)
		fputs("\r\n", f);
}

/* Text from elsewhere, in a quoted string or as a field: no control character gets through. */
static void put_text(FILE *f, const char *s, bool quoted)
{
	for (; *s; s++) {
		if (quoted && (*s == '"' || *s == '\\'))
			fputc('\\', f);
		fputc((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s, f);
	}
}

/* RFC 7239, and the fields in use before it. */
static void put_forwarded(FILE *f, const struct h1_request *q)
{
	fprintf(f, q->client_v6 ? "forwarded: for=\"[%s]\";host=\"" : "forwarded: for=%s;host=\"",
		q->client);
	put_text(f, q->authority, true);
	fputs("\";proto=https\r\n", f);
	fprintf(f, "x-forwarded-for: %s\r\nx-forwarded-proto: https\r\nx-forwarded-host: %s\r\n",
		q->client, q->authority);
	fputs("x-forwarded-alpn: ", f);
	put_text(f, q->alpn, false);
	fputs("\r\n", f);
	if (q->subject[0]) {
		fputs("x-forwarded-client-cert: ", f);
		put_text(f, q->subject, false);
		fputs("\r\n", f);
	}
	if (q->early)
		fputs("early-data: 1\r\n", f);
}

static bool passes(const struct h1_request *q, const char *name)
{
	/* Written elsewhere, from checked values. */
	static const char *const rewritten[] = {"host", "cookie", "content-length"};

	for (size_t i = 0; i < sizeof(rewritten) / sizeof(rewritten[0]); i++)
		if (!strcmp(name, rewritten[i]))
			return false;
	if (!strcmp(name, "expect") && !q->has_body)
		return false;
	return !fields_hop_by_hop(q->fields, name) && !fields_ours(name);
}

static void put_request(FILE *f, const struct h1_request *q)
{
	const struct field *te = fields_get(q->fields, "te");

	fprintf(f, "%s %s HTTP/1.1\r\nhost: %s\r\n", q->method, q->target, q->authority);
	for (size_t i = 0; i < q->fields->n; i++) {
		const struct field *d = &q->fields->v[i];

		if (passes(q, d->name))
			fprintf(f, "%s: %s\r\n", d->name, d->value);
	}
	put_cookies(f, q->fields);
	put_forwarded(f, q);
	fputs("via: 3 quicd\r\n", f);
	/* The one transfer coding of HTTP/3 (RFC 9114, 4.2): the client can take trailers. */
	if (te && fields_list_has(te->value, "trailers"))
		fputs("te: trailers\r\nconnection: te\r\n", f);
	switch (h1_framing(q)) {
	case H1_CHUNKED:
		fputs("transfer-encoding: chunked\r\n", f);
		break;
	case H1_LENGTH:
		fprintf(f, "content-length: %" PRId64 "\r\n", q->length);
		break;
	case H1_NO_BODY:
		/* With a method that usually has a body, say that it is empty. */
		if (q->length == 0 || !strcmp(q->method, "POST") || !strcmp(q->method, "PUT") ||
		    !strcmp(q->method, "PATCH"))
			fputs("content-length: 0\r\n", f);
		break;
	}
	fputs("\r\n", f);
}

char *h1_request_text(const struct h1_request *q, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (!f)
		return NULL;
	put_request(f, q);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

char *h1_trailer_text(const struct fields *t, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (!f)
		return NULL;
	fputs("0\r\n", f);
	for (size_t i = 0; i < t->n; i++)
		if (fields_in_trailer(t, t->v[i].name))
			fprintf(f, "%s: %s\r\n", t->v[i].name, t->v[i].value);
	fputs("\r\n", f);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}
