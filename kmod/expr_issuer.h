/* SPDX-License-Identifier: GPL-2.0-only */
/* A load of a server ID, and the comparison that reads it. */
#ifndef NQ_EXPR_ISSUER_H
#define NQ_EXPR_ISSUER_H

#include <net/netfilter/nf_tables.h>

#include "state.h"

struct nq_expr;

/**
 * struct nq_issuer - which server IDs a rule takes
 * @set:	those in this set, whose reference keeps it alive; or NULL
 * @invert:	all others
 * @len:	with no set: one of so many bytes, 0 if that is not known
 * @id:		that one
 */
struct nq_issuer {
	const struct nft_set *set;
	bool invert;
	u8 len;
	u8 id[NQ_PART_BYTES];
};

/**
 * nq_issuer_resolve - see what the expression behind a load of a server ID does with it
 * @expr:	the load, in the rule itself
 * @issuer:	filled in; it takes nothing that is known if that is no look-up or comparison of it
 * alone
 *
 * Caller holds nf_tables' commit_mutex, and may be under RCU or a spinlock.
 */
void nq_issuer_resolve(struct net *net, const struct nft_chain *chain, const struct nft_expr *expr,
		       struct nq_issuer *issuer);

/**
 * nq_issuer_read - a packet that is looked at (look.h) has its server ID loaded
 * @priv:	by this expression
 * @id:		the registers with it, or NULL if it has none
 *
 * Under RCU.
 */
void nq_issuer_read(const struct nq_expr *priv, const u32 *id, const struct nft_pktinfo *pkt);

#endif /* NQ_EXPR_ISSUER_H */
