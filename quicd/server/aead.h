/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protection of 1-RTT packets by libgcrypt, which has wider vector code than GnuTLS. TLS and all
 * other packets stay with GnuTLS, as do ciphers that libgcrypt lacks or refuses.
 */
#ifndef QUICD_AEAD_H
#define QUICD_AEAD_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "../common/quicver.h"

/* Before the first session, while there is one thread. */
void aead_init(void);

/*
 * To be called when ngtcp2's own functions are set in @session, whose pointer is an
 * ngtcp2_crypto_conn_ref.
 */
void aead_attach(gnutls_session_t session);

/* Callbacks of ngtcp2. */
int aead_encrypt_cb(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		    const ngtcp2_crypto_aead_ctx *ctx, const uint8_t *data, size_t len,
		    const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len);
int aead_decrypt_cb(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		    const ngtcp2_crypto_aead_ctx *ctx, const uint8_t *data, size_t len,
		    const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len);
int aead_update_key_cb(ngtcp2_conn *quic, uint8_t *rx_secret, uint8_t *tx_secret,
		       ngtcp2_crypto_aead_ctx *rx, uint8_t *rx_iv, ngtcp2_crypto_aead_ctx *tx,
		       uint8_t *tx_iv, const uint8_t *old_rx_secret, const uint8_t *old_tx_secret,
		       size_t secret_len, void *user);
void aead_delete_ctx_cb(ngtcp2_conn *quic, ngtcp2_crypto_aead_ctx *ctx, void *user);

void aead_delete_hp_cb(ngtcp2_conn *quic, ngtcp2_crypto_cipher_ctx *ctx, void *user);
int aead_hp_mask_cb(uint8_t *dest, const ngtcp2_crypto_cipher *hp,
		    const ngtcp2_crypto_cipher_ctx *ctx, const uint8_t *sample);

/*
 * The native handle of a context for @key, which has the length that @aead demands, or for the
 * header protection that goes with it. NULL where GnuTLS has to do it.
 */
void *aead_key_make(const ngtcp2_crypto_aead *aead, bool hp, const uint8_t *key);

#endif
