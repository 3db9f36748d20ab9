/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AES-128-GCM on registers of 128 bits: the tag first, then the plaintext. Included by a file of an
 * architecture that has defined NQ_TARGET, NQ_INLINE and, on nq_v2di,
 *
 *	nq_aesenc(b, k)		a round (FIPS 197 5.1), the key added last
 *	nq_aesenclast(b, k)	the last one, without MixColumns
 *	nq_clmul_low(a, b)	the carry-less product of both low halves
 *	nq_clmul_high(a, b)	of both high halves
 *	nq_clmul_cross(a, b)	the sum of the other two
 *
 * GHASH works on byte-swapped blocks, which turns it into POLYVAL with the key
 * H times x (RFC 8452 appendix A). Eight blocks are multiplied by H^8 to H^1 and reduced once.
 */
#ifndef NQ_VEC_GCM_H
#define NQ_VEC_GCM_H

#include "simd.h"
#include "vec.h"

#define NQ_ROUNDS 10
#define NQ_WIDE	  8 /* blocks in flight */

/* Which registers hold what is in struct nq_aead */
struct nq_narrow {
	nq_v2di k[NQ_ROUNDS + 1];
	nq_v2di h[NQ_WIDE]; /* h[i] is the hash key to the power of i + 1 */
};

static_assert(sizeof(struct nq_narrow) <= sizeof(struct nq_aead), "the keys fit");

/*
 * One step of the key expansion (FIPS 197 5.2). All columns of what the S-box gets are the same,
 * so that ShiftRows changes nothing; on x86 it is faster than AESKEYGENASSIST.
 */
NQ_INLINE nq_v2di nq_next_key(nq_v2di key, int rcon)
{
	const nq_v4si zero = {0}, c = {rcon, rcon, rcon, rcon};
	nq_v16qu b = (nq_v16qu)key;
	nq_v4si k = (nq_v4si)key;

	b = __builtin_shufflevector(b, b, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14,
				    15, 12);
	k ^= __builtin_shufflevector(k, zero, 4, 0, 1, 2);
	k ^= __builtin_shufflevector(k, zero, 4, 5, 0, 1);
	return (nq_v2di)k ^ nq_aesenclast((nq_v2di)b, (nq_v2di)c);
}

NQ_INLINE nq_v2di nq_encrypt(const nq_v2di k[NQ_ROUNDS + 1], nq_v2di b)
{
	int i;

	b ^= k[0];
	for (i = 1; i < NQ_ROUNDS; i++)
		b = nq_aesenc(b, k[i]);
	return nq_aesenclast(b, k[NQ_ROUNDS]);
}

/* A product of 256 bits that is not reduced yet, or a sum of such */
struct nq_product {
	nq_v2di lo, mid, hi;
};

NQ_INLINE void nq_product_add(struct nq_product *p, nq_v2di a, nq_v2di b)
{
	p->lo ^= nq_clmul_low(a, b);
	p->hi ^= nq_clmul_high(a, b);
	p->mid ^= nq_clmul_cross(a, b);
}

/* Modulo x^128 + x^127 + x^126 + x^121 + 1, times x^-128: 64 bits of the low half at a time. */
NQ_INLINE nq_v2di nq_product_reduce(const struct nq_product *p)
{
	const nq_v2di poly = {(long long)0xc200000000000000ULL, 0}, zero = {0};
	nq_v2di lo = p->lo ^ __builtin_shufflevector(zero, p->mid, 0, 2);
	nq_v2di hi = p->hi ^ __builtin_shufflevector(p->mid, zero, 1, 2);

	lo = nq_swap_halves(lo) ^ nq_clmul_low(lo, poly);
	lo = nq_swap_halves(lo) ^ nq_clmul_low(lo, poly);
	return lo ^ hi;
}

NQ_INLINE nq_v2di nq_dot(nq_v2di a, nq_v2di b)
{
	struct nq_product p = {{0}, {0}, {0}};

	nq_product_add(&p, a, b);
	return nq_product_reduce(&p);
}

/* GHASH's key as POLYVAL's, times x (RFC 8452 appendix A), and its powers */
NQ_INLINE void nq_narrow_powers(struct nq_narrow *w, nq_v2di hash_key)
{
	const nq_v2di fold = {1, (long long)0xc200000000000000ULL};
	nq_v2du h = (nq_v2du)nq_swap_bytes(hash_key), top = h >> 63;
	nq_v2di over = -(nq_v2di)__builtin_shufflevector(top, top, 1, 1);
	unsigned int i;

	w->h[0] = (nq_v2di)(h << 1 | __builtin_shufflevector(top, (nq_v2du){0}, 2, 0)) ^
		  (over & fold);
	/* Of earlier ones as far back as may be, so that they need not wait for each other. */
#pragma GCC unroll 8
	for (i = 1; i < NQ_WIDE; i++)
		w->h[i] = nq_dot(w->h[i / 2], w->h[(i - 1) / 2]);
}

NQ_TARGET static void nq_narrow_init(struct nq_aead *aead, const struct nq_keys *keys,
				     const u8 sample[16], u8 mask[16])
{
	static const u8 rcon[NQ_ROUNDS] = {0x01, 0x02, 0x04, 0x08, 0x10,
					   0x20, 0x40, 0x80, 0x1b, 0x36};
	struct nq_narrow *w = (struct nq_narrow *)aead;
	nq_v2di hp[NQ_ROUNDS + 1] = {nq_load(keys->hp)};
	int i;

	w->k[0] = nq_load(keys->key);
#pragma GCC unroll 10
	for (i = 1; i <= NQ_ROUNDS; i++) {
		hp[i] = nq_next_key(hp[i - 1], rcon[i - 1]);
		w->k[i] = nq_next_key(w->k[i - 1], rcon[i - 1]);
	}
	nq_store(mask, nq_encrypt(hp, nq_load(sample)));
	nq_narrow_powers(w, nq_encrypt(w->k, (nq_v2di){0}));
}

/* Hash @len bytes, padded with zeros to whole blocks. */
NQ_INLINE nq_v2di nq_hash_bytes(const struct nq_narrow *w, nq_v2di y, const u8 *data, size_t len)
{
	u8 last[16] = {0};
	int i;

	for (; len >= 16 * NQ_WIDE; len -= 16 * NQ_WIDE, data += 16 * NQ_WIDE) {
		struct nq_product p = {{0}, {0}, {0}};

		nq_product_add(&p, y ^ nq_swap_bytes(nq_load(data)), w->h[NQ_WIDE - 1]);
#pragma GCC unroll 8
		for (i = 1; i < NQ_WIDE; i++)
			nq_product_add(&p, nq_swap_bytes(nq_load(data + 16 * i)),
				       w->h[NQ_WIDE - 1 - i]);
		y = nq_product_reduce(&p);
	}
	for (; len >= 16; len -= 16, data += 16)
		y = nq_dot(y ^ nq_swap_bytes(nq_load(data)), w->h[0]);
	if (len) {
		__builtin_memcpy(last, data, len);
		y = nq_dot(y ^ nq_swap_bytes(nq_load(last)), w->h[0]);
	}
	return y;
}

NQ_INLINE nq_v2di nq_counter(nq_v2di iv, u32 n)
{
	nq_v4su c = (nq_v4su)iv;

	c[3] = __builtin_bswap32(n);
	return (nq_v2di)c;
}

/* Decrypt in counter mode. The first counter is 2 (NIST SP 800-38D 7.2). */
NQ_TARGET static void nq_ctr(const struct nq_narrow *w, nq_v2di iv, u8 *buf, size_t len)
{
	nq_v2di b[NQ_WIDE];
	u8 last[16] = {0};
	u32 n = 2;
	int i, r;

	for (; len >= sizeof(b); len -= sizeof(b), buf += sizeof(b)) {
#pragma GCC unroll 8
		for (i = 0; i < NQ_WIDE; i++)
			b[i] = nq_counter(iv, n++) ^ w->k[0];
		for (r = 1; r < NQ_ROUNDS; r++) {
			nq_v2di k = w->k[r];

#pragma GCC unroll 8
			for (i = 0; i < NQ_WIDE; i++)
				b[i] = nq_aesenc(b[i], k);
		}
#pragma GCC unroll 8
		for (i = 0; i < NQ_WIDE; i++)
			nq_store(buf + 16 * i,
				 nq_load(buf + 16 * i) ^ nq_aesenclast(b[i], w->k[NQ_ROUNDS]));
	}
	for (; len >= 16; len -= 16, buf += 16)
		nq_store(buf, nq_load(buf) ^ nq_encrypt(w->k, nq_counter(iv, n++)));
	if (len) {
		__builtin_memcpy(last, buf, len);
		nq_store(last, nq_load(last) ^ nq_encrypt(w->k, nq_counter(iv, n)));
		__builtin_memcpy(buf, last, len);
	}
}

NQ_TARGET static bool nq_narrow_open(const struct nq_aead *aead, const u8 iv[12], const u8 *aad,
				     size_t aad_len, u8 *buf, size_t len)
{
	const struct nq_narrow *w = (const struct nq_narrow *)aead;
	/* As big-endian numbers, so the block is swapped already */
	const nq_v2di lens = {len * 8LL, aad_len * 8LL};
	nq_v2di y = {0}, iv_block = {0}, diff;

	__builtin_memcpy(&iv_block, iv, 12);
	y = nq_hash_bytes(w, y, aad, aad_len);
	y = nq_hash_bytes(w, y, buf, len);
	y = nq_dot(y ^ lens, w->h[0]);

	diff = nq_swap_bytes(y) ^ nq_encrypt(w->k, nq_counter(iv_block, 1)) ^ nq_load(buf + len);
	if (diff[0] | diff[1])
		return false;
	nq_ctr(w, iv_block, buf, len);
	return true;
}

#endif /* NQ_VEC_GCM_H */
