// SPDX-License-Identifier: GPL-2.0-only
/* The surroundings, in a process, of the core and of the kernel's crypto library. */
#include <linux/jump_label.h>
#include <linux/module.h>
#include <linux/static_call.h>
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <generated/utsrelease.h>

#include "core/flight.h"
#include "kernel_core.h"

DEFINE_STATIC_KEY_FALSE(nq_simd_aes);
DEFINE_STATIC_KEY_FALSE(nq_simd_sha);
DEFINE_STATIC_KEY_FALSE(nq_simd_vaes);
bool static_key_initialized = true;
struct cpuinfo_x86 boot_cpu_data;

/* The registers are the process's own: these calls cost nothing here, in a kernel they do. */

bool irq_fpu_usable(void)
{
	return true;
}

void kernel_fpu_begin_mask(unsigned int mask)
{
}

void kernel_fpu_end(void)
{
}

int cpu_has_xfeatures(u64 features, const char **missing)
{
	return 1;
}

/* The compiler calls these where a mitigation may be patched in; here they are the plain thing. */
asm(".pushsection .text\n"
    ".globl __x86_return_thunk\n"
    "__x86_return_thunk: ret; int3\n"
    ".irp reg, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15\n"
    ".globl __x86_indirect_thunk_\\reg\n"
    "__x86_indirect_thunk_\\reg: jmp *%\\reg\n"
    "int3\n"
    ".endr\n"
    ".popsection\n");

#ifdef BENCH_LIB_INIT

int bench_init_aes(void);
int bench_init_sha256(void);
int bench_init_gf128hash(void);

static void has(unsigned int leaf, unsigned int reg, unsigned int bit, unsigned int feature)
{
	unsigned int r[4] = {leaf, 0, 0, 0};

	asm volatile("cpuid" : "+a"(r[0]), "=b"(r[1]), "+c"(r[2]), "=d"(r[3]));
	if (r[reg] >> bit & 1)
		__set_bit(feature, (unsigned long *)boot_cpu_data.x86_capability);
}

static void (*make_writable)(void *code);

/* A trampoline is a jump with a distance from its end. */
void __static_call_update(struct static_call_key *key, void *tramp, void *func)
{
	make_writable(tramp);
	*(s32 *)(tramp + 1) = func - (tramp + 5);
}

static void start(void (*writable)(void *code))
{
	make_writable = writable;
	has(1, 2, 1, X86_FEATURE_PCLMULQDQ);
	has(1, 2, 9, X86_FEATURE_SSSE3);
	has(1, 2, 25, X86_FEATURE_AES);
	has(1, 2, 28, X86_FEATURE_AVX);
	has(7, 1, 5, X86_FEATURE_AVX2);
	has(7, 1, 8, X86_FEATURE_BMI2);
	has(7, 1, 29, X86_FEATURE_SHA_NI);
	bench_init_aes();
	bench_init_sha256();
	bench_init_gf128hash();
}

#else

static void start(void (*writable)(void *code))
{
}

#endif

static void simd(unsigned int allowed)
{
	static_key_disable(&nq_simd_aes.key);
	static_key_disable(&nq_simd_sha.key);
	static_key_disable(&nq_simd_vaes.key);
	if (allowed & NQ_SIMD_AES)
		static_key_enable(&nq_simd_aes.key);
	if (allowed & NQ_SIMD_SHA)
		static_key_enable(&nq_simd_sha.key);
	if (allowed & NQ_SIMD_WIDE)
		static_key_enable(&nq_simd_vaes.key);
}

const struct kernel_core kernel_core = {
	.release = UTS_RELEASE,
	.compiler = __VERSION__,
	.flight_size = sizeof(struct nq_flight),
	.start = start,
	.simd = simd,
	.gate = nq_flight_gate,
	.init = nq_flight_init,
	.feed = nq_flight_feed,
	.packed_size = nq_flight_packed_size,
	.pack = nq_flight_pack,
};
