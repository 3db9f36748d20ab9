// SPDX-License-Identifier: GPL-2.0-only
/* The processor's crypto instructions: found once, when the module is loaded. */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <asm/cpufeature.h>

#include "core/port.h"

static bool simd = true;
module_param(simd, bool, 0444);
MODULE_PARM_DESC(simd, "use the processor's AES and SHA-256 instructions (default: on)");

DEFINE_STATIC_KEY_FALSE(nq_simd_aes);
DEFINE_STATIC_KEY_FALSE(nq_simd_sha);
DEFINE_STATIC_KEY_FALSE(nq_simd_vaes);

#ifdef NQ_HAVE_NEON

#define NQ_AES_NAME "AES and PMULL"
#define NQ_SHA_NAME "SHA2"

static bool __init nq_simd_has_aes(void)
{
	return cpu_have_named_feature(AES) && cpu_have_named_feature(PMULL);
}

static bool __init nq_simd_has_sha(void)
{
	return cpu_have_named_feature(SHA2);
}

static bool __init nq_simd_has_wide(void)
{
	return false;
}

#else

#include <asm/fpu/types.h>

#define NQ_AES_NAME "AES-NI and PCLMULQDQ"
#define NQ_SHA_NAME "SHA-NI"

static bool __init nq_simd_has_base(void)
{
	return boot_cpu_has(X86_FEATURE_XMM4_1) && boot_cpu_has(X86_FEATURE_SSSE3);
}

static bool __init nq_simd_has_aes(void)
{
	return nq_simd_has_base() && boot_cpu_has(X86_FEATURE_AES) &&
	       boot_cpu_has(X86_FEATURE_PCLMULQDQ);
}

static bool __init nq_simd_has_sha(void)
{
	return nq_simd_has_base() && boot_cpu_has(X86_FEATURE_SHA_NI);
}

/* The kernel saves a task's 256-bit registers if it has them switched on. */
static bool __init nq_simd_has_wide(void)
{
	return boot_cpu_has(X86_FEATURE_AVX2) && boot_cpu_has(X86_FEATURE_VAES) &&
	       boot_cpu_has(X86_FEATURE_VPCLMULQDQ) &&
	       cpu_has_xfeatures(XFEATURE_MASK_SSE | XFEATURE_MASK_YMM, NULL);
}

#endif

void __init nq_simd_init(void)
{
	bool aes = simd && nq_simd_has_aes(), sha = simd && nq_simd_has_sha();
	bool wide = aes && nq_simd_has_wide();

	if (aes)
		static_branch_enable(&nq_simd_aes);
	if (sha)
		static_branch_enable(&nq_simd_sha);
	if (wide)
		static_branch_enable(&nq_simd_vaes);
	pr_info("nft_quic: Initials are opened by %s%s, their keys made by %s\n",
		aes ? NQ_AES_NAME : "C code", wide ? " of 256 bits" : "",
		sha ? NQ_SHA_NAME : "C code");
}
