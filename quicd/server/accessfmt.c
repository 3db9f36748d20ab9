// SPDX-License-Identifier: GPL-2.0-or-later
#include "accessfmt.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../common/clock.h"

#define TIME_MAX 40

static const char *const field_names[] = {
#define X(id, name) #name,
	ACCESS_FIELDS(X)
#undef X
};

static const char *const end_names[] = {"ok", "reset", "closed"};

_Static_assert(ACCESS_LINE_MAX > 9 * 6 * ACCESS_TEXT_MAX + 2048, "nine texts, six octets for each");

/* A line being written; there is always room (see ACCESS_LINE_MAX). */
struct line {
	char *at;
};

static void put(struct line *l, const char *text)
{
	size_t len = strlen(text);

	memcpy(l->at, text, len);
	l->at += len;
}

static void put_number(struct line *l, uint64_t n)
{
	l->at += sprintf(l->at, "%" PRIu64, n);
}

/*
 * Octets beyond ASCII, too: a terminal or a parser may take some of them for more than text.
 * Both formats end a value at a quotation mark.
 */
static void put_escaped(struct line *l, const char *text, const char *prefix)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; text[i] && i < ACCESS_TEXT_MAX; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
			*l->at++ = (char)c;
			continue;
		}
		put(l, prefix);
		*l->at++ = digits[c >> 4];
		*l->at++ = digits[c & 15];
	}
}

static const char *client_text(const union addr *a, char buf[INET6_ADDRSTRLEN])
{
	const void *at = a->sa.sa_family == AF_INET6 ? (const void *)&a->in6.sin6_addr
						     : (const void *)&a->in.sin_addr;

	return inet_ntop(a->sa.sa_family, at, buf, INET6_ADDRSTRLEN) ? buf : "-";
}

void access_shorten(union addr *a)
{
	if (a->sa.sa_family == AF_INET)
		a->in.sin_addr.s_addr &= htonl(0xffffff00);
	else
		memset(a->in6.sin6_addr.s6_addr + 6, 0, 10);
}

/* Breaking a second down to a date costs more than all the rest of a line. */
static const char *time_text(uint64_t wall, const char *format)
{
	static _Thread_local char text[TIME_MAX];
	static _Thread_local const char *made_by;
	static _Thread_local time_t made_for;
	time_t seconds = (time_t)(wall / NS_PER_S);
	struct tm tm;

	if (made_by != format || made_for != seconds) {
		gmtime_r(&seconds, &tm);
		strftime(text, sizeof(text), format, &tm);
		made_by = format;
		made_for = seconds;
	}
	return text;
}

static void put_quoted(struct line *l, const char *text)
{
	put(l, " \"");
	put_escaped(l, text && text[0] ? text : "-", "\\x");
	put(l, "\"");
}

/* The request line of HTTP, or in its place the word STREAM, server name and ALPN. */
static void put_request(struct line *l, const struct access_entry *e)
{
	const char *words[] = {e->is_request ? e->method : "STREAM",
			       e->is_request ? e->path : e->sni,
			       e->is_request ? "HTTP/3" : e->alpn};

	for (size_t i = 0; i < 3; i++) {
		put(l, i ? " " : " \"");
		put_escaped(l, words[i] && words[i][0] ? words[i] : "-", "\\x");
	}
	put(l, "\" ");
	if (e->is_request)
		l->at += sprintf(l->at, "%03u", e->status);
	else
		put(l, end_names[e->end]);
}

size_t access_combined(const struct access_entry *e, char *out)
{
	static const char stamp[] = "%d/%b/%Y:%H:%M:%S +0000";
	char client[INET6_ADDRSTRLEN];
	struct line l = {out};

	put(&l, client_text(&e->client, client));
	put(&l, " - ");
	/* The one value that stands without quotation marks: a blank would begin the next one. */
	for (const char *p = e->user && e->user[0] ? e->user : "-"; *p; p++) {
		char one[2] = {*p, '\0'};

		if (p - e->user >= ACCESS_TEXT_MAX && e->user && e->user[0])
			break;
		if (*p == ' ')
			put(&l, "\\x20");
		else
			put_escaped(&l, one, "\\x");
	}
	put(&l, " [");
	put(&l, time_text(e->wall, stamp));
	put(&l, "]");
	put_request(&l, e);
	put(&l, " ");
	put_number(&l, e->sent);
	put_quoted(&l, e->referer);
	put_quoted(&l, e->agent);
	put(&l, "\n");
	return (size_t)(l.at - out);
}

static void put_text(struct line *l, const char *text)
{
	if (!text) {
		put(l, "null");
		return;
	}
	put(l, "\"");
	put_escaped(l, text, "\\u00");
	put(l, "\"");
}

static void put_time(struct line *l, uint64_t wall)
{
	static const char stamp[] = "%Y-%m-%dT%H:%M:%S";

	l->at += sprintf(l->at, "\"%s.%03uZ\"", time_text(wall, stamp),
			 (unsigned int)(wall / NS_PER_MS % 1000));
}

static void put_backend(struct line *l, const union addr *a)
{
	char text[ADDR_TEXT_MAX];

	put_text(l, a ? addr_format(a, text) : NULL);
}

/* Values that are texts. Without a user or a server name there is no value. */
static const char *text_of(const struct access_entry *e, enum access_field field)
{
	switch (field) {
	case ACCESS_USER:
		return e->user && e->user[0] ? e->user : NULL;
	case ACCESS_METHOD:
		return e->method;
	case ACCESS_SCHEME:
		return e->scheme;
	case ACCESS_HOST:
		return e->host;
	case ACCESS_PATH:
		return e->path;
	case ACCESS_REFERER:
		return e->referer;
	case ACCESS_AGENT:
		return e->agent;
	case ACCESS_ALPN:
		return e->alpn;
	case ACCESS_SNI:
		return e->sni && e->sni[0] ? e->sni : NULL;
	default:
		return NULL;
	}
}

static void put_value(struct line *l, const struct access_entry *e, enum access_field field)
{
	char client[INET6_ADDRSTRLEN];

	switch (field) {
	case ACCESS_TIME:
		put_time(l, e->wall);
		break;
	case ACCESS_CLIENT:
		put_text(l, client_text(&e->client, client));
		break;
	case ACCESS_STATUS:
		put_number(l, e->status);
		break;
	case ACCESS_END:
		put_text(l, end_names[e->end]);
		break;
	case ACCESS_CODE:
		put_number(l, e->code);
		break;
	case ACCESS_SENT:
		put_number(l, e->sent);
		break;
	case ACCESS_RECEIVED:
		put_number(l, e->received);
		break;
	case ACCESS_DURATION:
		l->at += sprintf(l->at, "%" PRIu64 ".%06u", e->duration / NS_PER_S,
				 (unsigned int)(e->duration % NS_PER_S / 1000));
		break;
	case ACCESS_EARLY:
		put(l, e->early ? "true" : "false");
		break;
	case ACCESS_CONNECTION:
		put_number(l, e->connection);
		break;
	case ACCESS_STREAM:
		put_number(l, (uint64_t)e->stream);
		break;
	case ACCESS_BACKEND:
		put_backend(l, e->backend);
		break;
	default:
		put_text(l, text_of(e, field));
	}
}

size_t access_json(const struct access_entry *e, const struct access_list *list, char *out)
{
	struct line l = {out};

	for (size_t i = 0; i < list->n; i++) {
		put(&l, i ? ",\"" : "{\"");
		put(&l, field_names[list->field[i]]);
		put(&l, "\":");
		put_value(&l, e, (enum access_field)list->field[i]);
	}
	put(&l, "}\n");
	return (size_t)(l.at - out);
}

int access_field(const char *name)
{
	for (int i = 0; i < ACCESS_NFIELDS; i++)
		if (!strcmp(field_names[i], name))
			return i;
	return -1;
}

const struct access_list *access_default(bool requests)
{
	static const struct access_list of_requests = {
		.field = {ACCESS_TIME, ACCESS_CLIENT, ACCESS_METHOD, ACCESS_HOST, ACCESS_PATH,
			  ACCESS_STATUS, ACCESS_END, ACCESS_SENT, ACCESS_RECEIVED, ACCESS_DURATION,
			  ACCESS_REFERER, ACCESS_AGENT, ACCESS_BACKEND},
		.n = 13,
	};
	static const struct access_list of_streams = {
		.field = {ACCESS_TIME, ACCESS_CLIENT, ACCESS_USER, ACCESS_SNI, ACCESS_ALPN,
			  ACCESS_CONNECTION, ACCESS_STREAM, ACCESS_END, ACCESS_CODE, ACCESS_SENT,
			  ACCESS_RECEIVED, ACCESS_DURATION, ACCESS_BACKEND},
		.n = 13,
	};

	return requests ? &of_requests : &of_streams;
}
