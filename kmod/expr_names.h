/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of a packet at a rule. */
#ifndef NQ_EXPR_NAMES_H
#define NQ_EXPR_NAMES_H

#include <net/netfilter/nf_tables.h>

#include "budget.h"
#include "names.h"

/**
 * nq_names_lock - find the names of the packet's connection
 * @regs:	of the rule; if there is a verdict when this is NULL, the packet was dropped and may
 *		be gone
 * @pkt:	the packet
 * @budget:	locked and given, but not if this is NULL
 *
 * Under RCU. Return: the names, or NULL.
 */
const struct nq_names *nq_names_lock(struct nft_regs *regs, const struct nft_pktinfo *pkt,
				     struct nq_budget **budget);

/** nq_names_free - the same for a key that needs no budget */
const struct nq_names *nq_names_free(struct nft_regs *regs, const struct nft_pktinfo *pkt);

#endif /* NQ_EXPR_NAMES_H */
