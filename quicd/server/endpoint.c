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

static int watch(struct endpoint *ep)
{
	return loop_mod(&ep->worker->loop, &ep->io,
			(ep->held ? 0 : EPOLLIN) | (ep->blocked ? EPOLLOUT : 0));
}

void endpoint_hold(struct endpoint *ep, bool held)
{
	ep->held = held;
	watch(ep);
}

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
	watch(ep);
}

/* The socket takes datagrams again: the kept train first, then the connections that waited. */
static void unblock(struct endpoint *ep)
{
	struct list *l, *tmp;

	if (udp_send(&ep->sock, &ep->train.local, &ep->train.remote, ep->train.ecn, ep->train.data,
		     ep->train.len, ep->train.segment) == -EAGAIN)
		return;
	ep->blocked = false;
	watch(ep);
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
	STAT_INC(st, tx_trains);
	STAT_ADD(st, tx_bytes, (uint64_t)len);
	endpoint_send(ep, &m->local, &m->remote, 0, pkt, (size_t)len, (size_t)len);
}

static void send_version_negotiation(struct endpoint *ep, const struct udp_msg *m,
				     const ngtcp2_version_cid *vc, size_t len)
{
	const struct config *c = ep->worker->server->config;
	uint8_t buf[NGTCP2_MAX_UDP_PAYLOAD_SIZE], random;
	uint32_t versions[3], grease;

	/* A short datagram may be an amplification attempt; a VN packet is never answered. */
	if (len < INITIAL_MIN || vc->version == 0)
		return;
	gnutls_rnd(GNUTLS_RND_NONCE, &random, 1);
	/*
	 * One reserved version keeps clients tolerant (RFC 9000, 6.3). It is not the client's own,
	 * with which it would have to drop the packet (6.2).
	 */
	gnutls_rnd(GNUTLS_RND_NONCE, &grease, sizeof(grease));
	versions[0] = (grease & 0xf0f0f0f0) | 0x0a0a0a0a;
	if (versions[0] == vc->version)
		versions[0] ^= 0x10101010;
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
	w->retry_until = clock_now() + TOKEN_RETRY_LIFE;
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
		/* ngtcp2 asks for this only of those without any token. RFC 9000 7.2 */
		if (hd.dcid.datalen < NGTCP2_MIN_INITIAL_DCIDLEN) {
			STAT_INC(&w->stats, dropped);
			return;
		}
		break;
	}
	/* Here it came by way of the newest process: only what a Retry from here has asked for. */
	if (w->replaced && !a.original_dcid) {
		STAT_INC(&w->stats, dropped);
		return;
	}
	if (w->draining || ep->extra || atomic_load(&s->conns) >= cfg->max_connections) {
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

/* Passes datagrams of @m on to an earlier process. */
static void pass(struct endpoint *ep, struct link_to to, const struct udp_msg *m,
		 const uint8_t *data, size_t len)
{
	struct stats *st = &ep->worker->stats;

	if (!len)
		return;
	if (link_pass(to, &ep->sock, m, data, len))
		STAT_ADD(st, forwarded, (len + m->segment - 1) / m->segment);
	else
		STAT_ADD(st, forward_lost, (len + m->segment - 1) / m->segment);
}

static void on_message(struct endpoint *ep, const struct udp_msg *m)
{
	struct worker *w = ep->worker;
	struct links *links = &w->server->links;
	/* A process that was replaced has no links, and gets only what is its own. */
	bool live = !ep->held && atomic_load_explicit(&links->live, memory_order_relaxed);
	struct link_to run = {0};
	uint16_t port = addr_port(&ep->sock.local);
	size_t from = 0;

	STAT_ADD(&w->stats, rx_bytes, m->len);
	for (size_t off = 0; off < m->len; off += m->segment) {
		size_t len = m->len - off < m->segment ? m->len - off : m->segment;
		struct link_to to = {0};

		STAT_INC(&w->stats, rx_datagrams);
		if (live)
			to = links_find(links, m->data + off, len, port);
		/* Datagrams in a row for the same earlier worker go there together. */
		if (run.link && (to.link != run.link || to.worker != run.worker)) {
			pass(ep, run, m, m->data + from, off - from);
			run.link = NULL;
		}
		if (!to.link) {
			on_datagram(ep, m, m->data + off, len);
		} else if (!run.link) {
			run = to;
			from = off;
		}
	}
	if (run.link)
		pass(ep, run, m, m->data + from, m->len - from);
}

/*
 * The socket that stands for an address here: for datagrams that another process has read, or that
 * came to one socket more than there are workers.
 */
static struct endpoint *of_address(struct worker *w, const union addr *bound)
{
	for (size_t i = 0; i < w->nendpoints; i++)
		if (w->endpoint[i].sock.fd >= 0 && addr_equal(&w->endpoint[i].sock.local, bound))
			return &w->endpoint[i];
	return NULL;
}

static void on_readable(struct endpoint *ep)
{
	struct worker *w = ep->worker;
	struct udp_batch *b = w->batch;
	struct endpoint *as = ep->extra ? of_address(w, &ep->sock.local) : ep;

	/* A few batches per round: timers and other sockets get their turn, too. */
	for (int round = 0; round < 4; round++) {
		int n = udp_recv(&ep->sock, b);

		/* An ICMP error from an earlier send is no reason to stop reading. */
		if (n < 0 && n != -ECONNREFUSED)
			log_err("receive: %s", strerror(-n));
		for (int i = 0; i < n; i++)
			on_message(as, &b->msg[i]);
		if (n < UDP_BATCH)
			break;
	}
}

bool endpoint_read_link(struct worker *w, int fd)
{
	for (int round = 0; round < 4 * UDP_BATCH; round++) {
		struct link_from from;
		struct endpoint *ep;
		int rv = link_read(fd, &from, w->batch->buf[0], UDP_BUF);

		if (rv <= 0)
			return rv == 0;
		ep = of_address(w, &from.bound);
		if (ep)
			on_message(ep, &from.msg);
	}
	return true;
}

static void on_event(struct io *io, uint32_t events)
{
	struct endpoint *ep = container_of(io, struct endpoint, io);

	if (events & EPOLLOUT && ep->blocked)
		unblock(ep);
	if (events & (EPOLLIN | EPOLLERR) && !ep->held)
		on_readable(ep);
}

static struct udp_options options(const struct worker *w)
{
	const struct config *c = w->server->config;

	return (struct udp_options){
		.rcvbuf = (int)c->receive_buffer,
		.sndbuf = (int)c->send_buffer,
		.gso = c->gso,
		.gro = c->gro,
		.ecn = c->ecn,
		.share = w->id > 0,
	};
}

/* The socket is there: now the rest. */
static int start(struct endpoint *ep)
{
	struct server *s = ep->worker->server;

	ep->cid = s->config->cid;
	ep->cid.generation = s->generation % CID_GENERATIONS;
	if (ep->cid.by_port)
		cid_set_port(&ep->cid, addr_port(&ep->sock.local));
	return loop_add(&ep->worker->loop, &ep->io, ep->sock.fd, EPOLLIN);
}

int endpoint_init(struct endpoint *ep, struct worker *w, size_t index)
{
	const struct config *c = w->server->config;
	const struct listen_addr *la = &c->listen[index];
	struct udp_options o = options(w);
	int err, fd = inherit_take_udp(&w->server->inherited, &la->addr, w->id);

	ep->worker = w;
	ep->io.fn = on_event;
	ep->key = la->addr;
	ep->slot = w->id;
	err = fd < 0 ? udp_open(&ep->sock, &la->addr, &o) : udp_adopt(&ep->sock, fd, &o);
	if (err) {
		log_err("%s:%d: listen %s: %s", c->path, la->line, la->text, strerror(-err));
		return err;
	}
	if (w->id == 0 && udp_rcvbuf(&ep->sock) < o.rcvbuf)
		log_warn("%s: receive buffer of %d bytes instead of %d: raise net.core.rmem_max",
			 la->text, udp_rcvbuf(&ep->sock), o.rcvbuf);
	return start(ep);
}

int endpoint_init_extra(struct endpoint *ep, struct worker *w, int fd)
{
	struct udp_options o = options(w);
	int err = udp_adopt(&ep->sock, fd, &o);

	ep->worker = w;
	ep->io.fn = on_event;
	ep->extra = true;
	return err ? err : start(ep);
}

void endpoint_free(struct endpoint *ep)
{
	udp_close(&ep->sock);
}

void endpoint_drop_extra(struct endpoint *ep)
{
	if (!ep->extra || ep->sock.fd < 0)
		return;
	loop_del(&ep->worker->loop, &ep->io);
	udp_close(&ep->sock);
	ep->blocked = false;
}
