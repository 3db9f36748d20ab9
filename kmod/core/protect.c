// SPDX-License-Identifier: GPL-2.0-only
#include "protect.h"
#include "simd.h"

/* A function of its own, to have the key schedule off the stack before the AEAD's is on it. */
static NQ_NOINLINE void nq_protect_mask(const u8 hp[16], const u8 sample[NQ_SAMPLE_LEN],
					u8 mask[16])
{
	struct nq_aes aes;

	nq_aes_key(&aes, hp);
	nq_aes_block(&aes, mask, sample);
}

/* Header protection is an xor: the same call takes it off and puts it on again. */
static void nq_protect_flip(u8 *first, u8 *pn, unsigned int pn_len, const u8 mask[16])
{
	unsigned int i;

	*first ^= mask[0] & 0x0f;
	for (i = 0; i < pn_len; i++)
		pn[i] ^= mask[1 + i];
}

/* As nq_protect_open(); @simd: between nq_simd_begin(NQ_SIMD_AES) and its end. */
static bool nq_protect_open_by(bool simd, const struct nq_keys *keys, u8 *dgram,
			       const struct nq_header *h, struct nq_payload *payload)
{
	u8 *first = dgram + h->start, *pn = dgram + h->pn_off;
	unsigned int pn_len, i;
	u8 mask[16], iv[12];
	size_t off, len;
	bool good;

	if (simd)
		nq_simd_aes_block(keys->hp, mask, pn + 4);
	else
		nq_protect_mask(keys->hp, pn + 4, mask);
	pn_len = ((*first ^ mask[0]) & 3) + 1;
	nq_protect_flip(first, pn, pn_len, mask);

	memcpy(iv, keys->iv, sizeof(iv));
	for (i = 0; i < pn_len; i++)
		iv[sizeof(iv) - pn_len + i] ^= pn[i];

	off = h->pn_off + pn_len;
	len = h->end - off - NQ_TAG_LEN;
	good = simd ? nq_simd_gcm_open(keys->key, iv, first, off - h->start, dgram + off, len)
		    : nq_gcm_open(keys->key, iv, first, off - h->start, dgram + off, len);
	if (!good) {
		nq_protect_flip(first, pn, pn_len, mask);
		return false;
	}
	payload->off = off;
	payload->len = len;
	payload->reserved = *first >> 2 & 3;
	return true;
}

bool nq_protect_open(const struct nq_keys *keys, u8 *dgram, const struct nq_header *h,
		     struct nq_payload *payload)
{
	bool simd, good;

	/* The sample starts where a packet number of 4 bytes would end (RFC 9001 5.4.2). */
	if (h->end - h->pn_off < 4 + NQ_SAMPLE_LEN)
		return false;
	simd = nq_simd_begin(NQ_SIMD_AES);
	good = nq_protect_open_by(simd, keys, dgram, h, payload);
	if (simd)
		nq_simd_end();
	return good;
}
