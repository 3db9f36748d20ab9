// SPDX-License-Identifier: GPL-2.0-or-later
/* mode = echo: a stream's bytes come back on it. Credit returns as the client acknowledges. */
#include <stdlib.h>

#include "../server/codes.h"
#include "../server/conn.h"
#include "sendq.h"

struct echo_stream {
	struct send_stream tx; /* first: the stream's user data (sendq.h) */
	struct list of_conn;
};

static int echo_start(struct conn *c)
{
	struct list *streams = malloc(sizeof(*streams));

	if (!streams)
		return -1;
	list_init(streams);
	c->mode_data = streams;
	return 0;
}

static void echo_free(struct conn *c, struct echo_stream *s)
{
	list_del(&s->of_conn);
	sendq_free(&s->tx, c);
	free(s);
}

static void echo_stop(struct conn *c)
{
	struct list *streams = c->mode_data;

	while (!list_empty(streams)) {
		STAT_DEC(&c->worker->stats, open_streams);
		echo_free(c, container_of(streams->next, struct echo_stream, of_conn));
	}
	free(streams);
	c->mode_data = NULL;
}

static int echo_open(struct conn *c, int64_t id)
{
	struct echo_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	if (ngtcp2_conn_set_stream_user_data(c->quic, id, s)) {
		free(s);
		return -1;
	}
	sendq_init(&s->tx, id);
	list_add_tail(c->mode_data, &s->of_conn);
	return 0;
}

static int echo_recv(struct conn *c, int64_t id, void *stream, const uint8_t *data, size_t len,
		     bool fin)
{
	struct echo_stream *s = stream;

	(void)id;
	if (!s || s->tx.shut) {
		ngtcp2_conn_extend_max_offset(c->quic, len);
		return 0;
	}
	if (len && chunkq_append(&s->tx.q, &c->worker->pool, data, len))
		return -1;
	s->tx.fin |= fin;
	sendq_ready(&s->tx, c);
	return 0;
}

static int echo_acked(struct conn *c, int64_t id, void *stream, size_t len)
{
	struct echo_stream *s = stream;

	if (!s || s->tx.shut)
		return 0;
	chunkq_drop(&s->tx.q, &c->worker->pool, len);
	ngtcp2_conn_extend_max_stream_offset(c->quic, id, len);
	ngtcp2_conn_extend_max_offset(c->quic, len);
	return 0;
}

/* Nothing more will be echoed: give back the credit of the bytes that were not. */
static void echo_end(struct conn *c, struct echo_stream *s)
{
	if (s->tx.shut)
		return;
	s->tx.shut = true;
	list_del(&s->tx.ready);
	ngtcp2_conn_extend_max_offset(c->quic, s->tx.q.len);
}

static int echo_reset(struct conn *c, int64_t id, void *stream, uint64_t code)
{
	struct echo_stream *s = stream;

	if (!s)
		return 0;
	echo_end(c, s);
	ngtcp2_conn_shutdown_stream_write(c->quic, 0, id, code);
	conn_touch(c);
	return 0;
}

static int echo_shut(struct conn *c, const struct tx *tx)
{
	echo_end(c, tx->stream);
	ngtcp2_conn_shutdown_stream_read(c->quic, 0, tx->stream_id, QUICD_NO_ERROR);
	return 0;
}

static int echo_closed(struct conn *c, int64_t id, void *stream, bool has_code, uint64_t code)
{
	(void)id;
	(void)has_code;
	(void)code;
	if (stream)
		echo_free(c, stream);
	return 0;
}

static int echo_flush(struct conn *c)
{
	(void)c;
	return 0;
}

static bool echo_idle(const struct conn *c)
{
	return list_empty(c->mode_data);
}

const struct mode mode_echo = {
	.name = "echo",
	.start = echo_start,
	.stop = echo_stop,
	.open = echo_open,
	.recv = echo_recv,
	.acked = echo_acked,
	.reset = echo_reset,
	.closed = echo_closed,
	.unblocked = sendq_unblocked,
	.flush = echo_flush,
	.next = sendq_next,
	.sent = sendq_sent,
	.blocked = sendq_blocked,
	.shut = echo_shut,
	.idle = echo_idle,
};
