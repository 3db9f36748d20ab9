/* SPDX-License-Identifier: GPL-2.0-only */
/* AES-128 encryption in C (FIPS 197), for kernels whose crypto library has no fast one. */
#ifndef NQ_AES128_H
#define NQ_AES128_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "types.h"
#endif

#define NQ_AES_WORDS 44

/** struct nq_aes128 - an expanded key */
struct nq_aes128 {
	u32 k[NQ_AES_WORDS];
};

/** nq_aes128_key - expand a key */
void nq_aes128_key(struct nq_aes128 *aes, const u8 key[16]);

/** nq_aes128_block - encrypt one block; @out may be @in */
void nq_aes128_block(const struct nq_aes128 *aes, u8 out[16], const u8 in[16]);

#endif /* NQ_AES128_H */
