// SPDX-License-Identifier: GPL-2.0-or-later
/* Reverse proxy: HTTP/3 requests to an HTTP/1.1 upstream and its answers back. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../server/loader.h"
#include "../server/worker.h"
#include "h3conf.h"
#include "handler.h"
#include "httpval.h"
#include "upstream.h"

#define OUT_AHEAD 65536 /* request bytes framed ahead of the socket */

static struct chunk_pool *pool_of(const struct upstream *u)
{
	return &u->pool->worker->pool;
}

static void check(struct loader *l)
{
	struct h3_conf *conf = l->c->mode_conf;

	backends_check(l, "http3", &conf->backends);
}

/* The path alone decides, as it was sent; without files, every request is the upstream's. */
static bool takes(const struct h3_req *r)
{
	const struct h3_conf *conf = r->hc->conn->worker->server->config->mode_conf;
	const char *prefix = conf->upstream_path;

	return conf->backends.n && (!prefix || !strncmp(r->path, prefix, strlen(prefix)));
}

static int queue_request(struct upstream *u)
{
	const struct h3_req *r = u->req;
	const struct conn *c = r->hc->conn;
	const struct field *host = fields_get(&r->fields, "host");
	char client[NI_MAXHOST], subject[256];
	union addr local, peer;
	struct h1_request q = {
		.method = r->method,
		.target = r->path,
		.authority = r->authority ? r->authority : host->value,
		.fields = &r->fields,
		.length = r->length,
		.has_body = !r->in_fin,
		.early = r->early,
		.client = client,
		.alpn = c->alpn,
		.subject = subject,
	};
	size_t len;
	char *text;
	int err;

	conn_addrs(c, &local, &peer);
	q.client_v6 = peer.sa.sa_family == AF_INET6;
	/* A zone ("%eth0") means nothing to the upstream. */
	peer.in6.sin6_scope_id = q.client_v6 ? 0 : peer.in6.sin6_scope_id;
	if (getnameinfo(&peer.sa, addr_len(&peer), client, sizeof(client), NULL, 0, NI_NUMERICHOST))
		snprintf(client, sizeof(client), "unknown");
	tls_client_name(&c->tls, subject);
	u->framing = h1_framing(&q);
	u->body_left = u->framing == H1_LENGTH ? (uint64_t)r->length : 0;
	text = h1_request_text(&q, &len);
	if (!text)
		return -1;
	err = chunkq_append(&u->out, pool_of(u), text, len);
	free(text);
	return err;
}

/* Starts the request on a connection of the pool or a new one. */
static int begin(struct h3_req *r)
{
	struct upstream *u = upstream_get(r->state, r);

	if (!u)
		return h3_error(r, 503, NULL);
	if (queue_request(u)) {
		upstream_close(u);
		return h3_error(r, 500, NULL);
	}
	upstream_push(u);
	return 0;
}

static int put_trailers(struct upstream *u)
{
	size_t len;
	char *text = h1_trailer_text(&u->req->trailers, &len);
	int err = text ? chunkq_append(&u->out, pool_of(u), text, len) : -1;

	free(text);
	return err;
}

/* Moves one piece of the body to the wire, in its framing. */
static int move_piece(struct upstream *u, const struct iovec *v)
{
	char head[24];
	int n = snprintf(head, sizeof(head), "%zx\r\n", v->iov_len), err = 0;

	if (u->framing == H1_CHUNKED)
		err = chunkq_append(&u->out, pool_of(u), head, (size_t)n);
	if (!err)
		err = chunkq_append(&u->out, pool_of(u), v->iov_base, v->iov_len);
	if (!err && u->framing == H1_CHUNKED)
		err = chunkq_append(&u->out, pool_of(u), "\r\n", 2);
	return err;
}

/*
 * Exactly as many bytes as Content-Length promised must follow the header: any others would be
 * taken for the next request on this connection. nghttp3 stops a client whose body does not
 * match; bytes that it reports too late are held back here.
 */
static bool lies(const struct upstream *u)
{
	const struct h3_req *r = u->req;

	if (u->framing == H1_CHUNKED)
		return false;
	return r->in.len > u->body_left || (r->in_fin && r->in.len != u->body_left);
}

void proxy_refill(struct upstream *u)
{
	struct h3_req *r = u->req;

	if (!r || r->in_discard || lies(u))
		return;
	while (r->in.len && u->out.len < OUT_AHEAD) {
		struct iovec v;
		size_t len;

		chunkq_peek(&r->in, &v, 1);
		len = v.iov_len;
		if (move_piece(u, &v))
			return;
		u->body_begun = true;
		u->body_left -= u->framing == H1_LENGTH ? len : 0;
		chunkq_drop(&r->in, pool_of(u), len);
		h3_consumed(r, len);
	}
	if (r->in_fin && !r->in.len && !u->request_done) {
		if (u->framing == H1_CHUNKED && put_trailers(u))
			return;
		u->request_done = true;
	}
}

static void input(struct h3_req *r)
{
	if (lies(r->work)) {
		h3_abort(r, NGHTTP3_H3_MESSAGE_ERROR);
		return;
	}
	upstream_touch(r->work);
	upstream_push(r->work);
}

static void room(struct h3_req *r)
{
	upstream_touch(r->work);
	upstream_watch(r->work);
}

static void cancel(struct h3_req *r)
{
	upstream_close(r->work);
}

/* RFC 9110, 9.2.2: only these may be sent twice, and only if no part of a body was sent. */
static bool may_repeat(const struct upstream *u)
{
	static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"};

	if (!u->reused || u->any_answer || u->body_begun || u->req->in_discard)
		return false;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcmp(u->req->method, methods[i]))
			return true;
	return false;
}

void proxy_failed(struct upstream *u, unsigned int status)
{
	struct h3_req *r = u->req;
	bool again = status == 502 && may_repeat(u);
	int rv = -1;

	upstream_close(u);
	if (again)
		rv = begin(r);
	else if (!r->responded)
		rv = h3_error(r, status, NULL);
	if (rv)
		h3_abort(r, NGHTTP3_H3_INTERNAL_ERROR);
}

/* nghttp3 and others end the whole connection for a length beyond 63 bits. */
static bool valid(const struct field *d)
{
	if (!strcmp(d->name, "content-length") && http_length(d->value) < 0)
		return false;
	return nghttp3_check_header_name((const uint8_t *)d->name, d->name_len) &&
	       nghttp3_check_header_value((const uint8_t *)d->value, d->value_len);
}

int proxy_header(struct upstream *u, unsigned int status)
{
	const struct fields *got = &u->answer.fields;
	struct fields f = {0};
	int rv = -1;

	if (status < 100 || status == 101)
		return -1; /* nobody asked for an upgrade */
	for (size_t i = 0; i < got->n; i++) {
		const struct field *d = &got->v[i];

		if (fields_hop_by_hop(got, d->name))
			continue;
		/*
		 * Without a body there may be no length (RFC 9110, 8.6): clients would
		 * break off.
		 */
		if ((status < 200 || status == 204) && !strcmp(d->name, "content-length"))
			continue;
		if (!valid(d) || fields_add(&f, d->name, d->name_len, d->value, d->value_len))
			goto out;
	}
	if (status < 200)
		rv = h3_inform(u->req, status, &f);
	else if (!fields_put(&f, "via", "1.1 quicd"))
		rv = h3_respond(u->req, status, &f,
				status != 204 && status != 304 && strcmp(u->req->method, "HEAD"));
out:
	fields_free(&f);
	return rv;
}

/* Trailers that may be passed on; the rest is left out, since the answer is complete. */
static void take_trailers(struct upstream *u)
{
	const struct fields *got = &u->answer.fields;

	for (size_t i = 0; i < got->n; i++) {
		const struct field *d = &got->v[i];

		if (fields_in_trailer(got, d->name) && valid(d) &&
		    fields_add(&u->req->out_trailers, d->name, d->name_len, d->value, d->value_len))
			return;
	}
}

void proxy_complete(struct upstream *u)
{
	struct h3_req *r = u->req;

	take_trailers(u);
	r->body_fin = true;
	h3_body_more(r);
	/* The answer came before the whole request: the rest is not wanted (RFC 9114, 4.1). */
	if (!u->request_done)
		h3_discard_input(r);
	upstream_release(u);
}

static int init_worker(struct worker *w, void **state)
{
	const struct h3_conf *conf = w->server->config->mode_conf;

	if (!conf->backends.n)
		return 0;
	*state = upstream_pool_new(w);
	return *state ? 0 : -ENOMEM;
}

const struct h3_handler h3_proxy = {
	.check = check,
	.worker_init = init_worker,
	.worker_free = upstream_pool_free,
	.takes = takes,
	.start = begin,
	.input = input,
	.room = room,
	.cancel = cancel,
};
