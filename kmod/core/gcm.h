/* SPDX-License-Identifier: GPL-2.0-only */
/* AES-128-GCM from AES blocks and GHASH, for kernels whose crypto library has none. */
#ifndef NQ_GCM_H
#define NQ_GCM_H

#include "types.h"

/**
 * nq_gcm_open_blocks - nq_gcm_open() in C, with AES of aes128.h (NIST SP 800-38D 7.2)
 *
 * Checks the tag before it decrypts. See port.h for the arguments.
 */
bool nq_gcm_open_blocks(const u8 key[16], const u8 iv[12], const u8 *aad, size_t aad_len, u8 *buf,
			size_t len);

#endif /* NQ_GCM_H */
