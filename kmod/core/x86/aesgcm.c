// SPDX-License-Identifier: GPL-2.0-only
/* AES-128-GCM by AES-NI and PCLMULQDQ, and which width is taken. */
#include "aesgcm.h"
#include "../vec.h"

#define NQ_TARGET __attribute__((target("sse4.1,ssse3,aes,pclmul")))
#define NQ_INLINE NQ_TARGET static inline __attribute__((always_inline))

#define nq_aesenc(b, k)	    __builtin_ia32_aesenc128(b, k)
#define nq_aesenclast(b, k) __builtin_ia32_aesenclast128(b, k)
#define nq_clmul_low(a, b)  __builtin_ia32_pclmulqdq128(a, b, 0x00)
#define nq_clmul_high(a, b) __builtin_ia32_pclmulqdq128(a, b, 0x11)
#define nq_clmul_cross(a, b)                                                                       \
	(__builtin_ia32_pclmulqdq128(a, b, 0x01) ^ __builtin_ia32_pclmulqdq128(a, b, 0x10))

#include "../vec_gcm.h"

void nq_simd_aead_init(struct nq_aead *aead, const struct nq_keys *keys, const u8 sample[16],
		       u8 mask[16])
{
	if (nq_simd_wide())
		nq_wide_aead_init(aead, keys, sample, mask);
	else
		nq_narrow_init(aead, keys, sample, mask);
}

bool nq_simd_aead_open(const struct nq_aead *aead, const u8 iv[12], const u8 *aad, size_t aad_len,
		       u8 *buf, size_t len)
{
	if (nq_simd_wide())
		return nq_wide_aead_open(aead, iv, aad, aad_len, buf, len);
	return nq_narrow_open(aead, iv, aad, aad_len, buf, len);
}
