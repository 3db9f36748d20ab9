// SPDX-License-Identifier: GPL-2.0-only
/* A flow's keys by the cryptographic extensions of ARMv8: a state is (ABCD, EFGH). */
#include "../simd.h"
#include "../vec.h"

#define NQ_TARGET __attribute__((target("+crypto")))
#define NQ_INLINE NQ_TARGET static inline __attribute__((always_inline))

struct nq_sha {
	nq_v4si x, y;
};

NQ_INLINE struct nq_sha nq_sha_state(const u32 words[8])
{
	return (struct nq_sha){(nq_v4si)nq_load(words), (nq_v4si)nq_load(words + 4)};
}

NQ_INLINE void nq_sha_hash(struct nq_sha s, nq_v4si *abcd, nq_v4si *efgh)
{
	*abcd = s.x;
	*efgh = s.y;
}

NQ_INLINE nq_v4si nq_sha_schedule(nq_v4si w0, nq_v4si w1, nq_v4si w2, nq_v4si w3)
{
	__asm__("sha256su0 %0.4s, %1.4s\n\tsha256su1 %0.4s, %2.4s, %3.4s"
		: "+&w"(w0)
		: "w"(w1), "w"(w2), "w"(w3));
	return w0;
}

NQ_INLINE void nq_sha_rounds(struct nq_sha *s, nq_v4si wk)
{
	nq_v4si abcd = s->x;

	__asm__("sha256h %q0, %q1, %2.4s" : "+w"(s->x) : "w"(s->y), "w"(wk));
	__asm__("sha256h2 %q0, %q1, %2.4s" : "+w"(s->y) : "w"(abcd), "w"(wk));
}

#include "../vec_keys.h"
