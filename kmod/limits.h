/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits: module parameters for new namespaces, sysctls in each. */
#ifndef NQ_LIMITS_H
#define NQ_LIMITS_H

#include <linux/types.h>

/** enum nq_overload - what happens to packets that can no longer be held */
enum nq_overload {
	NQ_OVERLOAD_DROP, /* drop them: the client sends again */
	NQ_OVERLOAD_PASS, /* let them go on; no rule matches them by name */
};

/**
 * struct nq_limits - limits of one namespace
 * @hold_flows:		flows held at a time
 * @hold_bytes:		memory of held packets and of their flows' state
 * @hold_datagrams:	datagrams held of one flow
 * @hold_ms:		longest time that a flow is held, milliseconds
 * @crypto_bytes:	CRYPTO stream of one flow, at most NQ_CRYPTO_MAX
 * @crypto_ranges:	disjoint parts of it, at most NQ_RANGES_MAX
 * @names_flows:	flows whose names are remembered
 * @names_bytes:	memory for them
 * @overload:		enum nq_overload
 */
struct nq_limits {
	unsigned int hold_flows;
	unsigned int hold_bytes;
	unsigned int hold_datagrams;
	unsigned int hold_ms;
	unsigned int crypto_bytes;
	unsigned int crypto_ranges;
	unsigned int names_flows;
	unsigned int names_bytes;
	unsigned int overload;
};

struct nq_net;

/** nq_limits_init - fill in the module parameters and register the sysctls. Returns 0 or -errno. */
int nq_limits_init(struct nq_net *nn);
void nq_limits_exit(struct nq_net *nn);

#endif /* NQ_LIMITS_H */
