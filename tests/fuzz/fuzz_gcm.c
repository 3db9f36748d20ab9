// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A packet of any bytes, sealed by nettle and perhaps damaged: every implementation of AES-128-GCM
 * opens it, or none does and the bytes stay. The keys' chain is the same from any bytes by C and by
 * instructions.
 */
#include "fuzz.h"
#include <nettle/gcm.h>
#include "gcm.h"
#include "keys.h"
#include "simd.h"

#define TEXT_MAX 2000
#define ALL	 (NQ_SIMD_AES | NQ_SIMD_SHA | NQ_SIMD_WIDE)

static struct nq_keys keys;
static uint8_t sealed[TEXT_MAX + 16];
static const uint8_t *aad;
static size_t aad_len;

static void check(bool opened, const uint8_t *buf, const uint8_t *text, size_t len, bool good)
{
	CHECK(opened == good);
	CHECK(!memcmp(buf, good ? text : sealed, len));
	CHECK(!memcmp(buf + len, sealed + len, 16));
}

static void open_by_simd(unsigned int allowed, const uint8_t *text, size_t len, bool good)
{
	uint8_t *buf = malloc(len + 16), mask[16], want[16];
	struct nq_aead aead;
	struct nq_aes aes;

	CHECK(buf);
	nq_simd_allow(allowed);
	if (nq_simd_begin(NQ_SIMD_AES)) {
		memcpy(buf, sealed, len + 16);
		nq_simd_aead_init(&aead, &keys, sealed, mask);
		check(nq_simd_aead_open(&aead, keys.iv, aad, aad_len, buf, len), buf, text, len,
		      good);
		nq_aes_key(&aes, keys.hp);
		nq_aes_block(&aes, want, sealed);
		CHECK(!memcmp(mask, want, sizeof(mask)));
		nq_simd_end();
	}
	nq_simd_allow(ALL);
	free(buf);
}

static void open_by_c(const uint8_t *text, size_t len, bool good)
{
	uint8_t *buf = malloc(len + 16);

	CHECK(buf);
	memcpy(buf, sealed, len + 16);
	check(nq_gcm_open(keys.key, keys.iv, aad, aad_len, buf, len), buf, text, len, good);
	memcpy(buf, sealed, len + 16);
	check(nq_gcm_open_blocks(keys.key, keys.iv, aad, aad_len, buf, len), buf, text, len, good);
	free(buf);
}

static void chain(const uint8_t *data, size_t size)
{
	uint8_t blocks[1 + NQ_SECRETS][64] = {{0}};
	struct nq_keys simd, c;
	struct nq_salt salt = {{0}, {0}};

	memcpy(&salt, data, size < sizeof(salt) ? size : sizeof(salt));
	memcpy(blocks, data, size < sizeof(blocks) ? size : sizeof(blocks));
	nq_keys_chain(&salt, blocks[0], &blocks[1], &c);
	if (nq_simd_begin(NQ_SIMD_SHA)) {
		nq_simd_keys(&salt, blocks[0], &blocks[1], &simd);
		CHECK(!memcmp(&simd, &c, sizeof(c)));
		nq_simd_end();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = {data, size};
	unsigned int damage = fuzz_u16(&in);
	struct gcm_aes128_ctx gcm;
	const uint8_t *p;
	size_t n, len;

	chain(data, size);
	memset(&keys, 0, sizeof(keys));
	p = fuzz_bytes(&in, sizeof(keys), &n);
	memcpy(&keys, p, n);
	aad = fuzz_bytes(&in, fuzz_u8(&in), &aad_len);
	p = fuzz_bytes(&in, TEXT_MAX, &len);

	gcm_aes128_set_key(&gcm, keys.key);
	gcm_aes128_set_iv(&gcm, 12, keys.iv);
	gcm_aes128_update(&gcm, aad_len, aad);
	gcm_aes128_encrypt(&gcm, len, sealed, p);
	gcm_aes128_digest(&gcm, 16, sealed + len);
	if (damage & 1)
		sealed[(damage >> 4) % (len + 16)] ^= 1 << (damage >> 1) % 8;

	open_by_c(p, len, !(damage & 1));
	open_by_simd(NQ_SIMD_AES, p, len, !(damage & 1));
	open_by_simd(ALL, p, len, !(damage & 1));
	return 0;
}
