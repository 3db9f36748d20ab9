// SPDX-License-Identifier: GPL-2.0-or-later
/* Reverse proxy: HTTP/3 requests to an HTTP/1.1 upstream and its answers back. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "upstream.h"

#define OUT_AHEAD 65536 /* request bytes framed ahead of the socket */

static struct chunk_pool *pool_of(const struct upstream *u)
{
	return &u->pool->worker->pool;
}

/* What only we may say; a client's own would be believed. */
static bool ours(const char *name)
{
	static const char *const names[] = {
		"forwarded",	     "x-forwarded-for",	 "x-forwarded-host",
		"x-forwarded-proto", "x-forwarded-alpn", "x-forwarded-client-cert",
		"x-real-ip",	     "early-data",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* Several Cookie fields of HTTP/3 are one in HTTP/1.1 (RFC 9114, 4.2.1). */
static void put_cookies(FILE *f, const struct fields *fs)
{
	bool first = true;

	for (size_t i = 0; i < fs->n; i++) {
		if (strcmp(fs->v[i].name, "cookie"))
			continue;
		fprintf(f, "%s%s", first ? "Cookie: " : "; ", fs->v[i].value);
		first = false;
	}
	if (!first)
		fputs("\r\n", f);
}

static void put_forwarded(FILE *f, const struct h3_req *r)
{
	const struct conn *c = r->hc->conn;
	union addr local, client;
	char host[NI_MAXHOST], name[256];

	conn_addrs(c, &local, &client);
	if (getnameinfo(&client.sa, addr_len(&client), host, sizeof(host), NULL, 0, NI_NUMERICHOST))
		strcpy(host, "unknown");
	fprintf(f, "X-Forwarded-For: %s\r\nX-Forwarded-Proto: https\r\n", host);
	if (r->authority)
		fprintf(f, "X-Forwarded-Host: %s\r\n", r->authority);
	fprintf(f, "X-Forwarded-Alpn: %s\r\n", c->alpn);
	if (tls_client_name(&c->tls, name))
		fprintf(f, "X-Forwarded-Client-Cert: %s\r\n", name);
	if (r->early)
		fputs("Early-Data: 1\r\n", f);
	fputs("Via: 3 quicd\r\n", f);
}

static bool has_body(const struct h3_req *r)
{
	return !r->in_fin;
}

static void put_request(FILE *f, struct upstream *u)
{
	const struct h3_req *r = u->req;
	const struct field *host = fields_get(&r->fields, "host");

	fprintf(f, "%s %s HTTP/1.1\r\nHost: %s\r\n", r->method, r->path,
		r->authority ? r->authority
		: host	     ? host->value
			     : "");
	for (size_t i = 0; i < r->fields.n; i++) {
		const struct field *d = &r->fields.v[i];

		if (fields_hop_by_hop(&r->fields, d->name) || ours(d->name) ||
		    !strcmp(d->name, "host") || !strcmp(d->name, "cookie") ||
		    !strcmp(d->name, "expect") || !strcmp(d->name, "via"))
			continue;
		fprintf(f, "%s: %s\r\n", d->name, d->value);
	}
	put_cookies(f, &r->fields);
	put_forwarded(f, r);
	u->chunked = has_body(r) && !fields_get(&r->fields, "content-length");
	if (u->chunked)
		fputs("Transfer-Encoding: chunked\r\n", f);
	else if (!has_body(r) && !fields_get(&r->fields, "content-length") &&
		 strcmp(r->method, "GET") && strcmp(r->method, "HEAD"))
		fputs("Content-Length: 0\r\n", f);
	fputs("\r\n", f);
}

static int queue_request(struct upstream *u)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int err;

	if (!f)
		return -ENOMEM;
	put_request(f, u);
	err = fclose(f) ? -ENOMEM : chunkq_append(&u->out, pool_of(u), text, len);
	free(text);
	return err;
}

/* Starts the request on a connection of the pool or a new one. */
static int begin(struct h3_req *r)
{
	struct upstream *u = upstream_get(r->hc->conn->worker->upstreams, r);

	if (!u)
		return h3_error(r, 503, NULL);
	if (queue_request(u)) {
		upstream_close(u);
		return h3_error(r, 500, NULL);
	}
	upstream_push(u);
	return 0;
}

int proxy_start(struct h3_req *r)
{
	const struct field *expect = fields_get(&r->fields, "expect");

	/* The upstream's own "100 Continue" would come late: flow control does its work. */
	if (expect && fields_list_has(expect->value, "100-continue") && h3_inform(r, 100, NULL))
		return -1;
	return begin(r);
}

static int put_trailers(struct upstream *u)
{
	const struct fields *t = &u->req->trailers;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int err;

	if (!f)
		return -ENOMEM;
	fputs("0\r\n", f);
	for (size_t i = 0; i < t->n; i++)
		if (!fields_hop_by_hop(t, t->v[i].name) && !ours(t->v[i].name) &&
		    strcmp(t->v[i].name, "content-length") && strcmp(t->v[i].name, "host"))
			fprintf(f, "%s: %s\r\n", t->v[i].name, t->v[i].value);
	fputs("\r\n", f);
	err = fclose(f) ? -ENOMEM : chunkq_append(&u->out, pool_of(u), text, len);
	free(text);
	return err;
}

/* Moves one piece of the body to the wire, in its framing. */
static int move_piece(struct upstream *u, const struct iovec *v)
{
	char head[24];
	int n = snprintf(head, sizeof(head), "%zx\r\n", v->iov_len), err = 0;

	if (u->chunked)
		err = chunkq_append(&u->out, pool_of(u), head, (size_t)n);
	if (!err)
		err = chunkq_append(&u->out, pool_of(u), v->iov_base, v->iov_len);
	if (!err && u->chunked)
		err = chunkq_append(&u->out, pool_of(u), "\r\n", 2);
	return err;
}

void proxy_refill(struct upstream *u)
{
	struct h3_req *r = u->req;

	if (!r)
		return;
	while (r->in.len && u->out.len < OUT_AHEAD) {
		struct iovec v;
		size_t len;

		chunkq_peek(&r->in, &v, 1);
		len = v.iov_len;
		if (move_piece(u, &v))
			return;
		u->body_begun = true;
		chunkq_drop(&r->in, pool_of(u), len);
		h3_consumed(r, len);
	}
	if (r->in_fin && !r->in.len && !u->request_done) {
		if (u->chunked && put_trailers(u))
			return;
		u->request_done = true;
	}
}

void proxy_input(struct h3_req *r)
{
	upstream_push(r->up);
}

void proxy_room(struct h3_req *r)
{
	upstream_watch(r->up);
}

void proxy_cancel(struct h3_req *r)
{
	upstream_close(r->up);
}

/* RFC 9110, 9.2.2: only these may be sent twice; and only if nothing of a body is gone. */
static bool may_repeat(const struct upstream *u)
{
	static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"};

	if (!u->reused || u->any_answer || u->body_begun)
		return false;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcmp(u->req->method, methods[i]))
			return true;
	return false;
}

void proxy_failed(struct upstream *u, unsigned int status)
{
	struct h3_req *r = u->req;
	bool again = may_repeat(u);
	int rv = 0;

	upstream_close(u);
	if (again)
		rv = begin(r);
	else if (!r->responded)
		rv = h3_error(r, status, NULL);
	else
		h3_abort(r, NGHTTP3_H3_INTERNAL_ERROR);
	if (rv)
		h3_abort(r, NGHTTP3_H3_INTERNAL_ERROR);
}

int proxy_header(struct upstream *u)
{
	unsigned int status = u->parser.status_code;
	struct fields f = {0};
	int rv = -1;

	if (status == 101)
		return -1; /* nobody asked for an upgrade */
	if (status == 100)
		return 0;
	for (size_t i = 0; i < u->fields.n; i++) {
		const struct field *d = &u->fields.v[i];

		if (fields_hop_by_hop(&u->fields, d->name))
			continue;
		if (!nghttp3_check_header_name((const uint8_t *)d->name, d->name_len) ||
		    !nghttp3_check_header_value((const uint8_t *)d->value, d->value_len))
			goto out;
		if (fields_add(&f, d->name, d->name_len, d->value, d->value_len))
			goto out;
	}
	if (status < 200)
		rv = h3_inform(u->req, status, &f);
	else
		rv = h3_respond(u->req, status, &f,
				status != 204 && status != 304 && strcmp(u->req->method, "HEAD"));
out:
	fields_free(&f);
	return rv;
}

void proxy_complete(struct upstream *u)
{
	struct h3_req *r = u->req;

	r->body_fin = true;
	h3_body_more(r);
	/* An answer before the whole request: the rest is not wanted (RFC 9114, 4.1). */
	if (!u->request_done)
		h3_discard_input(r);
	upstream_release(u);
}
