// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests: their header, the choice of a handler, their body, their end. */
#include "h3req.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "../common/clock.h"
#include "h3log.h"
#include "handler.h"
#include "httpval.h"

/* An unwanted body is read up to this size, so that a short one needs no STOP_SENDING. */
#define DISCARD_MAX 65536

static struct chunk_pool *pool_of(const struct h3_req *r)
{
	return &r->hc->conn->worker->pool;
}

struct h3_req *h3_req_new(struct h3_conn *hc, int64_t id)
{
	struct h3_req *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->hc = hc;
	r->id = id;
	r->length = -1;
	list_init(&r->dirty);
	list_add_tail(&hc->requests, &r->of_conn);
	return r;
}

void h3_req_free(struct h3_req *r)
{
	if (r->begun)
		h3_log(r);
	if (r->work)
		r->handler->cancel(r);
	if (r->in.len && r->hc->conn->quic)
		ngtcp2_conn_extend_max_offset(r->hc->conn->quic, r->in.len);
	chunkq_clear(&r->in, pool_of(r));
	chunkq_clear(&r->body, pool_of(r));
	fields_free(&r->fields);
	fields_free(&r->trailers);
	fields_free(&r->out_trailers);
	list_del(&r->of_conn);
	list_del(&r->dirty);
	r->hc->nrequests -= r->begun;
	free(r);
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

static void stop_input(struct h3_req *r, uint64_t code)
{
	if (r->in_fin || r->in_stopped)
		return;
	r->in_stopped = true;
	ngtcp2_conn_shutdown_stream_read(r->hc->conn->quic, 0, r->id, code);
	conn_touch(r->hc->conn);
}

void h3_discard_input(struct h3_req *r)
{
	size_t len = r->in.len;

	if (r->in_discard)
		return;
	r->in_discard = true;
	chunkq_clear(&r->in, pool_of(r));
	h3_consumed(r, len);
	/* Do not wait for a body that is announced as longer (RFC 9114, 4.1). */
	if (r->length > DISCARD_MAX)
		stop_input(r, NGHTTP3_H3_NO_ERROR);
}

void h3_abort(struct h3_req *r, uint64_t code)
{
	struct conn *c = r->hc->conn;

	if (r->aborted)
		return;
	r->aborted = true;
	r->code = code;
	if (r->work)
		r->handler->cancel(r);
	h3_discard_input(r);
	stop_input(r, code);
	ngtcp2_conn_shutdown_stream_write(c->quic, 0, r->id, code);
	nghttp3_conn_shutdown_stream_write(r->hc->h3, r->id);
	conn_touch(c);
}

int h3_req_too_large(struct h3_req *r)
{
	int rv;

	/* Trailers: the request has been counted, and somebody may be at work on it. */
	if (r->handler || r->responded || r->deferred)
		return h3_req_fault(r, NGHTTP3_H3_EXCESSIVE_LOAD);
	if (nghttp3_conn_shutdown_stream_read(r->hc->h3, r->id))
		return -1;
	STAT_INC(&r->hc->conn->worker->stats, http_requests);
	rv = h3_error(r, 431, NULL);
	stop_input(r, NGHTTP3_H3_NO_ERROR);
	return rv;
}

int h3_req_fault(struct h3_req *r, uint64_t code)
{
	if (nghttp3_conn_shutdown_stream_read(r->hc->h3, r->id))
		return -1;
	/* The answer did not need the rest: a client that breaks off its body may want it. */
	if (r->responded && r->in_discard)
		stop_input(r, NGHTTP3_H3_NO_ERROR);
	else
		h3_abort(r, code);
	return 0;
}

/*
 * The request line and Host of HTTP/1.1 are made of these. nghttp3 has checked that they are
 * present, except for CONNECT. Returns a status, or 0 if they may pass.
 */
static unsigned int check_pseudo(const struct h3_req *r)
{
	const struct field *host = fields_get(&r->fields, "host");

	if (!r->method || !http_is_token(r->method))
		return 400;
	if (!strcmp(r->method, "CONNECT"))
		return 501;
	if (!r->scheme || (strcmp(r->scheme, "https") && strcmp(r->scheme, "http")))
		return 400;
	/* A fragment is no part of it; to some servers the path would end there. */
	if (!r->path || !http_is_visible(r->path) || strchr(r->path, '#'))
		return 400;
	if (r->path[0] != '/' && (strcmp(r->path, "*") || strcmp(r->method, "OPTIONS")))
		return 400;
	if (!r->authority && !host)
		return 400;
	/* Two names for one host: which one counts would be anyone's guess. */
	if (r->authority && host && strcmp(r->authority, host->value))
		return 400;
	return http_is_authority(r->authority ? r->authority : host->value) ? 0 : 400;
}

static int start(struct h3_req *r)
{
	r->deferred = false;
	h3_choose(r);
	return r->handler->start(r);
}

/* The handler waits for the request body. */
static bool input_wanted(const struct h3_req *r)
{
	return r->work && r->handler->input;
}

static bool one_of(const char *method, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(method, *list))
			return true;
	return false;
}

/* All header fields are there: who answers? */
static int dispatch(struct h3_req *r)
{
	static const char *const safe[] = {"GET", "HEAD", "OPTIONS", NULL};
	static const char *const bodiless[] = {"GET", "HEAD", "OPTIONS", "DELETE", "TRACE", NULL};
	const struct field *length = fields_get(&r->fields, "content-length");
	unsigned int status;

	STAT_INC(&r->hc->conn->worker->stats, http_requests);
	r->length = length ? http_length(length->value) : -1;
	if (r->too_big)
		return h3_error(r, 431, NULL);
	status = length && r->length < 0 ? 400 : check_pseudo(r);
	if (status)
		return h3_error(r, status, NULL);
	/* A replayed request must not change anything (RFC 8470, 5.2). */
	if (r->early && !one_of(r->method, safe))
		return h3_error(r, 425, NULL);
	if (r->in_fin && r->length > 0) {
		h3_abort(r, NGHTTP3_H3_MESSAGE_ERROR);
		return 0;
	}
	/*
	 * The end of a request without a body may come in a packet of its own. Wait for it,
	 * or the upstream would be promised a body, which would then be empty.
	 */
	r->deferred = !r->in_fin && r->length < 0 && one_of(r->method, bodiless);
	return r->deferred ? 0 : start(r);
}

static int begin_headers_cb(nghttp3_conn *h3, int64_t id, void *user, void *stream)
{
	struct h3_conn *hc = user;
	struct h3_req *r = hc->reading;

	(void)stream;
	r->begun = true;
	r->begin = clock_now();
	r->early = hc->conn->state == CONN_HANDSHAKE;
	hc->nrequests++;
	return nghttp3_conn_set_stream_user_data(h3, id, r);
}

static int keep(struct h3_req *r, char **to, nghttp3_vec v)
{
	*to = fields_keep(&r->fields, (const char *)v.base, v.len);
	return *to ? 0 : NGHTTP3_ERR_CALLBACK_FAILURE;
}

static int add_field(struct h3_req *r, struct fields *f, nghttp3_vec n, nghttp3_vec v)
{
	/* A Huffman code of fewer octets may have come past fieldscan(). */
	int err = n.len > FIELD_NAME_MAX
			  ? -E2BIG
			  : fields_add(f, (const char *)n.base, n.len, (const char *)v.base, v.len);

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
	case NGHTTP3_QPACK_TOKEN__PROTOCOL:
		return 0; /* only with CONNECT, which is refused */
	case NGHTTP3_QPACK_TOKEN__METHOD:
		return keep(r, &r->method, v);
	case NGHTTP3_QPACK_TOKEN__SCHEME:
		return keep(r, &r->scheme, v);
	case NGHTTP3_QPACK_TOKEN__AUTHORITY:
		return keep(r, &r->authority, v);
	case NGHTTP3_QPACK_TOKEN__PATH:
		return keep(r, &r->path, v);
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

/* The body is passed on after the batch of datagrams: in large pieces, not one per packet. */
static void hand_on(struct h3_req *r)
{
	if (input_wanted(r) && !list_linked(&r->dirty))
		list_add_tail(&r->hc->dirty, &r->dirty);
}

static int recv_data_cb(nghttp3_conn *h3, int64_t id, const uint8_t *data, size_t len, void *user,
			void *stream)
{
	struct h3_req *r = stream;

	(void)h3;
	(void)id;
	(void)user;
	r->received += len;
	if (r->deferred && start(r))
		return NGHTTP3_ERR_CALLBACK_FAILURE;
	if (r->in_discard || !input_wanted(r)) {
		h3_consumed(r, len);
		r->discarded += len;
		if (r->discarded > DISCARD_MAX)
			stop_input(r, NGHTTP3_H3_NO_ERROR);
		return 0;
	}
	if (chunkq_append(&r->in, pool_of(r), data, len))
		return NGHTTP3_ERR_CALLBACK_FAILURE;
	hand_on(r);
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
	if (r->deferred)
		return start(r) ? NGHTTP3_ERR_CALLBACK_FAILURE : 0;
	hand_on(r);
	return 0;
}

static int acked_data_cb(nghttp3_conn *h3, int64_t id, uint64_t len, void *user, void *stream)
{
	struct h3_req *r = stream;

	(void)h3;
	(void)id;
	(void)user;
	if (r) {
		r->acked += len;
		chunkq_drop(&r->body, pool_of(r), (size_t)len);
	}
	return 0;
}

static int stream_close_cb(nghttp3_conn *h3, int64_t id, uint64_t code, void *user, void *stream)
{
	struct h3_req *r = stream;

	(void)h3;
	(void)id;
	(void)user;
	if (!r)
		return 0;
	r->ended = true;
	if (!r->code && code != NGHTTP3_H3_NO_ERROR)
		r->code = code;
	h3_req_free(r);
	return 0;
}

/*
 * nghttp3 found the request malformed, or it came after our GOAWAY, or the stream's type is
 * unknown.
 */
static int stop_sending_cb(nghttp3_conn *h3, int64_t id, uint64_t code, void *user, void *stream)
{
	struct h3_conn *hc = user;

	(void)h3;
	if (stream)
		h3_abort(stream, code);
	else
		ngtcp2_conn_shutdown_stream_read(hc->conn->quic, 0, id, code);
	return 0;
}

static int reset_stream_cb(nghttp3_conn *h3, int64_t id, uint64_t code, void *user, void *stream)
{
	struct h3_conn *hc = user;

	(void)h3;
	if (stream)
		h3_abort(stream, code);
	else
		ngtcp2_conn_shutdown_stream_write(hc->conn->quic, 0, id, code);
	return 0;
}

__attribute__((unused)) static void rand_cb(uint8_t *dest, size_t len)
{
	if (gnutls_rnd(GNUTLS_RND_NONCE, dest, len))
		__builtin_trap(); /* no randomness, no QUIC */
}

const nghttp3_callbacks h3_callbacks = {.acked_stream_data = acked_data_cb,
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
					QUICVER_H3_RAND(rand_cb)};
