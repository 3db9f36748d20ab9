// SPDX-License-Identifier: GPL-2.0-only
#include <linux/netfilter_ipv4.h>
#include <linux/slab.h>

#include "ask_read.h"
#include "ask_rule.h"
#include "expr_search.h"

/* Return: what the rule with @expr asks for; NULL for everything, also if there is no memory. */
static struct nq_ask *nq_rule_ask(const struct nft_ctx *ctx, const struct nft_chain *chain,
				  const struct nft_expr *expr)
{
	const struct nft_rule *rule = nq_rule_find(chain, expr);
	struct nq_reading *r = NULL;
	struct nq_ask *ask = NULL;

	if (rule)
		r = nq_reading_new(ctx->net, chain->table, false, NULL);
	if (!r)
		return NULL;
	nq_reading_until(r, rule, expr);
	ask = nq_reading_ask(r);
	kfree(r);
	return ask;
}

/*
 * Does the way from @base to a rule in @chain lead behind conntrack's NAT? A chain of type nat is
 * asked before anything is translated. Of a chain that is jumped to not every way is known by its
 * priority: kernels do not tell of another one with the same hook.
 */
static bool nq_chain_is_late(const struct nft_chain *base, const struct nft_chain *chain)
{
	const struct nft_base_chain *bc = nft_base_chain(base);
	const struct nf_hook_ops *ops = &bc->ops;

	if (ops->hooknum != NF_INET_PRE_ROUTING && ops->hooknum != NF_INET_LOCAL_OUT)
		return true;
	return bc->type->type != NFT_CHAIN_T_NAT &&
	       (chain != base || ops->priority >= NF_IP_PRI_NAT_DST);
}

void nq_ask_rule(const struct nft_ctx *ctx, const struct nft_chain *chain,
		 const struct nft_expr *expr, struct nq_asker *asker)
{
	/* @asker changes under commit_mutex alone, but for its removal. */
	struct nq_ask *ask = asker->reached ? NULL : nq_rule_ask(ctx, chain, expr);

	nq_ask_reach(nq_pernet(ctx->net), asker, nq_chain_is_late(ctx->chain, chain), ask);
}
