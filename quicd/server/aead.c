// SPDX-License-Identifier: GPL-2.0-or-later
#include "aead.h"

/* Where there is no libgcrypt, noaead.c is built in place of this file; checks read both. */
#if __has_include(<gcrypt.h>)

#include <gcrypt.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"

#define TAG_LEN	   16
#define KEY_MAX	   32
#define IV_LEN	   12
#define SECRET_MAX 64

/*
 * The key of one direction and key phase, or of its header protection. ngtcp2 has those of the
 * next phase made long before they are used, if ever: the cipher is opened with the first packet.
 */
struct aead_key {
	int algorithm, mode;
	size_t key_len;
	uint8_t key[KEY_MAX];
	gcry_cipher_hd_t cipher;
};

static const struct aead_kind {
	gnutls_cipher_algorithm_t gnutls;
	int algorithm, mode, hp_mode;
} kinds[] = {
	{GNUTLS_CIPHER_AES_128_GCM, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_GCM, GCRY_CIPHER_MODE_ECB},
	{GNUTLS_CIPHER_AES_256_GCM, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_GCM, GCRY_CIPHER_MODE_ECB},
	{GNUTLS_CIPHER_CHACHA20_POLY1305, GCRY_CIPHER_CHACHA20, GCRY_CIPHER_MODE_POLY1305,
	 GCRY_CIPHER_MODE_STREAM},
};

static bool usable;

void aead_init(void)
{
	if (!gcry_check_version(GCRYPT_VERSION)) {
		log_warn("libgcrypt is older than the one that quicd was built with: not used");
		return;
	}
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	/* There, AES-GCM encrypts with no nonce that the caller gives (gcry_cipher_setiv). */
	usable = !gcry_fips_mode_active();
	if (!usable)
		log_info("libgcrypt is in FIPS mode: packets are protected by GnuTLS alone");
}

/*
 * A context is a pointer to memory of malloc(), ours or GnuTLS's: the lowest bit, which is 0
 * in both, marks ours.
 */
static struct aead_key *ours(const void *handle)
{
	uintptr_t p = (uintptr_t)handle;

	return p & 1 ? (struct aead_key *)(p - 1) : NULL;
}

/* Our kind for a cipher of GnuTLS, or NULL. */
static const struct aead_kind *find_kind(const ngtcp2_crypto_aead *aead)
{
	gnutls_cipher_algorithm_t id = (gnutls_cipher_algorithm_t)(uintptr_t)aead->native_handle;

	for (size_t i = 0; usable && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].gnutls == id && !gcry_cipher_test_algo(kinds[i].algorithm))
			return &kinds[i];
	return NULL;
}

/* Returns a handle for ngtcp2, or NULL. */
static void *make_key(int algorithm, int mode, const uint8_t *key, size_t len)
{
	struct aead_key *k = malloc(sizeof(*k));

	if (!k)
		return NULL;
	*k = (struct aead_key){.algorithm = algorithm, .mode = mode, .key_len = len};
	memcpy(k->key, key, len);
	return (void *)((uintptr_t)k | 1);
}

void *aead_key_make(const ngtcp2_crypto_aead *aead, bool hp, const uint8_t *key)
{
	const struct aead_kind *kind = find_kind(aead);

	return kind ? make_key(kind->algorithm, hp ? kind->hp_mode : kind->mode, key,
			       ngtcp2_crypto_aead_keylen(aead))
		    : NULL;
}

static void free_key(struct aead_key *k)
{
	gcry_cipher_close(k->cipher);
	gnutls_memset(k, 0, sizeof(*k));
	free(k);
}

void aead_delete_ctx_cb(ngtcp2_conn *quic, ngtcp2_crypto_aead_ctx *ctx, void *user)
{
	struct aead_key *k = ours(ctx->native_handle);

	if (k)
		free_key(k);
	else
		ngtcp2_crypto_delete_crypto_aead_ctx_cb(quic, ctx, user);
}

void aead_delete_hp_cb(ngtcp2_conn *quic, ngtcp2_crypto_cipher_ctx *ctx, void *user)
{
	struct aead_key *k = ours(ctx->native_handle);

	if (k)
		free_key(k);
	else
		ngtcp2_crypto_delete_crypto_cipher_ctx_cb(quic, ctx, user);
}

static bool open_cipher(struct aead_key *k)
{
	if (gcry_cipher_open(&k->cipher, k->algorithm, k->mode, 0)) {
		k->cipher = NULL;
		return false;
	}
	if (gcry_cipher_setkey(k->cipher, k->key, k->key_len)) {
		gcry_cipher_close(k->cipher);
		k->cipher = NULL;
		return false;
	}
	return true;
}

/* Begins a packet. */
static bool begin(struct aead_key *k, const uint8_t *nonce, size_t nonce_len, const uint8_t *aad,
		  size_t aad_len)
{
	return (k->cipher || open_cipher(k)) && !gcry_cipher_setiv(k->cipher, nonce, nonce_len) &&
	       !gcry_cipher_authenticate(k->cipher, aad, aad_len);
}

/* libgcrypt takes a length with @in for in place. */
static const uint8_t *unless(const uint8_t *in, const uint8_t *out)
{
	return in == out ? NULL : in;
}

int aead_encrypt_cb(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		    const ngtcp2_crypto_aead_ctx *ctx, const uint8_t *data, size_t len,
		    const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len)
{
	struct aead_key *k = ours(ctx->native_handle);
	const uint8_t *in = unless(data, dest);

	if (!k)
		return ngtcp2_crypto_encrypt_cb(dest, aead, ctx, data, len, nonce, nonce_len, aad,
						aad_len);
	if (!begin(k, nonce, nonce_len, aad, aad_len) ||
	    gcry_cipher_encrypt(k->cipher, dest, len, in, in ? len : 0) ||
	    gcry_cipher_gettag(k->cipher, dest + len, TAG_LEN))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	return 0;
}

int aead_decrypt_cb(uint8_t *dest, const ngtcp2_crypto_aead *aead,
		    const ngtcp2_crypto_aead_ctx *ctx, const uint8_t *data, size_t len,
		    const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len)
{
	struct aead_key *k = ours(ctx->native_handle);
	const uint8_t *in = unless(data, dest);

	if (!k)
		return ngtcp2_crypto_decrypt_cb(dest, aead, ctx, data, len, nonce, nonce_len, aad,
						aad_len);
	if (len < TAG_LEN)
		return NGTCP2_ERR_DECRYPT;
	len -= TAG_LEN;
	if (!begin(k, nonce, nonce_len, aad, aad_len))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	if (gcry_cipher_decrypt(k->cipher, dest, len, in, in ? len : 0) ||
	    gcry_cipher_checktag(k->cipher, data + len, TAG_LEN))
		return NGTCP2_ERR_DECRYPT;
	return 0;
}

/* RFC 9001, 5.4.3 and 5.4.4. */
int aead_hp_mask_cb(uint8_t *dest, const ngtcp2_crypto_cipher *hp,
		    const ngtcp2_crypto_cipher_ctx *ctx, const uint8_t *sample)
{
	static const uint8_t zeros[NGTCP2_HP_MASKLEN];
	struct aead_key *k = ours(ctx->native_handle);
	uint8_t block[NGTCP2_HP_SAMPLELEN];

	if (!k)
		return ngtcp2_crypto_hp_mask_cb(dest, hp, ctx, sample);
	if (!k->cipher && !open_cipher(k))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	if (k->mode == GCRY_CIPHER_MODE_STREAM) {
		/* Counter and nonce are the sample. */
		if (gcry_cipher_setiv(k->cipher, sample, NGTCP2_HP_SAMPLELEN) ||
		    gcry_cipher_encrypt(k->cipher, dest, sizeof(zeros), zeros, sizeof(zeros)))
			return NGTCP2_ERR_CALLBACK_FAILURE;
		return 0;
	}
	if (gcry_cipher_encrypt(k->cipher, block, sizeof(block), sample, sizeof(block)))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	memcpy(dest, block, NGTCP2_HP_MASKLEN);
	return 0;
}

/* Puts our context in the place of one that GnuTLS made. */
static void take_over(ngtcp2_crypto_aead_ctx *ctx, const ngtcp2_crypto_aead *aead,
		      const uint8_t *key)
{
	void *own = aead_key_make(aead, false, key);

	if (!own)
		return;
	ngtcp2_crypto_aead_ctx_free(ctx);
	ctx->native_handle = own;
}

int aead_update_key_cb(ngtcp2_conn *quic, uint8_t *rx_secret, uint8_t *tx_secret,
		       ngtcp2_crypto_aead_ctx *rx, uint8_t *rx_iv, ngtcp2_crypto_aead_ctx *tx,
		       uint8_t *tx_iv, const uint8_t *old_rx_secret, const uint8_t *old_tx_secret,
		       size_t secret_len, void *user)
{
	const ngtcp2_crypto_aead *aead = &ngtcp2_conn_get_crypto_ctx(quic)->aead;
	uint8_t rx_key[SECRET_MAX], tx_key[SECRET_MAX];

	(void)user;
	if (ngtcp2_crypto_update_key(quic, rx_secret, tx_secret, rx, rx_key, rx_iv, tx, tx_key,
				     tx_iv, old_rx_secret, old_tx_secret, secret_len))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	take_over(rx, aead, rx_key);
	take_over(tx, aead, tx_key);
	gnutls_memset(rx_key, 0, sizeof(rx_key));
	gnutls_memset(tx_key, 0, sizeof(tx_key));
	return 0;
}

/* HKDF-Expand-Label (RFC 8446, 7.1) with @what, such as "key", as QUIC's label of @version. */
static bool expand(uint8_t *dest, size_t len, const ngtcp2_crypto_ctx *cc, uint32_t version,
		   const char *what, const uint8_t *secret, size_t secret_len)
{
	const char *prefix = version == NGTCP2_PROTO_VER_V2 ? "quicv2 " : "quic ";
	uint8_t info[64] = {(uint8_t)(len >> 8), (uint8_t)len};
	int n = snprintf((char *)info + 3, sizeof(info) - 3, "tls13 %s%s", prefix, what);

	info[2] = (uint8_t)n;
	/* The NUL behind the label is the length of an empty context. */
	return !ngtcp2_crypto_hkdf_expand(dest, len, &cc->md, secret, secret_len, info,
					  (size_t)n + 4);
}

/* The keys of a direction of 1-RTT packets (RFC 9001, 5.1). Returns 0 or -1. */
static int install(ngtcp2_conn *quic, bool tx, const uint8_t *secret, size_t len)
{
	const ngtcp2_crypto_ctx *cc = ngtcp2_conn_get_crypto_ctx(quic);
	uint32_t version = ngtcp2_conn_get_negotiated_version(quic);
	size_t key_len = ngtcp2_crypto_aead_keylen(&cc->aead);
	uint8_t key[KEY_MAX], hp_key[KEY_MAX], iv[IV_LEN];
	ngtcp2_crypto_cipher_ctx hp = {0};
	ngtcp2_crypto_aead_ctx ctx = {0};
	int rv = -1;

	if (expand(key, key_len, cc, version, "key", secret, len) &&
	    expand(iv, sizeof(iv), cc, version, "iv", secret, len) &&
	    expand(hp_key, key_len, cc, version, "hp", secret, len)) {
		ctx.native_handle = aead_key_make(&cc->aead, false, key);
		hp.native_handle = aead_key_make(&cc->aead, true, hp_key);
	}
	if (ctx.native_handle && hp.native_handle)
		rv = tx ? ngtcp2_conn_install_tx_key(quic, secret, len, &ctx, iv, sizeof(iv), &hp)
			: ngtcp2_conn_install_rx_key(quic, secret, len, &ctx, iv, sizeof(iv), &hp);
	if (rv && ctx.native_handle)
		free_key(ours(ctx.native_handle));
	if (rv && hp.native_handle)
		free_key(ours(hp.native_handle));
	gnutls_memset(key, 0, sizeof(key));
	gnutls_memset(hp_key, 0, sizeof(hp_key));
	return rv ? -1 : 0;
}

static int on_secret(gnutls_session_t session, gnutls_record_encryption_level_t level,
		     const void *rx, const void *tx, size_t len)
{
	ngtcp2_crypto_conn_ref *ref = gnutls_session_get_ptr(session);
	ngtcp2_conn *quic = ref->get_conn(ref);
	ngtcp2_encryption_level l = ngtcp2_crypto_gnutls_from_gnutls_record_encryption_level(level);

	/* The cipher is known with the keys of the handshake. */
	if (level == GNUTLS_ENCRYPTION_LEVEL_APPLICATION &&
	    find_kind(&ngtcp2_conn_get_crypto_ctx(quic)->aead))
		return (rx && install(quic, false, rx, len)) || (tx && install(quic, true, tx, len))
			       ? -1
			       : 0;
	if (rx && ngtcp2_crypto_derive_and_install_rx_key(quic, NULL, NULL, NULL, l, rx, len))
		return -1;
	if (tx && ngtcp2_crypto_derive_and_install_tx_key(quic, NULL, NULL, NULL, l, tx, len))
		return -1;
	return 0;
}

void aead_attach(gnutls_session_t session)
{
	if (usable)
		gnutls_handshake_set_secret_function(session, on_secret);
}

#endif
