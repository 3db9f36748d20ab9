// SPDX-License-Identifier: GPL-2.0-or-later
#include "conn.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "codes.h"
#include "conncb.h"
#include "connwrite.h"
#include "early.h"

/* Clients that were told to make a new connection get this long without a stream. */
#define QUIET_ANNOUNCED (5 * NS_PER_S)

static void conn_fail(struct conn *c, int liberr);

static ngtcp2_conn *get_quic(ngtcp2_crypto_conn_ref *ref)
{
	return ((struct conn *)ref->user_data)->quic;
}

static void on_timer(struct timer *t)
{
	struct conn *c = container_of(t, struct conn, timer);
	int rv;

	if (!c->quic) {
		conn_free(c);
		return;
	}
	rv = ngtcp2_conn_handle_expiry(c->quic, clock_now());
	if (rv)
		conn_fail(c, rv);
	else
		conn_touch(c);
}

static void not_half_open(struct conn *c)
{
	if (!c->counted_open)
		return;
	c->counted_open = false;
	atomic_fetch_sub(&c->worker->server->half_open, 1);
	STAT_DEC(&c->worker->stats, half_open);
}

static const ngtcp2_cc_algo cc_algo[] = {
	[CC_CUBIC] = NGTCP2_CC_ALGO_CUBIC,
	[CC_RENO] = NGTCP2_CC_ALGO_RENO,
	[CC_BBR] = NGTCP2_CC_ALGO_BBR,
};

/*
 * Ethernet first: where even that does not fit, the narrower links; where it does, jumbo
 * frames and the loopback device. A size is tried only while no smaller one has failed.
 */
static const uint16_t mtu_probes[] = {1452, 1444, 1406, 1342, 1232, 8952, 32720, UDP_SEND_MAX};

static void fill_settings(struct conn *c, const struct conn_accept *a, ngtcp2_settings *s)
{
	const struct config *cfg = c->worker->server->config;

	ngtcp2_settings_default(s);
	s->initial_ts = clock_now();
	s->cc_algo = cc_algo[cfg->congestion];
	s->handshake_timeout = cfg->handshake_timeout;
	s->max_tx_udp_payload_size = cfg->max_udp_payload;
	s->no_pmtud = !cfg->pmtud;
	s->pmtud_probes = mtu_probes;
	s->pmtud_probeslen = sizeof(mtu_probes) / sizeof(mtu_probes[0]);
	s->preferred_versions = cfg->versions;
	s->preferred_versionslen = cfg->nversions;
	s->available_versions = cfg->versions;
	s->available_versionslen = cfg->nversions;
	if (a->address_validated) {
		s->token = a->hd->token;
		s->tokenlen = a->hd->tokenlen;
		s->token_type =
			a->original_dcid ? NGTCP2_TOKEN_TYPE_RETRY : NGTCP2_TOKEN_TYPE_NEW_TOKEN;
	}
}

static void fill_params(struct conn *c, const struct conn_accept *a, const ngtcp2_cid *scid,
			ngtcp2_transport_params *p)
{
	const struct config *cfg = c->worker->server->config;

	ngtcp2_transport_params_default(p);
	p->initial_max_stream_data_bidi_remote = cfg->stream_window;
	p->initial_max_stream_data_bidi_local = cfg->stream_window;
	p->initial_max_stream_data_uni = cfg->stream_window;
	p->initial_max_data = cfg->connection_window;
	p->initial_max_streams_bidi = cfg->max_streams;
	p->initial_max_streams_uni = c->mode->uni_streams;
	p->max_idle_timeout = cfg->idle_timeout;
	p->active_connection_id_limit = 7;
	p->grease_quic_bit = 1;
	p->disable_active_migration = !c->cid->server_id_len;
	p->original_dcid = a->original_dcid ? *a->original_dcid : a->hd->dcid;
	p->original_dcid_present = 1;
	if (a->original_dcid) {
		p->retry_scid = a->hd->dcid;
		p->retry_scid_present = 1;
	}
	p->stateless_reset_token_present = !ngtcp2_crypto_generate_stateless_reset_token(
		p->stateless_reset_token, c->worker->server->secret.reset, SECRET_LEN, scid);
}

static int make_quic(struct conn *c, const struct udp_msg *m, const struct conn_accept *a)
{
	struct worker *w = c->worker;
	ngtcp2_path path = {
		.local = {(ngtcp2_sockaddr *)&m->local.sa, addr_len(&m->local)},
		.remote = {(ngtcp2_sockaddr *)&m->remote.sa, addr_len(&m->remote)},
		.user_data = c->ep,
	};
	ngtcp2_transport_params params;
	ngtcp2_settings settings;
	ngtcp2_cid scid;

	if (conn_new_cid(c, &scid))
		return -EIO;
	fill_settings(c, a, &settings);
	fill_params(c, a, &scid, &params);
	c->qlog = conn_qlog_open(c, a, &settings);
	if (ngtcp2_conn_server_new(&c->quic, &a->hd->scid, &scid, &path, a->hd->version,
				   &conn_callbacks, &settings, &params, NULL, c))
		return -ENOMEM;
	ngtcp2_conn_set_tls_native_handle(c->quic, c->tls.session);
	if (w->server->config->keep_alive)
		ngtcp2_conn_set_keep_alive_timeout(c->quic, w->server->config->keep_alive);
	/* Until the client uses our ID it sends to the one that it chose. */
	if (cidmap_add(&w->cids, &c->cids, c, scid.data, scid.datalen) ||
	    cidmap_add(&w->cids, &c->cids, c, a->hd->dcid.data, a->hd->dcid.datalen))
		return -ENOMEM;
	return 0;
}

struct conn *conn_accept(struct endpoint *ep, const struct udp_msg *m, const struct conn_accept *a)
{
	struct worker *w = ep->worker;
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->worker = w;
	c->ep = ep;
	c->cid = &ep->cid;
	c->state = CONN_HANDSHAKE;
	c->early.token = a->address_validated;
	c->timer.fn = on_timer;
	c->mode = w->server->config->mode;
	c->tls.ref.get_conn = get_quic;
	c->tls.ref.user_data = c;
	ngtcp2_ccerr_default(&c->error);
	list_init(&c->dirty);
	list_init(&c->cids);
	list_init(&c->sendq);
	list_init(&c->of_worker);
	addr_format(&m->remote, c->peer);
	if (tls_session_init(&c->tls, w->tls)) {
		free(c);
		return NULL;
	}
	c->counted_open = true;
	c->quiet_since = clock_now();
	c->serial = (uint64_t)w->id << 48 | ++w->serial;
	list_add_tail(&w->conns, &c->of_worker);
	atomic_fetch_add(&w->server->conns, 1);
	atomic_fetch_add(&w->server->half_open, 1);
	STAT_INC(&w->stats, conns);
	STAT_INC(&w->stats, half_open);
	STAT_INC(&w->stats, accepted);
	if (make_quic(c, m, a)) {
		conn_free(c);
		return NULL;
	}
	return c;
}

/* Counts the end of a connection's life and writes its line to the log. */
static void account_end(struct conn *c)
{
	struct stats *st = &c->worker->stats;
	ngtcp2_conn_info info;

	ngtcp2_conn_get_conn_info(c->quic, &info);
	STAT_ADD(st, lost, QUICVER_LOST_PACKETS(&info));
	if (c->state == CONN_OPEN || !c->counted_open) {
		stats_rtt(st, info.smoothed_rtt);
		log_info("%s: closed, rtt %.3f ms", c->peer, (double)info.smoothed_rtt / NS_PER_MS);
	}
}

/* Frees everything except the needs of the closing and draining states: IDs, a timer, a packet. */
static void shed(struct conn *c)
{
	struct worker *w = c->worker;

	if (!c->quic && !c->tls.session)
		return;
	if (c->started)
		c->mode->stop(c);
	c->started = false;
	if (c->quic)
		account_end(c);
	not_half_open(c);
	conn_set_pressed(c, false);
	ngtcp2_conn_del(c->quic);
	c->quic = NULL;
	conn_qlog_close(c);
	tls_session_free(&c->tls);
	list_del(&c->dirty);
	atomic_fetch_sub(&w->server->conns, 1);
	STAT_DEC(&w->stats, conns);
}

void conn_free(struct conn *c)
{
	struct worker *w = c->worker;

	shed(c);
	timer_cancel(&w->loop.timers, &c->timer);
	cidmap_remove_all(&w->cids, &c->cids);
	list_del(&c->of_worker);
	free(c->close.pkt);
	free(c);
}

void conn_addrs(const struct conn *c, union addr *local, union addr *remote)
{
	const ngtcp2_path *p = ngtcp2_conn_get_path(c->quic);

	memset(local, 0, sizeof(*local));
	memset(remote, 0, sizeof(*remote));
	memcpy(local, p->local.addr, p->local.addrlen);
	memcpy(remote, conn_remote(c, p), p->remote.addrlen);
}

/* Waits out stray packets for three PTOs (RFC 9000, 10.2), holding only the IDs. */
static void enter_final(struct conn *c, enum conn_state state)
{
	uint64_t until = clock_now() + 3 * ngtcp2_conn_get_pto(c->quic);

	shed(c);
	c->state = state;
	if (timer_set(&c->worker->loop.timers, &c->timer, until))
		conn_free(c);
}

/* Sends CONNECTION_CLOSE with c->error and enters the closing state. */
static void send_close(struct conn *c)
{
	struct worker *w = c->worker;
	ngtcp2_path_storage ps;
	ngtcp2_pkt_info pi = {0};
	ngtcp2_ssize n;

	ngtcp2_path_storage_zero(&ps);
	n = ngtcp2_conn_write_connection_close(c->quic, &ps.path, &pi, w->txbuf,
					       NGTCP2_MAX_UDP_PAYLOAD_SIZE, &c->error, clock_now());
	if (n <= 0) {
		conn_free(c);
		return;
	}
	memcpy(&c->close.local, ps.path.local.addr, ps.path.local.addrlen);
	memcpy(&c->close.remote, conn_remote(c, &ps.path), ps.path.remote.addrlen);
	if ((size_t)n <= early_room(c, &c->close.remote)) {
		c->close.pkt = malloc((size_t)n);
		if (c->close.pkt) {
			c->close.len = (size_t)n;
			memcpy(c->close.pkt, w->txbuf, (size_t)n);
		}
		c->close.answer_at = 1;
		endpoint_send(c->ep, &c->close.local, &c->close.remote, pi.ecn, w->txbuf, (size_t)n,
			      (size_t)n);
		early_sent(c, &c->close.remote, (size_t)n);
	}
	enter_final(c, CONN_CLOSING);
}

/* The client broke the handshake off: with a TLS alert if it did not like our certificate. */
static void account_refusal(struct conn *c)
{
	uint64_t code = ngtcp2_conn_get_ccerr(c->quic)->error_code;
	const char *alert = NULL;

	if (code >= NGTCP2_CRYPTO_ERROR && code < NGTCP2_CRYPTO_ERROR + 256)
		alert = gnutls_alert_get_name((int)(code - NGTCP2_CRYPTO_ERROR));
	if (alert)
		STAT_INC(&c->worker->stats, hs_tls);
	else
		STAT_INC(&c->worker->stats, hs_other);
	if (alert)
		log_info("%s: handshake refused by the client: %s", c->peer, alert);
	else
		log_info("%s: handshake refused by the client: error 0x%" PRIx64, c->peer, code);
}

/* Why a handshake failed, for the counters and the log. */
static void account_handshake_failure(struct conn *c, int liberr)
{
	struct stats *st = &c->worker->stats;
	uint8_t alert = ngtcp2_conn_get_tls_alert(c->quic);

	if (liberr == NGTCP2_ERR_DRAINING) {
		account_refusal(c);
		return;
	}
	if (liberr == NGTCP2_ERR_CRYPTO && alert == GNUTLS_A_NO_APPLICATION_PROTOCOL)
		STAT_INC(st, hs_alpn);
	else if (liberr == NGTCP2_ERR_CRYPTO)
		STAT_INC(st, hs_tls);
	else if (liberr == NGTCP2_ERR_HANDSHAKE_TIMEOUT || liberr == NGTCP2_ERR_IDLE_CLOSE)
		STAT_INC(st, hs_timeout);
	else
		STAT_INC(st, hs_other);
	if (liberr == NGTCP2_ERR_CRYPTO)
		log_info("%s: handshake failed: %s", c->peer,
			 alert ? gnutls_alert_get_name(alert) : "TLS error");
	else
		log_debug("%s: handshake failed: %s", c->peer, ngtcp2_strerror(liberr));
}

/* The peer's own CONNECTION_CLOSE, told apart for the counters. */
static void account_peer_close(struct conn *c)
{
	const ngtcp2_ccerr *e = ngtcp2_conn_get_ccerr(c->quic);

	if (e->type == NGTCP2_CCERR_TYPE_APPLICATION || e->error_code == NGTCP2_NO_ERROR) {
		STAT_INC(&c->worker->stats, closed_ok);
		return;
	}
	STAT_INC(&c->worker->stats, closed_error);
	log_info("%s: closed by the client: error 0x%" PRIx64 " %.*s", c->peer, e->error_code,
		 (int)e->reasonlen, e->reason ? (const char *)e->reason : "");
}

/* Ends the connection as @liberr, an error of ngtcp2, demands. */
static void conn_fail(struct conn *c, int liberr)
{
	if (c->counted_open)
		account_handshake_failure(c, liberr);
	else if (liberr == NGTCP2_ERR_IDLE_CLOSE)
		STAT_INC(&c->worker->stats, closed_idle);
	else if (liberr == NGTCP2_ERR_DRAINING)
		account_peer_close(c);
	else
		STAT_INC(&c->worker->stats, closed_error);
	switch (liberr) {
	case NGTCP2_ERR_DRAINING:
		enter_final(c, CONN_DRAINING);
		return;
	case NGTCP2_ERR_DROP_CONN:
	case NGTCP2_ERR_RETRY:
	case NGTCP2_ERR_IDLE_CLOSE:
	case NGTCP2_ERR_CLOSING:
		conn_free(c);
		return;
	case NGTCP2_ERR_CRYPTO:
		if (c->error.error_code == NGTCP2_NO_ERROR)
			ngtcp2_ccerr_set_tls_alert(&c->error, ngtcp2_conn_get_tls_alert(c->quic),
						   NULL, 0);
		break;
	default:
		if (!c->counted_open)
			log_info("%s: %s", c->peer, ngtcp2_strerror(liberr));
		if (c->error.error_code == NGTCP2_NO_ERROR)
			ngtcp2_ccerr_set_liberr(&c->error, liberr, NULL, 0);
	}
	send_close(c);
}

void conn_close(struct conn *c, uint64_t app_error, const char *reason)
{
	if (!c->quic)
		return;
	if (c->counted_open)
		STAT_INC(&c->worker->stats, hs_other);
	else
		STAT_INC(&c->worker->stats, closed_ok);
	ngtcp2_ccerr_set_application_error(&c->error, app_error, (const uint8_t *)reason,
					   strlen(reason));
	send_close(c);
}

/* Answers packets in the closing state less and less often (RFC 9000, 10.2.1). */
static void repeat_close(struct conn *c)
{
	if (c->state != CONN_CLOSING || !c->close.pkt || ++c->close.received < c->close.answer_at)
		return;
	c->close.received = 0;
	c->close.answer_at *= 2;
	if (c->ep->blocked || c->close.len > early_room(c, &c->close.remote))
		return;
	endpoint_send(c->ep, &c->close.local, &c->close.remote, 0, c->close.pkt, c->close.len,
		      c->close.len);
	early_sent(c, &c->close.remote, c->close.len);
}

static bool in_handshake(const struct conn *c, const union addr *local)
{
	return !ngtcp2_conn_get_handshake_completed(c->quic) &&
	       addr_equal(local, (union addr *)ngtcp2_conn_get_path(c->quic)->local.addr);
}

void conn_read(struct conn *c, struct endpoint *ep, const struct udp_msg *m, const uint8_t *data,
	       size_t len)
{
	ngtcp2_path path = {
		.local = {(ngtcp2_sockaddr *)&m->local.sa, addr_len(&m->local)},
		.remote = {(ngtcp2_sockaddr *)&m->remote.sa, addr_len(&m->remote)},
		.user_data = ep,
	};
	ngtcp2_pkt_info pi = {.ecn = m->ecn};
	int rv;

	if (!c->quic) {
		early_received(c, &m->remote, len);
		repeat_close(c);
		return;
	}
	if (in_handshake(c, &m->local))
		rv = early_read(c, &path, &pi, data, len);
	else
		rv = early_read_later(c, &path, &pi, data, len);
	if (rv)
		conn_fail(c, rv);
	else
		conn_touch(c);
}

void conn_touch(struct conn *c)
{
	if (c->quic && !list_linked(&c->dirty))
		list_add_tail(&c->worker->dirty, &c->dirty);
}

void conn_set_pressed(struct conn *c, bool pressed)
{
	c->worker->pressed += (size_t)pressed - (size_t)c->pressed;
	c->pressed = pressed;
}

void conn_flush(struct conn *c)
{
	int rv = 0;

	if (!c->quic)
		return;
	if (c->started && c->mode->flush(c))
		rv = NGTCP2_ERR_CALLBACK_FAILURE;
	if (!rv)
		rv = conn_write(c);
	/* If flush() has touched it, the writing follows now. */
	list_del(&c->dirty);
	if (rv) {
		conn_fail(c, rv);
		return;
	}
	if (c->worker->draining && c->state == CONN_OPEN && c->started && c->mode->idle(c)) {
		conn_close(c, c->mode->no_error, "");
		return;
	}
	if (timer_set(&c->worker->loop.timers, &c->timer, ngtcp2_conn_get_expiry(c->quic)))
		conn_free(c);
}

void conn_handshake_done(struct conn *c)
{
	char name[256] = "";

	not_half_open(c);
	c->state = CONN_OPEN;
	STAT_INC(&c->worker->stats, hs_ok);
	if (log_enabled(LOG_LEVEL_INFO)) {
		tls_client_name(&c->tls, name);
		log_info("%s: connected, version %s, alpn %s, sni %s%s%s", c->peer,
			 ngtcp2_conn_get_negotiated_version(c->quic) == NGTCP2_PROTO_VER_V2 ? "v2"
											    : "v1",
			 c->alpn, c->sni[0] ? c->sni : "-", name[0] ? ", client " : "", name);
	}
}

void conn_drain(struct conn *c)
{
	if (!c->quic)
		return;
	if (!c->started) {
		/*
		 * Still in its handshake, or the client never answers: refuse it as if it
		 * had come just now.
		 */
		STAT_INC(&c->worker->stats, refused);
		ngtcp2_ccerr_set_transport_error(&c->error, NGTCP2_CONNECTION_REFUSED, NULL, 0);
		send_close(c);
		return;
	}
	/* After this, an announcement would be too late: nghttp3 fails an assertion. */
	c->announced = true;
	c->quiet_since = clock_now();
	if (c->mode->drain)
		c->mode->drain(c);
	conn_touch(c);
}

void conn_close_quiet(struct conn *c, uint64_t now)
{
	uint64_t limit =
		c->mode->announce ? QUIET_ANNOUNCED : c->worker->server->config->idle_timeout;

	if (!c->quic || !c->started || c->state != CONN_OPEN)
		return;
	if (!c->announced && c->worker->draining)
		return;
	if (!c->announced) {
		c->announced = true;
		c->quiet_since = now;
		if (c->mode->announce)
			c->mode->announce(c);
		conn_touch(c);
	} else if (c->mode->idle(c) && now - c->quiet_since >= limit) {
		conn_close(c, c->mode->no_error, "");
	}
}
