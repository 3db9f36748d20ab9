/* SPDX-License-Identifier: GPL-2.0-only */
/* The nftables expression "quic": what its parts share. */
#ifndef NQ_EXPR_H
#define NQ_EXPR_H

#include <linux/workqueue.h>
#include <net/netfilter/nf_tables.h>
#include <uapi/nft_quic.h>

#include "ask.h"
#include "expr_issuer.h"
#include "expr_search.h"
#include "expr_set.h"

/**
 * struct nq_expr_state - an expression's state outside the rule
 *
 * nf_tables copies expressions into the blob that packets run; what .validate finds out
 * afterwards has to be reached through a pointer.
 *
 * @net:	namespace
 * @chain:	that the rule is in
 * @points:	what nq_points_get() was called for; by .init, then by @settle alone
 * @needed:	points of the base chains that it was reached from; grows under commit_mutex, read
 *		with READ_ONCE()
 * @settle:	makes @points what is @needed, for names; see nq_expr_settle()
 * @asker:	what the rule's matches let through, for names
 * @resolved:	@search or @issuer is valid; smp_store_release() by .validate, under commit_mutex,
 *		smp_load_acquire() by .eval. Never goes back.
 * @search:	for loads of names
 * @issuer:	for loads of a server ID
 * @watch:	for its set
 * @len:	of the literal
 * @data:	the literal
 */
struct nq_expr_state {
	struct net *net;
	struct nft_chain *chain;
	unsigned int points;
	unsigned int needed;
	struct delayed_work settle;
	struct nq_asker asker;
	bool resolved;
	struct nq_search search;
	struct nq_issuer issuer;
	struct nq_watch watch;
	u8 len;
	u8 data[];
};

/** struct nq_expr - the expression as it lies in a rule */
struct nq_expr {
	u8 key; /* enum nft_quic_keys */
	u8 dreg;
	u8 len;	   /* of the key in its register */
	bool part; /* @len was asked for: a part of a connection ID */
	bool invert;
	struct nq_expr_state *state;
};

/** nq_key_is_name - does the key need a ClientHello, or what is known since there was one? */
static inline bool nq_key_is_name(u8 key)
{
	return key == NFT_QUIC_ALPN || key == NFT_QUIC_SNI || key == NFT_QUIC_SNI_CONCAT ||
	       key == NFT_QUIC_ECH || key == NFT_QUIC_HELLO || key == NFT_QUIC_STATE;
}

/** nq_key_is_list - can the key have several candidates? */
static inline bool nq_key_is_list(u8 key)
{
	return nq_key_is_name(key) && key != NFT_QUIC_ECH && key != NFT_QUIC_HELLO &&
	       key != NFT_QUIC_STATE;
}

/**
 * NQ_ROTATION - a routable connection ID (draft-ietf-quic-load-balancers-21 3) has the config
 * rotation in the first three bits of an octet, behind it the server ID
 */
#define NQ_ROTATION 1
static_assert(NQ_ROTATION + NFT_QUIC_PART_MAX == NQ_PART_BYTES);

/** nq_part_len - bytes of a connection ID that are looked at for a part of it */
static inline unsigned int nq_part_len(const struct nq_expr *priv)
{
	return priv->key == NFT_QUIC_SERVER_ID ? NQ_ROTATION + priv->len : priv->len;
}

/** nq_is_part - is it the first bytes of a DCID? A short header has no other ID. */
static inline bool nq_is_part(const struct nq_expr *priv)
{
	return priv->part && priv->key != NFT_QUIC_SCID;
}

extern struct nft_expr_type nq_expr_type;

/** nq_expr_asker - what an expression of a rule asks for; NULL if it needs no names */
static inline struct nq_asker *nq_expr_asker(const struct nft_expr *expr)
{
	const struct nq_expr *priv = nft_expr_priv(expr);

	if (expr->ops->type != &nq_expr_type || !nq_key_is_name(priv->key))
		return NULL;
	return &priv->state->asker;
}

extern const struct nft_expr_ops nq_load_ops;

#endif /* NQ_EXPR_H */
