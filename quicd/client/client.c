// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <stdarg.h>
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
#define MOVED_KEEP_ALIVE  NGTCP2_SECONDS

static ngtcp2_conn *get_quic(ngtcp2_crypto_conn_ref *ref)
{
	return ((struct client *)ref->user_data)->quic;
}

void client_say(const struct client *c, const char *fmt, ...)
{
	va_list ap;

	fputs(c->label, stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void client_err(const struct client *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_err("%s%s", c->label, text);
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
	client_err(c, "TLS handshake failed: %s", name ? name : "error");
}

/* The server closed the connection: report its reason and choose the exit status. */
static void explain_close(struct client *c)
{
	const ngtcp2_ccerr *e = ngtcp2_conn_get_ccerr(c->quic);
	bool tls = e->type == NGTCP2_CCERR_TYPE_TRANSPORT && e->error_code >= 0x100 &&
		   e->error_code < 0x200;
	const char *name = tls ? gnutls_alert_get_name((int)(e->error_code - 0x100)) : NULL;

	if (e->type == NGTCP2_CCERR_TYPE_APPLICATION && e->error_code == 0 &&
	    (c->keeps || client_all_ended(c))) {
		client_end(c, QUICC_OK);
		return;
	}
	if (c->done)
		return;
	if (tls)
		client_err(c, "server: TLS alert: %s", name ? name : "unknown");
	else
		client_err(c, "server closed the connection: %s error 0x%" PRIx64 "%s%.*s",
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
		client_err(c, "no handshake within %" PRIu64 " s", c->o->timeout / NS_PER_S);
		client_end(c, QUICC_TIMEOUT);
		return;
	case NGTCP2_ERR_IDLE_CLOSE:
		client_err(c, "the connection timed out");
		client_end(c, QUICC_TIMEOUT);
		return;
	case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
		if (c->offered && !c->o->version && !c->version) {
			c->version = c->offered; /* client_read() begins again with it */
			return;
		}
		client_err(c, "the server speaks none of our versions");
		client_end(c, QUICC_HANDSHAKE);
		return;
	case NGTCP2_ERR_CRYPTO:
		explain_tls(c);
		ngtcp2_ccerr_set_tls_alert(&c->error, ngtcp2_conn_get_tls_alert(c->quic), NULL, 0);
		client_end(c, QUICC_TLS);
		return;
	default:
		if (!c->done)
			client_err(c, "%s", ngtcp2_strerror(rv));
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
				client_say(c, "stream %" PRId64 ": the server stopped reading",
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

/* Datagrams of one size for one path, on their way out. */
struct train {
	uint8_t buf[UDP_BUF];
	size_t len, segment;
	union addr local;
	uint8_t ecn;
};

static void send_train(struct client *c, struct train *t)
{
	if (t->len)
		net_send(c->net, &t->local, t->ecn, t->buf, t->len, t->segment);
	t->len = 0;
}

static int write_all(struct client *c)
{
	size_t max = ngtcp2_conn_get_max_tx_udp_payload_size(c->quic);
	size_t quantum = ngtcp2_conn_get_send_quantum(c->quic), total = 0;
	ngtcp2_path_storage ps;
	struct train t;
	ngtcp2_pkt_info pi = {0};
	uint64_t now = clock_now();

	t.len = 0;
	ngtcp2_path_storage_zero(&ps);
	while (total < quantum) {
		uint8_t *at = t.buf + t.len;
		ngtcp2_ssize n = write_packet(c, &ps, &pi, at, max, now);
		union addr local = {0};

		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		memcpy(&local, ps.path.local.addr, ps.path.local.addrlen);
		/* A probe of the path MTU is longer: it goes alone. So does one of a new path. */
		if (t.len && ((size_t)n > t.segment || !addr_equal(&local, &t.local))) {
			send_train(c, &t);
			memmove(t.buf, at, (size_t)n);
		}
		if (!t.len) {
			t.segment = (size_t)n;
			t.local = local;
			t.ecn = pi.ecn;
		}
		t.len += (size_t)n;
		total += (size_t)n;
		if ((size_t)n < t.segment || t.len + max > sizeof(t.buf) ||
		    t.len >= UDP_GSO_MAX * t.segment)
			send_train(c, &t);
	}
	send_train(c, &t);
	ngtcp2_conn_update_pkt_tx_time(c->quic, now);
	return 0;
}

/* A path of this connection that ends at the net's remote address. */
static ngtcp2_path path_from(struct client *c, const union addr *local)
{
	return (ngtcp2_path){
		.local = {(ngtcp2_sockaddr *)&local->sa, addr_len(local)},
		.remote = {(ngtcp2_sockaddr *)&c->net->remote.sa, addr_len(&c->net->remote)},
	};
}

/* Migrates to the net's newest address, as soon as handshake and server allow it. */
static void follow_migration(struct client *c)
{
	const ngtcp2_transport_params *p;
	ngtcp2_path path;
	int rv;

	if (!c->connected || c->migrated == c->net->migrations)
		return;
	p = ngtcp2_conn_get_remote_transport_params(c->quic);
	if (p->disable_active_migration) {
		client_err(c, "the server forbids migration");
		client_end(c, QUICC_HANDSHAKE);
		return;
	}
	path = path_from(c, net_local(c->net));
	rv = ngtcp2_conn_initiate_migration(c->quic, &path, clock_now());
	if (!rv)
		c->migrated = c->net->migrations;
	else if (rv != NGTCP2_ERR_INVALID_STATE && rv != NGTCP2_ERR_CONN_ID_BLOCKED)
		fail(c, rv);
}

void client_moved(struct client *c)
{
	/*
	 * A client that only receives has nothing to send that the server must answer; if
	 * its one ACK from the new address were lost, both would wait.
	 */
	if (c->quic)
		ngtcp2_conn_set_keep_alive_timeout(c->quic, MOVED_KEEP_ALIVE);
}

void client_write(struct client *c)
{
	int rv;

	if (c->done || !c->quic)
		return;
	follow_migration(c);
	rv = write_all(c);
	if (rv) {
		fail(c, rv);
		return;
	}
	timer_set(&c->net->loop.timers, &c->timer, ngtcp2_conn_get_expiry(c->quic));
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

void client_read(struct client *c, const union addr *local, uint8_t ecn, const uint8_t *data,
		 size_t len)
{
	ngtcp2_path path = path_from(c, local);
	ngtcp2_pkt_info pi = {.ecn = ecn};
	int rv;

	if (c->done || !c->quic)
		return;
	rv = ngtcp2_conn_read_pkt(c->quic, &path, &pi, data, len, clock_now());
	if (rv)
		fail(c, rv);
	if (!c->done && begin_again(c))
		client_again(c);
}

void client_credit(struct client *c, struct client_stream *s, size_t len)
{
	ngtcp2_conn_extend_max_stream_offset(c->quic, s->id, len);
	ngtcp2_conn_extend_max_offset(c->quic, len);
}

static int make_quic(struct client *c)
{
	ngtcp2_path path = path_from(c, net_local(c->net));
	static const uint32_t both[] = {NGTCP2_PROTO_VER_V1, NGTCP2_PROTO_VER_V2};
	ngtcp2_transport_params p;
	ngtcp2_settings s;
	ngtcp2_cid dcid = {.datalen = 16}, scid = {.datalen = CID_LEN};

	gnutls_rnd(GNUTLS_RND_NONCE, dcid.data, dcid.datalen);
	if (client_make_cid(c, scid.data, scid.datalen))
		return -EIO;
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

/* Everything that belongs to one try at one address. */
static void open_connection(struct client *c)
{
	int rv = ctls_session(c->tls, c->name, options_alpn(c->o, c->index), &c->ref, &c->session);

	if (rv) {
		client_err(c, "TLS: %s", gnutls_strerror(rv));
	} else {
		rv = make_quic(c);
		if (rv)
			client_err(c, "%s", strerror(-rv));
	}
	if (rv)
		client_end(c, QUICC_LOCAL);
	else if (c->early)
		client_open_streams(c);
}

static void close_connection(struct client *c)
{
	timer_cancel(&c->net->loop.timers, &c->timer);
	ngtcp2_conn_del(c->quic);
	c->quic = NULL;
	if (c->session)
		gnutls_deinit(c->session);
	c->session = NULL;
}

void client_again(struct client *c)
{
	if (!c->started || c->done)
		return;
	close_connection(c);
	client_rewind(c);
	open_connection(c);
}

int client_init(struct client *c, struct net *net, unsigned int i, struct ctls *tls)
{
	c->o = net->o;
	c->net = net;
	c->tls = tls;
	c->index = i;
	c->name = ctls_name(c->o, i);
	if (net->nclients > 1)
		snprintf(c->label, sizeof(c->label), "%u %s: ", i + 1,
			 c->name ? c->name : c->o->host);
	c->timer.fn = on_timer;
	c->ref.get_conn = get_quic;
	c->ref.user_data = c;
	c->early = tls->params_len > 0;
	c->nstreams = c->fetch_only ? 0 : c->o->streams;
	ngtcp2_ccerr_set_application_error(&c->error, 0, NULL, 0);
	chunk_pool_init(&c->pool, 256);
	c->stream = calloc(c->nstreams + 1, sizeof(*c->stream));
	if (!c->stream) {
		client_err(c, "%s", strerror(errno));
		return QUICC_LOCAL;
	}
	for (unsigned int k = 0; k < c->nstreams; k++)
		c->stream[k].id = -1;
	return -1;
}

void client_start(struct client *c)
{
	c->started = true;
	open_connection(c);
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
		net_send(c->net, (union addr *)ps.path.local.addr, 0, buf, (size_t)n, (size_t)n);
}

void client_close(struct client *c)
{
	if (c->quic)
		send_close(c);
	close_connection(c);
}

void client_free(struct client *c)
{
	if (!c->net)
		return;
	client_close(c);
	if (c->stream)
		for (unsigned int i = 0; i < c->nstreams; i++)
			chunkq_clear(&c->stream[i].q, &c->pool);
	free(c->stream);
	free(c->name);
	chunk_pool_free(&c->pool);
}
