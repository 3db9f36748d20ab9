/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets opened two blocks to a register, where the processor has VAES and VPCLMULQDQ. */
#ifndef NQ_X86_AESGCM_H
#define NQ_X86_AESGCM_H

#include "../simd.h"

/** nq_wide_aead_init - nq_simd_aead_init(); if nq_simd_wide() */
void nq_wide_aead_init(struct nq_aead *aead, const struct nq_keys *keys, const u8 sample[16],
		       u8 mask[16]);

/** nq_wide_aead_open - nq_simd_aead_open(), with keys from nq_wide_aead_init() */
bool nq_wide_aead_open(const struct nq_aead *aead, const u8 iv[12], const u8 *aad, size_t aad_len,
		       u8 *buf, size_t len);

#endif /* NQ_X86_AESGCM_H */
