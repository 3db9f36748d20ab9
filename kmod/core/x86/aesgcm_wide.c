// SPDX-License-Identifier: GPL-2.0-only
/*
 * AES-128-GCM by VAES and VPCLMULQDQ on registers of 256 bits: the same as aesgcm.c, two blocks
 * at a time. Wider registers are not worth their price for the 75 blocks of a datagram.
 */
#include "aesgcm.h"
#include "../vec.h"

#define NQ_TARGET __attribute__((target("avx2,vaes,vpclmulqdq,aes,pclmul")))
#define NQ_INLINE NQ_TARGET static inline __attribute__((always_inline))

#define NQ_ROUNDS 10
#define NQ_PAIRS  4 /* pairs of blocks that are hashed at a time */
#define NQ_CTRS	  8 /* pairs of blocks that are encrypted at a time */

typedef long long nq_v4di __attribute__((vector_size(32)));
typedef unsigned long long nq_v4du __attribute__((vector_size(32)));
typedef int nq_v8si __attribute__((vector_size(32)));
typedef unsigned int nq_v8su __attribute__((vector_size(32)));
typedef char nq_v32qi __attribute__((vector_size(32)));

#ifdef __clang__
#define nq_aesenc(a, k)	    __builtin_ia32_aesenc256(a, k)
#define nq_aesenclast(a, k) __builtin_ia32_aesenclast256(a, k)
#define nq_clmul(a, b, n)   __builtin_ia32_pclmulqdq256(a, b, n)
#else
#define nq_aesenc(a, k) ((nq_v4di)__builtin_ia32_vaesenc_v32qi((nq_v32qi)(a), (nq_v32qi)(k)))
#define nq_aesenclast(a, k)                                                                        \
	((nq_v4di)__builtin_ia32_vaesenclast_v32qi((nq_v32qi)(a), (nq_v32qi)(k)))
#define nq_clmul(a, b, n) __builtin_ia32_vpclmulqdq_v4di(a, b, n)
#endif

struct nq_wide {
	nq_v4di k[NQ_ROUNDS + 1]; /* both halves the same */
	nq_v4di h[NQ_PAIRS];	  /* h[i] is the hash key to the powers 2i + 2 and 2i + 1 */
};

static_assert(sizeof(struct nq_wide) == sizeof(struct nq_aead), "the keys fit");

NQ_INLINE nq_v4di nq_load2(const void *p)
{
	nq_v4di v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

NQ_INLINE void nq_store2(void *p, nq_v4di v)
{
	__builtin_memcpy(p, &v, sizeof(v));
}

NQ_INLINE nq_v2di nq_low(nq_v4di v)
{
	return __builtin_shufflevector(v, v, 0, 1);
}

NQ_INLINE nq_v2di nq_high(nq_v4di v)
{
	return __builtin_shufflevector(v, v, 2, 3);
}

NQ_INLINE nq_v4di nq_pair(nq_v2di low, nq_v2di high)
{
	return __builtin_shufflevector(low, high, 0, 1, 2, 3);
}

NQ_INLINE nq_v4di nq_low_only(nq_v2di low)
{
	return nq_pair(low, (nq_v2di){0});
}

/* Bytes within each half; a negative index makes a 0. */
NQ_INLINE nq_v4di nq_shuffle(nq_v4di v, nq_v32qi order)
{
	return (nq_v4di)__builtin_ia32_pshufb256((nq_v32qi)v, order);
}

/* clang-format off */
#define NQ_TWICE(...) ((nq_v32qi){__VA_ARGS__, __VA_ARGS__})
#define NQ_SWAP	  NQ_TWICE(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define NQ_COUNT  NQ_TWICE(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 14, 13, 12)
#define NQ_ROT	  NQ_TWICE(13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12)
#define NQ_SHIFT1 NQ_TWICE(-1, -1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
#define NQ_SHIFT2 NQ_TWICE(-1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7)
/* clang-format on */

/*
 * One step of the key expansion (FIPS 197 5.2) for two keys. All columns of what the S-box
 * gets are the same, so that AESENCLAST's ShiftRows changes nothing.
 */
NQ_INLINE nq_v4di nq_next_key(nq_v4di k, int rcon)
{
	const nq_v8si c = {rcon, rcon, rcon, rcon, rcon, rcon, rcon, rcon};
	nq_v4di t = nq_aesenclast(nq_shuffle(k, NQ_ROT), (nq_v4di)c);

	k ^= nq_shuffle(k, NQ_SHIFT1);
	k ^= nq_shuffle(k, NQ_SHIFT2);
	return k ^ t;
}

/* A product of 256 bits in each half that is not reduced yet, or a sum of such */
struct nq_product2 {
	nq_v4di lo, mid, hi;
};

NQ_INLINE void nq_product2_add(struct nq_product2 *p, nq_v4di a, nq_v4di b)
{
	p->lo ^= nq_clmul(a, b, 0x00);
	p->hi ^= nq_clmul(a, b, 0x11);
	p->mid ^= nq_clmul(a, b, 0x01) ^ nq_clmul(a, b, 0x10);
}

/* As nq_product_reduce() of vec_gcm.h, in each half */
NQ_INLINE nq_v4di nq_product2_reduce(const struct nq_product2 *p)
{
	const long long top = (long long)0xc200000000000000ULL;
	const nq_v4di poly = {top, 0, top, 0}, zero = {0};
	nq_v4di lo = p->lo ^ __builtin_shufflevector(zero, p->mid, 0, 4, 2, 6);
	nq_v4di hi = p->hi ^ __builtin_shufflevector(p->mid, zero, 1, 4, 3, 6);

	lo = __builtin_shufflevector(lo, lo, 1, 0, 3, 2) ^ nq_clmul(lo, poly, 0x00);
	lo = __builtin_shufflevector(lo, lo, 1, 0, 3, 2) ^ nq_clmul(lo, poly, 0x00);
	return lo ^ hi;
}

NQ_INLINE nq_v4di nq_dot2(nq_v4di a, nq_v4di b)
{
	struct nq_product2 p = {{0}, {0}, {0}};

	nq_product2_add(&p, a, b);
	return nq_product2_reduce(&p);
}

/* GHASH's key as POLYVAL's, times x (RFC 8452 appendix A), and its powers */
NQ_INLINE void nq_wide_powers(struct nq_wide *w, nq_v2di hash_key)
{
	const nq_v2di fold = {1, (long long)0xc200000000000000ULL};
	nq_v2du h = (nq_v2du)nq_swap_bytes(hash_key), top = h >> 63;
	nq_v2di h1, over;
	nq_v4di even;

	over = -(nq_v2di)__builtin_shufflevector(top, top, 1, 1);
	h1 = (nq_v2di)(h << 1 | __builtin_shufflevector(top, (nq_v2du){0}, 2, 0)) ^ (over & fold);

	even = nq_dot2(nq_low_only(h1), nq_low_only(h1));
	w->h[0] = nq_pair(nq_low(even), h1);
	even = nq_pair(nq_low(even), nq_low(even));
	w->h[1] = nq_dot2(w->h[0], even);
	even = nq_pair(nq_low(w->h[1]), nq_low(w->h[1]));
	w->h[2] = nq_dot2(w->h[0], even);
	w->h[3] = nq_dot2(w->h[1], even);
}

NQ_TARGET void nq_wide_aead_init(struct nq_aead *aead, const struct nq_keys *keys,
				 const u8 sample[16], u8 mask[16])
{
	static const u8 rcon[NQ_ROUNDS] = {0x01, 0x02, 0x04, 0x08, 0x10,
					   0x20, 0x40, 0x80, 0x1b, 0x36};
	struct nq_wide *w = (struct nq_wide *)aead;
	/* Both keys, and a block for each: that of 0 gives GHASH's key. */
	nq_v4di k = nq_pair(nq_load(keys->key), nq_load(keys->hp));
	nq_v4di b = nq_pair((nq_v2di){0}, nq_load(sample)) ^ k;
	int i;

	w->k[0] = nq_pair(nq_low(k), nq_low(k));
#pragma GCC unroll 10
	for (i = 1; i <= NQ_ROUNDS; i++) {
		k = nq_next_key(k, rcon[i - 1]);
		b = i < NQ_ROUNDS ? nq_aesenc(b, k) : nq_aesenclast(b, k);
		w->k[i] = nq_pair(nq_low(k), nq_low(k));
	}
	nq_store(mask, nq_high(b));
	nq_wide_powers(w, nq_low(b));
}

/* Add both halves. */
NQ_INLINE nq_v2di nq_fold(nq_v4di v)
{
	return nq_low(v) ^ nq_high(v);
}

/* @n pairs of blocks, at most NQ_PAIRS */
NQ_INLINE nq_v2di nq_hash_pairs(const struct nq_wide *w, nq_v2di y, const u8 *data, int n)
{
	struct nq_product2 p = {{0}, {0}, {0}};
	int i;

	nq_product2_add(&p, nq_shuffle(nq_load2(data), NQ_SWAP) ^ nq_low_only(y), w->h[n - 1]);
#pragma GCC unroll 4
	for (i = 1; i < n; i++)
		nq_product2_add(&p, nq_shuffle(nq_load2(data + 32 * i), NQ_SWAP), w->h[n - 1 - i]);
	return nq_fold(nq_product2_reduce(&p));
}

/* One block that is in the order of POLYVAL already */
NQ_INLINE nq_v2di nq_hash_block(const struct nq_wide *w, nq_v2di y, nq_v2di block)
{
	return nq_low(nq_dot2(nq_low_only(y ^ block), nq_low_only(nq_high(w->h[0]))));
}

/* Hash @len bytes, padded with zeros to whole blocks. */
NQ_INLINE nq_v2di nq_hash_bytes(const struct nq_wide *w, nq_v2di y, const u8 *data, size_t len)
{
	u8 last[32] = {0};

	for (; len >= 32 * NQ_PAIRS; len -= 32 * NQ_PAIRS, data += 32 * NQ_PAIRS)
		y = nq_hash_pairs(w, y, data, NQ_PAIRS);
	for (; len >= 32; len -= 32, data += 32)
		y = nq_hash_pairs(w, y, data, 1);
	if (!len)
		return y;
	__builtin_memcpy(last, data, len);
	if (len > 16)
		return nq_hash_pairs(w, y, last, 1);
	return nq_hash_block(w, y, nq_swap_bytes(nq_load(last)));
}

/* The counter is in native order until it is used. */
NQ_INLINE nq_v4di nq_counters(nq_v2di iv, u32 n)
{
	nq_v8su c = (nq_v8su)nq_pair(iv, iv);

	c[3] = n;
	c[7] = n + 1;
	return (nq_v4di)c;
}

/* @n pairs of blocks of key stream, from counter @c on; @n is a constant */
NQ_INLINE void nq_stream(const struct nq_wide *w, nq_v4di *c, nq_v4di *b, const int n)
{
	const nq_v8si two = {0, 0, 0, 2, 0, 0, 0, 2};
	int i, r;

#pragma GCC unroll 8
	for (i = 0; i < n; i++) {
		b[i] = nq_shuffle(*c, NQ_COUNT) ^ w->k[0];
		*c = (nq_v4di)((nq_v8si)*c + two);
	}
	for (r = 1; r < NQ_ROUNDS; r++) {
		nq_v4di k = w->k[r];

#pragma GCC unroll 8
		for (i = 0; i < n; i++)
			b[i] = nq_aesenc(b[i], k);
	}
#pragma GCC unroll 8
	for (i = 0; i < n; i++)
		b[i] = nq_aesenclast(b[i], w->k[NQ_ROUNDS]);
}

/* Decrypt in counter mode. The first counter is 2 (NIST SP 800-38D 7.2). */
NQ_INLINE void nq_wide_ctr(const struct nq_wide *w, nq_v2di iv, u8 *buf, size_t len)
{
	nq_v4di b[NQ_CTRS], c = nq_counters(iv, 2);
	u8 last[32] = {0};
	int i;

	for (; len >= sizeof(b); len -= sizeof(b), buf += sizeof(b)) {
		nq_stream(w, &c, b, NQ_CTRS);
#pragma GCC unroll 8
		for (i = 0; i < NQ_CTRS; i++)
			nq_store2(buf + 32 * i, nq_load2(buf + 32 * i) ^ b[i]);
	}
	for (; len >= 32; len -= 32, buf += 32) {
		nq_stream(w, &c, b, 1);
		nq_store2(buf, nq_load2(buf) ^ b[0]);
	}
	if (len) {
		nq_stream(w, &c, b, 1);
		__builtin_memcpy(last, buf, len);
		nq_store2(last, nq_load2(last) ^ b[0]);
		__builtin_memcpy(buf, last, len);
	}
}

NQ_TARGET bool nq_wide_aead_open(const struct nq_aead *aead, const u8 iv[12], const u8 *aad,
				 size_t aad_len, u8 *buf, size_t len)
{
	const struct nq_wide *w = (const struct nq_wide *)aead;
	const nq_v2di lens = {len * 8LL, aad_len * 8LL};
	nq_v2di y = {0}, iv_block = {0}, diff;
	nq_v4di c, first;

	__builtin_memcpy(&iv_block, iv, 12);
	y = nq_hash_bytes(w, y, aad, aad_len);
	y = nq_hash_bytes(w, y, buf, len);
	y = nq_hash_block(w, y, lens);

	c = nq_counters(iv_block, 1);
	nq_stream(w, &c, &first, 1);
	diff = nq_swap_bytes(y) ^ nq_low(first) ^ nq_load(buf + len);
	if (diff[0] | diff[1])
		return false;
	nq_wide_ctr(w, iv_block, buf, len);
	return true;
}
