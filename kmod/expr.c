// SPDX-License-Identifier: GPL-2.0-only
/* The nftables expression "quic": from netlink and back, and where it may stand. */
#include <linux/module.h>
#include <linux/slab.h>
#include <net/netlink.h>

#include "ask_rule.h"
#include "budget.h"
#include "expr.h"
#include "expr_eval.h"
#include "expr_search.h"
#include "learn.h"
#include "points.h"
#include "ruleset.h"

#define NQ_SETTLE_DELAY (2 * HZ) /* for a large batch to come to its validation */

static const struct nla_policy nq_policy[NFTA_QUIC_MAX + 1] = {
	[NFTA_QUIC_KEY] = {.type = NLA_U32},
	[NFTA_QUIC_DREG] = {.type = NLA_U32},
	[NFTA_QUIC_FLAGS] = {.type = NLA_U32},
	[NFTA_QUIC_DATA] = {.type = NLA_BINARY, .len = NFT_QUIC_DATA_MAX},
	[NFTA_QUIC_LEN] = {.type = NLA_U32},
};

/* Width of each key in a register, bytes; 0 if NFTA_QUIC_LEN has to tell. */
static const u8 nq_key_len[] = {
	[NFT_QUIC_ALPN] = NFT_QUIC_ALPN_LEN, [NFT_QUIC_SNI] = NFT_QUIC_SNI_LEN,
	[NFT_QUIC_TYPE] = sizeof(u8),	     [NFT_QUIC_SNI_CONCAT] = NFT_QUIC_SNI_CONCAT_LEN,
	[NFT_QUIC_VERSION] = sizeof(u32),    [NFT_QUIC_DCID] = NFT_QUIC_CID_LEN,
	[NFT_QUIC_SCID] = NFT_QUIC_CID_LEN,  [NFT_QUIC_ECH] = sizeof(u8),
	[NFT_QUIC_HELLO] = sizeof(u8),	     [NFT_QUIC_SERVER_ID] = 0,
	[NFT_QUIC_STATE] = sizeof(u8),
};

static int nq_init_key(const struct nft_ctx *ctx, struct nq_expr *priv,
		       const struct nlattr *const tb[])
{
	u32 key;

	if (ctx->family != NFPROTO_IPV4 && ctx->family != NFPROTO_IPV6 &&
	    ctx->family != NFPROTO_INET)
		return -EOPNOTSUPP;
	if (!tb[NFTA_QUIC_KEY])
		return -EINVAL;
	key = ntohl(nla_get_be32(tb[NFTA_QUIC_KEY]));
	if (key > NFT_QUIC_KEY_MAX)
		return -EOPNOTSUPP;
	priv->key = key;
	priv->len = nq_key_len[key];
	return 0;
}

/* How much of a connection ID is to be loaded. */
static int nq_init_part(struct nq_expr *priv, const struct nlattr *attr)
{
	u32 len;

	if (!attr)
		return priv->len ? 0 : -EINVAL;
	if (priv->key != NFT_QUIC_SERVER_ID && priv->key != NFT_QUIC_DCID &&
	    priv->key != NFT_QUIC_SCID)
		return -EOPNOTSUPP;
	len = ntohl(nla_get_be32(attr));
	if (!len || len > NFT_QUIC_PART_MAX)
		return -EINVAL;
	priv->len = len;
	priv->part = true;
	return 0;
}

/*
 * Packets have to be gathered at the hooks of the base chains that lead to the rule. Which
 * these are .validate finds out, but it may be called with a set's lock held, where no hook
 * can be registered. So a rule in a chain that is jumped to gets all of them in .init, and
 * gives back here what it did not need after all; where such a chain comes to be reached from
 * another hook later, this registers it, a moment after the commit.
 */
static void nq_expr_settle(struct work_struct *work)
{
	struct nq_expr_state *state =
		container_of(to_delayed_work(work), struct nq_expr_state, settle);
	unsigned int needed = READ_ONCE(state->needed), missing = needed & ~state->points;
	struct nq_net *nn = nq_pernet(state->net);
	int err = 0;

	nq_points_put(nn, state->points & ~needed);
	state->points &= needed;
	if (missing)
		err = nq_points_get(nn, missing);
	if (!err)
		state->points |= missing;
	else if (err != -ENETDOWN)
		schedule_delayed_work(&state->settle, HZ);
}

static int nq_init_points(const struct nft_ctx *ctx, struct nq_expr_state *state)
{
	bool base = nft_is_base_chain(ctx->chain);
	unsigned int points = nq_points(ctx->family, base ? nft_base_chain(ctx->chain)->ops.hooknum
							  : NF_INET_POST_ROUTING);
	int err;

	INIT_DELAYED_WORK(&state->settle, nq_expr_settle);
	err = nq_points_get(nq_pernet(ctx->net), points);
	if (err)
		return err;
	state->points = points;
	if (base)
		state->needed = points;
	else
		schedule_delayed_work(&state->settle, NQ_SETTLE_DELAY);
	return 0;
}

static void nq_uninit_state(const struct nft_ctx *ctx, const struct nq_expr *priv,
			    struct nq_expr_state *state)
{
	if (priv->key == NFT_QUIC_STATE)
		nq_learn_unwant(nq_pernet(ctx->net));
	kfree(state);
}

static int nq_init_state(const struct nft_ctx *ctx, struct nq_expr *priv, unsigned int len)
{
	struct nq_expr_state *state;
	int err;

	state = kzalloc(struct_size(state, data, len), GFP_KERNEL_ACCOUNT);
	if (!state)
		return -ENOMEM;
	state->net = ctx->net;
	state->chain = ctx->chain;
	state->len = len;
	if (priv->key == NFT_QUIC_STATE) {
		err = nq_learn_want(nq_pernet(ctx->net));
		if (err) {
			kfree(state);
			return err;
		}
	}
	if (nq_key_is_name(priv->key)) {
		nq_ruleset_learn(ctx->net, ctx->table);
		err = nq_init_points(ctx, state);
		if (err) {
			nq_uninit_state(ctx, priv, state);
			return err;
		}
		nq_ask_enter(nq_pernet(ctx->net), &state->asker, !nft_is_base_chain(ctx->chain));
	}
	priv->state = state;
	return 0;
}

static int nq_load_init(const struct nft_ctx *ctx, const struct nft_expr *expr,
			const struct nlattr *const tb[])
{
	struct nq_expr *priv = nft_expr_priv(expr);
	int err;

	err = nq_init_key(ctx, priv, tb);
	if (!err)
		err = nq_init_part(priv, tb[NFTA_QUIC_LEN]);
	if (err)
		return err;
	if (tb[NFTA_QUIC_FLAGS] && nla_get_be32(tb[NFTA_QUIC_FLAGS]))
		return -EINVAL;
	err = nft_parse_register_store(ctx, tb[NFTA_QUIC_DREG], &priv->dreg, NULL, NFT_DATA_VALUE,
				       priv->len);
	if (err)
		return err;
	err = nq_init_state(ctx, priv, 0);
	if (!err && nq_key_is_list(priv->key))
		nq_watch_add(&priv->state->watch, ctx->net);
	if (!err && nq_is_part(priv))
		nq_points_part(nq_pernet(ctx->net), nq_part_len(priv), 1);
	return err;
}

static int nq_match_init(const struct nft_ctx *ctx, const struct nft_expr *expr,
			 const struct nlattr *const tb[])
{
	struct nq_expr *priv = nft_expr_priv(expr);
	unsigned int i, len = nla_len(tb[NFTA_QUIC_DATA]);
	const u8 *data = nla_data(tb[NFTA_QUIC_DATA]);
	u32 flags = 0;
	int err;

	err = nq_init_key(ctx, priv, tb);
	if (err)
		return err;
	if (tb[NFTA_QUIC_FLAGS])
		flags = ntohl(nla_get_be32(tb[NFTA_QUIC_FLAGS]));
	if (flags & ~NFT_QUIC_F_INVERT)
		return -EOPNOTSUPP;
	priv->invert = flags & NFT_QUIC_F_INVERT;

	switch (priv->key) {
	case NFT_QUIC_ALPN:
	case NFT_QUIC_SNI:
		break;
	case NFT_QUIC_DCID:
	case NFT_QUIC_SCID:
		if (len > NFT_QUIC_CID_LEN)
			return -EINVAL;
		break;
	default:
		return -EOPNOTSUPP;
	}

	err = nq_init_state(ctx, priv, len);
	if (err)
		return err;
	for (i = 0; i < len; i++)
		priv->state->data[i] = priv->key == NFT_QUIC_SNI && data[i] >= 'A' && data[i] <= 'Z'
					       ? data[i] + ('a' - 'A')
					       : data[i];
	return 0;
}

static void nq_expr_deactivate(const struct nft_ctx *ctx, const struct nft_expr *expr,
			       enum nft_trans_phase phase)
{
	struct nq_expr *priv = nft_expr_priv(expr);

	/* While a batch is prepared the rule still counts. */
	if (phase != NFT_TRANS_PREPARE && nq_key_is_name(priv->key))
		nq_ask_retire(nq_pernet(ctx->net), &priv->state->asker);
}

static void nq_expr_destroy(const struct nft_ctx *ctx, const struct nft_expr *expr)
{
	struct nq_expr *priv = nft_expr_priv(expr);
	struct nq_expr_state *state = priv->state;

	if (nq_key_is_name(priv->key)) {
		cancel_delayed_work_sync(&state->settle);
		nq_ask_leave(nq_pernet(ctx->net), &state->asker);
		nq_points_put(nq_pernet(ctx->net), state->points);
	}
	if (nq_is_part(priv))
		nq_points_part(nq_pernet(ctx->net), nq_part_len(priv), -1);
	nq_watch_del(&state->watch);
	if (state->search.set)
		nq_budget_round_next();
	nq_uninit_state(ctx, priv, state);
}

static int nq_expr_dump(struct sk_buff *skb, const struct nft_expr *expr, bool reset)
{
	const struct nq_expr *priv = nft_expr_priv(expr);

	return nla_put_be32(skb, NFTA_QUIC_KEY, htonl(priv->key));
}

static int nq_load_dump(struct sk_buff *skb, const struct nft_expr *expr, bool reset)
{
	const struct nq_expr *priv = nft_expr_priv(expr);

	if (nq_expr_dump(skb, expr, reset) || nft_dump_register(skb, NFTA_QUIC_DREG, priv->dreg) ||
	    (priv->part && nla_put_be32(skb, NFTA_QUIC_LEN, htonl(priv->len))))
		return -1;
	return 0;
}

static int nq_match_dump(struct sk_buff *skb, const struct nft_expr *expr, bool reset)
{
	const struct nq_expr *priv = nft_expr_priv(expr);

	if (nq_expr_dump(skb, expr, reset) ||
	    (priv->invert && nla_put_be32(skb, NFTA_QUIC_FLAGS, htonl(NFT_QUIC_F_INVERT))) ||
	    nla_put(skb, NFTA_QUIC_DATA, priv->state->len, priv->state->data))
		return -1;
	return 0;
}

/*
 * Called for every chain from which the rule can be reached, before packets can come that
 * way. ctx->chain is the base chain. Under RCU or a lock if a verdict map leads here.
 */
static int nq_match_validate(const struct nft_ctx *ctx, const struct nft_expr *expr)
{
	const struct nq_expr *priv = nft_expr_priv(expr);
	struct nq_expr_state *state = priv->state;
	const struct nf_hook_ops *ops;
	unsigned int needed;
	int err;

	err = nft_chain_validate_hooks(ctx->chain,
				       BIT(NF_INET_PRE_ROUTING) | BIT(NF_INET_LOCAL_IN) |
					       BIT(NF_INET_FORWARD) | BIT(NF_INET_LOCAL_OUT) |
					       BIT(NF_INET_POST_ROUTING));
	if (err || !nft_is_base_chain(ctx->chain) || !nq_key_is_name(priv->key))
		return err;

	ops = &nft_base_chain(ctx->chain)->ops;
	if (ops->priority <= NQ_HOOK_PRIORITY &&
	    (ops->hooknum == NF_INET_PRE_ROUTING || ops->hooknum == NF_INET_LOCAL_OUT))
		return -EOPNOTSUPP; /* too early: nothing is gathered yet */

	nq_ask_rule(ctx, state->chain, expr, &state->asker);
	needed = state->needed | nq_points(ctx->family, ops->hooknum);
	if (needed == state->needed)
		return 0;
	WRITE_ONCE(state->needed, needed);
	smp_mb(); /* the work that is no longer pending may have read it before */
	if (!delayed_work_pending(&state->settle))
		schedule_delayed_work(&state->settle, 0);
	return 0;
}

static int nq_load_validate(const struct nft_ctx *ctx, const struct nft_expr *expr)
{
	const struct nq_expr *priv = nft_expr_priv(expr);
	struct nq_expr_state *state = priv->state;
	int err;

	err = nq_match_validate(ctx, expr);
	if (err || state->resolved)
		return err;
	if (nq_key_is_list(priv->key))
		err = nq_search_resolve(ctx->net, state->chain, expr, &state->search);
	else if (priv->key == NFT_QUIC_SERVER_ID)
		nq_issuer_resolve(ctx->net, state->chain, expr, &state->issuer);
	if (err)
		return err;
	/* pairs with the loads in the evaluation: what was found is complete before it is seen */
	smp_store_release(&state->resolved, true);
	if (state->search.watched)
		nq_watch_begin(&state->watch, &state->search);
	return 0;
}

const struct nft_expr_ops nq_load_ops = {
	.type = &nq_expr_type,
	.size = NFT_EXPR_SIZE(sizeof(struct nq_expr)),
	.eval = nq_load_eval,
	.init = nq_load_init,
	.deactivate = nq_expr_deactivate,
	.destroy = nq_expr_destroy,
	.dump = nq_load_dump,
	.validate = nq_load_validate,
};

static const struct nft_expr_ops nq_match_ops = {
	.type = &nq_expr_type,
	.size = NFT_EXPR_SIZE(sizeof(struct nq_expr)),
	.eval = nq_match_eval,
	.init = nq_match_init,
	.deactivate = nq_expr_deactivate,
	.destroy = nq_expr_destroy,
	.dump = nq_match_dump,
	.validate = nq_match_validate,
};

static const struct nft_expr_ops *nq_select_ops(const struct nft_ctx *ctx,
						const struct nlattr *const tb[])
{
	if (tb[NFTA_QUIC_DREG] && tb[NFTA_QUIC_DATA])
		return ERR_PTR(-EINVAL);
	if (tb[NFTA_QUIC_DREG])
		return &nq_load_ops;
	if (tb[NFTA_QUIC_DATA] && !tb[NFTA_QUIC_LEN])
		return &nq_match_ops;
	return ERR_PTR(-EINVAL);
}

struct nft_expr_type nq_expr_type __read_mostly = {
	.name = "quic",
	.select_ops = nq_select_ops,
	.policy = nq_policy,
	.maxattr = NFTA_QUIC_MAX,
	.owner = THIS_MODULE,
};
