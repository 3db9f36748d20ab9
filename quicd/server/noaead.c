// SPDX-License-Identifier: GPL-2.0-or-later
/* In place of aead.c where there is no libgcrypt: GnuTLS protects all packets. */
#include "aead.h"

void aead_init(void)
{
}

void aead_attach(gnutls_session_t session)
{
	(void)session;
}

int aead_encrypt_cb(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		    const ngtcp2_crypto_aead_ctx *ctx, const uint8_t *data, size_t len,
		    const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len)
{
	return ngtcp2_crypto_encrypt_cb(dest, aead, ctx, data, len, nonce, nonce_len, aad, aad_len);
}

int aead_decrypt_cb(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		    const ngtcp2_crypto_aead_ctx *ctx, const uint8_t *data, size_t len,
		    const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len)
{
	return ngtcp2_crypto_decrypt_cb(dest, aead, ctx, data, len, nonce, nonce_len, aad, aad_len);
}

int aead_update_key_cb(ngtcp2_conn *quic, uint8_t *rx_secret, uint8_t *tx_secret,
		       ngtcp2_crypto_aead_ctx *rx, uint8_t *rx_iv, ngtcp2_crypto_aead_ctx *tx,
		       uint8_t *tx_iv, const uint8_t *old_rx_secret, const uint8_t *old_tx_secret,
		       size_t secret_len, void *user)
{
	return ngtcp2_crypto_update_key_cb(quic, rx_secret, tx_secret, rx, rx_iv, tx, tx_iv,
					   old_rx_secret, old_tx_secret, secret_len, user);
}

void aead_delete_ctx_cb(ngtcp2_conn *quic, ngtcp2_crypto_aead_ctx *ctx, void *user)
{
	ngtcp2_crypto_delete_crypto_aead_ctx_cb(quic, ctx, user);
}

void aead_delete_hp_cb(ngtcp2_conn *quic, ngtcp2_crypto_cipher_ctx *ctx, void *user)
{
	ngtcp2_crypto_delete_crypto_cipher_ctx_cb(quic, ctx, user);
}

int aead_hp_mask_cb(uint8_t *dest, const ngtcp2_crypto_cipher *hp,
		    const ngtcp2_crypto_cipher_ctx *ctx, const uint8_t *sample)
{
	return ngtcp2_crypto_hp_mask_cb(dest, hp, ctx, sample);
}

void *aead_key_make(const ngtcp2_crypto_aead *aead, bool hp, const uint8_t *key)
{
	(void)aead;
	(void)hp;
	(void)key;
	return NULL;
}
