// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gathering hook, just after IP defragmentation: for QUIC it does what
 * nf_defrag does for IP. In the order of the looks that a packet gets, cheapest first:
 *
 *	not UDP, no long header, no Initial or 0-RTT that may begin a flow: passes
 *	its UDP checksum is wrong, so the stack will discard it: passes
 *	its flow is held: it is held, too
 *	conntrack knows its flow, or it is a reply: passes
 *	the flow's names are known and this packet belongs to them: passes
 *	decrypt: complete: note the names, passes; incomplete: held; else passes
 *
 * Held flows come before conntrack because conntrack knows the flow as soon as its first
 * packet was released, and those that are not released yet must not be overtaken.
 */
#include "budget.h"
#include "feed.h"
#include "gather.h"
#include "hold.h"
#include "names.h"
#include "overload.h"
#include "packet.h"
#include "scratch.h"
#include "state.h"
#include "stolen.h"

/* A packet of a flow that is not known. */
static unsigned int nq_gather_new(struct nq_net *nn, const struct nq_packet *p)
{
	struct nq_scratch *s = nq_scratch_get();
	struct nq_cids cids = {};
	unsigned int verdict;
	enum nq_fed fed;
	int err = 0;

	nq_flight_init(&s->flight);
	fed = nq_feed(nn, s, p->skb, &p->d, &cids);
	if (fed == NQ_FED_MORE && nq_stolen_can(p))
		return nq_hold_begin(nn, p, s, &cids);
	if (fed == NQ_FED_DONE)
		err = nq_names_add(nn, &p->key, &s->flight, &cids);
	nq_scratch_put(s);

	switch (fed) {
	case NQ_FED_DONE:
		if (err)
			return nq_overload_verdict(nn, p);
		/* Another CPU may have begun to hold the flow: not past those packets. */
		smp_mb(); /* names before holds; pairs with nq_hold_begin() */
		if (nq_hold_follow(nn, p, &verdict))
			return verdict;
		nq_stat_add(nn, NQ_STAT_whole, nq_packet_datagrams(p));
		return NF_ACCEPT;
	case NQ_FED_LIMIT:
		return nq_overload_verdict(nn, p);
	case NQ_FED_MORE: /* cannot be held, and dropping it would end the connection */
		break;
	case NQ_FED_NOTHING:
		/* 0-RTT that overtook its Initial */
		if (!p->initials && nq_stolen_can(p))
			return nq_hold_begin(nn, p, NULL, &cids);
		break;
	case NQ_FED_DEAD:
		break;
	}
	nq_stat_add(nn, NQ_STAT_unreadable, nq_packet_datagrams(p));
	return NF_ACCEPT;
}

unsigned int nq_gather_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct nq_packet p = {.skb = skb, .state = state};
	int thoff = nq_transport(skb, state->pf);
	struct nq_net *nn = priv;
	unsigned int verdict;

	if (thoff < 0 || !nq_dgrams_at(&p.d, skb, thoff) || !READ_ONCE(nn->active) ||
	    !nq_packet_read(nn, &p))
		return NF_ACCEPT;
	nq_budget_begin(skb);
	if (!nq_packet_intact(nn, &p, thoff) || !nq_packet_flow(&p, thoff))
		return NF_ACCEPT;

	nq_stat_add(nn, NQ_STAT_initials, p.initials);
	nq_stat_add(nn, NQ_STAT_zero_rtt, p.zero_rtt);
	if (nq_hold_follow(nn, &p, &verdict))
		return verdict;
	if (nq_packet_bound(&p)) {
		nq_stat_add(nn, NQ_STAT_bound, nq_packet_datagrams(&p));
		return NF_ACCEPT;
	}
	if (nq_packet_known(nn, &p)) {
		nq_stat_add(nn, NQ_STAT_known, nq_packet_datagrams(&p));
		return NF_ACCEPT;
	}
	return nq_gather_new(nn, &p);
}
