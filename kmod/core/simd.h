/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processor's own AES, GHASH and SHA-256, where it has them.
 *
 * Called between nq_simd_begin() and nq_simd_end() of port.h, which say whether the vector
 * registers may be used here and now; where they may not, the caller computes the same in C.
 * Each architecture has a folder of its own (x86/). Initial keys follow from bytes on the
 * wire, so nothing is wiped from the registers or the stack.
 */
#ifndef NQ_SIMD_H
#define NQ_SIMD_H

#include "types.h"
#include "keys.h"

#ifdef NQ_HAVE_SIMD

/** nq_simd_aes_block - encrypt one block with AES-128; needs NQ_SIMD_AES */
void nq_simd_aes_block(const u8 key[16], u8 out[16], const u8 in[16]);

/** nq_simd_gcm_open - nq_gcm_open() of port.h; needs NQ_SIMD_AES */
bool nq_simd_gcm_open(const u8 key[16], const u8 iv[12], const u8 *aad, size_t aad_len, u8 *buf,
		      size_t len);

/** nq_simd_keys - nq_keys_chain() of keys.h; needs NQ_SIMD_SHA */
void nq_simd_keys(const struct nq_salt *salt, const u8 dcid[64], const u8 info[NQ_SECRETS][64],
		  struct nq_keys *keys);

#else /* the same in C: nq_simd_begin() is never true, so nobody gets here */

static inline void nq_simd_aes_block(const u8 key[16], u8 out[16], const u8 in[16])
{
	struct nq_aes aes;

	nq_aes_key(&aes, key);
	nq_aes_block(&aes, out, in);
}

static inline bool nq_simd_gcm_open(const u8 key[16], const u8 iv[12], const u8 *aad,
				    size_t aad_len, u8 *buf, size_t len)
{
	return nq_gcm_open(key, iv, aad, aad_len, buf, len);
}

static inline void nq_simd_keys(const struct nq_salt *salt, const u8 dcid[64],
				const u8 info[NQ_SECRETS][64], struct nq_keys *keys)
{
	nq_keys_chain(salt, dcid, info, keys);
}

#endif

#endif /* NQ_SIMD_H */
