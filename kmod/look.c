// SPDX-License-Identifier: GPL-2.0-only
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <net/net_namespace.h>

#include "look.h"
#include "ruleset.h"

#define NQ_LOOK_TIME (HZ / 10) /* that a packet may take through its rules */

DEFINE_PER_CPU(struct nq_looked, nq_looked) = {
	.lock = __SPIN_LOCK_UNLOCKED(nq_looked.lock),
};

/*
 * A commit counts up first, and then lets packets see its rules: what is read between these is a
 * number of its own.
 */
u32 nq_look_generation(const struct net *net)
{
	u32 gen = nq_generation(net);

	return gen ? gen << 1 | READ_ONCE(net->nft.gencursor) : 0;
}

u32 nq_look_rule(const void *rule, u32 gen)
{
	return jhash_2words(hash_ptr(rule, 32), gen, 0) | 1;
}

static struct nq_looked *nq_looked_lock(void) __acquires(&l->lock)
{
	struct nq_looked *l;

	local_bh_disable();
	l = raw_cpu_ptr(&nq_looked);
	spin_lock(&l->lock);
	return l;
}

static void nq_looked_unlock(struct nq_looked *l) __releases(&l->lock)
{
	spin_unlock(&l->lock);
	local_bh_enable();
}

void nq_look_begin(const struct sk_buff *skb, enum nq_look why)
{
	struct nq_looked *l = nq_looked_lock();

	WRITE_ONCE(l->skb, skb);
	WRITE_ONCE(l->why, why);
	l->stamp = (u32)jiffies;
	l->missed = (struct nq_missed){};
	nq_looked_unlock(l);
}

enum nq_look nq_look_why(const struct sk_buff *skb)
{
	/* Without the lock: who is told so looks again. */
	return this_cpu_read(nq_looked.skb) == skb ? this_cpu_read(nq_looked.why) : NQ_LOOK_NONE;
}

/* Under the lock. */
static bool nq_looked_is(const struct nq_looked *l, const struct sk_buff *skb)
{
	return l->skb == skb && (u32)jiffies - l->stamp <= NQ_LOOK_TIME;
}

void nq_look_missed(const struct sk_buff *skb, u32 rule, u32 gen)
{
	struct nq_looked *l = nq_looked_lock();
	struct nq_missed *m = &l->missed;

	if (nq_looked_is(l, skb)) {
		if (m->gen != gen)
			m->n = 0;
		m->gen = gen;
		if (m->n < NQ_MISSED)
			m->rule[m->n++] = rule;
	}
	nq_looked_unlock(l);
}

void nq_look_end(const struct sk_buff *skb, struct nq_missed *missed)
{
	struct nq_looked *l = nq_looked_lock();

	*missed = nq_looked_is(l, skb) ? l->missed : (struct nq_missed){};
	WRITE_ONCE(l->skb, NULL);
	nq_looked_unlock(l);
}
