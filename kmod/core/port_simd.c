// SPDX-License-Identifier: GPL-2.0-only
/* Which vector instructions this processor has: the user-space side of nq_simd_begin(). */
#include "port.h"

#ifdef __x86_64__

#include <cpuid.h>

static unsigned int nq_allowed = NQ_SIMD_AES | NQ_SIMD_SHA;

void nq_simd_allow(unsigned int allowed)
{
	nq_allowed = allowed;
}

static unsigned int nq_simd_has(void)
{
	const unsigned int aes = bit_AES | bit_PCLMUL | bit_SSE4_1 | bit_SSSE3;
	const unsigned int sha = bit_SSE4_1 | bit_SSSE3;
	unsigned int a, b, c, d, has = 0;

	if (!__get_cpuid(1, &a, &b, &c, &d))
		return 0;
	if ((c & aes) == aes)
		has |= NQ_SIMD_AES;
	if ((c & sha) == sha && __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_SHA)
		has |= NQ_SIMD_SHA;
	return has;
}

bool nq_simd_begin(unsigned int need)
{
	static unsigned int has = ~0U; /* not asked yet; every thread finds the same */

	if (unlikely(has == ~0U))
		has = nq_simd_has();
	return (has & nq_allowed & need) == need;
}

#endif /* __x86_64__ */
