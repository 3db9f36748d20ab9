// SPDX-License-Identifier: GPL-2.0-only
/* A flow's keys by the SHA extensions: a state is (ABEF, CDGH). */
#include "../simd.h"
#include "../vec.h"

#define NQ_TARGET __attribute__((target("sse4.1,ssse3,sha")))
#define NQ_INLINE NQ_TARGET static inline __attribute__((always_inline))

struct nq_sha {
	nq_v4si x, y;
};

NQ_INLINE struct nq_sha nq_sha_state(const u32 words[8])
{
	nq_v4si abcd = (nq_v4si)nq_load(words), efgh = (nq_v4si)nq_load(words + 4);

	abcd = __builtin_shufflevector(abcd, abcd, 1, 0, 3, 2);
	efgh = __builtin_shufflevector(efgh, efgh, 3, 2, 1, 0);
	return (struct nq_sha){__builtin_shufflevector(efgh, abcd, 2, 3, 4, 5),
			       __builtin_shufflevector(efgh, abcd, 0, 1, 6, 7)};
}

NQ_INLINE void nq_sha_hash(struct nq_sha s, nq_v4si *abcd, nq_v4si *efgh)
{
	nq_v4si feba = __builtin_shufflevector(s.x, s.x, 3, 2, 1, 0);
	nq_v4si dchg = __builtin_shufflevector(s.y, s.y, 1, 0, 3, 2);

	*abcd = __builtin_shufflevector(feba, dchg, 0, 1, 6, 7);
	*efgh = __builtin_shufflevector(feba, dchg, 2, 3, 4, 5);
}

NQ_INLINE nq_v4si nq_sha_schedule(nq_v4si w0, nq_v4si w1, nq_v4si w2, nq_v4si w3)
{
	nq_v4su t = (nq_v4su)__builtin_ia32_sha256msg1(w0, w1);

	t += (nq_v4su)__builtin_shufflevector(w2, w3, 1, 2, 3, 4);
	return __builtin_ia32_sha256msg2((nq_v4si)t, w3);
}

NQ_INLINE void nq_sha_rounds(struct nq_sha *s, nq_v4si wk)
{
	s->y = __builtin_ia32_sha256rnds2(s->y, s->x, wk);
	s->x = __builtin_ia32_sha256rnds2(s->x, s->y, __builtin_shufflevector(wk, wk, 2, 3, 0, 0));
}

#include "../vec_keys.h"
