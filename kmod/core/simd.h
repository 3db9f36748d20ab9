/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processor's own AES, GHASH and SHA-256, where it has them.
 *
 * Called between nq_simd_begin() and nq_simd_end() of port.h, which say whether the vector
 * registers may be used here and now; where they may not, the caller computes the same in C.
 * Each architecture has a folder of its own (x86/, arm64/). Initial keys follow from bytes on the
 * wire, so nothing is wiped from the registers or the stack.
 */
#ifndef NQ_SIMD_H
#define NQ_SIMD_H

#include "types.h"
#include "keys.h"

#ifdef NQ_HAVE_SIMD

/** struct nq_aead - the expanded keys of one packet, as the functions below want them */
struct nq_aead {
	u8 rounds[11 * 32];
	u8 powers[8 * 16];
} __attribute__((aligned(32)));

/**
 * nq_simd_aead_init - expand a packet's keys; needs NQ_SIMD_AES
 * @aead:	gets them, good for nq_simd_aead_open()
 * @keys:	of the flow
 * @sample:	of the packet (RFC 9001 5.4.2)
 * @mask:	gets @sample encrypted with the key of header protection
 */
void nq_simd_aead_init(struct nq_aead *aead, const struct nq_keys *keys, const u8 sample[16],
		       u8 mask[16]);

/** nq_simd_aead_open - nq_gcm_open() of port.h; needs NQ_SIMD_AES */
bool nq_simd_aead_open(const struct nq_aead *aead, const u8 iv[12], const u8 *aad, size_t aad_len,
		       u8 *buf, size_t len);

/** nq_simd_keys - nq_keys_chain() of keys.h; needs NQ_SIMD_SHA */
void nq_simd_keys(const struct nq_salt *salt, const u8 dcid[64], const u8 info[NQ_SECRETS][64],
		  struct nq_keys *keys);

#else /* the same in C: nq_simd_begin() is never true, so nobody gets here */

struct nq_aead {
	u8 key[16];
};

static inline void nq_simd_aead_init(struct nq_aead *aead, const struct nq_keys *keys,
				     const u8 sample[16], u8 mask[16])
{
	struct nq_aes aes;

	memcpy(aead->key, keys->key, sizeof(aead->key));
	nq_aes_key(&aes, keys->hp);
	nq_aes_block(&aes, mask, sample);
}

static inline bool nq_simd_aead_open(const struct nq_aead *aead, const u8 iv[12], const u8 *aad,
				     size_t aad_len, u8 *buf, size_t len)
{
	return nq_gcm_open(aead->key, iv, aad, aad_len, buf, len);
}

static inline void nq_simd_keys(const struct nq_salt *salt, const u8 dcid[64],
				const u8 info[NQ_SECRETS][64], struct nq_keys *keys)
{
	nq_keys_chain(salt, dcid, info, keys);
}

#endif

#endif /* NQ_SIMD_H */
