// SPDX-License-Identifier: GPL-2.0-only
#include "gcm.h"
#include "ghash.h"

static void nq_gcm_counter(u8 block[16], const u8 iv[12], u32 n)
{
	memcpy(block, iv, 12);
	block[12] = n >> 24;
	block[13] = n >> 16;
	block[14] = n >> 8;
	block[15] = n;
}

bool nq_gcm_open_blocks(const u8 key[16], const u8 iv[12], const u8 *aad, size_t aad_len, u8 *buf,
			size_t len)
{
	static const u8 zero[16];
	struct nq_ghash ghash;
	u8 ctr[16], mask[16], tag[16];
	struct nq_aes aes;
	size_t i, pos;
	u32 n = 1;

	nq_aes_key(&aes, key);
	nq_aes_block(&aes, mask, zero);
	nq_ghash_init(&ghash, mask);
	nq_ghash_update(&ghash, aad, aad_len);
	nq_ghash_update(&ghash, buf, len);
	nq_ghash_final(&ghash, aad_len, len, tag);

	nq_gcm_counter(ctr, iv, n);
	nq_aes_block(&aes, mask, ctr);
	for (i = 0; i < 16; i++)
		tag[i] ^= mask[i];
	if (memcmp(tag, buf + len, 16))
		return false;

	for (pos = 0; pos < len; pos += 16) {
		nq_gcm_counter(ctr, iv, ++n);
		nq_aes_block(&aes, mask, ctr);
		for (i = 0; i < 16 && pos + i < len; i++)
			buf[pos + i] ^= mask[i];
	}
	return true;
}
