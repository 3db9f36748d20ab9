// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mode = http3: between ngtcp2 and nghttp3. The user data of a request's stream, in both
 * libraries, is its struct h3_req, to the stream's end; that of a client's unidirectional
 * stream is its struct h3_conn until its first byte comes.
 */
#include "h3.h"

#include <stdlib.h>
#include <string.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "../server/worker.h"
#include "h3conf.h"
#include "h3req.h"
#include "handler.h"
#include "settings.h"

#define UNI_STREAMS   16 /* a client needs three; some open more, to test us */
#define QPACK_TABLE   4096
#define CONTROL_PIECE 256

_Static_assert(sizeof(nghttp3_vec) == sizeof(ngtcp2_vec), "both are a pointer and a size");

/* Ends the connection with the HTTP/3 error for @rv, an error of nghttp3. */
static int fatal(struct conn *c, int rv)
{
	log_debug("%s: %s", c->peer, nghttp3_strerror(rv));
	ngtcp2_ccerr_set_application_error(&c->error, nghttp3_err_infer_quic_app_error_code(rv),
					   NULL, 0);
	return -1;
}

static int check(struct conn *c, int rv)
{
	return rv ? fatal(c, rv) : 0;
}

static int open_control_streams(struct h3_conn *hc)
{
	ngtcp2_conn *quic = hc->conn->quic;
	int64_t control, encoder, decoder;

	if (ngtcp2_conn_open_uni_stream(quic, &control, NULL) ||
	    ngtcp2_conn_open_uni_stream(quic, &encoder, NULL) ||
	    ngtcp2_conn_open_uni_stream(quic, &decoder, NULL))
		return -1;
	hc->control = control;
	return nghttp3_conn_bind_control_stream(hc->h3, control) ||
			       nghttp3_conn_bind_qpack_streams(hc->h3, encoder, decoder)
		       ? -1
		       : 0;
}

static int start(struct conn *c)
{
	struct h3_conn *hc = calloc(1, sizeof(*hc));
	nghttp3_settings settings;

	if (!hc)
		return -1;
	hc->conn = c;
	hc->peer_control = -1;
	tx_clear(&hc->ahead);
	list_init(&hc->requests);
	list_init(&hc->dirty);
	nghttp3_settings_default(&settings);
	settings.max_field_section_size = FIELDS_BYTES_MAX;
	settings.qpack_max_dtable_capacity = QPACK_TABLE;
	/*
	 * No request waits for the encoder stream: nghttp3 would tell of its faults only as those
	 * of that stream, and a lost packet would hold up all of them.
	 */
	settings.qpack_blocked_streams = 0;
	settings.enable_connect_protocol = 1; /* read, but not offered: settings.h */
	if (nghttp3_conn_server_new(&hc->h3, &h3_callbacks, &settings, NULL, hc)) {
		free(hc);
		return -1;
	}
	hc->max_requests = c->worker->server->config->max_streams;
	nghttp3_conn_set_max_client_streams_bidi(hc->h3, hc->max_requests);
	nghttp3_conn_set_max_concurrent_streams(hc->h3, hc->max_requests);
	c->mode_data = hc;
	if (open_control_streams(hc)) {
		/* The client's limit is below three (RFC 9114, 6.2). */
		fatal(c, NGHTTP3_ERR_H3_STREAM_CREATION_ERROR);
		nghttp3_conn_del(hc->h3);
		free(hc);
		c->mode_data = NULL;
		return -1;
	}
	return 0;
}

static void stop(struct conn *c)
{
	struct h3_conn *hc = c->mode_data;

	while (!list_empty(&hc->requests))
		h3_req_free(container_of(hc->requests.next, struct h3_req, of_conn));
	STAT_ADD(&c->worker->stats, open_streams, -hc->nstreams);
	nghttp3_conn_del(hc->h3);
	free(hc);
	c->mode_data = NULL;
}

static int open_stream(struct conn *c, int64_t id)
{
	struct h3_conn *hc = c->mode_data;
	void *data = hc;

	if (ngtcp2_is_bidi_stream(id)) {
		data = h3_req_new(hc, id);
		if (!data)
			return -1;
		hc->nstreams++;
	}
	return ngtcp2_conn_set_stream_user_data(c->quic, id, data) ? -1 : 0;
}

static void give_credit(struct conn *c, int64_t id, uint64_t len)
{
	ngtcp2_conn_extend_max_stream_offset(c->quic, id, len);
	ngtcp2_conn_extend_max_offset(c->quic, len);
}

/* Gives bytes of a unidirectional stream to nghttp3. */
static int feed(struct conn *c, int64_t id, const uint8_t *data, size_t len, bool fin)
{
	struct h3_conn *hc = c->mode_data;
	nghttp3_ssize n = QUICVER_H3_READ(hc->h3, id, data, len, fin, clock_now());

	if (n < 0)
		return fatal(c, (int)n);
	give_credit(c, id, (uint64_t)n);
	return 0;
}

/* The stream is new, and may be the client's control stream: an integer with the value zero. */
static void maybe_control(struct h3_conn *hc, int64_t id, uint8_t first)
{
	if (hc->peer_control >= 0 || first & 0x3f)
		return;
	hc->peer_control = id;
	hc->peer_settings = (struct settings_reader){0};
}

static int receive_uni(struct conn *c, int64_t id, bool fresh, const uint8_t *data, size_t len,
		       bool fin)
{
	struct h3_conn *hc = c->mode_data;
	struct settings_reader *s = &hc->peer_settings;
	uint8_t piece[CONTROL_PIECE];

	if (fresh && len) {
		ngtcp2_conn_set_stream_user_data(c->quic, id, NULL);
		maybe_control(hc, id, data[0]);
	}
	while (len && id == hc->peer_control && s->at != SETTINGS_END) {
		size_t n = len < sizeof(piece) ? len : sizeof(piece);

		memcpy(piece, data, n);
		settings_never_block(s, piece, n);
		if (s->other)
			hc->peer_control = -1;
		data += n;
		len -= n;
		if (feed(c, id, piece, n, fin && !len))
			return -1;
		if (!len)
			return 0;
	}
	return feed(c, id, data, len, fin);
}

static int receive(struct conn *c, int64_t id, void *stream, const uint8_t *data, size_t len,
		   bool fin)
{
	struct h3_conn *hc = c->mode_data;
	struct h3_req *r = stream;
	uint64_t before;
	size_t good;
	nghttp3_ssize n;

	if (!ngtcp2_is_bidi_stream(id))
		return receive_uni(c, id, stream, data, len, fin);
	hc->reading = r;
	before = r->received;
	good = fieldscan(&r->scan, data, len);
	n = QUICVER_H3_READ(hc->h3, id, data, good, fin && good == len, clock_now());
	if (n >= 0 && good == len) {
		give_credit(c, id, (uint64_t)n);
		return 0;
	}
	/* Without a frame it is incomplete (RFC 9114, 4.1); nghttp3 misses the HEADERS frame. */
	if (n == NGHTTP3_ERR_H3_FRAME_UNEXPECTED && !len && !r->begun)
		return h3_req_fault(r, NGHTTP3_H3_REQUEST_INCOMPLETE);
	if (n < 0 && !QUICVER_H3_OF_STREAM(n))
		return fatal(c, (int)n);
	/* The credit for bytes of the body is given when they have been dealt with. */
	give_credit(c, id, len - (r->received - before));
	if (n >= 0)
		return h3_req_too_large(r);
	log_debug("%s: stream %lld: %s", c->peer, (long long)id, nghttp3_strerror((int)n));
	return h3_req_fault(r, NGHTTP3_H3_MESSAGE_ERROR);
}

/* ngtcp2 tells of acknowledged bytes packet by packet; nghttp3 gets them stream by stream. */
static int tell_acked(struct h3_conn *hc)
{
	struct h3_req *r = hc->ack.req;
	uint64_t len = hc->ack.len;

	if (!len)
		return 0;
	hc->ack.len = 0;
	if (nghttp3_conn_add_ack_offset(hc->h3, hc->ack.id, len))
		return -1;
	if (r)
		h3_req_room(r);
	return 0;
}

static int acked(struct conn *c, int64_t id, void *stream, size_t len)
{
	struct h3_conn *hc = c->mode_data;

	if (hc->ack.id != id && tell_acked(hc))
		return -1;
	hc->ack.id = id;
	hc->ack.req = ngtcp2_is_bidi_stream(id) ? stream : NULL;
	hc->ack.len += len;
	return 0;
}

/*
 * A request that will never be complete is given up, in both directions. If we asked for the
 * reset (STOP_SENDING) or the answer does not need the rest, it continues.
 */
static int reset(struct conn *c, int64_t id, void *stream, uint64_t code)
{
	struct h3_conn *hc = c->mode_data;
	struct h3_req *r = ngtcp2_is_bidi_stream(id) ? stream : NULL;

	(void)code;
	if (r && !r->in_fin && !r->in_stopped && !r->in_discard)
		h3_abort(r, NGHTTP3_H3_REQUEST_CANCELLED);
	return check(c, nghttp3_conn_shutdown_stream_read(hc->h3, id));
}

static int closed(struct conn *c, int64_t id, void *stream, bool has_code, uint64_t code)
{
	struct h3_conn *hc = c->mode_data;
	struct h3_req *r = ngtcp2_is_bidi_stream(id) ? stream : NULL;
	int rv;

	if (tell_acked(hc))
		return -1;
	hc->ack.req = NULL;
	if (r && !r->begun)
		h3_req_free(r);
	rv = nghttp3_conn_close_stream(hc->h3, id, has_code ? code : NGHTTP3_H3_NO_ERROR);
	if (rv && rv != NGHTTP3_ERR_STREAM_NOT_FOUND)
		return fatal(c, rv);
	if (!ngtcp2_is_bidi_stream(id))
		return 0;
	hc->nstreams--;
	/* conncb.c lets the client open another one in its place. */
	nghttp3_conn_set_max_client_streams_bidi(hc->h3, ++hc->max_requests);
	return 0;
}

static int unblocked(struct conn *c, int64_t id, void *stream)
{
	struct h3_conn *hc = c->mode_data;

	(void)stream;
	return check(c, nghttp3_conn_unblock_stream(hc->h3, id));
}

static int flush(struct conn *c)
{
	struct h3_conn *hc = c->mode_data;

	hc->ahead.stream_id = -1;
	if (tell_acked(hc))
		return -1;
	while (!list_empty(&hc->dirty)) {
		struct h3_req *r = container_of(hc->dirty.next, struct h3_req, dirty);

		list_del(&r->dirty);
		if (r->work)
			r->handler->input(r);
	}
	return 0;
}

/* Our SETTINGS are about to be sent. They may lie in several pieces. */
static void hide_connect(struct h3_conn *hc)
{
	const struct tx *a = &hc->ahead;
	uint8_t data[128];
	size_t len = 0, at;

	hc->control = -1;
	for (size_t i = 0; i < a->nvec; i++)
		for (size_t k = 0; k < a->vec[i].len && len < sizeof(data); k++)
			data[len++] = a->vec[i].base[k];
	at = settings_find_connect(data, len);
	if (!at)
		return;
	for (size_t i = 0; i < a->nvec; at -= a->vec[i++].len)
		if (at < a->vec[i].len) {
			a->vec[i].base[at] = SETTINGS_RESERVED;
			return;
		}
}

/* Tells nghttp3 of the bytes that packets have taken since it gave them. */
static int tell_sent(struct conn *c)
{
	struct h3_conn *hc = c->mode_data;
	size_t taken = hc->taken;

	if (!hc->untold)
		return 0;
	hc->untold = false;
	hc->taken = 0;
	return check(c, nghttp3_conn_add_write_offset(hc->h3, hc->taken_of, taken));
}

/*
 * nghttp3 is asked once for bytes that fill many packets, and told once of how many went out.
 * Within a round nothing else changes the streams; flush() begins a new round.
 */
static int next(struct conn *c, struct tx *tx)
{
	struct h3_conn *hc = c->mode_data;
	struct tx *a = &hc->ahead;
	nghttp3_ssize n;
	int fin = 0;

	if (a->stream_id < 0) {
		if (tell_sent(c))
			return -1;
		tx_clear(a);
		n = nghttp3_conn_writev_stream(hc->h3, &a->stream_id, &fin,
					       (nghttp3_vec *)(void *)a->vec, TX_IOV);
		if (n < 0)
			return fatal(c, (int)n);
		a->nvec = (size_t)n;
		a->fin = fin;
		for (size_t i = 0; i < a->nvec; i++)
			a->len += a->vec[i].len;
		if (a->stream_id == hc->control && a->nvec)
			hide_connect(hc);
	}
	tx->stream_id = a->stream_id;
	for (; tx->nvec < a->nvec && (tx->len < tx->want || !a->vec[tx->nvec].len); tx->nvec++) {
		tx->vec[tx->nvec] = a->vec[tx->nvec];
		tx->len += a->vec[tx->nvec].len;
	}
	tx->fin = a->fin && tx->nvec == a->nvec;
	return tx->stream_id >= 0;
}

static int sent(struct conn *c, const struct tx *tx, size_t len)
{
	struct h3_conn *hc = c->mode_data;
	struct tx *a = &hc->ahead;
	size_t whole = 0, left = len;

	while (whole < a->nvec && left >= a->vec[whole].len)
		left -= a->vec[whole++].len;
	if (whole) {
		a->nvec -= whole;
		memmove(a->vec, a->vec + whole, a->nvec * sizeof(a->vec[0]));
	}
	if (left) {
		a->vec[0].base += left;
		a->vec[0].len -= left;
	}
	a->len -= len;
	if (!a->len)
		a->stream_id = -1;
	hc->taken_of = tx->stream_id;
	hc->taken += len;
	hc->untold = true;
	return 0;
}

static int blocked(struct conn *c, const struct tx *tx)
{
	struct h3_conn *hc = c->mode_data;

	if (tell_sent(c))
		return -1;
	hc->ahead.stream_id = -1;
	nghttp3_conn_block_stream(hc->h3, tx->stream_id);
	return 0;
}

/* ngtcp2 1.11 cannot be asked for a stream's user data. */
static struct h3_req *find(struct h3_conn *hc, int64_t id)
{
	for (struct list *l = hc->requests.next; l != &hc->requests; l = l->next) {
		struct h3_req *r = container_of(l, struct h3_req, of_conn);

		if (r->id == id)
			return r;
	}
	return NULL;
}

/* Reset by us, or by ngtcp2 because the client sent STOP_SENDING: nobody will read the answer. */
static int shut(struct conn *c, const struct tx *tx)
{
	struct h3_conn *hc = c->mode_data;
	struct h3_req *r = find(hc, tx->stream_id);

	if (tell_sent(c))
		return -1;
	hc->ahead.stream_id = -1;
	if (r)
		h3_abort(r, NGHTTP3_H3_REQUEST_CANCELLED);
	nghttp3_conn_shutdown_stream_write(hc->h3, tx->stream_id);
	return 0;
}

/* GOAWAY with the greatest ID: a warning (RFC 9114, 5.2). */
static void announce(struct conn *c)
{
	struct h3_conn *hc = c->mode_data;

	nghttp3_conn_submit_shutdown_notice(hc->h3);
}

/* GOAWAY: requests already made are answered; the client makes the next ones elsewhere. */
static void drain(struct conn *c)
{
	struct h3_conn *hc = c->mode_data;

	nghttp3_conn_shutdown(hc->h3);
}

static bool idle(const struct conn *c)
{
	const struct h3_conn *hc = c->mode_data;

	return hc->nrequests == 0;
}

const struct mode mode_http3 = {
	.name = "http3",
	.uni_streams = UNI_STREAMS,
	.tickets = true,
	.gathers = true,
	.access_log = true,
	.access_requests = true,
	.conf = &h3_section,
	.worker_init = h3_worker_init,
	.worker_free = h3_worker_free,
	.start = start,
	/*
	 * SETTINGS go out as soon as possible (RFC 9114, 7.2.4.2), which is with the
	 * server's first flight: Firefox throws away a ticket that arrives before them.
	 */
	.speaks_first = true,
	.stop = stop,
	.open = open_stream,
	.recv = receive,
	.acked = acked,
	.reset = reset,
	.closed = closed,
	.unblocked = unblocked,
	.flush = flush,
	.next = next,
	.sent = sent,
	.blocked = blocked,
	.shut = shut,
	.wrote = tell_sent,
	.announce = announce,
	.drain = drain,
	.idle = idle,
	.no_error = NGHTTP3_H3_NO_ERROR,
};
