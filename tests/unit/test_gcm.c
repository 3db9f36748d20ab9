// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"
#include <nettle/gcm.h>
#include "buf.h"
#include "aes128.h"
#include "gcm.h"
#include "ghash.h"

/* Test cases 1 to 4 of McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B. */
static const struct {
	const char *key, *iv, *aad, *text, *cipher, *tag;
} cases[] = {
	{"00000000000000000000000000000000", "000000000000000000000000", "", "", "",
	 "58e2fccefa7e3061367f1d57a4e7455a"},
	{"00000000000000000000000000000000", "000000000000000000000000", "",
	 "00000000000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78",
	 "ab6e47d42cec13bdf53a67b21257bddf"},
	{"feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
	 "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	 "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
	 "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	 "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
	 "4d5c2af327cd64a62cf35abd2ba6fab4"},
	{"feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
	 "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	 "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	 "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	 "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	 "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
	 "5bc94fbc3221a5db94fae95ae7121a47"},
};

typedef bool open_fn(const u8 key[16], const u8 iv[12], const u8 *aad, size_t aad_len, u8 *buf,
		     size_t len);

static void check_vectors(open_fn *open)
{
	static struct qt_buf key, iv, aad, text, buf;

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len;

		key.len = iv.len = aad.len = text.len = buf.len = 0;
		qt_put_hex(&key, cases[i].key);
		qt_put_hex(&iv, cases[i].iv);
		qt_put_hex(&aad, cases[i].aad);
		qt_put_hex(&text, cases[i].text);
		qt_put_hex(&buf, cases[i].cipher);
		len = buf.len;
		qt_put_hex(&buf, cases[i].tag);
		assert_true(open(key.p, iv.p, aad.p, aad.len, buf.p, len));
		assert_memory_equal(buf.p, text.p, len);
	}
}

static void vectors_blocks(void **state)
{
	(void)state;
	check_vectors(nq_gcm_open_blocks);
}

static void vectors_library(void **state)
{
	(void)state;
	check_vectors(nq_gcm_open);
}

static void wrong_tag_changes_nothing(void **state)
{
	static const u8 key[16] = {1}, iv[12] = {2}, aad[5] = {3};
	open_fn *opens[] = {nq_gcm_open_blocks, nq_gcm_open};
	struct gcm_aes128_ctx ctx;
	u8 good[40 + 16], buf[sizeof(good)];

	(void)state;
	memset(good, 0x77, 40);
	gcm_aes128_set_key(&ctx, key);
	gcm_aes128_set_iv(&ctx, 12, iv);
	gcm_aes128_update(&ctx, sizeof(aad), aad);
	gcm_aes128_encrypt(&ctx, 40, good, good);
	gcm_aes128_digest(&ctx, 16, good + 40);

	for (size_t f = 0; f < COUNT(opens); f++) {
		for (size_t bit = 0; bit < 8 * sizeof(good); bit++) {
			u8 flipped[sizeof(good)];

			memcpy(flipped, good, sizeof(good));
			flipped[bit / 8] ^= 1 << bit % 8;
			memcpy(buf, flipped, sizeof(buf));
			assert_false(opens[f](key, iv, aad, sizeof(aad), buf, 40));
			assert_memory_equal(buf, flipped, sizeof(buf));
		}
		memcpy(buf, good, sizeof(buf));
		assert_false(opens[f](key, iv, aad, sizeof(aad) - 1, buf, 40));
		assert_true(opens[f](key, iv, aad, sizeof(aad), buf, 40));
	}
}

/* Every length of text up to a few blocks, against nettle. */
static void lengths_as_nettle(void **state)
{
	struct gcm_aes128_ctx ctx;
	u8 key[16], iv[12], aad[70], buf[80 + 16];

	(void)state;
	for (unsigned int i = 0; i < sizeof(aad); i++)
		aad[i] = i * 7;
	memcpy(key, aad + 20, sizeof(key));
	memcpy(iv, aad + 50, sizeof(iv));
	for (size_t len = 0; len <= 80; len++) {
		for (size_t i = 0; i < len; i++)
			buf[i] = i;
		gcm_aes128_set_key(&ctx, key);
		gcm_aes128_set_iv(&ctx, 12, iv);
		gcm_aes128_update(&ctx, len % sizeof(aad), aad);
		gcm_aes128_encrypt(&ctx, len, buf, buf);
		gcm_aes128_digest(&ctx, 16, buf + len);
		assert_true(nq_gcm_open_blocks(key, iv, aad, len % sizeof(aad), buf, len));
		for (size_t i = 0; i < len; i++)
			assert_int_equal(buf[i], i);
	}
}

/* FIPS 197 appendix B */
static void aes_vector(void **state)
{
	static struct qt_buf key, text, cipher;
	struct nq_aes128 aes;
	u8 out[16];

	(void)state;
	qt_put_hex(&key, "2b7e151628aed2a6abf7158809cf4f3c");
	qt_put_hex(&text, "3243f6a8885a308d313198a2e0370734");
	qt_put_hex(&cipher, "3925841d02dc09fbdc118597196a0b32");
	nq_aes128_key(&aes, key.p);
	nq_aes128_block(&aes, out, text.p);
	assert_memory_equal(out, cipher.p, 16);
}

static void aes_as_nettle(void **state)
{
	struct aes128_ctx want;
	u8 key[16] = {0}, block[16] = {0}, out[16];
	struct nq_aes128 aes;

	(void)state;
	/* Each result is the next input and, every second time, the next key. */
	for (unsigned int i = 0; i < 4000; i++) {
		aes128_set_encrypt_key(&want, key);
		aes128_encrypt(&want, 16, out, block);
		nq_aes128_key(&aes, key);
		nq_aes128_block(&aes, block, block);
		assert_memory_equal(block, out, 16);
		if (i % 2)
			memcpy(key, out, sizeof(key));
	}
}

UNIT_MAIN("gcm", cmocka_unit_test(aes_vector), cmocka_unit_test(aes_as_nettle),
	  cmocka_unit_test(vectors_blocks), cmocka_unit_test(vectors_library),
	  cmocka_unit_test(wrong_tag_changes_nothing), cmocka_unit_test(lengths_as_nettle))
