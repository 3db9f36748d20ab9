// SPDX-License-Identifier: GPL-2.0-only
#include "gcm.h"
#include "aes128.h"
#include "ghash.h"

static void nq_gcm_counter(u8 block[16], const u8 iv[12], u32 n)
{
	memcpy(block, iv, 12);
	block[12] = n >> 24;
	block[13] = n >> 16;
	block[14] = n >> 8;
	block[15] = n;
}

/* @buf ^= @mask, 16 bytes */
static void nq_gcm_xor(u8 *buf, const u8 mask[16])
{
	u64 a[2], b[2];

	memcpy(a, buf, sizeof(a));
	memcpy(b, mask, sizeof(b));
	a[0] ^= b[0];
	a[1] ^= b[1];
	memcpy(buf, a, sizeof(a));
}

bool nq_gcm_open_blocks(const u8 key[16], const u8 iv[12], const u8 *aad, size_t aad_len, u8 *buf,
			size_t len)
{
	static const u8 zero[16];
	struct nq_ghash ghash;
	u8 ctr[16], mask[16], tag[16];
	struct nq_aes128 aes;
	size_t i;
	u32 n = 1;

	nq_aes128_key(&aes, key);
	nq_aes128_block(&aes, mask, zero);
	nq_ghash_init(&ghash, mask);
	nq_ghash_update(&ghash, aad, aad_len);
	nq_ghash_update(&ghash, buf, len);
	nq_ghash_final(&ghash, aad_len, len, tag);

	nq_gcm_counter(ctr, iv, n);
	nq_aes128_block(&aes, mask, ctr);
	nq_gcm_xor(tag, mask);
	if (memcmp(tag, buf + len, 16))
		return false;

	for (; len >= 16; len -= 16, buf += 16) {
		nq_gcm_counter(ctr, iv, ++n);
		nq_aes128_block(&aes, mask, ctr);
		nq_gcm_xor(buf, mask);
	}
	if (len) {
		nq_gcm_counter(ctr, iv, ++n);
		nq_aes128_block(&aes, mask, ctr);
		for (i = 0; i < len; i++)
			buf[i] ^= mask[i];
	}
	return true;
}
