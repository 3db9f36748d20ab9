// SPDX-License-Identifier: GPL-2.0-only
#include <linux/percpu.h>

#include "budget.h"

static DEFINE_PER_CPU(struct nq_budget, nq_budgets) = {
	.lock = __SPIN_LOCK_UNLOCKED(nq_budgets.lock),
};
static atomic_t nq_budget_round = ATOMIC_INIT(0);

void nq_budget_round_next(void)
{
	atomic_inc(&nq_budget_round);
}

void nq_budget_begin(const struct sk_buff *skb)
{
	/*
	 * Without the lock: at worst a task that is moved has its budget begin anew. Most packets
	 * come to no rule that looks, so what is to be cleared waits for one.
	 */
	struct nq_budget *b = get_cpu_ptr(&nq_budgets);

	WRITE_ONCE(b->begun, skb);
	WRITE_ONCE(b->fresh, true);
	put_cpu_ptr(&nq_budgets);
}

bool nq_budget_begun(const struct sk_buff *skb)
{
	return this_cpu_read(nq_budgets.begun) == skb;
}

struct nq_budget *nq_budget_lock(void) __acquires(&b->lock)
{
	struct nq_budget *b;

	local_bh_disable();
	b = raw_cpu_ptr(&nq_budgets);
	spin_lock(&b->lock);
	if (READ_ONCE(b->fresh)) {
		WRITE_ONCE(b->fresh, false);
		b->skb = NULL;
		b->recent.n = 0;
	}
	return b;
}

void nq_budget_open(struct nq_budget *b, const struct nft_pktinfo *pkt,
		    const struct nq_names *names, unsigned int asked)
{
	unsigned int round = atomic_read(&nq_budget_round);

	if (b->skb != pkt->skb || b->names != names || b->seq != names->seq) {
		b->skb = pkt->skb;
		b->names = names;
		b->seq = names->seq;
		b->left = NQ_BUDGET_PACKET;
		b->spent = false;
		b->n_found = 0;
	}
	if (b->hook != nft_hook(pkt) || b->round != round || b->stamp != (u32)jiffies) {
		b->hook = nft_hook(pkt);
		b->round = round;
		b->stamp = (u32)jiffies;
		b->n_found = 0;
	}
	if (!b->spent)
		b->left += asked * NQ_BUDGET_RULE;
}

void nq_budget_put(struct nq_budget *b) __releases(&b->lock)
{
	spin_unlock(&b->lock);
	local_bh_enable();
}

const struct nq_found *nq_budget_found(const struct nq_budget *b, const struct nft_set *set,
				       u16 shape)
{
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, b->n_found, NQ_FOUND); i++)
		if (b->found[i].set == set && b->found[i].shape == shape &&
		    b->found[i].nelems == nq_budget_nelems(set))
			return &b->found[i];
	return NULL;
}

void nq_budget_note(struct nq_budget *b, const struct nft_set *set, u16 shape, unsigned int nelems,
		    bool hit, const u32 *key)
{
	struct nq_found *f = &b->found[b->n_found++ % NQ_FOUND];

	f->set = set;
	f->shape = shape;
	f->nelems = nelems;
	f->hit = hit;
	f->filled = key;
	if (key)
		memcpy(f->key, key, set->klen);
}
