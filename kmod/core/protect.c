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

/* A packet without its header protection. */
struct nq_sealed {
	u8 *aad, *text, *pn;
	size_t aad_len, len; /* of the text without its tag */
	unsigned int pn_len;
	u8 iv[12];
};

static void nq_protect_unmask(struct nq_sealed *s, const struct nq_keys *keys, u8 *dgram,
			      const struct nq_header *h, const u8 mask[16])
{
	unsigned int i;

	s->aad = dgram + h->start;
	s->pn = dgram + h->pn_off;
	s->pn_len = ((*s->aad ^ mask[0]) & 3) + 1;
	nq_protect_flip(s->aad, s->pn, s->pn_len, mask);

	memcpy(s->iv, keys->iv, sizeof(s->iv));
	for (i = 0; i < s->pn_len; i++)
		s->iv[sizeof(s->iv) - s->pn_len + i] ^= s->pn[i];

	s->text = s->pn + s->pn_len;
	s->aad_len = s->text - s->aad;
	s->len = dgram + h->end - s->text - NQ_TAG_LEN;
}

bool nq_protect_open(const struct nq_keys *keys, u8 *dgram, const struct nq_header *h,
		     struct nq_payload *payload)
{
	const u8 *sample = dgram + h->pn_off + 4;
	struct nq_sealed s;
	u8 mask[16];
	bool good;

	/* The sample starts where a packet number of 4 bytes would end (RFC 9001 5.4.2). */
	if (h->end - h->pn_off < 4 + NQ_SAMPLE_LEN)
		return false;
	if (nq_simd_begin(NQ_SIMD_AES)) {
		struct nq_aead aead;

		nq_simd_aead_init(&aead, keys, sample, mask);
		nq_protect_unmask(&s, keys, dgram, h, mask);
		good = nq_simd_aead_open(&aead, s.iv, s.aad, s.aad_len, s.text, s.len);
		nq_simd_end();
	} else {
		nq_protect_mask(keys->hp, sample, mask);
		nq_protect_unmask(&s, keys, dgram, h, mask);
		good = nq_gcm_open(keys->key, s.iv, s.aad, s.aad_len, s.text, s.len);
	}
	if (!good) {
		nq_protect_flip(s.aad, s.pn, s.pn_len, mask);
		return false;
	}
	payload->off = s.text - dgram;
	payload->len = s.len;
	payload->reserved = *s.aad >> 2 & 3;
	return true;
}

bool nq_protect_retry(const struct nq_version *ver, const u8 *dcid, size_t dcid_len, u8 *buf,
		      size_t len)
{
	u8 *pseudo = buf + NQ_RETRY_ROOM - 1 - dcid_len;
	u8 *tag = buf + NQ_RETRY_ROOM + len - NQ_TAG_LEN;

	if (!ver->retry || len < NQ_TAG_LEN)
		return false;
	pseudo[0] = dcid_len;
	memcpy(pseudo + 1, dcid, dcid_len);
	return nq_gcm_open(ver->retry->key, ver->retry->iv, pseudo, tag - pseudo, tag, 0);
}
