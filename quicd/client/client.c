// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/clock.h"
#include "../common/list.h"
#include "../common/log.h"
#include "clientcb.h"

#define STREAM_WINDOW	  (2u << 20)
#define CONNECTION_WINDOW (16u << 20)
#define IDLE_TIMEOUT	  (300 * NGTCP2_SECONDS) /* the server's, if shorter, counts */
#define CID_LEN		  8

static ngtcp2_conn *get_quic(ngtcp2_crypto_conn_ref *ref)
{
	return ((struct client *)ref->user_data)->quic;
}

void client_end(struct client *c, int status)
{
	if (c->done)
		return;
	c->done = true;
	c->status = status;
}

bool client_all_ended(const struct client *c)
{
	for (unsigned int i = 0; i < c->nstreams; i++)
		if (!c->stream[i].ended)
			return false;
	return true;
}

bool client_all_closed(const struct client *c)
{
	for (unsigned int i = 0; i < c->nstreams; i++)
		if (!c->stream[i].closed && !(c->stream[i].ended && c->stream[i].shut))
			return false;
	return true;
}

static void explain_tls(struct client *c)
{
	uint8_t alert = ngtcp2_conn_get_tls_alert(c->quic);
	const char *name = alert ? gnutls_alert_get_name(alert) : NULL;

	if (ctls_print_refusal(c->session))
		return;
	log_err("TLS handshake failed: %s", name ? name : "error");
}

/* The server closed the connection: report its reason and choose the exit status. */
static void explain_close(struct client *c)
{
	const ngtcp2_ccerr *e = ngtcp2_conn_get_ccerr(c->quic);
	bool tls = e->type == NGTCP2_CCERR_TYPE_TRANSPORT && e->error_code >= 0x100 &&
		   e->error_code < 0x200;
	const char *name = tls ? gnutls_alert_get_name((int)(e->error_code - 0x100)) : NULL;

	if (e->type == NGTCP2_CCERR_TYPE_APPLICATION && e->error_code == 0 && client_all_ended(c)) {
		client_end(c, QUICC_OK);
		return;
	}
	if (c->done)
		return;
	if (tls)
		log_err("server: TLS alert: %s", name ? name : "unknown");
	else
		log_err("server closed the connection: %s error 0x%" PRIx64 "%s%.*s",
			e->type == NGTCP2_CCERR_TYPE_APPLICATION ? "application" : "transport",
			e->error_code, e->reasonlen ? ": " : "", (int)e->reasonlen,
			e->reason ? (const char *)e->reason : "");
	client_end(c, tls ? QUICC_TLS : c->connected ? QUICC_STREAM : QUICC_HANDSHAKE);
}

static void fail(struct client *c, int rv)
{
	switch (rv) {
	case NGTCP2_ERR_DRAINING:
		explain_close(c);
		return;
	case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
		log_err("no handshake within %" PRIu64 " s", c->o->timeout / NS_PER_S);
		client_end(c, QUICC_TIMEOUT);
		return;
	case NGTCP2_ERR_IDLE_CLOSE:
		log_err("the connection timed out");
		client_end(c, QUICC_TIMEOUT);
		return;
	case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
		if (c->offered && !c->o->version && !c->version) {
			c->version = c->offered; /* on_readable() begins again with it */
			return;
		}
		log_err("the server speaks none of our versions");
		client_end(c, QUICC_HANDSHAKE);
		return;
	case NGTCP2_ERR_CRYPTO:
		explain_tls(c);
		ngtcp2_ccerr_set_tls_alert(&c->error, ngtcp2_conn_get_tls_alert(c->quic), NULL, 0);
		client_end(c, QUICC_TLS);
		return;
	default:
		if (!c->done)
			log_err("%s", ngtcp2_strerror(rv));
		ngtcp2_ccerr_set_liberr(&c->error, rv, NULL, 0);
		client_end(c, c->connected ? QUICC_STREAM : QUICC_HANDSHAKE);
	}
}

static bool has_work(const struct client_stream *s)
{
	return s->id >= 0 && !s->shut && !s->blocked &&
	       (s->q.unsent || !s->announced || (s->fin && !s->fin_sent));
}

static struct client_stream *next_stream(struct client *c)
{
	for (unsigned int i = 0; i < c->opened; i++) {
		struct client_stream *s = &c->stream[(c->turn + i) % c->opened];

		if (has_work(s)) {
			c->turn = (c->turn + i) % c->opened;
			return s;
		}
	}
	return NULL;
}

/* Writes one packet. Returns its length, 0, or an error of ngtcp2. */
static ngtcp2_ssize write_packet(struct client *c, ngtcp2_path_storage *ps, ngtcp2_pkt_info *pi,
				 uint8_t *buf, size_t len, uint64_t now)
{
	bool more = true;

	for (;;) {
		struct client_stream *s = more ? next_stream(c) : NULL;
		uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
		ngtcp2_ssize n, taken = -1;
		struct iovec iov[16];
		size_t niov = 0, total = 0;

		if (s) {
			niov = chunkq_peek_unsent(&s->q, iov, 16);
			for (size_t i = 0; i < niov; i++)
				total += iov[i].iov_len;
			if (s->fin && total == s->q.unsent)
				flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
		}
		n = ngtcp2_conn_writev_stream(c->quic, &ps->path, pi, buf, len, &taken, flags,
					      s ? s->id : -1, (const ngtcp2_vec *)(void *)iov, niov,
					      now);
		if (n == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
			if (!ngtcp2_conn_get_max_data_left(c->quic))
				more = false;
			else
				s->blocked = true;
			continue;
		}
		if (n == NGTCP2_ERR_STREAM_SHUT_WR || n == NGTCP2_ERR_STREAM_NOT_FOUND) {
			s->shut = true;
			if (c->o->verbose)
				fprintf(stderr, "stream %" PRId64 ": the server stopped reading\n",
					s->id);
			continue;
		}
		if (s && taken >= 0) {
			chunkq_sent(&s->q, (size_t)taken);
			s->announced = true;
			if (flags & NGTCP2_WRITE_STREAM_FLAG_FIN && (size_t)taken == total)
				s->fin_sent = true;
			c->turn++;
		}
		if (n != NGTCP2_ERR_WRITE_MORE)
			return n;
	}
}

static int write_all(struct client *c)
{
	size_t max = ngtcp2_conn_get_max_tx_udp_payload_size(c->quic);
	size_t quantum = ngtcp2_conn_get_send_quantum(c->quic), off = 0, segment = 0, total = 0;
	uint8_t buf[UDP_BUF];
	ngtcp2_path_storage ps;
	ngtcp2_pkt_info pi = {0};
	uint64_t now = clock_now();

	ngtcp2_path_storage_zero(&ps);
	while (total < quantum) {
		ngtcp2_ssize n = write_packet(c, &ps, &pi, buf + off, max, now);

		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		if (off && (size_t)n > segment) {
			/* A probe of the path MTU is longer: it goes alone. */
			udp_send(&c->sock, NULL, &c->remote, pi.ecn, buf, off, segment);
			memmove(buf, buf + off, (size_t)n);
			off = 0;
		}
		if (!off)
			segment = (size_t)n;
		off += (size_t)n;
		total += (size_t)n;
		if ((size_t)n < segment || off + max > sizeof(buf) ||
		    off >= UDP_GSO_MAX * segment) {
			udp_send(&c->sock, NULL, &c->remote, pi.ecn, buf, off, segment);
			off = 0;
		}
	}
	if (off)
		udp_send(&c->sock, NULL, &c->remote, pi.ecn, buf, off, segment);
	ngtcp2_conn_update_pkt_tx_time(c->quic, now);
	return 0;
}

void client_write(struct client *c)
{
	int rv;

	if (c->done || !c->quic)
		return;
	rv = write_all(c);
	if (rv) {
		fail(c, rv);
		return;
	}
	timer_set(&c->loop.timers, &c->timer, ngtcp2_conn_get_expiry(c->quic));
}

static void on_timer(struct timer *t)
{
	struct client *c = container_of(t, struct client, timer);
	int rv = ngtcp2_conn_handle_expiry(c->quic, clock_now());

	if (rv)
		fail(c, rv);
	else
		client_write(c);
}

/* The server said which version it wants, and this connection uses another. */
static bool begin_again(const struct client *c)
{
	return c->version && ngtcp2_conn_get_client_chosen_version(c->quic) != c->version;
}

static void read_datagrams(struct client *c, const struct udp_msg *m)
{
	ngtcp2_path path = {
		.local = {(ngtcp2_sockaddr *)&c->sock.local.sa, addr_len(&c->sock.local)},
		.remote = {(ngtcp2_sockaddr *)&c->remote.sa, addr_len(&c->remote)},
	};
	ngtcp2_pkt_info pi = {.ecn = m->ecn};

	for (size_t off = 0; off < m->len && !c->done && !begin_again(c); off += m->segment) {
		size_t len = m->len - off < m->segment ? m->len - off : m->segment;
		int rv = ngtcp2_conn_read_pkt(c->quic, &path, &pi, m->data + off, len, clock_now());

		if (rv)
			fail(c, rv);
	}
}

static void refused(struct client *c);
static void reconnect(struct client *c);

static void on_readable(struct io *io, uint32_t events)
{
	struct client *c = container_of(io, struct client, io);

	(void)events;
	for (int round = 0; round < 4 && !c->done; round++) {
		int n = udp_recv(&c->sock, c->batch);

		if (n == -ECONNREFUSED && !c->connected) {
			refused(c);
			break;
		}
		for (int i = 0; i < n; i++)
			read_datagrams(c, &c->batch->msg[i]);
		if (!c->done && begin_again(c)) {
			c->addr_next = c->addr_now;
			reconnect(c);
			break;
		}
		if (n < UDP_BATCH)
			break;
	}
	client_write(c);
}

void client_credit(struct client *c, struct client_stream *s, size_t len)
{
	ngtcp2_conn_extend_max_stream_offset(c->quic, s->id, len);
	ngtcp2_conn_extend_max_offset(c->quic, len);
}

static int make_quic(struct client *c)
{
	ngtcp2_path path = {
		.local = {(ngtcp2_sockaddr *)&c->sock.local.sa, addr_len(&c->sock.local)},
		.remote = {(ngtcp2_sockaddr *)&c->remote.sa, addr_len(&c->remote)},
	};
	static const uint32_t both[] = {NGTCP2_PROTO_VER_V1, NGTCP2_PROTO_VER_V2};
	ngtcp2_transport_params p;
	ngtcp2_settings s;
	ngtcp2_cid dcid = {.datalen = 16}, scid = {.datalen = CID_LEN};

	gnutls_rnd(GNUTLS_RND_NONCE, dcid.data, dcid.datalen);
	gnutls_rnd(GNUTLS_RND_NONCE, scid.data, scid.datalen);
	ngtcp2_settings_default(&s);
	s.initial_ts = clock_now();
	s.handshake_timeout = c->o->timeout;
	/* With --version only that one will do; else any that the server prefers (RFC 9368). */
	if (c->o->version) {
		s.preferred_versions = s.available_versions = &c->o->version;
		s.preferred_versionslen = s.available_versionslen = 1;
	} else {
		s.preferred_versions = s.available_versions = both;
		s.preferred_versionslen = s.available_versionslen = 2;
	}
	ngtcp2_transport_params_default(&p);
	p.initial_max_stream_data_bidi_local = STREAM_WINDOW;
	p.initial_max_stream_data_uni = STREAM_WINDOW;
	p.initial_max_data = CONNECTION_WINDOW;
	p.initial_max_streams_uni = 3;
	p.max_idle_timeout = IDLE_TIMEOUT;
	p.active_connection_id_limit = 7;
	p.grease_quic_bit = 1;
	if (c->version)
		s.original_version = NGTCP2_PROTO_VER_V1;
	if (ngtcp2_conn_client_new(&c->quic, &dcid, &scid, &path,
				   c->o->version ? c->o->version
				   : c->version	 ? c->version
						 : NGTCP2_PROTO_VER_V1,
				   &client_callbacks, &s, &p, NULL, c))
		return -ENOMEM;
	ngtcp2_conn_set_tls_native_handle(c->quic, c->session);
	if (c->early && ngtcp2_conn_decode_and_set_0rtt_transport_params(c->quic, c->tls->params,
									 c->tls->params_len))
		c->early = false;
	return 0;
}

/* Opens a socket to the next address of the host that has a route. */
static int open_socket(struct client *c)
{
	struct udp_options uo = {
		.gso = true, .gro = true, .ecn = true, .rcvbuf = 2 << 20, .sndbuf = 1 << 20};
	int err = -ENOENT;

	while (err && c->addr_next) {
		struct addrinfo *ai = c->addr_next;
		union addr any = {.sa.sa_family = (sa_family_t)ai->ai_family};
		socklen_t len = sizeof(c->sock.local);

		c->addr_now = ai;
		c->addr_next = ai->ai_next;
		memset(&c->remote, 0, sizeof(c->remote));
		memcpy(&c->remote, ai->ai_addr, ai->ai_addrlen);
		err = udp_open(&c->sock, &any, &uo);
		if (!err && connect(c->sock.fd, ai->ai_addr, ai->ai_addrlen)) {
			err = -errno;
			udp_close(&c->sock);
		}
		if (!err)
			getsockname(c->sock.fd, &c->sock.local.sa, &len);
	}
	return err;
}

/* Everything that belongs to one try at one address. */
static int open_connection(struct client *c)
{
	char text[ADDR_TEXT_MAX];
	int err = open_socket(c), rv;

	if (err) {
		log_err("%s: %s", addr_format(&c->remote, text), strerror(-err));
		return err;
	}
	rv = ctls_session(c->tls, &c->ref, &c->session);
	if (rv) {
		log_err("TLS: %s", gnutls_strerror(rv));
		return -EINVAL;
	}
	err = make_quic(c);
	if (!err)
		err = loop_add(&c->loop, &c->io, c->sock.fd, EPOLLIN);
	if (err)
		log_err("%s", strerror(-err));
	else if (c->early)
		client_open_streams(c);
	return err;
}

static void close_connection(struct client *c)
{
	if (c->sock.fd >= 0)
		loop_del(&c->loop, &c->io);
	timer_cancel(&c->loop.timers, &c->timer);
	ngtcp2_conn_del(c->quic);
	c->quic = NULL;
	if (c->session)
		gnutls_deinit(c->session);
	c->session = NULL;
	udp_close(&c->sock);
}

/* Nobody answers at this address: try the next one. */
static void refused(struct client *c)
{
	char text[ADDR_TEXT_MAX];

	if (!c->addr_next) {
		log_err("%s: no UDP service", addr_format(&c->remote, text));
		client_end(c, QUICC_HANDSHAKE);
		return;
	}
	reconnect(c);
}

/* At the next address, or with another version: all input is still to be sent. */
static void reconnect(struct client *c)
{
	close_connection(c);
	client_rewind(c);
	if (open_connection(c))
		client_end(c, QUICC_LOCAL);
}

int client_start(struct client *c, const struct options *o, struct ctls *tls)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	int rv;

	c->o = o;
	c->tls = tls;
	c->sock.fd = -1;
	c->io.fn = on_readable;
	c->timer.fn = on_timer;
	c->ref.get_conn = get_quic;
	c->ref.user_data = c;
	c->early = tls->params_len > 0;
	c->nstreams = c->fetch_only ? 0 : o->streams;
	ngtcp2_ccerr_set_application_error(&c->error, 0, NULL, 0);
	chunk_pool_init(&c->pool, 256);
	c->stream = calloc(c->nstreams + 1, sizeof(*c->stream));
	c->batch = malloc(sizeof(*c->batch));
	if (loop_init(&c->loop) || !c->stream || !c->batch) {
		log_err("%s", strerror(errno));
		return QUICC_LOCAL;
	}
	for (unsigned int i = 0; i < c->nstreams; i++)
		c->stream[i].id = -1;
	rv = getaddrinfo(o->host, o->port, &hints, &c->addrs);
	if (rv) {
		log_err("%s:%s: %s", o->host, o->port, gai_strerror(rv));
		return QUICC_LOCAL;
	}
	c->addr_next = c->addrs;
	return open_connection(c) ? QUICC_LOCAL : -1;
}

/* Says good-bye, once; the server need not wait for its idle timeout. */
static void send_close(struct client *c)
{
	uint8_t buf[NGTCP2_MAX_UDP_PAYLOAD_SIZE];
	ngtcp2_path_storage ps;
	ngtcp2_pkt_info pi;
	ngtcp2_ssize n;

	if (ngtcp2_conn_in_draining_period(c->quic) || c->status == QUICC_TIMEOUT)
		return;
	ngtcp2_path_storage_zero(&ps);
	n = ngtcp2_conn_write_connection_close(c->quic, &ps.path, &pi, buf, sizeof(buf), &c->error,
					       clock_now());
	if (n > 0)
		udp_send(&c->sock, NULL, &c->remote, 0, buf, (size_t)n, (size_t)n);
}

void client_free(struct client *c)
{
	if (c->quic)
		send_close(c);
	close_connection(c);
	if (c->addrs)
		freeaddrinfo(c->addrs);
	if (c->stream)
		for (unsigned int i = 0; i < c->nstreams; i++)
			chunkq_clear(&c->stream[i].q, &c->pool);
	free(c->stream);
	free(c->batch);
	loop_free(&c->loop);
	chunk_pool_free(&c->pool);
}
