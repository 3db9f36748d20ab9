/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bound on the cost of names in rules for one packet, over all rules together.
 *
 * A client chooses how many protocols and labels there are to try, so a bound for each rule
 * would let one small datagram cost as much as there are rules. Costs are counted in steps: a
 * protocol that is looked at is one, a look-up in a set NQ_LOOKUP_STEPS. A packet has
 * NQ_BUDGET_PACKET, and NQ_BUDGET_RULE for each name that a rule asks for, which is enough for
 * what ordinary clients say: these never run out, however many rules there are.
 *
 * A packet is on one CPU while it is in a hook, but for a task that sends and is moved. So the
 * state is the CPU's: of the packet that asked last. Another packet on this CPU (of an interrupt
 * that came in the middle, say) begins anew, and so does the first when it is back: three
 * budgets for two packets, which is a bound as well. The gathering hook sees each packet before
 * any rule does, and begins its budget. For those that it does not begin for, and for an skb that
 * is allocated where another was, the connection's number tells them apart, and results are not
 * kept for longer than a jiffy.
 */
#ifndef NQ_BUDGET_H
#define NQ_BUDGET_H

#include <linux/spinlock.h>
#include <net/netfilter/nf_tables.h>

#include "names.h"
#include "recent.h"

#define NQ_LOOKUP_STEPS	 16
#define NQ_BUDGET_PACKET (320 * NQ_LOOKUP_STEPS)
#define NQ_BUDGET_RULE	 (16 * NQ_LOOKUP_STEPS)
#define NQ_FOUND	 8 /* searches whose result is remembered */

/**
 * struct nq_found - the result of a search that depends on nothing but the packet's names
 * @set:	where it looked; compared, never followed
 * @shape:	which names the key is made of
 * @hit:	a candidate is in the set
 * @filled:	@key is known
 * @nelems:	elements of the set before it was searched: with another number it was changed
 * @key:	what the search left in the registers
 */
struct nq_found {
	const struct nft_set *set;
	u16 shape;
	bool hit;
	bool filled;
	unsigned int nelems;
	u32 key[NFT_DATA_VALUE_MAXLEN / sizeof(u32)];
};

/**
 * struct nq_budget - a CPU's state
 * @lock:	whoever is at work; BHs off. Contended only if a task was moved, as in scratch.h.
 * @fresh:	nobody has held @lock since the last nq_budget_begin(): all from @skb on is of
 *another packet; READ_ONCE/WRITE_ONCE
 * @begun:	the packet of that, compared, never followed; likewise
 * @skb:	the packet, compared, never followed; NULL for none
 * @names:	its names, compared, never followed
 * @seq:	of these: memory may be another connection's by now
 * @left:	steps
 * @spent:	they did not suffice: no rule matches this packet by name any more
 * @hook:	where the results in @found are from: all of one hook is under one RCU read lock
 * @round:	nq_budget_round() at that time
 * @stamp:	that time in jiffies: no result is older than one
 * @n_found:	results so far; the oldest makes room
 * @found:	results
 * @recent:	for each rule's look-up of the names
 */
struct nq_budget {
	spinlock_t lock;
	bool fresh;
	const struct sk_buff *begun;
	const struct sk_buff *skb;
	const struct nq_names *names;
	u32 seq;
	unsigned int left;
	bool spent;
	u8 hook;
	unsigned int round;
	u32 stamp;
	unsigned int n_found;
	struct nq_found found[NQ_FOUND];
	struct nq_recent recent;
};

/**
 * nq_budget_begin - a packet in the gathering hook, or sent on from there
 *
 * The next packet at a rule on this CPU begins anew. Any context.
 */
void nq_budget_begin(const struct sk_buff *skb);

/** nq_budget_begun - was it for this packet that nq_budget_begin() was called last on this CPU? */
bool nq_budget_begun(const struct sk_buff *skb);

/** nq_budget_lock - this CPU's state, locked, with BHs off; not to be called twice */
struct nq_budget *nq_budget_lock(void);

/**
 * nq_budget_open - begin the budget of a packet, or continue with it at another rule
 * @pkt:	the packet
 * @names:	its names
 * @asked:	for how many names the rule asks: NQ_BUDGET_RULE more for each
 */
void nq_budget_open(struct nq_budget *b, const struct nft_pktinfo *pkt,
		    const struct nq_names *names, unsigned int asked);
void nq_budget_put(struct nq_budget *b);

/** nq_budget_take - pay for @steps. Return: false if they are not there. */
static inline bool nq_budget_take(struct nq_budget *b, unsigned int steps)
{
	if (b->left < steps)
		b->spent = true;
	else
		b->left -= steps;
	return !b->spent;
}

/** nq_budget_found - the result of the same search for the same packet, or NULL */
const struct nq_found *nq_budget_found(const struct nq_budget *b, const struct nft_set *set,
				       u16 shape);

/**
 * nq_budget_note - remember a result
 * @nelems:	nq_budget_nelems() before the search
 * @hit:	a candidate is in the set
 * @key:	what the search left in the registers, or NULL
 */
void nq_budget_note(struct nq_budget *b, const struct nft_set *set, u16 shape, unsigned int nelems,
		    bool hit, const u32 *key);

static inline unsigned int nq_budget_nelems(const struct nft_set *set)
{
	return atomic_read(&set->nelems);
}

/** nq_budget_forget - the packet may be about to change a set itself: no result may be used */
static inline void nq_budget_forget(struct nq_budget *b)
{
	b->n_found = 0;
}

/**
 * nq_budget_round_next - no result that is remembered now may be used any more
 *
 * Called when a rule's search is destroyed. nf_tables frees a set after the last rule that looks
 * into it, so a result that was noted in the present round is not of a set that is gone, whose
 * address another one has.
 */
void nq_budget_round_next(void);

#endif /* NQ_BUDGET_H */
