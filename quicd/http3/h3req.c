// SPDX-License-Identifier: GPL-2.0-or-later
#include "h3req.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common/log.h"
#include "httpval.h"

static struct chunk_pool *pool_of(const struct h3_req *r)
{
	return &r->hc->conn->worker->pool;
}

static const struct config *config_of(const struct h3_req *r)
{
	return r->hc->conn->worker->server->config;
}

/* A connection has few requests at a time. */
struct h3_req *h3_req_find(struct h3_conn *hc, int64_t id)
{
	for (struct list *l = hc->requests.next; l != &hc->requests; l = l->next) {
		struct h3_req *r = container_of(l, struct h3_req, of_conn);

		if (r->id == id)
			return r;
	}
	return NULL;
}

void h3_req_free(struct h3_req *r)
{
	if (r->up)
		proxy_cancel(r);
	if (r->file)
		static_free(r);
	if (r->in.len && r->hc->conn->quic)
		ngtcp2_conn_extend_max_offset(r->hc->conn->quic, r->in.len);
	chunkq_clear(&r->in, pool_of(r));
	chunkq_clear(&r->body, pool_of(r));
	fields_free(&r->fields);
	fields_free(&r->trailers);
	fields_free(&r->out_trailers);
	free(r->method);
	free(r->scheme);
	free(r->authority);
	free(r->path);
	list_del(&r->of_conn);
	r->hc->nrequests--;
	free(r);
}

void h3_req_room(struct h3_req *r)
{
	if (r->up)
		proxy_room(r);
	if (r->body_waiting && r->file)
		h3_body_more(r);
}

void h3_consumed(struct h3_req *r, size_t len)
{
	struct conn *c = r->hc->conn;

	if (!len)
		return;
	ngtcp2_conn_extend_max_stream_offset(c->quic, r->id, len);
	ngtcp2_conn_extend_max_offset(c->quic, len);
	conn_touch(c);
}

void h3_discard_input(struct h3_req *r)
{
	struct conn *c = r->hc->conn;

	if (r->in_discard)
		return;
	r->in_discard = true;
	if (r->in.len)
		ngtcp2_conn_extend_max_offset(c->quic, r->in.len);
	chunkq_clear(&r->in, pool_of(r));
	/* Where no body is due the end is only on its way. */
	if (!r->in_fin && r->method && strcmp(r->method, "GET") && strcmp(r->method, "HEAD")) {
		ngtcp2_conn_shutdown_stream_read(c->quic, 0, r->id, NGHTTP3_H3_NO_ERROR);
		conn_touch(c);
	}
}

void h3_abort(struct h3_req *r, uint64_t code)
{
	struct conn *c = r->hc->conn;

	h3_discard_input(r);
	ngtcp2_conn_shutdown_stream_write(c->quic, 0, r->id, code);
	nghttp3_conn_shutdown_stream_write(r->hc->h3, r->id);
	conn_touch(c);
}

void h3_body_more(struct h3_req *r)
{
	if (r->body_waiting) {
		r->body_waiting = false;
		nghttp3_conn_resume_stream(r->hc->h3, r->id);
	}
	conn_touch(r->hc->conn);
}

static nghttp3_nv make_nv(const char *name, size_t name_len, const char *value, size_t value_len)
{
	return (nghttp3_nv){
		.name = (uint8_t *)name,
		.value = (uint8_t *)value,
		.namelen = name_len,
		.valuelen = value_len,
	};
}

static size_t make_nvs(nghttp3_nv *nv, const struct fields *f)
{
	for (size_t i = 0; f && i < f->n; i++)
		nv[i] = make_nv(f->v[i].name, f->v[i].name_len, f->v[i].value, f->v[i].value_len);
	return f ? f->n : 0;
}

static int submit_trailers(struct h3_req *r)
{
	nghttp3_nv nv[FIELDS_MAX];
	size_t n = make_nvs(nv, &r->out_trailers);

	return nghttp3_conn_submit_trailers(r->hc->h3, r->id, nv, n);
}

/* nghttp3 asks for body bytes; they stay in r->body until acknowledged. */
static nghttp3_ssize read_data_cb(nghttp3_conn *h3, int64_t id, nghttp3_vec *vec, size_t max,
				  uint32_t *flags, void *user, void *stream)
{
	struct h3_req *r = stream;
	struct iovec iov[16];
	size_t n;

	(void)h3;
	(void)id;
	(void)user;
	if (r->file)
		static_fill(r);
	n = chunkq_peek_unsent(&r->body, iov, max < 16 ? max : 16);
	for (size_t i = 0; i < n; i++) {
		vec[i].base = iov[i].iov_base;
		vec[i].len = iov[i].iov_len;
		chunkq_sent(&r->body, iov[i].iov_len);
	}
	if (r->body_fin && !r->body.unsent) {
		*flags |= NGHTTP3_DATA_FLAG_EOF;
		if (r->out_trailers.n) {
			*flags |= NGHTTP3_DATA_FLAG_NO_END_STREAM;
			if (submit_trailers(r))
				return NGHTTP3_ERR_CALLBACK_FAILURE;
		}
	} else if (!n) {
		r->body_waiting = true;
		return NGHTTP3_ERR_WOULDBLOCK;
	}
	return (nghttp3_ssize)n;
}

int h3_inform(struct h3_req *r, unsigned int status, const struct fields *f)
{
	nghttp3_nv nv[FIELDS_MAX + 1];
	char text[4];

	snprintf(text, sizeof(text), "%03u", status % 1000);
	nv[0] = make_nv(":status", 7, text, 3);
	conn_touch(r->hc->conn);
	return nghttp3_conn_submit_info(r->hc->h3, r->id, nv, 1 + make_nvs(nv + 1, f)) ? -1 : 0;
}

int h3_respond(struct h3_req *r, unsigned int status, const struct fields *f, bool has_body)
{
	static const nghttp3_data_reader reader = {.read_data = read_data_cb};
	nghttp3_nv nv[FIELDS_MAX + 3];
	char text[4], date[HTTP_DATE_LEN];
	size_t n = 1;

	snprintf(text, sizeof(text), "%03u", status % 1000);
	nv[0] = make_nv(":status", 7, text, 3);
	n += make_nvs(nv + n, f);
	if (!f || !fields_get(f, "date")) {
		http_date(time(NULL), date);
		nv[n++] = make_nv("date", 4, date, strlen(date));
	}
	if (!f || !fields_get(f, "server"))
		nv[n++] = make_nv("server", 6, "quicd", 5);
	r->responded = true;
	log_debug("%s: stream %lld: %s %s %s: %u", r->hc->conn->peer, (long long)r->id,
		  r->method ? r->method : "-", r->authority ? r->authority : "-",
		  r->path ? r->path : "-", status);
	conn_touch(r->hc->conn);
	return nghttp3_conn_submit_response(r->hc->h3, r->id, nv, n, has_body ? &reader : NULL) ? -1
												: 0;
}

static const char *reason(unsigned int status)
{
	static const struct {
		unsigned int status;
		const char *text;
	} reasons[] = {
		{301, "Moved Permanently"},
		{400, "Bad Request"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{414, "URI Too Long"},
		{416, "Range Not Satisfiable"},
		{425, "Too Early"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Error";
}

int h3_error(struct h3_req *r, unsigned int status, const struct fields *f)
{
	bool head = r->method && !strcmp(r->method, "HEAD");
	struct fields all = {0};
	char text[64], length[8];
	int n = snprintf(text, sizeof(text), "%u %s\n", status, reason(status)), rv = -1;

	snprintf(length, sizeof(length), "%d", n);
	for (size_t i = 0; f && i < f->n; i++)
		if (fields_add(&all, f->v[i].name, f->v[i].name_len, f->v[i].value,
			       f->v[i].value_len))
			goto out;
	if (fields_add(&all, "content-type", 12, "text/plain; charset=utf-8", 25) ||
	    fields_add(&all, "content-length", 14, length, strlen(length)))
		goto out;
	if (!head && chunkq_append(&r->body, pool_of(r), text, (size_t)n))
		goto out;
	r->body_fin = true;
	h3_discard_input(r);
	rv = h3_respond(r, status, &all, !head);
out:
	fields_free(&all);
	return rv;
}

/* All header fields are there: who answers? */
static int dispatch(struct h3_req *r)
{
	const struct config *c = config_of(r);
	bool safe;

	if (r->too_big)
		return h3_error(r, 431, NULL);
	/* nghttp3 saw to it that they are there, but for CONNECT. */
	if (!r->method || !http_is_token(r->method) || !strcmp(r->method, "CONNECT"))
		return h3_error(r, r->method ? 501 : 400, NULL);
	if (!r->path || !http_is_visible(r->path) || (r->path[0] != '/' && strcmp(r->path, "*")) ||
	    (r->authority && !http_is_visible(r->authority)))
		return h3_error(r, 400, NULL);
	/* A replayed request must not change anything (RFC 8470, 5.2). */
	safe = !strcmp(r->method, "GET") || !strcmp(r->method, "HEAD") ||
	       !strcmp(r->method, "OPTIONS");
	if (r->early && !safe)
		return h3_error(r, 425, NULL);
	if (c->upstream &&
	    (!c->root || !strncmp(r->path, c->upstream_path, strlen(c->upstream_path))))
		return proxy_start(r);
	return static_start(r);
}

static int begin_headers_cb(nghttp3_conn *h3, int64_t id, void *user, void *stream)
{
	struct h3_conn *hc = user;
	struct h3_req *r = calloc(1, sizeof(*r));

	(void)stream;
	if (!r)
		return NGHTTP3_ERR_CALLBACK_FAILURE;
	r->hc = hc;
	r->id = id;
	r->early = hc->conn->state == CONN_HANDSHAKE;
	list_add_tail(&hc->requests, &r->of_conn);
	hc->nrequests++;
	return nghttp3_conn_set_stream_user_data(h3, id, r);
}

static int keep(char **to, nghttp3_vec v)
{
	*to = strndup((const char *)v.base, v.len);
	return *to ? 0 : NGHTTP3_ERR_CALLBACK_FAILURE;
}

static int add_field(struct h3_req *r, struct fields *f, nghttp3_vec n, nghttp3_vec v)
{
	int err = fields_add(f, (const char *)n.base, n.len, (const char *)v.base, v.len);

	if (err == -E2BIG)
		r->too_big = true;
	return err == -ENOMEM ? NGHTTP3_ERR_CALLBACK_FAILURE : 0;
}

static int recv_header_cb(nghttp3_conn *h3, int64_t id, int32_t token, nghttp3_rcbuf *name,
			  nghttp3_rcbuf *value, uint8_t flags, void *user, void *stream)
{
	struct h3_req *r = stream;
	nghttp3_vec v = nghttp3_rcbuf_get_buf(value);

	(void)h3;
	(void)id;
	(void)flags;
	(void)user;
	switch (token) {
	case NGHTTP3_QPACK_TOKEN__METHOD:
		return keep(&r->method, v);
	case NGHTTP3_QPACK_TOKEN__SCHEME:
		return keep(&r->scheme, v);
	case NGHTTP3_QPACK_TOKEN__AUTHORITY:
		return keep(&r->authority, v);
	case NGHTTP3_QPACK_TOKEN__PATH:
		return keep(&r->path, v);
	}
	return add_field(r, &r->fields, nghttp3_rcbuf_get_buf(name), v);
}

static int recv_trailer_cb(nghttp3_conn *h3, int64_t id, int32_t token, nghttp3_rcbuf *name,
			   nghttp3_rcbuf *value, uint8_t flags, void *user, void *stream)
{
	struct h3_req *r = stream;

	(void)h3;
	(void)id;
	(void)token;
	(void)flags;
	(void)user;
	/* Trailers beyond the limit are left out: the request itself has been answered. */
	return add_field(r, &r->trailers, nghttp3_rcbuf_get_buf(name),
			 nghttp3_rcbuf_get_buf(value));
}

static int end_headers_cb(nghttp3_conn *h3, int64_t id, int fin, void *user, void *stream)
{
	struct h3_req *r = stream;

	(void)h3;
	(void)id;
	(void)user;
	r->in_fin = fin;
	return dispatch(r) ? NGHTTP3_ERR_CALLBACK_FAILURE : 0;
}

static int recv_data_cb(nghttp3_conn *h3, int64_t id, const uint8_t *data, size_t len, void *user,
			void *stream)
{
	struct h3_req *r = stream;

	(void)h3;
	(void)id;
	(void)user;
	if (r->in_discard || !r->up) {
		h3_consumed(r, len);
		return 0;
	}
	if (chunkq_append(&r->in, pool_of(r), data, len))
		return NGHTTP3_ERR_CALLBACK_FAILURE;
	proxy_input(r);
	return 0;
}

static int deferred_consume_cb(nghttp3_conn *h3, int64_t id, size_t len, void *user, void *stream)
{
	struct h3_conn *hc = user;

	(void)h3;
	(void)stream;
	ngtcp2_conn_extend_max_stream_offset(hc->conn->quic, id, len);
	ngtcp2_conn_extend_max_offset(hc->conn->quic, len);
	return 0;
}

static int end_stream_cb(nghttp3_conn *h3, int64_t id, void *user, void *stream)
{
	struct h3_req *r = stream;

	(void)h3;
	(void)id;
	(void)user;
	if (!r || r->in_fin)
		return 0;
	r->in_fin = true;
	if (r->up)
		proxy_input(r);
	return 0;
}

static int acked_data_cb(nghttp3_conn *h3, int64_t id, uint64_t len, void *user, void *stream)
{
	struct h3_req *r = stream;

	(void)h3;
	(void)id;
	(void)user;
	if (r)
		chunkq_drop(&r->body, pool_of(r), (size_t)len);
	return 0;
}

static int stream_close_cb(nghttp3_conn *h3, int64_t id, uint64_t code, void *user, void *stream)
{
	(void)h3;
	(void)id;
	(void)code;
	(void)user;
	if (stream)
		h3_req_free(stream);
	return 0;
}

/* nghttp3 found the request malformed. */
static int stop_sending_cb(nghttp3_conn *h3, int64_t id, uint64_t code, void *user, void *stream)
{
	struct h3_conn *hc = user;

	(void)h3;
	(void)stream;
	ngtcp2_conn_shutdown_stream_read(hc->conn->quic, 0, id, code);
	return 0;
}

static int reset_stream_cb(nghttp3_conn *h3, int64_t id, uint64_t code, void *user, void *stream)
{
	struct h3_conn *hc = user;

	(void)h3;
	(void)stream;
	ngtcp2_conn_shutdown_stream_write(hc->conn->quic, 0, id, code);
	return 0;
}

const nghttp3_callbacks h3_callbacks = {
	.acked_stream_data = acked_data_cb,
	.stream_close = stream_close_cb,
	.recv_data = recv_data_cb,
	.deferred_consume = deferred_consume_cb,
	.begin_headers = begin_headers_cb,
	.recv_header = recv_header_cb,
	.end_headers = end_headers_cb,
	.recv_trailer = recv_trailer_cb,
	.stop_sending = stop_sending_cb,
	.end_stream = end_stream_cb,
	.reset_stream = reset_stream_cb,
};
