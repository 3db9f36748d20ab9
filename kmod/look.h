/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The server IDs that rules take, so that a followed connection is told from others on its path.
 *
 * A server that has a server ID puts it into all of its connection IDs. So if a rule takes the
 * server ID of a connection's first ID, a packet whose server ID that rule does not take is not of
 * this connection. The gathering hook begins a look for a packet of which that may tell something;
 * the rules that it meets note theirs; a rule that asks for its names ends it.
 *
 * The state is the CPU's, as that of budget.h, and only of packets in prerouting, which stay on
 * one. A rule is known by a print of itself and of the ruleset's generation: it holds for that one
 * alone.
 */
#ifndef NQ_LOOK_H
#define NQ_LOOK_H

#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>

#define NQ_MISSED 4 /* rules that are noted for a packet; more are as if they were not there */

/**
 * struct nq_missed - rules that did not take a packet's server ID
 * @gen:	generation of the ruleset, all of them are of; see nq_look_generation()
 * @n:		how many
 * @rule:	nq_look_rule() of each
 */
struct nq_missed {
	u32 gen;
	u8 n;
	u32 rule[NQ_MISSED];
};

/** enum nq_look - why a packet is looked at */
enum nq_look {
	NQ_LOOK_NONE,
	NQ_LOOK_OWN, /* it has its connection's first ID: does a rule take the server ID in that? */
	NQ_LOOK_OTHERS, /* it may be of several connections: of which it is not */
};

/**
 * struct nq_looked - a CPU's packet
 * @lock:	whoever is at work; BHs off. Contended only where softirqs may be preempted.
 * @skb:	the packet, compared, never followed; NULL for none. READ_ONCE/WRITE_ONCE
 * @why:	likewise
 * @stamp:	when that began, in jiffies: later another packet may be in its place
 * @missed:	what rules have noted
 */
struct nq_looked {
	spinlock_t lock;
	const struct sk_buff *skb;
	enum nq_look why;
	u32 stamp;
	struct nq_missed missed;
};

DECLARE_PER_CPU(struct nq_looked, nq_looked);

/** nq_look_generation - of the ruleset, as packets see it; 0 if it is not known. Any context. */
u32 nq_look_generation(const struct net *net);

/**
 * nq_look_rule - the print of a rule
 * @rule:	what is compared, never followed
 * @gen:	nq_look_generation(), not 0
 *
 * Return: not 0.
 */
u32 nq_look_rule(const void *rule, u32 gen);

/** nq_look_forget - a packet comes to the gathering hook, perhaps where another one was */
static inline void nq_look_forget(const struct sk_buff *skb)
{
	if (unlikely(this_cpu_read(nq_looked.skb) == skb))
		this_cpu_write(nq_looked.skb, NULL);
}

/** nq_look_begin - a packet in the gathering hook. Under RCU. */
void nq_look_begin(const struct sk_buff *skb, enum nq_look why);

/** nq_look_why - is a packet at a rule looked at? Under RCU. */
enum nq_look nq_look_why(const struct sk_buff *skb);

/** nq_look_missed - a rule did not take its server ID. Under RCU. */
void nq_look_missed(const struct sk_buff *skb, u32 rule, u32 gen);

/** nq_look_end - take what was noted of a packet that is looked at for NQ_LOOK_OTHERS. Under RCU.
 */
void nq_look_end(const struct sk_buff *skb, struct nq_missed *missed);

#endif /* NQ_LOOK_H */
