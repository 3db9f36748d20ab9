/* SPDX-License-Identifier: GPL-2.0-only */
/* The core as a kernel's build has it, for the program that measures it. */
#ifndef BENCH_KERNEL_CORE_H
#define BENCH_KERNEL_CORE_H

#include "flight.h"

/**
 * struct kernel_core - the core of one kernel's build
 * @release:	of its headers
 * @compiler:	that built it
 * @flight_size: of struct nq_flight, to see that both sides mean the same
 * @start:	have the kernel's library find the processor's instructions, once;
 *		@writable lets it write 5 bytes of code
 * @simd:	the NQ_SIMD_* that the core may use, all of which this processor has; at first none
 * @gate:	nq_flight_gate()
 * @init:	nq_flight_init()
 * @feed:	nq_flight_feed()
 * @packed_size: nq_flight_packed_size()
 * @pack:	nq_flight_pack()
 */
struct kernel_core {
	const char *release, *compiler;
	size_t flight_size;
	void (*start)(void (*writable)(void *code));
	void (*simd)(unsigned int allowed);
	bool (*gate)(const u8 *head, size_t head_len, size_t len);
	void (*init)(struct nq_flight *f);
	enum nq_verdict (*feed)(struct nq_flight *f, u8 *dgram, size_t len,
				struct nq_feed_result *result);
	size_t (*packed_size)(const struct nq_flight *f);
	void (*pack)(const struct nq_flight *f, u8 *out);
};

#endif /* BENCH_KERNEL_CORE_H */
