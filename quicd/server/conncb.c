// SPDX-License-Identifier: GPL-2.0-or-later
#include "conncb.h"

#include <errno.h>
#include <gnutls/crypto.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "aead.h"
#include "early.h"
#include "token.h"

#define CID_TRIES 8

int conn_new_cid(struct conn *c, ngtcp2_cid *cid)
{
	const struct cid_format *f = c->cid;
	uint8_t random[CID_LEN_MAX];

	cid->datalen = cid_len(f);
	/* With a long server ID little is random, and an ID may be in use. */
	for (int i = 0; i < CID_TRIES; i++) {
		if (gnutls_rnd(GNUTLS_RND_NONCE, random, f->nonce_len))
			return -EIO;
		cid_make(f, c->worker->id, random, cid->data);
		if (!cidmap_find(&c->worker->cids, cid->data, cid->datalen))
			return 0;
	}
	return -EEXIST;
}

static _Thread_local unsigned long packets_opened;

unsigned long conn_packets_opened(void)
{
	return packets_opened;
}

static int decrypt_cb(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		      const ngtcp2_crypto_aead_ctx *ctx, const uint8_t *data, size_t len,
		      const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len)
{
	int rv = aead_decrypt_cb(dest, aead, ctx, data, len, nonce, nonce_len, aad, aad_len);

	packets_opened += !rv;
	return rv;
}

/* A mode's verdict as ngtcp2 wants it. */
static int verdict(int rv)
{
	return rv ? NGTCP2_ERR_CALLBACK_FAILURE : 0;
}

static void rand_cb(uint8_t *dest, size_t len, const ngtcp2_rand_ctx *ctx)
{
	(void)ctx;
	if (gnutls_rnd(GNUTLS_RND_NONCE, dest, len))
		__builtin_trap(); /* no randomness, no QUIC */
}

static int new_cid_cb(ngtcp2_conn *quic, ngtcp2_cid *cid, uint8_t *token, size_t len, void *user)
{
	struct conn *c = user;
	struct worker *w = c->worker;

	(void)quic;
	(void)len; /* always cid_len(): the length of our first ID */
	if (conn_new_cid(c, cid) ||
	    ngtcp2_crypto_generate_stateless_reset_token(token, w->server->secret.reset, SECRET_LEN,
							 cid) ||
	    cidmap_add(&w->cids, &c->cids, c, cid->data, cid->datalen))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	return 0;
}

static int remove_cid_cb(ngtcp2_conn *quic, const ngtcp2_cid *cid, void *user)
{
	struct conn *c = user;

	(void)quic;
	cidmap_remove(&c->worker->cids, cid->data, cid->datalen);
	return 0;
}

static int admit(struct conn *c)
{
	if (tls_client_admitted(&c->tls))
		return 0;
	log_info("%s: the client's certificate is no longer valid", c->peer);
	ngtcp2_ccerr_set_tls_alert(&c->error, GNUTLS_A_BAD_CERTIFICATE, NULL, 0);
	return -1;
}

/* The mode starts with the handshake's end or the first early data, or if it speaks first. */
static int start_mode(struct conn *c)
{
	if (c->started)
		return 0;
	if (admit(c))
		return -1;
	c->alpn_len = tls_alpn(&c->tls, c->alpn);
	tls_sni(&c->tls, c->sni);
	if (c->mode->start(c))
		return -1;
	c->started = true;
	return 0;
}

static int recv_tx_key_cb(ngtcp2_conn *quic, ngtcp2_encryption_level level, void *user)
{
	struct conn *c = user;

	if (level != NGTCP2_ENCRYPTION_LEVEL_1RTT)
		return 0;
	/* A client without other IDs cannot move, and nothing could route it then. */
	if (!c->cid->server_id_len && !quicver_one_cid(quic))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	QUICVER_TOLERATE_CIDS(quic);
	return c->mode->speaks_first && start_mode(c) ? NGTCP2_ERR_CALLBACK_FAILURE : 0;
}

static int handshake_completed_cb(ngtcp2_conn *quic, void *user)
{
	struct conn *c = user;
	uint8_t token[NGTCP2_CRYPTO_MAX_REGULAR_TOKENLEN];
	union addr local, remote;
	ngtcp2_addr to = {.addr = (ngtcp2_sockaddr *)&remote.sa};
	ngtcp2_ssize n;

	/*
	 * If the mode started before the handshake's end, check the client now that all of
	 * it is known.
	 */
	if (c->started ? admit(c) : start_mode(c))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	conn_handshake_done(c);
	if (tls_send_ticket(&c->tls))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	/*
	 * A token for the client's next connection, so that Retry need not ask again; but none for
	 * an address that is not validated (RFC 9000, 8.1.3).
	 */
	if (c->early.moves)
		return 0;
	conn_addrs(c, &local, &remote);
	to.addrlen = addr_len(&remote);
	n = token_make_regular(&c->worker->server->secret, &to, token);
	if (n > 0)
		return ngtcp2_conn_submit_new_token(quic, token, (size_t)n);
	return 0;
}

static int recv_stream_cb(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t offset,
			  const uint8_t *data, size_t len, void *user, void *stream)
{
	struct conn *c = user;

	(void)quic;
	(void)offset;
	return verdict(
		c->mode->recv(c, id, stream, data, len, flags & NGTCP2_STREAM_DATA_FLAG_FIN));
}

static int acked_cb(ngtcp2_conn *quic, int64_t id, uint64_t offset, uint64_t len, void *user,
		    void *stream)
{
	struct conn *c = user;

	(void)quic;
	(void)offset;
	return verdict(c->mode->acked(c, id, stream, (size_t)len));
}

static int stream_open_cb(ngtcp2_conn *quic, int64_t id, void *user)
{
	struct conn *c = user;

	(void)quic;
	if (start_mode(c))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	if (ngtcp2_is_bidi_stream(id)) {
		STAT_INC(&c->worker->stats, streams);
		STAT_INC(&c->worker->stats, open_streams);
	}
	return verdict(c->mode->open(c, id));
}

static int stream_close_cb(ngtcp2_conn *quic, uint32_t flags, int64_t id, uint64_t code, void *user,
			   void *stream)
{
	struct conn *c = user;
	bool has_code = flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET;

	if (c->mode->closed(c, id, stream, has_code, code))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	/* The place is free for another stream of the client. */
	if (!ngtcp2_is_bidi_stream(id)) {
		if (!ngtcp2_conn_is_local_stream(quic, id))
			ngtcp2_conn_extend_max_streams_uni(quic, 1);
		return 0;
	}
	if (!ngtcp2_conn_is_local_stream(quic, id))
		ngtcp2_conn_extend_max_streams_bidi(quic, 1);
	STAT_DEC(&c->worker->stats, open_streams);
	c->quiet_since = clock_now();
	if (has_code)
		STAT_INC(&c->worker->stats, stream_resets);
	return 0;
}

static int stream_reset_cb(ngtcp2_conn *quic, int64_t id, uint64_t final_size, uint64_t code,
			   void *user, void *stream)
{
	struct conn *c = user;

	(void)quic;
	(void)final_size;
	return verdict(c->mode->reset(c, id, stream, code));
}

/* In spite of its name: our side stops reading, and STOP_SENDING is being sent. */
static int stop_sending_cb(ngtcp2_conn *quic, int64_t id, uint64_t code, void *user, void *stream)
{
	struct conn *c = user;

	(void)quic;
	(void)code;
	(void)stream;
	return c->mode->read_stopped ? verdict(c->mode->read_stopped(c, id)) : 0;
}

static int extend_stream_cb(ngtcp2_conn *quic, int64_t id, uint64_t max, void *user, void *stream)
{
	struct conn *c = user;

	(void)quic;
	(void)max;
	return verdict(c->mode->unblocked(c, id, stream));
}

static int path_validation_cb(ngtcp2_conn *quic, uint32_t flags, const ngtcp2_path *path,
			      const ngtcp2_path *fallback, ngtcp2_path_validation_result res,
			      void *user)
{
	struct conn *c = user;
	char text[ADDR_TEXT_MAX];

	(void)quic;
	(void)flags;
	(void)fallback;
	if (res != NGTCP2_PATH_VALIDATION_RESULT_SUCCESS)
		return 0;
	if (path->user_data)
		c->ep = path->user_data;
	c->early.active = false;
	if (early_is_renamed(c, (const union addr *)path->remote.addr))
		return 0; /* it has not moved */
	STAT_INC(&c->worker->stats, migrations);
	addr_format((const union addr *)path->remote.addr, text);
	log_info("%s: now at %s", c->peer, text);
	return 0;
}

const ngtcp2_callbacks conn_callbacks = {
	.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
	.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
	.recv_tx_key = recv_tx_key_cb,
	.handshake_completed = handshake_completed_cb,
	.encrypt = aead_encrypt_cb,
	.decrypt = decrypt_cb,
	.hp_mask = aead_hp_mask_cb,
	.recv_stream_data = recv_stream_cb,
	.acked_stream_data_offset = acked_cb,
	.stream_open = stream_open_cb,
	.stream_close = stream_close_cb,
	.rand = rand_cb,
	.get_new_connection_id = new_cid_cb,
	.remove_connection_id = remove_cid_cb,
	.update_key = aead_update_key_cb,
	.path_validation = path_validation_cb,
	.stream_reset = stream_reset_cb,
	.extend_max_stream_data = extend_stream_cb,
	.delete_crypto_aead_ctx = aead_delete_ctx_cb,
	.delete_crypto_cipher_ctx = aead_delete_hp_cb,
	.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
	.stream_stop_sending = stop_sending_cb,
	.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
};
