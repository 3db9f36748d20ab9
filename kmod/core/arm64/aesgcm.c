// SPDX-License-Identifier: GPL-2.0-only
/* AES-128-GCM by the cryptographic extensions of ARMv8. */
#include "../simd.h"
#include "../vec.h"

#define NQ_TARGET __attribute__((target("+crypto")))
#define NQ_INLINE NQ_TARGET static inline __attribute__((always_inline))

/* AESE adds its key first: it gets none here. */
NQ_INLINE nq_v2di nq_aesenc(nq_v2di b, nq_v2di k)
{
	__asm__("aese %0.16b, %1.16b\n\taesmc %0.16b, %0.16b" : "+w"(b) : "w"((nq_v2di){0}));
	return b ^ k;
}

NQ_INLINE nq_v2di nq_aesenclast(nq_v2di b, nq_v2di k)
{
	__asm__("aese %0.16b, %1.16b" : "+w"(b) : "w"((nq_v2di){0}));
	return b ^ k;
}

NQ_INLINE nq_v2di nq_clmul_low(nq_v2di a, nq_v2di b)
{
	nq_v2di p;

	__asm__("pmull %0.1q, %1.1d, %2.1d" : "=w"(p) : "w"(a), "w"(b));
	return p;
}

NQ_INLINE nq_v2di nq_clmul_high(nq_v2di a, nq_v2di b)
{
	nq_v2di p;

	__asm__("pmull2 %0.1q, %1.2d, %2.2d" : "=w"(p) : "w"(a), "w"(b));
	return p;
}

NQ_INLINE nq_v2di nq_clmul_cross(nq_v2di a, nq_v2di b)
{
	b = nq_swap_halves(b);
	return nq_clmul_low(a, b) ^ nq_clmul_high(a, b);
}

#include "../vec_gcm.h"

void nq_simd_aead_init(struct nq_aead *aead, const struct nq_keys *keys, const u8 sample[16],
		       u8 mask[16])
{
	nq_narrow_init(aead, keys, sample, mask);
}

bool nq_simd_aead_open(const struct nq_aead *aead, const u8 iv[12], const u8 *aad, size_t aad_len,
		       u8 *buf, size_t len)
{
	return nq_narrow_open(aead, iv, aad, aad_len, buf, len);
}
