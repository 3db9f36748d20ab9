// SPDX-License-Identifier: GPL-2.0-only
/* Packets meet the expression. Runs under RCU, in softirq or in a sending task. */
#include "budget.h"
#include "candidates.h"
#include "expr.h"
#include "expr_eval.h"
#include "expr_head.h"
#include "expr_issuer.h"
#include "expr_names.h"
#include "expr_search.h"
#include "learn.h"
#include "look.h"
#include "overload.h"
#include "state.h"

/*
 * enum nft_quic_hellos of a packet without names, but of a version that can be read. An Initial
 * with a DCID of fewer than 8 bytes is mostly a reply; but with a token there are servers that let
 * one open a connection.
 */
static u8 nq_hello_nameless(const struct nq_head *head, const struct nft_pktinfo *pkt)
{
	struct nq_net *nn = nq_pernet(nft_net(pkt));
	struct nq_path path;
	struct nq_id id;

	if (!nq_head_initial(head, pkt))
		return NFT_QUIC_HELLO_NONE;
	if (!nq_head_id(&id, head) || !nq_path_read(&path, pkt->skb, pkt->state, nft_thoff(pkt)))
		return NFT_QUIC_HELLO_MISSING;
	if (!nq_names_first(nn, &path, &id) && nq_names_reply(nn, &path, &id))
		return NFT_QUIC_HELLO_NONE;
	if (id.dcid.len < NQ_DCID_MIN && nq_reply_ct(pkt->skb))
		return NFT_QUIC_HELLO_NONE;
	return NFT_QUIC_HELLO_MISSING;
}

/* enum nft_quic_hellos of a packet, whatever it is. */
static u8 nq_hello(struct nft_regs *regs, const struct nft_pktinfo *pkt)
{
	struct nq_budget *b;
	struct nq_head head;
	u8 hello;

	if (!nq_head_read(&head, pkt, true) || !head.is_long)
		return NFT_QUIC_HELLO_NONE;
	/* With the fixed bit clear it is RTP or another stranger (RFC 9443), as far as can be told.
	 */
	if (!head.h.ver)
		return head.h.version && head.bytes[0] & NQ_FIXED_BIT ? NFT_QUIC_HELLO_MISSING
								      : NFT_QUIC_HELLO_NONE;
	/* Later packets of a followed connection have its names, but this key is about openers. */
	if (nq_learning(nq_pernet(nft_net(pkt))) && head.h.type == NQ_TYPE_HANDSHAKE &&
	    !nq_head_initial(&head, pkt))
		return NFT_QUIC_HELLO_NONE;
	if (nq_names_free(regs, pkt))
		return NFT_QUIC_HELLO_EXISTS;
	if (regs->verdict.code != NFT_CONTINUE)
		return NFT_QUIC_HELLO_NONE;

	/* Looking for its names has begun with this packet. */
	b = nq_budget_lock();
	if (!nq_recent_same(&b->recent, pkt)) {
		hello = nq_hello_nameless(&head, pkt);
	} else {
		if (!b->recent.has_hello)
			b->recent.hello = nq_hello_nameless(&head, pkt);
		b->recent.has_hello = true;
		hello = b->recent.hello;
	}
	nq_budget_put(b);
	return hello;
}

/*
 * May a packet of no known connection be QUIC's? A version tells. Without one the fixed bit must be
 * set, as half of all other UDP has it, too: shorter than QUIC sends, that is not taken for it.
 */
static bool nq_state_unknown(const struct nq_head *head)
{
	if (head->is_long && head->h.ver)
		return true;
	return head->bytes[0] & NQ_FIXED_BIT &&
	       head->len >= (head->is_long ? NQ_INITIAL_MIN : NQ_SHORT_MIN);
}

/* enum nft_quic_states of a packet. Return: false if it is no client's, or not QUIC. */
static bool nq_state(u8 *state, struct nft_regs *regs, const struct nft_pktinfo *pkt)
{
	struct nq_head head;

	if (!nq_head_read(&head, pkt, false))
		return false;
	/* Retry and version negotiation are a server's. */
	if (head.is_long && (!head.h.version || (head.h.ver && head.h.type == NQ_TYPE_RETRY)))
		return false;
	if (head.is_long && head.h.ver &&
	    (head.h.type == NQ_TYPE_0RTT || nq_head_initial(&head, pkt))) {
		switch (nq_hello(regs, pkt)) {
		case NFT_QUIC_HELLO_EXISTS:
			*state = NFT_QUIC_STATE_NEW;
			return true;
		case NFT_QUIC_HELLO_MISSING:
			*state = NFT_QUIC_STATE_UNKNOWN;
			return true;
		}
		/* a server's, or dropped */
		if (regs->verdict.code != NFT_CONTINUE || head.h.type != NQ_TYPE_0RTT)
			return false;
	}
	if (!nq_learn_state(nq_pernet(nft_net(pkt)), pkt, state))
		return false;
	return *state != NFT_QUIC_STATE_UNKNOWN || nq_state_unknown(&head);
}

/*
 * The packet's budget is gone, so it is not known what it asks for. As where a packet cannot be
 * held: drop it, and a local sender sees no error; or no rule matches it by name.
 */
static void nq_eval_spent(struct nft_regs *regs, const struct nft_pktinfo *pkt)
{
	if (nq_overload_pass(nq_pernet(nft_net(pkt))))
		regs->verdict.code = NFT_BREAK;
	else
		regs->verdict.code = nq_overload_discard(pkt->skb, nft_hook(pkt));
}

/* After work that @b paid for; it had been @spent before. Gives @b back. */
static bool nq_eval_paid(struct nq_budget *b, bool spent, struct nft_regs *regs,
			 const struct nft_pktinfo *pkt)
{
	bool paid = !b->spent;

	nq_budget_put(b);
	if (paid)
		return true;
	if (!spent)
		nq_stat_add(nq_pernet(nft_net(pkt)), NQ_STAT_lookups_spent, 1);
	nq_eval_spent(regs, pkt);
	return false;
}

/* A load that no search follows, or that a later load's search replaces. */
static bool nq_load_first(const struct nq_expr *priv, const struct nq_names *names, u32 *dst,
			  struct nq_budget *b)
{
	unsigned int steps = 0;
	bool found = nq_first_candidate(priv->key, priv->len, names, dst, &steps);

	nq_budget_take(b, steps);
	if (!found)
		memset(dst, 0, priv->len);
	return found;
}

/* A load that the rules may search with. */
static void nq_load_name(const struct nft_expr *expr, struct nft_regs *regs,
			 const struct nft_pktinfo *pkt)
{
	const struct nq_expr *priv = nft_expr_priv(expr);
	const struct nq_search *search = &priv->state->search;
	const struct nq_names *names;
	bool spent, found = true;
	struct nq_budget *b;

	/* .validate ran before the rule could be reached. */
	if (WARN_ON_ONCE(!smp_load_acquire(&priv->state->resolved)))
		goto err;
	if (search->role == NQ_ROLE_PART && search->idle)
		return;
	names = nq_names_lock(regs, pkt, &b);
	if (!names)
		goto err;
	if (search->run) {
		nq_budget_put(b);
		if (!nq_search_ahead(search, expr, regs, pkt))
			return;
		b = nq_budget_lock();
	}

	nq_budget_open(b, pkt, names, search->role == NQ_ROLE_PLAIN ? 1 : search->n_parts);
	spent = b->spent;
	if (search->role == NQ_ROLE_PLAIN)
		nq_budget_forget(b); /* its reader may put it into a set */
	if (!spent && search->role == NQ_ROLE_LAST)
		found = nq_search_run(search, &priv->state->watch, nft_net(pkt), names, regs, b);
	else if (!spent)
		found = nq_load_first(priv, names, &regs->data[priv->dreg], b);
	if (!nq_eval_paid(b, spent, regs, pkt) || found || search->role == NQ_ROLE_PART)
		return;
err:
	if (regs->verdict.code == NFT_CONTINUE)
		regs->verdict.code = NFT_BREAK;
}

/* A load that nothing is searched with: of the ClientHello, or of the packet. */
static noinline bool nq_load_other(const struct nq_expr *priv, u32 *dst, struct nft_regs *regs,
				   const struct nft_pktinfo *pkt)
{
	const struct nq_names *names;
	struct nq_head head;
	u8 state;

	if (priv->key == NFT_QUIC_HELLO) {
		nft_reg_store8(dst, nq_hello(regs, pkt));
		return true;
	}
	if (priv->key == NFT_QUIC_STATE) {
		if (!nq_state(&state, regs, pkt))
			return false;
		nft_reg_store8(dst, state);
		return true;
	}
	if (priv->key == NFT_QUIC_ECH) {
		names = nq_names_free(regs, pkt);
		if (names)
			nft_reg_store8(dst, names->ech);
		return names;
	}
	return nq_head_read(&head, pkt, false) && nq_head_load(priv->key, dst, &head);
}

/* A load of a part of a connection ID. */
static bool nq_load_part(const struct nq_expr *priv, u32 *dst, const struct nft_pktinfo *pkt)
{
	bool found = nq_part_load(priv, dst, pkt);

	if (priv->key == NFT_QUIC_SERVER_ID && nq_learning(nq_pernet(nft_net(pkt))) &&
	    unlikely(nq_look_why(pkt->skb) != NQ_LOOK_NONE))
		nq_issuer_read(priv, found ? dst : NULL, pkt);
	return found;
}

void nq_load_eval(const struct nft_expr *expr, struct nft_regs *regs, const struct nft_pktinfo *pkt)
{
	const struct nq_expr *priv = nft_expr_priv(expr);
	u32 *dst = &regs->data[priv->dreg];

	if (nq_key_is_list(priv->key))
		nq_load_name(expr, regs, pkt);
	else if (!(priv->part ? nq_load_part(priv, dst, pkt)
			      : nq_load_other(priv, dst, regs, pkt)) &&
		 regs->verdict.code == NFT_CONTINUE)
		regs->verdict.code = NFT_BREAK;
}

/* Is the literal among the protocols? @steps: how many had to be looked at. */
static bool nq_match_alpn(const struct nq_names *names, const u8 *data, u8 len, unsigned int *steps)
{
	const u8 *list = nq_names_alpn(names), *name;
	unsigned int n, pos = 0;

	if (len == 1 && data[0] == '*')
		return true;
	while ((n = nq_alpn_next(list, names->alpn_len, &pos, &name))) {
		++*steps;
		if (n == len && !memcmp(name, data, len))
			return true;
	}
	return false;
}

static bool nq_match_sni(const struct nq_names *names, const u8 *data, u8 len)
{
	const u8 *sni = nq_names_sni(names);

	if (len == 1 && data[0] == '*')
		return true;
	if (len > 2 && data[0] == '*' && data[1] == '.') {
		/* at least one byte has to stand for the star */
		data++;
		len--;
		return names->sni_len > len && !memcmp(sni + names->sni_len - len, data, len);
	}
	return len && names->sni_len == len && !memcmp(sni, data, len);
}

/* Does the flow ask for the literal? Return: false, too, if that could not be paid for. */
static bool nq_match_name(const struct nq_expr *priv, struct nft_regs *regs,
			  const struct nft_pktinfo *pkt)
{
	const struct nq_expr_state *state = priv->state;
	const struct nq_names *names;
	unsigned int steps = 0;
	struct nq_budget *b;
	bool match = false, spent;

	names = nq_names_lock(regs, pkt, &b);
	if (!names)
		return false;
	if (priv->key == NFT_QUIC_SNI) {
		nq_budget_put(b);
		return nq_match_sni(names, state->data, state->len) != priv->invert;
	}

	nq_budget_open(b, pkt, names, 1);
	spent = b->spent;
	if (!spent)
		match = nq_match_alpn(names, state->data, state->len, &steps);
	nq_budget_take(b, steps);
	return nq_eval_paid(b, spent, regs, pkt) && match != priv->invert;
}

/* Is the packet's ID the literal? */
static noinline bool nq_match_cid(const struct nq_expr *priv, const struct nft_pktinfo *pkt)
{
	const struct nq_expr_state *state = priv->state;
	struct nq_head head;
	bool match;

	if (!nq_head_read(&head, pkt, false) || !head.is_long)
		return false;
	if (priv->key == NFT_QUIC_DCID)
		match = head.h.dcid_len == state->len &&
			!memcmp(head.bytes + head.h.dcid_off, state->data, state->len);
	else
		match = head.h.scid_len == state->len &&
			!memcmp(head.bytes + head.h.scid_off, state->data, state->len);
	return match != priv->invert;
}

void nq_match_eval(const struct nft_expr *expr, struct nft_regs *regs,
		   const struct nft_pktinfo *pkt)
{
	const struct nq_expr *priv = nft_expr_priv(expr);
	bool match = nq_key_is_name(priv->key) ? nq_match_name(priv, regs, pkt)
					       : nq_match_cid(priv, pkt);

	if (!match && regs->verdict.code == NFT_CONTINUE)
		regs->verdict.code = NFT_BREAK;
}
