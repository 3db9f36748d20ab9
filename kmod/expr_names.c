// SPDX-License-Identifier: GPL-2.0-only
/* Runs under RCU, in softirq or in a sending task. */
#include <linux/udp.h>
#include <net/netfilter/nf_conntrack.h>

#include "ask.h"
#include "expr_head.h"
#include "expr_names.h"
#include "learn.h"
#include "overload.h"
#include "packet.h"
#include "state.h"

/* Two looks, before anything else is done for a packet that has none. */
static bool nq_may_have_names(const struct nft_pktinfo *pkt)
{
	u8 buf[sizeof(struct udphdr) + NQ_GLANCE];
	const u8 *head;

	if (!nq_is_udp(pkt))
		return false;
	head = skb_header_pointer(pkt->skb, nft_thoff(pkt), sizeof(buf), buf);
	return head && nq_header_glance(head + sizeof(struct udphdr));
}

/*
 * Conntrack takes a UDP flow that has not lasted two seconds for a query and its answer, and
 * forgets it after 30 s of silence; of a QUIC connection that was set up faster the NAT would be
 * lost. With a ClientHello it is a stream from its first packet on.
 */
static void nq_is_stream(const struct sk_buff *skb)
{
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (ct && !nf_ct_is_template(ct) && !nf_ct_is_confirmed(ct))
		ct->proto.udp.stream_ts = jiffies - 1;
}

/*
 * The names of the connection, if the packet is of its first flight: an Initial or 0-RTT under
 * a connection ID that the flight's Initials had, or a Handshake packet under the first, which may
 * have an Initial behind it. Behind NAT conntrack knows under which addresses the client sent it.
 */
static const struct nq_names *nq_head_find(const struct nq_head *head,
					   const struct nft_pktinfo *pkt)
{
	struct nq_net *nn = nq_pernet(nft_net(pkt));
	const struct nq_names *names;
	struct nq_path path;
	struct nq_id id;

	if (!READ_ONCE(nn->n_names) || !nq_head_id(&id, head) ||
	    !nq_path_read(&path, pkt->skb, pkt->state, nft_thoff(pkt)))
		return NULL;
	/* It was not compared, and not each server discards it once it knows the connection. */
	if (unlikely(head->len < NQ_INITIAL_MIN) && nq_head_initial(head, pkt))
		return NULL;
	names = head->h.type == NQ_TYPE_HANDSHAKE ? nq_names_first(nn, &path, &id)
						  : nq_names_of(nn, &path, &id);
	return names && !READ_ONCE(names->gone) ? names : NULL;
}

/* Does some chain of nf_tables come before the gathering in this hook? */
static bool nq_chain_is_early(const struct nft_pktinfo *pkt)
{
	const struct nf_hook_entries *e = nq_hook_entries(nft_net(pkt), nft_pf(pkt), nft_hook(pkt));
	struct nf_hook_ops **ops;
	unsigned int i;

	if (!e)
		return false;
	ops = nf_hook_entries_get_hook_ops(e);
	for (i = 0; i < e->num_hook_entries; i++) {
		const struct nf_hook_ops *op = READ_ONCE(ops[i]);

		if (op->priority > NQ_HOOK_PRIORITY)
			break;
		if (op->hook_ops_type == NF_HOOK_OP_NF_TABLES)
			return true;
	}
	return false;
}

/*
 * A base chain before the gathering may not lead to a rule that needs names, but kernels that
 * remember which chains they have validated (6.12, 7.3) do not ask again when a jump is added
 * there. Initials that are without names for this reason are counted, so that somebody can see it.
 */
static bool nq_head_early(const struct nq_head *head, const struct nft_pktinfo *pkt)
{
	return (nft_hook(pkt) == NF_INET_PRE_ROUTING || nft_hook(pkt) == NF_INET_LOCAL_OUT) &&
	       head->is_long && head->h.ver && head->h.type == NQ_TYPE_INITIAL &&
	       !nq_budget_begun(pkt->skb) && nq_chain_is_early(pkt) &&
	       nq_flight_gate_on(head->bytes, head->n, head->len);
}

/*
 * Is it a packet that should have been gathered, and was not? No rule was said to ask for where it
 * goes, and still it is at one: nobody may get past a rule like that.
 */
static bool nq_head_strayed(const struct nq_head *head, const struct nft_pktinfo *pkt)
{
	const struct nf_conntrack_tuple *tuple;
	const struct nf_conn *ct;
	struct nq_path path;

	if (!head->is_long || !head->h.ver || head->h.type == NQ_TYPE_RETRY ||
	    (head->h.type == NQ_TYPE_INITIAL &&
	     !nq_flight_gate_on(head->bytes, head->n, head->len)) ||
	    (head->h.type == NQ_TYPE_HANDSHAKE && !nq_head_initial(head, pkt)))
		return false;
	if (!nq_path_read(&path, pkt->skb, pkt->state, nft_thoff(pkt)))
		return false;
	/* The hook saw a reply as it came in, and its path is the client's. */
	ct = nq_reply_ct(pkt->skb);
	if (ct) {
		tuple = &ct->tuplehash[IP_CT_DIR_REPLY].tuple;
		path.dport = tuple->dst.u.udp.port;
		path.dst = tuple->dst.u3;
	}
	return nq_ask_strayed(nq_pernet(nft_net(pkt)), &path, pkt->skb, nft_in(pkt));
}

/* The result of looking for a packet's names. */
struct nq_names_found {
	const struct nq_names *names;
	bool early;   /* nq_head_early() */
	bool strayed; /* nq_head_strayed() */
};

/* Look for them, and remember what was found. A packet that strayed meets no other rule. */
static noinline void nq_names_anew(struct nq_recent *r, const struct nft_pktinfo *pkt,
				   struct nq_names_found *found)
{
	unsigned long age = nq_names_age();
	struct nq_head head;

	if (!nq_head_read(&head, pkt, true))
		return;
	found->names = nq_head_find(&head, pkt);
	if (!found->names) {
		found->early = nq_head_early(&head, pkt);
		found->strayed = unlikely(nq_head_strayed(&head, pkt));
		if (found->strayed || !head.is_long)
			return;
	}
	if (!nq_recent_same(r, pkt))
		nq_recent_begin(r, pkt, &head.h, age);
	r->looked = true;
	r->names = found->names;
	r->early = found->early;
}

/* The packet's last rule may have looked for them. */
static void nq_names_again(struct nq_recent *r, const struct nft_pktinfo *pkt,
			   struct nq_names_found *found)
{
	if (nq_recent_same(r, pkt) && r->looked && !(r->names && READ_ONCE(r->names->gone))) {
		found->names = r->names;
		found->early = r->early;
	} else {
		nq_names_anew(r, pkt, found);
	}
	if (unlikely(found->early))
		nq_stat_add(nq_pernet(nft_net(pkt)), NQ_STAT_too_early, 1);
}

/* A packet that opens no connection: of one that is followed? */
static noinline const struct nq_names *
nq_names_followed(struct nq_net *nn, const struct nft_pktinfo *pkt, struct nq_budget **budget)
{
	const struct nq_names *names = nq_is_udp(pkt) ? nq_learn_names(nn, pkt) : NULL;

	if (names) {
		nq_is_stream(pkt->skb);
		*budget = nq_budget_lock();
	}
	return names;
}

const struct nq_names *nq_names_lock(struct nft_regs *regs, const struct nft_pktinfo *pkt,
				     struct nq_budget **budget)
{
	struct nq_net *nn = nq_pernet(nft_net(pkt));
	struct nq_names_found found = {};
	struct nq_budget *b;

	if (!nq_may_have_names(pkt))
		return nq_learning(nn) ? nq_names_followed(nn, pkt, budget) : NULL;
	b = nq_budget_lock();
	nq_names_again(&b->recent, pkt, &found);
	if (found.names) {
		nq_is_stream(pkt->skb);
		*budget = b;
		return found.names;
	}
	nq_budget_put(b);
	if (found.strayed)
		regs->verdict.code = nq_overload_discard(pkt->skb, nft_hook(pkt));
	else if (nq_learning(nn))
		return nq_names_followed(nn, pkt, budget);
	return NULL;
}

const struct nq_names *nq_names_free(struct nft_regs *regs, const struct nft_pktinfo *pkt)
{
	struct nq_budget *b;
	const struct nq_names *names = nq_names_lock(regs, pkt, &b);

	if (names)
		nq_budget_put(b);
	return names;
}
