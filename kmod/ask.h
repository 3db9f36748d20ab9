/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which packets are gathered: those whose destination some rule with names asks for.
 *
 * A rule asks for the ports and addresses that its own matches before `quic` let through; a rule
 * without any asks for everything. The filter is made of what all rules ask for. That a rule can
 * see a packet whose header was other in the hook is guarded against three times:
 *
 *	conntrack's NAT: behind it (nq_asker.late) a match counts only while nobody translates
 *	a chain that a rule comes to be reached from: .validate makes the filter void (@ask_stale)
 *	all else: where a packet that was not gathered meets the expression, it is dropped, and
 *	  everything is gathered from then on (@ask_strayed)
 *
 * Rewriting that conntrack does not know of needs no guard: names are found by the header as it was
 * sent or as conntrack remembers it, so such a packet has none anyhow. But if the rule itself may
 * rewrite the packet, or one that calls its chain, it asks for everything: nothing may be taken for
 * a packet that was not gathered.
 *
 * A named set is asked for each packet, and must not be when it has been freed: a rule that ceases
 * to count makes the filter void (nq_ask_retire()), and is destroyed only when a grace period has
 * passed since. Its set goes after it.
 *
 * @ask_lock guards the askers and writes of the filter. It is never taken in softirq, but may be
 * with BHs off, and under locks of nf_tables' sets: it is the innermost, and nobody sleeps in it.
 * Packets read the filter under RCU and the two flags with READ_ONCE(), and take no lock.
 */
#ifndef NQ_ASK_H
#define NQ_ASK_H

#include <linux/list.h>
#include <linux/netfilter.h>
#include <linux/workqueue.h>

#include "dgram.h"
#include "packet.h"
#include "state.h"

#define NQ_ASK_SPANS	32  /* ranges of ports, and as many of addresses, in one rule's matches */
#define NQ_FILTER_TERMS 64  /* different rules' matches */
#define NQ_FILTER_SPANS 256 /* ranges in all of them */
#define NQ_SPAN_LEN	16

/** struct nq_span - from @lo to @hi, as bytes in network order; a port is the first two */
struct nq_span {
	u8 lo[NQ_SPAN_LEN];
	u8 hi[NQ_SPAN_LEN];
};

/**
 * struct nq_ask - destinations that the matches of one rule let through
 * @family:	NFPROTO_IPV4, NFPROTO_IPV6, or NFPROTO_INET for both
 * @n_ports:	ranges of ports; 0 for all ports
 * @n_addrs:	ranges of addresses; 0 for all addresses
 * @ports:	the port must be in this set as well, if there is one
 * @addrs:	and the address in this one
 * @spans:	of ports, then of addresses
 */
struct nq_ask {
	u8 family;
	u8 n_ports;
	u8 n_addrs;
	const struct nft_set *ports;
	const struct nft_set *addrs;
	struct nq_span spans[];
};

static inline unsigned int nq_ask_spans(const struct nq_ask *ask)
{
	return ask->n_ports + ask->n_addrs;
}

/**
 * struct nq_asker - a rule's expression that needs names
 * @list:	in nq_net.askers
 * @reached:	.validate came by: packets may reach it
 * @late:	it may be reached behind conntrack's NAT
 * @called:	its callers are in the filter that is being made; the work's alone
 * @jumped:	the rule is in a chain that packets come to by a jump only; constant
 * @retired:	the rule does not count any more
 * @grace:	when it is @retired: the grace period before its sets may be freed
 * @ask:	what it asks for; NULL for everything. Set with @reached, then constant.
 *
 * All under ask_lock.
 */
struct nq_asker {
	struct list_head list;
	bool reached;
	bool late;
	bool called;
	bool jumped;
	bool retired;
	unsigned long grace;
	struct nq_ask *ask;
};

/**
 * nq_ask_enter - an expression is made; until it is reached it asks for nothing
 * @jumped:	its chain is no hook's own
 */
void nq_ask_enter(struct nq_net *nn, struct nq_asker *asker, bool jumped);

/** nq_ask_retire - its rule does not count from now on, and its sets may be freed some time */
void nq_ask_retire(struct nq_net *nn, struct nq_asker *asker);

/** nq_ask_leave - it is destroyed. May sleep until no packet can ask its sets any more. */
void nq_ask_leave(struct nq_net *nn, struct nq_asker *asker);

/**
 * nq_ask_reach - packets can reach an expression from now on
 * @nn:		namespace
 * @asker:	the expression's
 * @late:	the way to it may lead behind conntrack's NAT
 * @ask:	if it was not reached before: what it asks for; now @asker's
 *
 * In .validate, under commit_mutex. Any context but softirq.
 */
void nq_ask_reach(struct nq_net *nn, struct nq_asker *asker, bool late, struct nq_ask *ask);

/**
 * nq_ask_wants - does some rule ask for a packet in the hook?
 * @thoff:	where its UDP header is
 *
 * Under RCU.
 */
bool nq_ask_wants(struct nq_net *nn, const struct sk_buff *skb, const struct nf_hook_state *state,
		  unsigned int thoff);

/**
 * nq_ask_strayed - a packet without names is at an expression that needs them
 * @path:	its path, with the destination that it had in the hook
 * @skb:	the packet
 * @in:		the device that it came in by, or NULL
 *
 * Under RCU. Return: true if it was not gathered. Then it has to be dropped; everything is gathered
 * from now on, so the client will do better when it sends again.
 */
bool nq_ask_strayed(struct nq_net *nn, const struct nq_path *path, const struct sk_buff *skb,
		    const struct net_device *in);

struct nq_filter;

/*
 * For nq_net.ask_work, which makes the filter: nq_filter_new(), then nq_filter_way() for each way
 * that leads to an expression with nq_asker.called, and nq_filter_called(), all under commit_mutex;
 * nq_filter_publish() at last.
 */

/** nq_ask_any_jumped - has a rule with names been reached by a jump? If not, none has callers. */
bool nq_ask_any_jumped(struct nq_net *nn);

/** nq_filter_new - Return: an empty one, or NULL. May sleep. */
struct nq_filter *nq_filter_new(void);

/**
 * nq_filter_way - what @ask lets through comes to @asker's rule
 * @ask:	NULL for everything
 *
 * Return: false if @f is full.
 */
bool nq_filter_way(struct nq_filter *f, const struct nq_asker *asker, const struct nq_ask *ask);

/**
 * nq_filter_called - there are rules with callers
 * @gen:	the generation that has these
 * @all:	all of their ways are in the filter; else none of them counts
 */
void nq_filter_called(struct nq_filter *f, unsigned int gen, bool all);

/** nq_filter_publish - add what all rules ask for alone, and use it; NULL: gather everything */
void nq_filter_publish(struct nq_net *nn, struct nq_filter *f);

/** nq_ask_again - have the filter made anew: by a packet or the work itself, see nq_ask_exit() */
void nq_ask_again(struct nq_net *nn);

/**
 * nq_ask_init - a namespace comes
 * @work:	for nq_net.ask_work
 */
int nq_ask_init(struct nq_net *nn, work_func_t work);

/** nq_ask_exit - a namespace goes; no packet is in its hooks or rules any more */
void nq_ask_exit(struct nq_net *nn);

#endif /* NQ_ASK_H */
