// SPDX-License-Identifier: GPL-2.0-only
/* SHA-256 by the SHA extensions: four rounds at a time, the state as (ABEF, CDGH). */
#include "../simd.h"
#include "vec.h"

#define NQ_TARGET __attribute__((target("sse4.1,ssse3,sha")))

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

/* Big-endian words of the message */
NQ_TARGET static nq_v4si nq_words(const u8 *p)
{
	nq_v16qu b = (nq_v16qu)nq_load(p);

	return (nq_v4si)__builtin_shufflevector(b, b, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14,
						13, 12);
}

/* Sums modulo 2^32 */
NQ_TARGET static inline __attribute__((always_inline)) nq_v4si nq_sum(nq_v4si a, nq_v4si b)
{
	return (nq_v4si)((nq_v4su)a + (nq_v4su)b);
}

NQ_TARGET void nq_simd_sha256(u32 state[8], const u8 block[64])
{
	nq_v4si abcd = (nq_v4si)nq_load(state), efgh = (nq_v4si)nq_load(state + 4);
	nq_v4si abef, cdgh, abef0, cdgh0, w, m[4];
	unsigned int i;

	abcd = __builtin_shufflevector(abcd, abcd, 1, 0, 3, 2);
	efgh = __builtin_shufflevector(efgh, efgh, 3, 2, 1, 0);
	abef0 = abef = __builtin_shufflevector(efgh, abcd, 2, 3, 4, 5);
	cdgh0 = cdgh = __builtin_shufflevector(efgh, abcd, 0, 1, 6, 7);

	for (i = 0; i < 4; i++)
		m[i] = nq_words(block + 16 * i);
#pragma GCC unroll 16
	for (i = 0; i < 16; i++) {
		if (i >= 4) {
			nq_v4si last = m[(i - 1) & 3], before = m[(i - 2) & 3];

			w = __builtin_ia32_sha256msg1(m[i & 3], m[(i + 1) & 3]);
			w = nq_sum(w, __builtin_shufflevector(before, last, 1, 2, 3, 4));
			m[i & 3] = __builtin_ia32_sha256msg2(w, last);
		}
		w = nq_sum(m[i & 3], (nq_v4si)nq_load(nq_k + 4 * i));
		cdgh = __builtin_ia32_sha256rnds2(cdgh, abef, w);
		w = __builtin_shufflevector(w, w, 2, 3, 0, 0);
		abef = __builtin_ia32_sha256rnds2(abef, cdgh, w);
	}
	abef = nq_sum(abef, abef0);
	cdgh = nq_sum(cdgh, cdgh0);

	abef = __builtin_shufflevector(abef, abef, 3, 2, 1, 0);
	cdgh = __builtin_shufflevector(cdgh, cdgh, 1, 0, 3, 2);
	nq_store(state, (nq_v2di)__builtin_shufflevector(abef, cdgh, 0, 1, 6, 7));
	nq_store(state + 4, (nq_v2di)__builtin_shufflevector(abef, cdgh, 2, 3, 4, 5));
}
