/* SPDX-License-Identifier: GPL-2.0-only */
/* May vector registers be used? The kernel's side of core/simd.h; core/port.h includes it. */
#ifndef NQ_KSIMD_H
#define NQ_KSIMD_H

#include <linux/types.h>

/* Not in User-Mode Linux, which calls itself X86_64, too. */
#if defined(CONFIG_X86) && defined(CONFIG_X86_64)

#define NQ_HAVE_SIMD

#include <linux/jump_label.h>
#include <asm/fpu/api.h>

DECLARE_STATIC_KEY_FALSE(nq_simd_aes);
DECLARE_STATIC_KEY_FALSE(nq_simd_sha);
DECLARE_STATIC_KEY_FALSE(nq_simd_vaes);

/**
 * nq_simd_begin - may the functions of core/simd.h that need @need be called?
 * @need:	one of NQ_SIMD_*, a constant
 *
 * If so, preemption is off and the registers are ours until nq_simd_end(). In an interrupt that
 * came while the kernel itself used them they are not.
 */
static inline bool nq_simd_begin(unsigned int need)
{
	if (need == NQ_SIMD_AES ? !static_branch_likely(&nq_simd_aes)
				: !static_branch_likely(&nq_simd_sha))
		return false;
	if (!irq_fpu_usable())
		return false;
	kernel_fpu_begin();
	return true;
}

static inline void nq_simd_end(void)
{
	kernel_fpu_end();
}

/** nq_simd_wide - is what NQ_SIMD_AES stands for there in registers of 256 bits, too? */
static inline bool nq_simd_wide(void)
{
	return static_branch_likely(&nq_simd_vaes);
}

/** nq_simd_init - see what the processor has; says so once in the kernel's log */
void nq_simd_init(void);

#else

static inline bool nq_simd_begin(unsigned int need)
{
	return false;
}

static inline void nq_simd_end(void)
{
}

static inline void nq_simd_init(void)
{
}

#endif

#endif /* NQ_KSIMD_H */
