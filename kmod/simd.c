// SPDX-License-Identifier: GPL-2.0-only
/* The processor's crypto instructions: found once, when the module is loaded. */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <asm/cpufeature.h>
#include <asm/fpu/types.h>

#include "core/port.h"

static bool simd = true;
module_param(simd, bool, 0444);
MODULE_PARM_DESC(simd, "use the processor's AES and SHA-256 instructions (default: on)");

DEFINE_STATIC_KEY_FALSE(nq_simd_aes);
DEFINE_STATIC_KEY_FALSE(nq_simd_sha);
DEFINE_STATIC_KEY_FALSE(nq_simd_vaes);

void __init nq_simd_init(void)
{
	bool base = simd && boot_cpu_has(X86_FEATURE_XMM4_1) && boot_cpu_has(X86_FEATURE_SSSE3);
	bool aes = base && boot_cpu_has(X86_FEATURE_AES) && boot_cpu_has(X86_FEATURE_PCLMULQDQ);
	bool sha = base && boot_cpu_has(X86_FEATURE_SHA_NI);
	/* The kernel saves a task's 256-bit registers if it has them switched on. */
	bool wide = aes && boot_cpu_has(X86_FEATURE_AVX2) && boot_cpu_has(X86_FEATURE_VAES) &&
		    boot_cpu_has(X86_FEATURE_VPCLMULQDQ) &&
		    cpu_has_xfeatures(XFEATURE_MASK_SSE | XFEATURE_MASK_YMM, NULL);

	if (aes)
		static_branch_enable(&nq_simd_aes);
	if (sha)
		static_branch_enable(&nq_simd_sha);
	if (wide)
		static_branch_enable(&nq_simd_vaes);
	pr_info("nft_quic: Initials are opened by %s%s, their keys made by %s\n",
		aes ? "AES-NI and PCLMULQDQ" : "C code", wide ? " of 256 bits" : "",
		sha ? "SHA-NI" : "C code");
}
