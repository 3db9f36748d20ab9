/* SPDX-License-Identifier: GPL-2.0-only */
/* 128-bit vectors in terms that gcc and clang share, on x86 and arm64; a kernel has no immintrin.h.
 */
#ifndef NQ_VEC_H
#define NQ_VEC_H

#include "types.h"

typedef long long nq_v2di __attribute__((vector_size(16)));
typedef unsigned long long nq_v2du __attribute__((vector_size(16)));
typedef int nq_v4si __attribute__((vector_size(16)));
typedef unsigned int nq_v4su __attribute__((vector_size(16)));
typedef unsigned char nq_v16qu __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) nq_v2di nq_load(const void *p)
{
	nq_v2di v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline __attribute__((always_inline)) void nq_store(void *p, nq_v2di v)
{
	__builtin_memcpy(p, &v, sizeof(v));
}

/* The bytes in the other order */
static inline __attribute__((always_inline)) nq_v2di nq_swap_bytes(nq_v2di v)
{
	nq_v16qu b = (nq_v16qu)v;

	return (nq_v2di)__builtin_shufflevector(b, b, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3,
						2, 1, 0);
}

/* Both halves in the other order */
static inline __attribute__((always_inline)) nq_v2di nq_swap_halves(nq_v2di v)
{
	return __builtin_shufflevector(v, v, 1, 0);
}

#endif /* NQ_VEC_H */
