/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core's needs of its environment: types, memory functions, crypto.
 * The only place in the core that knows whether it runs in a kernel.
 *
 * Kernel: the crypto library by way of kmod/compat/crypto.h. Userspace: nettle.
 * Both give, callable in any context and without allocation:
 *
 *	struct nq_sha256, nq_sha256_init/resume/update/final
 *	struct nq_aes, nq_aes_key, nq_aes_block		(AES-128, encryption only)
 *	nq_gcm_open					(AES-128-GCM, 16-byte tag)
 *	nq_sha256_block					(one compression)
 *	nq_simd_begin, nq_simd_end			(around the functions of simd.h)
 *
 * Initial keys follow from bytes on the wire, so nothing here has to run in
 * constant time or to be wiped.
 */
#ifndef NQ_PORT_H
#define NQ_PORT_H

/* The instructions that nq_simd_begin() is asked for. */
#define NQ_SIMD_AES  1 /* AES and carry-less multiplication */
#define NQ_SIMD_SHA  2 /* SHA-256 */
#define NQ_SIMD_WIDE 4 /* NQ_SIMD_AES also in registers of 256 bits; by nq_simd_wide() */

#ifdef __KERNEL__

#include <linux/build_bug.h>
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/stddef.h>
#include "../compat/crypto.h"

#define NQ_NOINLINE noinline

#include "../simd.h"

#else

#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/sha2.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define U8_MAX	    ((u8)~0U)
#define NQ_NOINLINE __attribute__((noinline))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

struct nq_sha256 {
	struct sha256_ctx ctx;
};

static inline void nq_sha256_init(struct nq_sha256 *s)
{
	sha256_init(&s->ctx);
}

/* Continue from a state of the compression function after @blocks blocks of 64 bytes. */
static inline void nq_sha256_resume(struct nq_sha256 *s, const u32 state[8], unsigned int blocks)
{
	sha256_init(&s->ctx);
	memcpy(s->ctx.state, state, sizeof(s->ctx.state));
	s->ctx.count = blocks;
}

static inline void nq_sha256_update(struct nq_sha256 *s, const u8 *data, size_t len)
{
	sha256_update(&s->ctx, len, data);
}

static inline void nq_sha256_final(struct nq_sha256 *s, u8 out[32])
{
	sha256_digest(&s->ctx, 32, out);
}

/* The compression function: @block goes into @state. */
static inline void nq_sha256_block(u32 state[8], const u8 block[64])
{
	struct nq_sha256 s;

	nq_sha256_resume(&s, state, 0);
	sha256_update(&s.ctx, 64, block);
	memcpy(state, s.ctx.state, sizeof(s.ctx.state));
}

struct nq_aes {
	struct aes128_ctx ctx;
};

static inline void nq_aes_key(struct nq_aes *aes, const u8 key[16])
{
	aes128_set_encrypt_key(&aes->ctx, key);
}

static inline void nq_aes_block(const struct nq_aes *aes, u8 out[16], const u8 in[16])
{
	aes128_encrypt(&aes->ctx, 16, out, in);
}

/**
 * nq_gcm_open - check and decrypt with AES-128-GCM, in place
 * @key:	16 bytes
 * @iv:		12 bytes
 * @aad:	associated data
 * @aad_len:	its length
 * @buf:	ciphertext, followed by the 16 bytes of the tag
 * @len:	length of the ciphertext without the tag
 *
 * Return: true if the tag is right. If it is not, @buf is as it was.
 */
static inline bool nq_gcm_open(const u8 key[16], const u8 iv[12], const u8 *aad, size_t aad_len,
			       u8 *buf, size_t len)
{
	struct gcm_aes128_ctx ctx;
	u8 tag[16];

	gcm_aes128_set_key(&ctx, key);
	gcm_aes128_set_iv(&ctx, 12, iv);
	gcm_aes128_update(&ctx, aad_len, aad);
	gcm_aes128_decrypt(&ctx, len, buf, buf);
	gcm_aes128_digest(&ctx, sizeof(tag), tag);
	if (!memcmp(tag, buf + len, sizeof(tag)))
		return true;
	/* CTR mode undoes itself. */
	gcm_aes128_set_iv(&ctx, 12, iv);
	gcm_aes128_decrypt(&ctx, len, buf, buf);
	return false;
}

#if defined(__x86_64__) || defined(__aarch64__)

#define NQ_HAVE_SIMD

/**
 * nq_simd_begin - may the functions of simd.h that need @need be called?
 *
 * If so, nq_simd_end() follows; what is between them must not begin again or sleep.
 */
bool nq_simd_begin(unsigned int need);

static inline void nq_simd_end(void)
{
}

/** nq_simd_wide - is what NQ_SIMD_AES stands for there in registers of 256 bits, too? */
bool nq_simd_wide(void);

/** nq_simd_allow - use no more than these NQ_SIMD_*, for tests and benchmarks; all by default */
void nq_simd_allow(unsigned int allowed);

#else

static inline bool nq_simd_begin(unsigned int need)
{
	(void)need;
	return false;
}

static inline void nq_simd_end(void)
{
}

static inline void nq_simd_allow(unsigned int allowed)
{
	(void)allowed;
}

#endif /* an architecture with a folder of its own */

#endif /* __KERNEL__ */

#endif /* NQ_PORT_H */
