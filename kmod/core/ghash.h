/* SPDX-License-Identifier: GPL-2.0-only */
/* GHASH, the authentication half of GCM (NIST SP 800-38D 6.4). */
#ifndef NQ_GHASH_H
#define NQ_GHASH_H

#include "types.h"

/** struct nq_gf128 - an element of GF(2^128), bit 0 is the top bit of @hi */
struct nq_gf128 {
	u64 hi, lo;
};

/**
 * struct nq_ghash - a hash in progress
 * @high:	H times each 4-bit polynomial, and the same times x^64 for a block's second half
 * @low:	likewise times x^4, for the second half of a byte
 * @y:		what was hashed up to now
 */
struct nq_ghash {
	struct nq_gf128 high[2][16];
	struct nq_gf128 low[2][16];
	struct nq_gf128 y;
};

/** nq_ghash_init - begin, with the hash key @h */
void nq_ghash_init(struct nq_ghash *g, const u8 h[16]);

/** nq_ghash_update - hash @len bytes, padded with zeros to whole blocks */
void nq_ghash_update(struct nq_ghash *g, const u8 *data, size_t len);

/** nq_ghash_final - hash the block of bit lengths that ends GCM's input; @out gets the hash */
void nq_ghash_final(struct nq_ghash *g, u64 aad_bytes, u64 text_bytes, u8 out[16]);

#endif /* NQ_GHASH_H */
