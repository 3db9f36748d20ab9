// SPDX-License-Identifier: GPL-2.0-only
#include <net/netlink.h>

#include "compat/compat.h"
#include "expr.h"
#include "expr_issuer.h"
#include "expr_search.h"
#include "learn.h"
#include "look.h"

/* The value that a cmp wants. Return: its length, or 0 if it is another comparison. */
static u8 nq_issuer_cmp(const struct nft_expr *expr, const struct nq_expr *priv, u8 *id)
{
	unsigned int len = 0;
	struct nq_dump dump;
	const u8 *value;

	if (nq_dump_expr(&dump, expr))
		return 0;
	value = nq_dump_value(dump.tb[NFTA_CMP_DATA], priv->len, &len);
	if (value && len == priv->len && nq_dump_reg(&dump, NFTA_CMP_SREG) == priv->dreg &&
	    nq_dump_u32(dump.tb[NFTA_CMP_OP]) == NFT_CMP_EQ)
		memcpy(id, value, len);
	else
		len = 0;
	nq_dump_free(&dump);
	return len;
}

/* A set that changes without a commit has no generation. */
static bool nq_issuer_set_fits(const struct nft_set *set, const struct nq_expr *priv)
{
	return set->klen == priv->len && !(set->flags & (NFT_SET_TIMEOUT | NFT_SET_EVAL));
}

void nq_issuer_resolve(struct net *net, const struct nft_chain *chain, const struct nft_expr *expr,
		       struct nq_issuer *issuer)
{
	const struct nft_rule *rule = nq_rule_find(chain, expr);
	const struct nq_expr *priv = nft_expr_priv(expr);
	const struct nft_expr *next = nft_expr_next(expr);
	struct nq_lookup lookup = {};

	memset(issuer, 0, sizeof(*issuer));
	if (!rule || next == nft_expr_last(rule))
		return;
	if (nq_expr_is(next, "cmp")) {
		issuer->len = nq_issuer_cmp(next, priv, issuer->id);
	} else if (nq_lookup_read(net, chain->table, next, &lookup, NULL) > 0 &&
		   lookup.sreg == priv->dreg && nq_issuer_set_fits(lookup.set, priv)) {
		issuer->set = lookup.set;
		issuer->invert = lookup.invert;
	}
}

static bool nq_issuer_takes(const struct net *net, const struct nq_issuer *issuer, const u32 *id)
{
	if (issuer->set)
		return nq_set_has(net, issuer->set, id) != issuer->invert;
	return !memcmp(id, issuer->id, issuer->len);
}

void nq_issuer_read(const struct nq_expr *priv, const u32 *id, const struct nft_pktinfo *pkt)
{
	const struct nq_expr_state *state = priv->state;
	const struct nq_issuer *issuer = &state->issuer;
	enum nq_look why = nq_look_why(pkt->skb);
	const struct net *net = nft_net(pkt);
	bool takes;
	u32 gen;

	/* pairs with .validate: @issuer is complete before it is seen */
	if (!smp_load_acquire(&state->resolved) || (!issuer->set && !issuer->len))
		return;
	gen = nq_look_generation(net);
	takes = id && nq_issuer_takes(net, issuer, id);
	if (!gen || gen != nq_look_generation(net))
		return;
	if (why == NQ_LOOK_OWN && takes)
		nq_learn_issuer(nq_pernet(net), pkt, nq_look_rule(state, gen), gen);
	else if (why == NQ_LOOK_OTHERS && !takes)
		nq_look_missed(pkt->skb, nq_look_rule(state, gen), gen);
}
