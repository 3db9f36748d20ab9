// SPDX-License-Identifier: GPL-2.0-or-later
#include "endpoint.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "conn.h"
#include "token.h"

#define INITIAL_MIN	  1200 /* RFC 9000, 14.1 */
#define FIXED_BIT	  0x40 /* RFC 9000, 17.2 */
#define RESET_RAND_MAX	  27
#define RESETS_PER_SECOND 1000

void endpoint_send(struct endpoint *ep, const union addr *local, const union addr *remote,
		   uint8_t ecn, const uint8_t *data, size_t len, size_t segment)
{
	if (ep->blocked)
		return; /* as if the network had lost it */
	if (udp_send(&ep->sock, local, remote, ecn, data, len, segment) != -EAGAIN)
		return;
	ep->blocked = true;
	ep->train.local = *local;
	ep->train.remote = *remote;
	ep->train.ecn = ecn;
	ep->train.len = len;
	ep->train.segment = segment;
	memcpy(ep->train.data, data, len);
	loop_mod(&ep->worker->loop, &ep->io, EPOLLIN | EPOLLOUT);
}

/* The socket takes datagrams again: the kept train first, then the connections that waited. */
static void unblock(struct endpoint *ep)
{
	struct list *l, *tmp;

	if (udp_send(&ep->sock, &ep->train.local, &ep->train.remote, ep->train.ecn, ep->train.data,
		     ep->train.len, ep->train.segment) == -EAGAIN)
		return;
	ep->blocked = false;
	loop_mod(&ep->worker->loop, &ep->io, EPOLLIN);
	list_for_each_safe(l, tmp, &ep->worker->conns)
		conn_touch(container_of(l, struct conn, of_worker));
}

static void answer(struct endpoint *ep, const struct udp_msg *m, const uint8_t *pkt,
		   ngtcp2_ssize len)
{
	struct stats *st = &ep->worker->stats;

	if (len <= 0)
		return;
	STAT_INC(st, tx_datagrams);
	STAT_ADD(st, tx_bytes, (uint64_t)len);
	endpoint_send(ep, &m->local, &m->remote, 0, pkt, (size_t)len, (size_t)len);
}

static void send_version_negotiation(struct endpoint *ep, const struct udp_msg *m,
				     const ngtcp2_version_cid *vc, size_t len)
{
	const struct config *c = ep->worker->server->config;
	uint8_t buf[NGTCP2_MAX_UDP_PAYLOAD_SIZE], random;
	uint32_t versions[3];

	/* A short datagram may be an amplification attempt; a VN packet is never answered. */
	if (len < INITIAL_MIN || vc->version == 0)
		return;
	gnutls_rnd(GNUTLS_RND_NONCE, &random, 1);
	/* One reserved version keeps clients tolerant (RFC 9000, 6.3). */
	versions[0] = 0x1a2a3a4a;
	memcpy(versions + 1, c->versions, c->nversions * sizeof(versions[0]));
	STAT_INC(&ep->worker->stats, version_neg);
	answer(ep, m, buf,
	       ngtcp2_pkt_write_version_negotiation(buf, sizeof(buf), random, vc->scid, vc->scidlen,
						    vc->dcid, vc->dcidlen, versions,
						    1 + c->nversions));
}

static void refuse(struct endpoint *ep, const struct udp_msg *m, const ngtcp2_pkt_hd *hd,
		   uint64_t code)
{
	uint8_t buf[NGTCP2_MAX_UDP_PAYLOAD_SIZE];

	answer(ep, m, buf,
	       ngtcp2_crypto_write_connection_close(buf, sizeof(buf), hd->version, &hd->scid,
						    &hd->dcid, code, NULL, 0));
}

static void send_retry(struct endpoint *ep, const struct udp_msg *m, const ngtcp2_pkt_hd *hd)
{
	struct worker *w = ep->worker;
	const struct cid_format *f = &ep->cid;
	uint8_t buf[NGTCP2_MAX_UDP_PAYLOAD_SIZE], random[CID_LEN_MAX];
	ngtcp2_cid scid;

	gnutls_rnd(GNUTLS_RND_NONCE, random, f->nonce_len);
	cid_make(f, w->id, random, scid.data);
	scid.datalen = cid_len(f);
	STAT_INC(&w->stats, retries);
	answer(ep, m, buf,
	       token_write_retry(&w->server->secret, hd, &m->remote, &scid, buf, sizeof(buf)));
}

/* RFC 9000, 10.3. Always shorter than the packet it answers, so that two endpoints cannot loop. */
static void send_stateless_reset(struct endpoint *ep, const struct udp_msg *m,
				 const ngtcp2_version_cid *vc, size_t len)
{
	struct worker *w = ep->worker;
	uint8_t buf[64], token[NGTCP2_STATELESS_RESET_TOKENLEN], random[RESET_RAND_MAX];
	uint64_t second = clock_now() / NS_PER_S;
	size_t nrandom;
	ngtcp2_cid cid;

	if (len <= NGTCP2_STATELESS_RESET_TOKENLEN + NGTCP2_MIN_STATELESS_RESET_RANDLEN)
		return;
	if (w->reset_window != second) {
		w->reset_window = second;
		w->reset_count = 0;
	}
	if (w->reset_count++ >= RESETS_PER_SECOND)
		return;
	nrandom = len - 1 - NGTCP2_STATELESS_RESET_TOKENLEN;
	if (nrandom > RESET_RAND_MAX)
		nrandom = RESET_RAND_MAX;
	ngtcp2_cid_init(&cid, vc->dcid, vc->dcidlen);
	gnutls_rnd(GNUTLS_RND_NONCE, random, nrandom);
	if (ngtcp2_crypto_generate_stateless_reset_token(token, w->server->secret.reset, SECRET_LEN,
							 &cid))
		return;
	STAT_INC(&w->stats, resets_sent);
	answer(ep, m, buf,
	       ngtcp2_pkt_write_stateless_reset(buf, sizeof(buf), token, random, nrandom));
}

/* The first packet of a connection that we do not know yet. */
static void on_initial(struct endpoint *ep, const struct udp_msg *m, const uint8_t *data,
		       size_t len)
{
	struct worker *w = ep->worker;
	struct server *s = w->server;
	const struct config *cfg = s->config;
	struct conn_accept a = {0};
	ngtcp2_pkt_hd hd;
	ngtcp2_cid odcid;
	struct conn *c;
	bool cleared;

	if (len < INITIAL_MIN || ngtcp2_accept(&hd, data, len)) {
		STAT_INC(&w->stats, dropped);
		return;
	}
	a.hd = &hd;
	switch (token_check(&s->secret, &hd, &m->remote, &odcid)) {
	case TOKEN_RETRY_OK:
		a.original_dcid = &odcid;
		a.address_validated = true;
		break;
	case TOKEN_REGULAR_OK:
		a.address_validated = true;
		break;
	case TOKEN_RETRY_BAD:
		STAT_INC(&w->stats, bad_tokens);
		refuse(ep, m, &hd, NGTCP2_INVALID_TOKEN);
		return;
	case TOKEN_NONE:
		break;
	}
	if (w->draining || atomic_load(&s->conns) >= cfg->max_connections) {
		STAT_INC(&w->stats, refused);
		refuse(ep, m, &hd, NGTCP2_CONNECTION_REFUSED);
		return;
	}
	/*
	 * With a token from a connection where we sent grease_quic_bit a client may clear the fixed
	 * bit (RFC 9287, 3.1). ngtcp2 refuses that if it is not told of a good token, which an old
	 * one or one for another address is not; after Retry the client sets the bit.
	 */
	cleared = !(data[0] & FIXED_BIT);
	if (cleared && !hd.tokenlen) {
		STAT_INC(&w->stats, dropped);
		return;
	}
	if (!a.address_validated &&
	    (cleared || atomic_load(&s->half_open) >= cfg->retry_threshold)) {
		send_retry(ep, m, &hd);
		return;
	}
	c = conn_accept(ep, m, &a);
	if (c)
		conn_read(c, ep, m, data, len);
}

static bool version_served(const struct config *c, uint32_t version)
{
	for (size_t i = 0; i < c->nversions; i++)
		if (c->versions[i] == version)
			return true;
	return false;
}

static void on_datagram(struct endpoint *ep, const struct udp_msg *m, const uint8_t *data,
			size_t len)
{
	struct worker *w = ep->worker;
	const struct config *cfg = w->server->config;
	ngtcp2_version_cid vc;
	struct conn *c;
	int rv = ngtcp2_pkt_decode_version_cid(&vc, data, len, cid_len(&cfg->cid));

	if (rv && rv != NGTCP2_ERR_VERSION_NEGOTIATION) {
		STAT_INC(&w->stats, dropped);
		return;
	}
	c = rv ? NULL : cidmap_find(&w->cids, vc.dcid, vc.dcidlen);
	if (c)
		conn_read(c, ep, m, data, len);
	else if (!(data[0] & 0x80))
		send_stateless_reset(ep, m, &vc, len);
	else if (rv || !version_served(cfg, vc.version))
		send_version_negotiation(ep, m, &vc, len);
	else
		on_initial(ep, m, data, len);
}

static void on_readable(struct endpoint *ep)
{
	struct worker *w = ep->worker;
	struct udp_batch *b = w->batch;

	/* A few batches per round: timers and other sockets get their turn, too. */
	for (int round = 0; round < 4; round++) {
		int n = udp_recv(&ep->sock, b);

		/* An ICMP error from an earlier send is no reason to stop reading. */
		if (n < 0 && n != -ECONNREFUSED)
			log_err("receive: %s", strerror(-n));
		for (int i = 0; i < n; i++) {
			struct udp_msg *m = &b->msg[i];

			STAT_ADD(&w->stats, rx_bytes, m->len);
			for (size_t off = 0; off < m->len; off += m->segment) {
				size_t len = m->len - off < m->segment ? m->len - off : m->segment;

				STAT_INC(&w->stats, rx_datagrams);
				on_datagram(ep, m, m->data + off, len);
			}
		}
		if (n < UDP_BATCH)
			break;
	}
}

static void on_event(struct io *io, uint32_t events)
{
	struct endpoint *ep = container_of(io, struct endpoint, io);

	if (events & EPOLLOUT && ep->blocked)
		unblock(ep);
	if (events & (EPOLLIN | EPOLLERR))
		on_readable(ep);
}

int endpoint_init(struct endpoint *ep, struct worker *w, size_t index)
{
	const struct config *c = w->server->config;
	const struct listen_addr *la = &c->listen[index];
	struct udp_options o = {
		.rcvbuf = (int)c->receive_buffer,
		.sndbuf = (int)c->send_buffer,
		.gso = c->gso,
		.gro = c->gro,
		.ecn = c->ecn,
		.share = w->id > 0,
	};
	int err;

	ep->worker = w;
	ep->io.fn = on_event;
	err = udp_open(&ep->sock, &la->addr, &o);
	if (err) {
		log_err("%s:%d: listen %s: %s", c->path, la->line, la->text, strerror(-err));
		return err;
	}
	ep->cid = c->cid;
	if (ep->cid.by_port)
		cid_set_port(&ep->cid, addr_port(&ep->sock.local));
	if (w->id == 0 && udp_rcvbuf(&ep->sock) < o.rcvbuf)
		log_warn("%s: receive buffer of %d bytes instead of %d: raise net.core.rmem_max",
			 la->text, udp_rcvbuf(&ep->sock), o.rcvbuf);
	return loop_add(&w->loop, &ep->io, ep->sock.fd, EPOLLIN);
}

void endpoint_free(struct endpoint *ep)
{
	udp_close(&ep->sock);
}
