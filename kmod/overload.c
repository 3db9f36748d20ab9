// SPDX-License-Identifier: GPL-2.0-only
#include "overload.h"

bool nq_overload_pass(const struct nq_net *nn)
{
	/* No rule is left that could send them to the wrong place: let them go. */
	return !READ_ONCE(nn->active) || READ_ONCE(nn->limits.overload) == NQ_OVERLOAD_PASS;
}

unsigned int nq_overload_discard(struct sk_buff *skb, unsigned int hook)
{
	if (hook != NF_INET_LOCAL_OUT && hook != NF_INET_POST_ROUTING)
		return NF_DROP;
	kfree_skb(skb);
	return NF_STOLEN;
}

unsigned int nq_overload_drop(struct nq_net *nn, const struct nq_packet *p)
{
	nq_stat_add(nn, NQ_STAT_overload, nq_packet_datagrams(p));
	return nq_overload_discard(p->skb, p->state->hook);
}

unsigned int nq_overload_foreign(struct nq_net *nn, const struct nq_packet *p)
{
	nq_stat_add(nn, NQ_STAT_foreign, nq_packet_datagrams(p));
	return nq_overload_discard(p->skb, p->state->hook);
}

unsigned int nq_overload_verdict(struct nq_net *nn, const struct nq_packet *p)
{
	/* It was not taken because its route is gone, and it cannot continue without one. */
	if (!nq_overload_pass(nn) || (p->state->hook == NF_INET_LOCAL_OUT && !skb_dst(p->skb)))
		return nq_overload_drop(nn, p);
	nq_stat_add(nn, NQ_STAT_overload, nq_packet_datagrams(p));
	return NF_ACCEPT;
}
