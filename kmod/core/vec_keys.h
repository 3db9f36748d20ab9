/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A flow's keys by a processor's SHA-256. Included by a file of an architecture that has defined
 * NQ_TARGET, NQ_INLINE and
 *
 *	struct nq_sha		a state, two vectors x and y that add up word by word
 *	nq_sha_state(words)	one from eight words
 *	nq_sha_hash(s, &abcd, &efgh)	the words of one
 *	nq_sha_schedule(w0, w1, w2, w3)	the four words of a message that follow these 16
 *	nq_sha_rounds(&s, wk)	four rounds; the words have their constants added
 */
#ifndef NQ_VEC_KEYS_H
#define NQ_VEC_KEYS_H

#include "simd.h"
#include "vec.h"

/* FIPS 180-4 4.2.2 */
static const u32 nq_k[64] __attribute__((aligned(16))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

/* Big-endian words, or the bytes of these */
NQ_INLINE nq_v4si nq_words(nq_v4si v)
{
	nq_v16qu b = (nq_v16qu)v;

	return (nq_v4si)__builtin_shufflevector(b, b, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14,
						13, 12);
}

/* Sums modulo 2^32 */
NQ_INLINE nq_v4si nq_sum(nq_v4si a, nq_v4si b)
{
	return (nq_v4si)((nq_v4su)a + (nq_v4su)b);
}

/* A block, or its first half as a hash is: words in the order of FIPS 180-4 */
struct nq_msg {
	nq_v4si w[4];
};

/* HMAC (RFC 2104) with a key: the states after their first blocks */
struct nq_mac {
	struct nq_sha inner, outer;
};

#define NQ_MACS 3 /* side by side: one alone waits for its own results */

/* @n blocks, each into a state of its own. @n is a constant, so all of this stays in registers. */
NQ_INLINE void nq_compress_n(struct nq_sha *state, const struct nq_msg *msg, const int n)
{
	struct nq_sha s[NQ_MACS];
	struct nq_msg m[NQ_MACS];
	nq_v4si *w;
	int i, j;

#pragma GCC unroll 3
	for (j = 0; j < n; j++) {
		s[j] = state[j];
		m[j] = msg[j];
	}
#pragma GCC unroll 16
	for (i = 0; i < 16; i++) {
#pragma GCC unroll 3
		for (j = 0; j < n; j++) {
			w = m[j].w;
			if (i >= 4) {
				w[i & 3] = nq_sha_schedule(w[i & 3], w[(i + 1) & 3], w[(i + 2) & 3],
							   w[(i + 3) & 3]);
			}
			nq_sha_rounds(&s[j], nq_sum(w[i & 3], (nq_v4si)nq_load(nq_k + 4 * i)));
		}
	}
#pragma GCC unroll 3
	for (j = 0; j < n; j++) {
		state[j].x = nq_sum(s[j].x, state[j].x);
		state[j].y = nq_sum(s[j].y, state[j].y);
	}
}

/* The code is long: one copy for each number, for the sake of the instruction cache. */

NQ_TARGET static NQ_NOINLINE void nq_compress_1(struct nq_sha *s, const struct nq_msg *m)
{
	nq_compress_n(s, m, 1);
}

NQ_TARGET static NQ_NOINLINE void nq_compress_2(struct nq_sha *s, const struct nq_msg *m)
{
	nq_compress_n(s, m, 2);
}

NQ_TARGET static NQ_NOINLINE void nq_compress_3(struct nq_sha *s, const struct nq_msg *m)
{
	nq_compress_n(s, m, 3);
}

NQ_INLINE void nq_compress(struct nq_sha *s, const struct nq_msg *m, const int n)
{
	if (n == 1)
		nq_compress_1(s, m);
	else if (n == 2)
		nq_compress_2(s, m);
	else
		nq_compress_3(s, m);
}

NQ_INLINE struct nq_msg nq_block(const u8 block[64])
{
	struct nq_msg m;
	int i;

#pragma GCC unroll 4
	for (i = 0; i < 4; i++)
		m.w[i] = nq_words((nq_v4si)nq_load(block + 16 * i));
	return m;
}

/* @n messages under one key */
NQ_INLINE void nq_macs(const struct nq_mac *key, struct nq_msg *m, const int n)
{
	struct nq_sha s[NQ_MACS];
	int j;

#pragma GCC unroll 3
	for (j = 0; j < n; j++)
		s[j] = key->inner;
	nq_compress(s, m, n);
#pragma GCC unroll 3
	for (j = 0; j < n; j++) {
		nq_sha_hash(s[j], &m[j].w[0], &m[j].w[1]);
		m[j].w[2] = (nq_v4si){(int)0x80000000};
		m[j].w[3] = (nq_v4si){0, 0, 0, (64 + 32) * 8};
		s[j] = key->outer;
	}
	nq_compress(s, m, n);
#pragma GCC unroll 3
	for (j = 0; j < n; j++)
		nq_sha_hash(s[j], &m[j].w[0], &m[j].w[1]);
}

NQ_INLINE struct nq_mac nq_mac_key(const struct nq_msg *secret)
{
	const int in = 0x36363636, out = 0x5c5c5c5c;
	/* FIPS 180-4 5.3.3 */
	static const u32 start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
				     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	struct nq_sha s[2] = {nq_sha_state(start), nq_sha_state(start)};
	struct nq_msg m[2];
	int i;

#pragma GCC unroll 4
	for (i = 0; i < 4; i++) {
		m[0].w[i] = i < 2 ? secret->w[i] ^ in : (nq_v4si){in, in, in, in};
		m[1].w[i] = i < 2 ? secret->w[i] ^ out : (nq_v4si){out, out, out, out};
	}
	nq_compress(s, m, 2);
	return (struct nq_mac){s[0], s[1]};
}

NQ_INLINE void nq_bytes(u8 *out, size_t len, nq_v4si words)
{
	words = nq_words(words);
	__builtin_memcpy(out, &words, len);
}

NQ_TARGET void nq_simd_keys(const struct nq_salt *salt, const u8 dcid[64],
			    const u8 info[NQ_SECRETS][64], struct nq_keys *keys)
{
	struct nq_mac key = {nq_sha_state(salt->inner), nq_sha_state(salt->outer)};
	struct nq_msg m[NQ_MACS] = {nq_block(dcid)};

	nq_macs(&key, m, 1);
	key = nq_mac_key(m);
	m[0] = nq_block(info[NQ_SECRET_SIDE]);
	nq_macs(&key, m, 1);
	key = nq_mac_key(m);
	m[0] = nq_block(info[NQ_SECRET_KEY]);
	m[1] = nq_block(info[NQ_SECRET_IV]);
	m[2] = nq_block(info[NQ_SECRET_HP]);
	nq_macs(&key, m, NQ_MACS);
	nq_bytes(keys->key, sizeof(keys->key), m[0].w[0]);
	nq_bytes(keys->iv, sizeof(keys->iv), m[1].w[0]);
	nq_bytes(keys->hp, sizeof(keys->hp), m[2].w[0]);
}

#endif /* NQ_VEC_KEYS_H */
