// SPDX-License-Identifier: GPL-2.0-only
/*
 * AES-128-GCM by AES-NI and PCLMULQDQ: the tag first, then the plaintext.
 *
 * GHASH works on byte-swapped blocks, which turns it into POLYVAL with the key
 * H times x (RFC 8452 appendix A). Eight blocks are multiplied by H^8 to H^1 and reduced once.
 */
#include "../simd.h"
#include "vec.h"

#define NQ_TARGET __attribute__((target("sse4.1,ssse3,aes,pclmul")))
#define NQ_INLINE NQ_TARGET static inline __attribute__((always_inline))

#define NQ_ROUNDS 10
#define NQ_WIDE	  8 /* blocks in flight */

struct nq_aesni {
	nq_v2di k[NQ_ROUNDS + 1];
};

NQ_INLINE nq_v2di nq_aesni_step(nq_v2di key, nq_v2di assist)
{
	const nq_v4si zero = {0};
	nq_v4si k = (nq_v4si)key, a = (nq_v4si)assist, t = k;
	int i;

	for (i = 0; i < 3; i++) {
		t = __builtin_shufflevector(t, zero, 4, 0, 1, 2);
		k ^= t;
	}
	return (nq_v2di)(k ^ __builtin_shufflevector(a, a, 3, 3, 3, 3));
}

/* The round constant is part of the instruction. */
#define NQ_EXPAND(aes, i, rcon)                                                                    \
	((aes)->k[i] = nq_aesni_step((aes)->k[(i) - 1],                                            \
				     __builtin_ia32_aeskeygenassist128((aes)->k[(i) - 1], rcon)))

NQ_TARGET static void nq_aesni_key(struct nq_aesni *aes, const u8 key[16])
{
	aes->k[0] = nq_load(key);
	NQ_EXPAND(aes, 1, 0x01);
	NQ_EXPAND(aes, 2, 0x02);
	NQ_EXPAND(aes, 3, 0x04);
	NQ_EXPAND(aes, 4, 0x08);
	NQ_EXPAND(aes, 5, 0x10);
	NQ_EXPAND(aes, 6, 0x20);
	NQ_EXPAND(aes, 7, 0x40);
	NQ_EXPAND(aes, 8, 0x80);
	NQ_EXPAND(aes, 9, 0x1b);
	NQ_EXPAND(aes, 10, 0x36);
}

NQ_INLINE nq_v2di nq_aesni_block(const struct nq_aesni *aes, nq_v2di b)
{
	int i;

	b ^= aes->k[0];
	for (i = 1; i < NQ_ROUNDS; i++)
		b = __builtin_ia32_aesenc128(b, aes->k[i]);
	return __builtin_ia32_aesenclast128(b, aes->k[NQ_ROUNDS]);
}

NQ_TARGET void nq_simd_aes_block(const u8 key[16], u8 out[16], const u8 in[16])
{
	struct nq_aesni aes;

	nq_aesni_key(&aes, key);
	nq_store(out, nq_aesni_block(&aes, nq_load(in)));
}

/* A product of 256 bits that is not reduced yet, or a sum of such */
struct nq_product {
	nq_v2di lo, mid, hi;
};

NQ_INLINE void nq_product_add(struct nq_product *p, nq_v2di a, nq_v2di b)
{
	p->lo ^= __builtin_ia32_pclmulqdq128(a, b, 0x00);
	p->hi ^= __builtin_ia32_pclmulqdq128(a, b, 0x11);
	p->mid ^= __builtin_ia32_pclmulqdq128(a, b, 0x01);
	p->mid ^= __builtin_ia32_pclmulqdq128(a, b, 0x10);
}

/* Modulo x^128 + x^127 + x^126 + x^121 + 1, times x^-128: 64 bits of the low half at a time. */
NQ_INLINE nq_v2di nq_product_reduce(const struct nq_product *p)
{
	const nq_v2di poly = {(long long)0xc200000000000000ULL, 0}, zero = {0};
	nq_v2di lo = p->lo ^ __builtin_shufflevector(zero, p->mid, 0, 2);
	nq_v2di hi = p->hi ^ __builtin_shufflevector(p->mid, zero, 1, 2);

	lo = nq_swap_halves(lo) ^ __builtin_ia32_pclmulqdq128(lo, poly, 0x00);
	lo = nq_swap_halves(lo) ^ __builtin_ia32_pclmulqdq128(lo, poly, 0x00);
	return lo ^ hi;
}

NQ_INLINE nq_v2di nq_dot(nq_v2di a, nq_v2di b)
{
	struct nq_product p = {{0}, {0}, {0}};

	nq_product_add(&p, a, b);
	return nq_product_reduce(&p);
}

struct nq_polyval {
	nq_v2di h[NQ_WIDE]; /* h[i] is the key to the power of i + 1 */
	nq_v2di y;
};

/* @len: of the longest string to come; short ones want one power of the key only. */
NQ_TARGET static void nq_polyval_init(struct nq_polyval *g, nq_v2di hash_key, size_t len)
{
	nq_v2du h = (nq_v2du)nq_swap_bytes(hash_key);
	unsigned long long top = h[1] >> 63;
	unsigned int i, n = len < 16 * NQ_WIDE ? 1 : NQ_WIDE;
	const nq_v2du fold = {top, top * 0xc200000000000000ULL};
	const nq_v2du carry = {0, h[0] >> 63};

	g->h[0] = (nq_v2di)((h << 1 | carry) ^ fold);
	for (i = 1; i < n; i++)
		g->h[i] = nq_dot(g->h[i - 1], g->h[0]);
	g->y = (nq_v2di){0};
}

NQ_INLINE void nq_polyval_block(struct nq_polyval *g, nq_v2di block)
{
	g->y = nq_dot(g->y ^ nq_swap_bytes(block), g->h[0]);
}

/* Hash @len bytes, padded with zeros to whole blocks. */
NQ_TARGET static void nq_polyval_update(struct nq_polyval *g, const u8 *data, size_t len)
{
	u8 last[16] = {0};
	int i;

	for (; len >= 16 * NQ_WIDE; len -= 16 * NQ_WIDE, data += 16 * NQ_WIDE) {
		struct nq_product p = {{0}, {0}, {0}};

		nq_product_add(&p, g->y ^ nq_swap_bytes(nq_load(data)), g->h[NQ_WIDE - 1]);
#pragma GCC unroll 8
		for (i = 1; i < NQ_WIDE; i++)
			nq_product_add(&p, nq_swap_bytes(nq_load(data + 16 * i)),
				       g->h[NQ_WIDE - 1 - i]);
		g->y = nq_product_reduce(&p);
	}
	for (; len >= 16; len -= 16, data += 16)
		nq_polyval_block(g, nq_load(data));
	if (len) {
		__builtin_memcpy(last, data, len);
		nq_polyval_block(g, nq_load(last));
	}
}

NQ_INLINE nq_v2di nq_counter(nq_v2di iv, u32 n)
{
	nq_v4su c = (nq_v4su)iv;

	c[3] = __builtin_bswap32(n);
	return (nq_v2di)c;
}

/* Decrypt in counter mode. The first counter is 2 (NIST SP 800-38D 7.2). */
NQ_TARGET static void nq_ctr(const struct nq_aesni *aes, nq_v2di iv, u8 *buf, size_t len)
{
	nq_v2di b[NQ_WIDE];
	u8 last[16] = {0};
	u32 n = 2;
	int i, r;

	for (; len >= sizeof(b); len -= sizeof(b), buf += sizeof(b)) {
#pragma GCC unroll 8
		for (i = 0; i < NQ_WIDE; i++)
			b[i] = nq_counter(iv, n++) ^ aes->k[0];
		for (r = 1; r < NQ_ROUNDS; r++) {
			nq_v2di k = aes->k[r];

#pragma GCC unroll 8
			for (i = 0; i < NQ_WIDE; i++)
				b[i] = __builtin_ia32_aesenc128(b[i], k);
		}
#pragma GCC unroll 8
		for (i = 0; i < NQ_WIDE; i++)
			nq_store(buf + 16 * i,
				 nq_load(buf + 16 * i) ^
					 __builtin_ia32_aesenclast128(b[i], aes->k[NQ_ROUNDS]));
	}
	for (; len >= 16; len -= 16, buf += 16)
		nq_store(buf, nq_load(buf) ^ nq_aesni_block(aes, nq_counter(iv, n++)));
	if (len) {
		__builtin_memcpy(last, buf, len);
		nq_store(last, nq_load(last) ^ nq_aesni_block(aes, nq_counter(iv, n)));
		__builtin_memcpy(buf, last, len);
	}
}

NQ_TARGET bool nq_simd_gcm_open(const u8 key[16], const u8 iv[12], const u8 *aad, size_t aad_len,
				u8 *buf, size_t len)
{
	const nq_v2du lens = {len * 8ULL, aad_len * 8ULL};
	nq_v2di iv_block = {0}, tag;
	struct nq_polyval g;
	struct nq_aesni aes;

	nq_aesni_key(&aes, key);
	__builtin_memcpy(&iv_block, iv, 12);

	nq_polyval_init(&g, nq_aesni_block(&aes, (nq_v2di){0}), len > aad_len ? len : aad_len);
	nq_polyval_update(&g, aad, aad_len);
	nq_polyval_update(&g, buf, len);
	/* The two lengths as big-endian numbers, so the block is swapped already. */
	g.y = nq_dot(g.y ^ (nq_v2di)lens, g.h[0]);

	tag = nq_swap_bytes(g.y) ^ nq_aesni_block(&aes, nq_counter(iv_block, 1));
	tag ^= nq_load(buf + len);
	if (tag[0] | tag[1])
		return false;
	nq_ctr(&aes, iv_block, buf, len);
	return true;
}
