// SPDX-License-Identifier: GPL-2.0-or-later
/* From a mode's bytes to packets, from packets to trains of datagrams. */
#include "connwrite.h"

#include <string.h>

#include "../common/clock.h"
#include "conn.h"
#include "early.h"

/* Most bytes of padding in a packet that another one follows, with the frames' own bytes. */
#define PAD_MAX 256

/*
 * Writes one packet into @buf. Returns its length, 0 when there is nothing to send, or an error.
 * @left: the mode has bytes that may not be sent yet.
 */
static ngtcp2_ssize write_packet(struct conn *c, ngtcp2_path_storage *ps, ngtcp2_pkt_info *pi,
				 uint8_t *buf, size_t len, uint64_t now, bool *left)
{
	bool more = true;
	size_t path_max = ngtcp2_conn_get_path_max_tx_udp_payload_size(c->quic);
	size_t in = 0; /* bytes of streams in the packet */

	for (;;) {
		ngtcp2_ssize n, taken = -1;
		uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
		struct tx tx;
		int rv = 0;

		tx_clear(&tx);
		tx.want = len;
		if (more && c->started)
			rv = c->mode->next(c, &tx);
		if (rv < 0)
			return NGTCP2_ERR_CALLBACK_FAILURE;
		*left = rv || !more;
		if (tx.fin)
			flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
		/*
		 * ngtcp2 makes no frame of what little room is left, and a short packet would end
		 * the train.
		 */
		if (tx.len && in + PAD_MAX >= path_max)
			flags |= QUICVER_PADDING;
		n = ngtcp2_conn_writev_stream(c->quic, &ps->path, pi, buf, len, &taken, flags,
					      tx.stream_id, tx.vec, tx.nvec, now);
		switch (n) {
		case NGTCP2_ERR_STREAM_DATA_BLOCKED:
			/* The connection's credit is used up: every stream waits, none is at fault.
			 */
			if (!ngtcp2_conn_get_max_data_left(c->quic))
				more = false;
			else if (c->mode->blocked(c, &tx))
				return NGTCP2_ERR_CALLBACK_FAILURE;
			continue;
		case NGTCP2_ERR_STREAM_SHUT_WR:
		case NGTCP2_ERR_STREAM_NOT_FOUND:
			if (c->mode->shut(c, &tx))
				return NGTCP2_ERR_CALLBACK_FAILURE;
			continue;
		case NGTCP2_ERR_WRITE_MORE:
			if (c->mode->sent(c, &tx, (size_t)taken))
				return NGTCP2_ERR_CALLBACK_FAILURE;
			in += (size_t)taken;
			continue;
		}
		if (n >= 0 && taken >= 0 && c->mode->sent(c, &tx, (size_t)taken))
			return NGTCP2_ERR_CALLBACK_FAILURE;
		return n;
	}
}

static struct endpoint *path_endpoint(const ngtcp2_path *p, struct endpoint *otherwise)
{
	return p->user_data ? p->user_data : otherwise;
}

/* Sends @count datagrams of @segment bytes, the last one perhaps shorter: @len bytes together. */
static void send_train(struct conn *c, const ngtcp2_path *p, uint8_t ecn, size_t len,
		       size_t segment, size_t count)
{
	const union addr *remote = conn_remote(c, p);
	struct worker *w = c->worker;

	STAT_ADD(&w->stats, tx_datagrams, count);
	STAT_INC(&w->stats, tx_trains);
	STAT_ADD(&w->stats, tx_bytes, len);
	endpoint_send(path_endpoint(p, c->ep), (union addr *)p->local.addr, remote, ecn, w->txbuf,
		      len, segment);
	early_sent(c, remote, len);
}

int conn_write(struct conn *c)
{
	struct worker *w = c->worker;
	size_t max = ngtcp2_conn_get_max_tx_udp_payload_size(c->quic);
	size_t path_max = ngtcp2_conn_get_path_max_tx_udp_payload_size(c->quic);
	size_t quantum = ngtcp2_conn_get_send_quantum(c->quic);
	size_t room = early_room(c, conn_remote(c, ngtcp2_conn_get_path(c->quic)));
	size_t total = 0, off = 0, segment = 0, count = 0;
	bool left = true;
	ngtcp2_path_storage ps, train_ps;
	ngtcp2_pkt_info pi = {0}, train_pi = {0};
	uint64_t now = clock_now();

	ngtcp2_path_storage_zero(&ps);
	ngtcp2_path_storage_zero(&train_ps);
	for (;;) {
		struct endpoint *ep = path_endpoint(&train_ps.path, c->ep);
		ngtcp2_ssize n = 0;
		bool fits;

		/*
		 * Only whole packets within the quantum: the rest of it would be a train of its
		 * own. A packet that does not fit the train as the next one ends it.
		 */
		if ((!total || total + path_max <= quantum) && room >= EARLY_ROOM_MIN &&
		    !c->ep->blocked && !ep->blocked)
			n = write_packet(c, &ps, &pi, w->txbuf + off, room < max ? room : max, now,
					 &left);
		if (n < 0)
			return (int)n;
		fits = n > 0 && count && (size_t)n <= segment && pi.ecn == train_pi.ecn &&
		       ngtcp2_path_eq(&ps.path, &train_ps.path);
		if (count && !fits) {
			send_train(c, &train_ps.path, train_pi.ecn, off, segment, count);
			if (n > 0)
				memmove(w->txbuf, w->txbuf + off, (size_t)n);
			off = count = 0;
		}
		if (n == 0)
			break;
		if (!count) {
			segment = (size_t)n;
			train_pi = pi;
			ngtcp2_path_copy(&train_ps.path, &ps.path);
			train_ps.path.user_data = ps.path.user_data;
			c->ep = path_endpoint(&ps.path, c->ep);
		}
		off += (size_t)n;
		total += (size_t)n;
		room -= (size_t)n;
		count++;
		/*
		 * A short packet ends it, too, and so does a probe of the path MTU, which
		 * may not get through.
		 */
		if ((size_t)n < segment || (size_t)n > path_max || count == UDP_GSO_MAX ||
		    off + path_max > UDP_SEND_MAX) {
			send_train(c, &train_ps.path, train_pi.ecn, off, segment, count);
			off = count = 0;
		}
	}
	ngtcp2_conn_update_pkt_tx_time(c->quic, now);
	/* If pacing let nothing go out, what is left may be as little as what went before. */
	if (total)
		conn_set_pressed(c, left);
	return c->started && c->mode->wrote && c->mode->wrote(c) ? NGTCP2_ERR_CALLBACK_FAILURE : 0;
}
