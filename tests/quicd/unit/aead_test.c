// SPDX-License-Identifier: GPL-2.0-or-later
/* libgcrypt's packets beside GnuTLS's: what one protects the other opens, and no other packet. */
#include "tap.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "../../../quicd/server/aead.h"

#define MAX 1500
#define TAG 16

static uint8_t key[32], nonce[12], aad[30], plain[MAX];

/* A cipher by its number in GnuTLS, and that of its header protection there. */
static const struct cipher {
	gnutls_cipher_algorithm_t aead, hp;
} ciphers[] = {
	{GNUTLS_CIPHER_AES_128_GCM, GNUTLS_CIPHER_AES_128_CBC},
	{GNUTLS_CIPHER_AES_256_GCM, GNUTLS_CIPHER_AES_256_CBC},
	{GNUTLS_CIPHER_CHACHA20_POLY1305, GNUTLS_CIPHER_CHACHA20_32},
};

#define NCIPHERS (sizeof(ciphers) / sizeof(ciphers[0]))

static int setup(void **state)
{
	(void)state;
	aead_init();
	gnutls_rnd(GNUTLS_RND_NONCE, key, sizeof(key));
	gnutls_rnd(GNUTLS_RND_NONCE, nonce, sizeof(nonce));
	gnutls_rnd(GNUTLS_RND_NONCE, aad, sizeof(aad));
	gnutls_rnd(GNUTLS_RND_NONCE, plain, sizeof(plain));
	return 0;
}

static ngtcp2_crypto_aead aead_of(const struct cipher *c)
{
	return (ngtcp2_crypto_aead){.native_handle = (void *)(uintptr_t)c->aead,
				    .max_overhead = TAG};
}

static ngtcp2_crypto_aead_ctx ctx_of(const struct cipher *c)
{
	ngtcp2_crypto_aead aead = aead_of(c);
	ngtcp2_crypto_aead_ctx ctx = {.native_handle = aead_key_make(&aead, false, key)};

	assert_non_null(ctx.native_handle);
	return ctx;
}

/* GnuTLS's context, as ngtcp2's library makes it. */
static ngtcp2_crypto_aead_ctx gnutls_ctx(const struct cipher *c)
{
	gnutls_datum_t k = {.data = key, .size = (unsigned int)gnutls_cipher_get_key_size(c->aead)};
	gnutls_aead_cipher_hd_t h;

	assert_int_equal(gnutls_aead_cipher_init(&h, c->aead, &k), 0);
	return (ngtcp2_crypto_aead_ctx){.native_handle = h};
}

static int encrypt(uint8_t *dest, const struct cipher *c, const ngtcp2_crypto_aead_ctx *ctx,
		   const uint8_t *data, size_t len)
{
	ngtcp2_crypto_aead aead = aead_of(c);

	return aead_encrypt_cb(dest, &aead, ctx, data, len, nonce, sizeof(nonce), aad, sizeof(aad));
}

static int decrypt(uint8_t *dest, const struct cipher *c, const ngtcp2_crypto_aead_ctx *ctx,
		   const uint8_t *data, size_t len)
{
	ngtcp2_crypto_aead aead = aead_of(c);

	return aead_decrypt_cb(dest, &aead, ctx, data, len, nonce, sizeof(nonce), aad, sizeof(aad));
}

static void same_as_gnutls(void **state)
{
	(void)state;
	for (size_t i = 0; i < NCIPHERS; i++) {
		const struct cipher *c = &ciphers[i];
		ngtcp2_crypto_aead_ctx own = ctx_of(c), theirs = gnutls_ctx(c);

		for (size_t len = 0; len <= MAX; len += len < 70 ? 1 : 91) {
			uint8_t a[MAX + TAG], b[MAX + TAG], back[MAX];

			memcpy(a, plain, len);
			assert_int_equal(encrypt(a, c, &own, a, len), 0); /* in place */
			assert_int_equal(encrypt(b, c, &theirs, plain, len), 0);
			assert_memory_equal(a, b, len + TAG);
			assert_int_equal(encrypt(a, c, &own, plain, len), 0);
			assert_memory_equal(a, b, len + TAG);
			assert_int_equal(decrypt(back, c, &own, b, len + TAG), 0);
			assert_memory_equal(back, plain, len);
			assert_int_equal(decrypt(a, c, &own, a, len + TAG), 0);
			assert_memory_equal(a, plain, len);
		}
		aead_delete_ctx_cb(NULL, &own, NULL);
		aead_delete_ctx_cb(NULL, &theirs, NULL);
	}
}

static void tampered(void **state)
{
	(void)state;
	for (size_t i = 0; i < NCIPHERS; i++) {
		const struct cipher *c = &ciphers[i];
		ngtcp2_crypto_aead_ctx own = ctx_of(c);
		uint8_t a[MAX + TAG], back[MAX + TAG];

		assert_int_equal(encrypt(a, c, &own, plain, 100), 0);
		for (size_t at = 0; at < 100 + TAG; at++) {
			a[at] ^= 0x40;
			assert_int_equal(decrypt(back, c, &own, a, 100 + TAG), NGTCP2_ERR_DECRYPT);
			a[at] ^= 0x40;
		}
		for (size_t at = 0; at < sizeof(aad); at++) {
			aad[at] ^= 1;
			assert_int_equal(decrypt(back, c, &own, a, 100 + TAG), NGTCP2_ERR_DECRYPT);
			aad[at] ^= 1;
		}
		nonce[11] ^= 1;
		assert_int_equal(decrypt(back, c, &own, a, 100 + TAG), NGTCP2_ERR_DECRYPT);
		nonce[11] ^= 1;
		for (size_t len = 0; len < 100 + TAG; len++)
			assert_int_equal(decrypt(back, c, &own, a, len), NGTCP2_ERR_DECRYPT);
		/* None of it spoils the packets behind it. */
		assert_int_equal(decrypt(back, c, &own, a, 100 + TAG), 0);
		assert_memory_equal(back, plain, 100);
		aead_delete_ctx_cb(NULL, &own, NULL);
	}
}

static void header_protection(void **state)
{
	(void)state;
	for (size_t i = 0; i < NCIPHERS; i++) {
		const struct cipher *c = &ciphers[i];
		gnutls_datum_t k = {.data = key,
				    .size = (unsigned int)gnutls_cipher_get_key_size(c->aead)};
		ngtcp2_crypto_cipher hp = {.native_handle = (void *)(uintptr_t)c->hp};
		ngtcp2_crypto_aead aead = aead_of(c);
		ngtcp2_crypto_cipher_ctx own = {.native_handle = aead_key_make(&aead, true, key)};
		ngtcp2_crypto_cipher_ctx theirs;
		gnutls_cipher_hd_t h;

		assert_non_null(own.native_handle);
		assert_int_equal(gnutls_cipher_init(&h, c->hp, &k, NULL), 0);
		theirs.native_handle = h;
		for (size_t at = 0; at < 200; at++) {
			uint8_t a[NGTCP2_HP_SAMPLELEN] = {0}, b[NGTCP2_HP_SAMPLELEN] = {0};

			assert_int_equal(aead_hp_mask_cb(a, &hp, &own, plain + at), 0);
			assert_int_equal(aead_hp_mask_cb(b, &hp, &theirs, plain + at), 0);
			assert_memory_equal(a, b, NGTCP2_HP_MASKLEN);
		}
		aead_delete_hp_cb(NULL, &own, NULL);
		aead_delete_hp_cb(NULL, &theirs, NULL);
	}
}

static void others_are_left_alone(void **state)
{
	ngtcp2_crypto_aead ccm = {.native_handle = (void *)(uintptr_t)GNUTLS_CIPHER_AES_128_CCM};

	(void)state;
	assert_null(aead_key_make(&ccm, false, key));
	assert_null(aead_key_make(&ccm, true, key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(same_as_gnutls, setup),
		cmocka_unit_test_setup(tampered, setup),
		cmocka_unit_test_setup(header_protection, setup),
		cmocka_unit_test_setup(others_are_left_alone, setup),
	};

	return RUN_TAP(tests);
}
