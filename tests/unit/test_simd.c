// SPDX-License-Identifier: GPL-2.0-or-later
/* The processor's instructions against nettle and against the C code, on random input. */
#include "unit.h"
#include <stdlib.h>
#include <nettle/gcm.h>
#include "gcm.h"
#include "keys.h"
#include "simd.h"

#ifdef NQ_HAVE_SIMD

static void fill(u8 *p, size_t len)
{
	while (len--)
		*p++ = rand() >> 8;
}

#define ALL (NQ_SIMD_AES | NQ_SIMD_SHA | NQ_SIMD_WIDE)

/* Each width is a test of its own: *@state is what may be used, if it matters. */
static void need(unsigned int what, void **state)
{
	unsigned int allowed = *state ? *(unsigned int *)*state : ALL;

	nq_simd_allow(allowed);
	if (!nq_simd_begin(what) || (*state && nq_simd_wide() != !!(allowed & NQ_SIMD_WIDE))) {
		nq_simd_allow(ALL);
		skip();
	}
}

static void done(void)
{
	nq_simd_end();
	nq_simd_allow(ALL);
}

static bool simd_open(const u8 key[16], const u8 iv[12], const u8 *aad, size_t aad_len, u8 *buf,
		      size_t len)
{
	struct nq_keys keys = {0};
	struct nq_aead aead;
	u8 mask[16];

	memcpy(keys.key, key, sizeof(keys.key));
	fill(keys.hp, sizeof(keys.hp));
	nq_simd_aead_init(&aead, &keys, keys.hp, mask);
	return nq_simd_aead_open(&aead, iv, aad, aad_len, buf, len);
}

static void gcm_of_every_length(void **state)
{
	static u8 text[1600], buf[1600 + 16], c[1600 + 16], aad[1600];
	u8 key[16], iv[12];

	need(NQ_SIMD_AES, state);
	srand(1);
	for (size_t n = 0; n < 6000; n++) {
		size_t len = n < 1500 ? n : (size_t)rand() % 1500;
		size_t aad_len = rand() % (n % 3 ? 60 : 1600);
		struct gcm_aes128_ctx gcm;

		fill(key, sizeof(key));
		fill(iv, sizeof(iv));
		fill(text, len);
		fill(aad, aad_len);
		gcm_aes128_set_key(&gcm, key);
		gcm_aes128_set_iv(&gcm, 12, iv);
		gcm_aes128_update(&gcm, aad_len, aad);
		gcm_aes128_encrypt(&gcm, len, buf, text);
		gcm_aes128_digest(&gcm, 16, buf + len);
		memcpy(c, buf, len + 16);
		assert_true(simd_open(key, iv, aad, aad_len, buf, len));
		assert_memory_equal(buf, text, len);
		assert_memory_equal(buf + len, c + len, 16);
		assert_true(nq_gcm_open_blocks(key, iv, aad, aad_len, c, len));
		assert_memory_equal(c, text, len);
	}
	done();
}

/* Any wrong bit is seen, and the buffer stays as it was. */
static void gcm_of_forgeries(void **state)
{
	u8 key[16] = {1}, iv[12] = {2}, aad[20] = {3}, buf[200 + 16], keep[200 + 16];
	struct gcm_aes128_ctx gcm;

	need(NQ_SIMD_AES, state);
	gcm_aes128_set_key(&gcm, key);
	gcm_aes128_set_iv(&gcm, 12, iv);
	gcm_aes128_update(&gcm, sizeof(aad), aad);
	memset(buf, 7, sizeof(buf));
	gcm_aes128_encrypt(&gcm, 200, buf, buf);
	gcm_aes128_digest(&gcm, 16, buf + 200);
	for (size_t bit = 0; bit < 8 * sizeof(buf); bit++) {
		buf[bit / 8] ^= 1 << bit % 8;
		memcpy(keep, buf, sizeof(buf));
		assert_false(simd_open(key, iv, aad, sizeof(aad), buf, 200));
		assert_memory_equal(buf, keep, sizeof(buf));
		buf[bit / 8] ^= 1 << bit % 8;
	}
	for (size_t bit = 0; bit < 8 * sizeof(aad); bit++) {
		aad[bit / 8] ^= 1 << bit % 8;
		assert_false(simd_open(key, iv, aad, sizeof(aad), buf, 200));
		aad[bit / 8] ^= 1 << bit % 8;
	}
	assert_true(simd_open(key, iv, aad, sizeof(aad), buf, 200));
	done();
}

/* The mask of header protection, and the bytes behind the key that must not matter */
static void masks(void **state)
{
	u8 sample[16], simd[16], c[16];
	struct nq_aead aead;
	struct nq_keys keys;
	struct nq_aes aes;

	need(NQ_SIMD_AES, state);
	srand(2);
	for (size_t n = 0; n < 2000; n++) {
		fill((u8 *)&keys, sizeof(keys));
		fill(sample, sizeof(sample));
		nq_simd_aead_init(&aead, &keys, sample, simd);
		nq_aes_key(&aes, keys.hp);
		nq_aes_block(&aes, c, sample);
		assert_memory_equal(simd, c, 16);
	}
	done();
}

/* The chain is the same from any state and over any blocks. */
static void key_chains(void **state)
{
	u8 dcid[64], info[NQ_SECRETS][64];
	struct nq_keys simd, c;
	struct nq_salt salt;

	need(NQ_SIMD_SHA, state);
	srand(3);
	for (size_t n = 0; n < 2000; n++) {
		fill((u8 *)&salt, sizeof(salt));
		fill(dcid, sizeof(dcid));
		fill(info[0], sizeof(info));
		nq_simd_keys(&salt, dcid, info, &simd);
		nq_keys_chain(&salt, dcid, info, &c);
		assert_memory_equal(&simd, &c, sizeof(c));
	}
	done();
}

/* Both ways to a flow's keys, for every version and length of the connection ID. */
static void keys_by_both(void **state)
{
	static const u32 versions[] = {NQ_V1, NQ_V2, NQ_DRAFT29};
	u8 dcid[NQ_CID_MAX];

	(void)state;
	srand(4);
	for (size_t i = 0; i < COUNT(versions); i++) {
		for (size_t len = 0; len <= NQ_CID_MAX; len++) {
			const struct nq_version *ver = nq_version_find(versions[i]);
			struct nq_keys simd, c;

			fill(dcid, len);
			nq_keys_derive(ver, dcid, len, &simd);
			nq_simd_allow(0);
			nq_keys_derive(ver, dcid, len, &c);
			nq_simd_allow(ALL);
			assert_memory_equal(&simd, &c, sizeof(c));
		}
	}
}

static unsigned int narrow = NQ_SIMD_AES | NQ_SIMD_SHA;

#ifdef __x86_64__
static unsigned int wide = ALL;

#define EACH(test) cmocka_unit_test_prestate(test, &narrow), cmocka_unit_test_prestate(test, &wide)
#else /* only x86-64 has code for wider registers */
#define EACH(test) cmocka_unit_test_prestate(test, &narrow)
#endif

UNIT_MAIN("simd", EACH(gcm_of_every_length), EACH(gcm_of_forgeries), EACH(masks),
	  cmocka_unit_test(key_chains), cmocka_unit_test(keys_by_both))

#else

static void none(void **state)
{
	(void)state;
	assert_false(nq_simd_begin(NQ_SIMD_AES));
}

UNIT_MAIN("simd", cmocka_unit_test(none))

#endif
