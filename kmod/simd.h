/* SPDX-License-Identifier: GPL-2.0-only */
/* May vector registers be used? The kernel's side of core/simd.h; core/port.h includes it. */
#ifndef NQ_KSIMD_H
#define NQ_KSIMD_H

#include <linux/types.h>

/* Not in User-Mode Linux, which calls itself X86_64, too. NQ_HAVE_NEON is of compat/crypto.mk. */
#if (defined(CONFIG_X86) && defined(CONFIG_X86_64)) || defined(NQ_HAVE_NEON)

#define NQ_HAVE_SIMD

#include <linux/jump_label.h>
#ifdef NQ_HAVE_NEON
#include <asm/neon.h>
#include <asm/simd.h>
#define nq_simd_usable() may_use_simd()
#define nq_simd_enter()	 kernel_neon_begin()
#define nq_simd_leave()	 kernel_neon_end()
#else
#include <asm/fpu/api.h>
#define nq_simd_usable() irq_fpu_usable()
#define nq_simd_enter()	 kernel_fpu_begin()
#define nq_simd_leave()	 kernel_fpu_end()
#endif

DECLARE_STATIC_KEY_FALSE(nq_simd_aes);
DECLARE_STATIC_KEY_FALSE(nq_simd_sha);
DECLARE_STATIC_KEY_FALSE(nq_simd_vaes);

/**
 * nq_simd_begin - may the functions of core/simd.h that need @need be called?
 * @need:	one of NQ_SIMD_*, a constant
 *
 * If so, the registers are ours until nq_simd_end(). In an interrupt that came while the kernel
 * itself used them they are not. Preemption is off on x86; on arm64 a task may be preempted from
 * 6.8 on (the kernel saves the registers), so nothing in between may rely on staying on this CPU.
 */
static inline bool nq_simd_begin(unsigned int need)
{
	if (need == NQ_SIMD_AES ? !static_branch_likely(&nq_simd_aes)
				: !static_branch_likely(&nq_simd_sha))
		return false;
	if (!nq_simd_usable())
		return false;
	nq_simd_enter();
	return true;
}

static inline void nq_simd_end(void)
{
	nq_simd_leave();
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
