// SPDX-License-Identifier: GPL-2.0-or-later
#include "sendq.h"

#include "../server/conn.h"

_Static_assert(sizeof(ngtcp2_vec) == sizeof(struct iovec), "both are a pointer and a size");

void sendq_init(struct send_stream *s, int64_t id)
{
	*s = (struct send_stream){.id = id};
	list_init(&s->ready);
}

void sendq_free(struct send_stream *s, struct conn *c)
{
	list_del(&s->ready);
	chunkq_clear(&s->q, &c->worker->pool);
}

static bool has_work(const struct send_stream *s)
{
	return !s->shut && !s->blocked && (s->q.unsent || (s->fin && !s->fin_sent));
}

void sendq_ready(struct send_stream *s, struct conn *c)
{
	if (!has_work(s))
		return;
	if (!list_linked(&s->ready))
		list_add_tail(&c->sendq, &s->ready);
	conn_touch(c);
}

int sendq_next(struct conn *c, struct tx *tx)
{
	struct iovec iov[TX_IOV];
	struct send_stream *s;

	if (list_empty(&c->sendq))
		return 0;
	s = container_of(c->sendq.next, struct send_stream, ready);
	tx->nvec = chunkq_peek_unsent(&s->q, iov, TX_IOV);
	tx->len = 0;
	for (size_t i = 0; i < tx->nvec; i++) {
		tx->vec[i].base = iov[i].iov_base;
		tx->vec[i].len = iov[i].iov_len;
		tx->len += iov[i].iov_len;
	}
	tx->stream_id = s->id;
	tx->stream = s;
	tx->fin = s->fin && tx->len == s->q.unsent;
	return 1;
}

int sendq_sent(struct conn *c, const struct tx *tx, size_t len)
{
	struct send_stream *s = tx->stream;

	if (!s)
		return 0;
	chunkq_sent(&s->q, len);
	if (tx->fin && len == tx->len)
		s->fin_sent = true;
	/* To the end of the queue, so that the streams take turns by packets. */
	list_del(&s->ready);
	if (has_work(s))
		list_add_tail(&c->sendq, &s->ready);
	return 0;
}

int sendq_blocked(struct conn *c, const struct tx *tx)
{
	struct send_stream *s = tx->stream;

	(void)c;
	s->blocked = true;
	list_del(&s->ready);
	return 0;
}

int sendq_shut(struct conn *c, const struct tx *tx)
{
	struct send_stream *s = tx->stream;

	(void)c;
	s->shut = true;
	list_del(&s->ready);
	return 0;
}

int sendq_unblocked(struct conn *c, int64_t id, void *stream)
{
	struct send_stream *s = stream;

	(void)id;
	if (!s)
		return 0;
	s->blocked = false;
	sendq_ready(s, c);
	return 0;
}
