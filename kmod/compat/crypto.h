/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's crypto library under the names of core/port.h.
 *
 * Everything here runs in any context and allocates nothing. The crypto API
 * (crypto_aead) is of no use in softirq: setting a key allocates with GFP_KERNEL.
 * The NQ_HAVE_* come from compat/crypto.mk, which looks into the kernel's headers.
 */
#ifndef NQ_COMPAT_CRYPTO_H
#define NQ_COMPAT_CRYPTO_H

#include <linux/string.h>
#include <linux/types.h>
#include <crypto/sha2.h>

#ifdef NQ_HAVE_SHA256_CTX /* 6.17 */

struct nq_sha256 {
	struct sha256_ctx ctx;
};

static inline void nq_sha256_resume(struct nq_sha256 *s, const u32 state[8], unsigned int blocks)
{
	memcpy(s->ctx.ctx.state.h, state, sizeof(s->ctx.ctx.state.h));
	s->ctx.ctx.bytecount = (u64)blocks * SHA256_BLOCK_SIZE;
}

static inline void nq_sha256_state(const struct nq_sha256 *s, u32 state[8])
{
	memcpy(state, s->ctx.ctx.state.h, sizeof(s->ctx.ctx.state.h));
}

#else

struct nq_sha256 {
	struct sha256_state ctx;
};

static inline void nq_sha256_resume(struct nq_sha256 *s, const u32 state[8], unsigned int blocks)
{
	memcpy(s->ctx.state, state, sizeof(s->ctx.state));
	s->ctx.count = (u64)blocks * SHA256_BLOCK_SIZE;
}

static inline void nq_sha256_state(const struct nq_sha256 *s, u32 state[8])
{
	memcpy(state, s->ctx.state, sizeof(s->ctx.state));
}

#endif

static inline void nq_sha256_init(struct nq_sha256 *s)
{
	sha256_init(&s->ctx);
}

static inline void nq_sha256_update(struct nq_sha256 *s, const u8 *data, size_t len)
{
	sha256_update(&s->ctx, data, len);
}

static inline void nq_sha256_final(struct nq_sha256 *s, u8 out[SHA256_DIGEST_SIZE])
{
	sha256_final(&s->ctx, out);
}

/* The compression function: @block goes into @state. */
static inline void nq_sha256_block(u32 state[8], const u8 block[SHA256_BLOCK_SIZE])
{
	struct nq_sha256 s;

	nq_sha256_resume(&s, state, 0);
	sha256_update(&s.ctx, block, SHA256_BLOCK_SIZE);
	nq_sha256_state(&s, state);
}

#ifdef NQ_HAVE_AES_GCM /* 7.3 */

#include <crypto/aes.h>
#include <crypto/aes-gcm.h>

struct nq_aes {
	struct aes_enckey key;
};

/* The key setups can fail only for a wrong key length, which 16 never is. */
static inline void nq_aes_key(struct nq_aes *aes, const u8 key[AES_KEYSIZE_128])
{
	(void)aes_prepareenckey(&aes->key, key, AES_KEYSIZE_128);
}

static inline void nq_aes_block(const struct nq_aes *aes, u8 out[AES_BLOCK_SIZE],
				const u8 in[AES_BLOCK_SIZE])
{
	aes_encrypt(&aes->key, out, in);
}

static inline bool nq_gcm_open(const u8 key[AES_KEYSIZE_128], const u8 iv[12], const u8 *aad,
			       size_t aad_len, u8 *buf, size_t len)
{
	struct aes_gcm_key gcm;
	struct aes_gcm_ctx ctx;

	if (aes_gcm_preparekey(&gcm, key, AES_KEYSIZE_128, 16))
		return false;
	aes_gcm_init(&ctx, iv, &gcm);
	aes_gcm_auth_update(&ctx, aad, aad_len);
	aes_gcm_decrypt_update(&ctx, buf, buf, len);
	if (!aes_gcm_decrypt_final(&ctx, buf + len))
		return true;
	/* CTR mode undoes itself: the caller may try other keys. */
	aes_gcm_init(&ctx, iv, &gcm);
	aes_gcm_decrypt_update(&ctx, buf, buf, len);
	return false;
}

#else

/*
 * core/aes128.c and core/gcm.c. The library's aes_encrypt() there has the S-box alone and takes
 * twice as long; aes_expandkey() makes the keys of decryption, too.
 */
#include "../core/aes128.h"

struct nq_aes {
	struct nq_aes128 key;
};

static inline void nq_aes_key(struct nq_aes *aes, const u8 key[16])
{
	nq_aes128_key(&aes->key, key);
}

static inline void nq_aes_block(const struct nq_aes *aes, u8 out[16], const u8 in[16])
{
	nq_aes128_block(&aes->key, out, in);
}

bool nq_gcm_open_blocks(const u8 key[16], const u8 iv[12], const u8 *aad, size_t aad_len, u8 *buf,
			size_t len);

static inline bool nq_gcm_open(const u8 key[16], const u8 iv[12], const u8 *aad, size_t aad_len,
			       u8 *buf, size_t len)
{
	return nq_gcm_open_blocks(key, iv, aad, aad_len, buf, len);
}

#endif

#endif /* NQ_COMPAT_CRYPTO_H */
