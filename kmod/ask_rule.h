/* SPDX-License-Identifier: GPL-2.0-only */
/* The destinations that a rule asks for, by its matches. */
#ifndef NQ_ASK_RULE_H
#define NQ_ASK_RULE_H

#include <net/netfilter/nf_tables.h>

#include "ask.h"

/**
 * nq_ask_rule - packets can reach an expression that needs names: say what they are
 * @ctx:	as .validate has it; its chain is the base chain that leads here
 * @chain:	the chain with the rule
 * @expr:	the expression, in the rule itself
 * @asker:	the expression's
 *
 * In .validate, under commit_mutex; may be under RCU or a spinlock.
 */
void nq_ask_rule(const struct nft_ctx *ctx, const struct nft_chain *chain,
		 const struct nft_expr *expr, struct nq_asker *asker);

#endif /* NQ_ASK_RULE_H */
