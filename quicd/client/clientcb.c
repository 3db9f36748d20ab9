// SPDX-License-Identifier: GPL-2.0-or-later
/* ngtcp2's callbacks of the client. */
#include "clientcb.h"

#include <gnutls/crypto.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../common/clock.h"

static void rand_cb(uint8_t *dest, size_t len, const ngtcp2_rand_ctx *ctx)
{
	(void)ctx;
	if (gnutls_rnd(GNUTLS_RND_NONCE, dest, len))
		__builtin_trap(); /* no randomness, no QUIC */
}

int client_make_cid(struct client *c, uint8_t *data, size_t len)
{
	if (gnutls_rnd(GNUTLS_RND_NONCE, data, len))
		return -1;
	if (c->net->nclients > 1)
		data[0] = net_cid_octet(c->net, c->index);
	return 0;
}

static int new_cid_cb(ngtcp2_conn *quic, ngtcp2_cid *cid, uint8_t *token, size_t len, void *user)
{
	(void)quic;
	cid->datalen = len;
	if (client_make_cid(user, cid->data, len) ||
	    gnutls_rnd(GNUTLS_RND_RANDOM, token, NGTCP2_STATELESS_RESET_TOKENLEN))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	return 0;
}

void client_open_streams(struct client *c)
{
	if (c->keeps)
		return;
	while (c->opened < c->nstreams) {
		struct client_stream *s = &c->stream[c->opened];

		if (ngtcp2_conn_open_bidi_stream(c->quic, &s->id, s)) {
			s->id = -1;
			return;
		}
		c->opened++;
	}
}

static int extend_streams_cb(ngtcp2_conn *quic, uint64_t max, void *user)
{
	(void)quic;
	(void)max;
	client_open_streams(user);
	return 0;
}

static int handshake_completed_cb(ngtcp2_conn *quic, void *user)
{
	struct client *c = user;

	c->connected = true;
	if (c->o->verbose && !c->fetch_only) {
		gnutls_datum_t alpn = {0};

		gnutls_alpn_get_selected_protocol(c->session, &alpn);
		client_say(c, "QUIC: version %s, ALPN %.*s",
			   ngtcp2_conn_get_negotiated_version(quic) == NGTCP2_PROTO_VER_V2 ? "2"
											   : "1",
			   (int)alpn.size, alpn.size ? (char *)alpn.data : "");
		ctls_print(c->session, c->label);
		if (c->early)
			client_say(c, "early data: %s",
				   gnutls_session_get_flags(c->session) & GNUTLS_SFLAGS_EARLY_DATA
					   ? "accepted"
					   : "rejected");
	}
	client_open_streams(c);
	return 0;
}

void client_rewind(struct client *c)
{
	if (c->keeps)
		return; /* none is open before the handshake is complete */
	for (unsigned int i = 0; i < c->opened; i++) {
		struct client_stream *s = &c->stream[i];

		s->id = -1;
		s->fin_sent = s->blocked = s->announced = false;
		s->q.mark = NULL;
		s->q.unsent = s->q.len;
	}
	c->opened = 0;
}

/* The server did not take the early data: all of it goes out again. */
static int early_rejected_cb(ngtcp2_conn *quic, void *user)
{
	(void)quic;
	client_rewind(user);
	return 0;
}

/* For --rebind and --migrate, and for the longest time without data. */
static void note_arrival(struct client *c, size_t len)
{
	uint64_t now = clock_now();

	c->net->received += len;
	if (c->last && now - c->last > c->longest)
		c->longest = now - c->last;
	c->last = now;
}

static int recv_stream_cb(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t offset,
			  const uint8_t *data, size_t len, void *user, void *stream)
{
	struct client *c = user;
	struct client_stream *s = stream;

	(void)quic;
	(void)id;
	(void)offset;
	if (!s) {
		/* A stream that the server opened (HTTP/3 has some): read it and throw it away. */
		ngtcp2_conn_extend_max_stream_offset(quic, id, len);
		ngtcp2_conn_extend_max_offset(quic, len);
		return 0;
	}
	note_arrival(c, len);
	s->received += len;
	if (flags & NGTCP2_STREAM_DATA_FLAG_FIN)
		s->ended = true;
	if (len)
		client_credit(c, s, c->on_data(c, s, data, len));
	return 0;
}

static int acked_cb(ngtcp2_conn *quic, int64_t id, uint64_t offset, uint64_t len, void *user,
		    void *stream)
{
	struct client *c = user;
	struct client_stream *s = stream;

	(void)quic;
	(void)id;
	(void)offset;
	if (s)
		chunkq_drop(&s->q, &c->pool, (size_t)len);
	return 0;
}

static int stream_reset_cb(ngtcp2_conn *quic, int64_t id, uint64_t final_size, uint64_t code,
			   void *user, void *stream)
{
	struct client *c = user;

	(void)quic;
	(void)final_size;
	if (!stream)
		return 0;
	if (c->keeps) {
		((struct client_stream *)stream)->reset = true;
		return 0;
	}
	client_err(c, "stream %" PRId64 " reset by the server: error 0x%" PRIx64, id, code);
	client_end(c, QUICC_STREAM);
	return 0;
}

static int stream_close_cb(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t code, void *user,
			   void *stream)
{
	struct client_stream *s = stream;

	(void)quic;
	(void)flags;
	(void)id;
	(void)code;
	(void)user;
	if (s) {
		s->ended = s->closed = true;
		s->shut = true;
	}
	return 0;
}

static int versions_cb(ngtcp2_conn *quic, const ngtcp2_pkt_hd *hd, const uint32_t *sv, size_t nsv,
		       void *user)
{
	struct client *c = user;

	(void)quic;
	(void)hd;
	for (size_t i = 0; i < nsv; i++)
		if (sv[i] == NGTCP2_PROTO_VER_V2)
			c->offered = sv[i];
	return 0;
}

static int stateless_reset_cb(ngtcp2_conn *quic, const ngtcp2_pkt_stateless_reset *sr, void *user)
{
	struct client *c = user;

	(void)quic;
	(void)sr;
	client_err(c, "stateless reset: the server no longer knows this connection");
	client_end(c, QUICC_STREAM);
	return 0;
}

static int path_validation_cb(ngtcp2_conn *quic, uint32_t flags, const ngtcp2_path *path,
			      const ngtcp2_path *fallback, ngtcp2_path_validation_result res,
			      void *user)
{
	struct client *c = user;
	char text[ADDR_TEXT_MAX];

	(void)quic;
	(void)flags;
	(void)fallback;
	addr_format((const union addr *)path->local.addr, text);
	if (res == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS) {
		if (c->o->verbose)
			client_say(c, "migrated: now at %s", text);
	} else if (res == NGTCP2_PATH_VALIDATION_RESULT_FAILURE) {
		client_err(c, "no answer on the new path from %s", text);
		client_end(c, QUICC_TIMEOUT);
	}
	return 0;
}

static int extend_data_cb(ngtcp2_conn *quic, int64_t id, uint64_t max, void *user, void *stream)
{
	(void)quic;
	(void)id;
	(void)max;
	(void)user;
	if (stream)
		((struct client_stream *)stream)->blocked = false;
	return 0;
}

const ngtcp2_callbacks client_callbacks = {
	.client_initial = ngtcp2_crypto_client_initial_cb,
	.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
	.handshake_completed = handshake_completed_cb,
	.encrypt = ngtcp2_crypto_encrypt_cb,
	.decrypt = ngtcp2_crypto_decrypt_cb,
	.hp_mask = ngtcp2_crypto_hp_mask_cb,
	.recv_stream_data = recv_stream_cb,
	.acked_stream_data_offset = acked_cb,
	.stream_close = stream_close_cb,
	.recv_stateless_reset = stateless_reset_cb,
	.recv_version_negotiation = versions_cb,
	.recv_retry = ngtcp2_crypto_recv_retry_cb,
	.extend_max_local_streams_bidi = extend_streams_cb,
	.rand = rand_cb,
	.get_new_connection_id = new_cid_cb,
	.update_key = ngtcp2_crypto_update_key_cb,
	.path_validation = path_validation_cb,
	.stream_reset = stream_reset_cb,
	.extend_max_stream_data = extend_data_cb,
	.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
	.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
	.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
	.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
	.tls_early_data_rejected = early_rejected_cb,
};
