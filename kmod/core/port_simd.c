// SPDX-License-Identifier: GPL-2.0-only
/* Which vector instructions this processor has: the user-space side of nq_simd_begin(). */
#include "port.h"

#ifdef __x86_64__

#include <cpuid.h>

/* Does the system keep the registers of 256 bits of a thread? XCR0, by XGETBV */
static bool nq_simd_ymm(void)
{
	unsigned int low, high;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & 6) == 6;
}

static unsigned int nq_simd_find(void)
{
	const unsigned int aes = bit_AES | bit_PCLMUL | bit_SSE4_1 | bit_SSSE3;
	const unsigned int sha = bit_SSE4_1 | bit_SSSE3;
	const unsigned int wide = bit_VAES | bit_VPCLMULQDQ;
	unsigned int a, b, c, d, c1, has = 0;

	if (!__get_cpuid(1, &a, &b, &c1, &d))
		return 0;
	if ((c1 & aes) == aes)
		has |= NQ_SIMD_AES;
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
		return has;
	if ((c1 & sha) == sha && b & bit_SHA)
		has |= NQ_SIMD_SHA;
	if (has & NQ_SIMD_AES && b & bit_AVX2 && (c & wide) == wide && c1 & bit_OSXSAVE &&
	    nq_simd_ymm())
		has |= NQ_SIMD_WIDE;
	return has;
}

#endif /* __x86_64__ */

#ifdef __aarch64__

#include <sys/auxv.h>
#include <asm/hwcap.h>

static unsigned int nq_simd_find(void)
{
	const unsigned long aes = HWCAP_AES | HWCAP_PMULL, cap = getauxval(AT_HWCAP);

	return ((cap & aes) == aes ? NQ_SIMD_AES : 0) | (cap & HWCAP_SHA2 ? NQ_SIMD_SHA : 0);
}

#endif /* __aarch64__ */

#ifdef NQ_HAVE_SIMD

static unsigned int nq_allowed = NQ_SIMD_AES | NQ_SIMD_SHA | NQ_SIMD_WIDE;

void nq_simd_allow(unsigned int allowed)
{
	nq_allowed = allowed;
}

static bool nq_simd_has(unsigned int need)
{
	static unsigned int has = ~0U; /* not asked yet; every thread finds the same */

	if (unlikely(has == ~0U))
		has = nq_simd_find();
	return (has & nq_allowed & need) == need;
}

bool nq_simd_begin(unsigned int need)
{
	return nq_simd_has(need);
}

bool nq_simd_wide(void)
{
	return nq_simd_has(NQ_SIMD_WIDE);
}

#endif /* NQ_HAVE_SIMD */
