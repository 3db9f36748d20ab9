// SPDX-License-Identifier: GPL-2.0-only
#include <net/netns/generic.h>

#include "ruleset.h"

/* Number of nf_tables in net_generic(); 0 is no subsystem's. It stays loaded as long as we do. */
static unsigned int nq_ruleset_id __read_mostly;

/* Is @head in the ring of tables, though it is no table? */
static bool nq_ruleset_has(const struct nft_table *table, const struct list_head *head)
{
	const struct list_head *at;

	for (at = table->list.next; at != &table->list; at = at->next)
		if (at == head)
			return true;
	return false;
}

/*
 * The ring consists of tables, each an allocation of its own, and of the head. What net_generic()
 * has are allocations of its subsystems. So one of them that is in the ring has the head.
 */
void nq_ruleset_learn(const struct net *net, const struct nft_table *table)
{
	const struct net_generic *ng;
	unsigned int id;

	if (READ_ONCE(nq_ruleset_id))
		return;
	rcu_read_lock();
	ng = rcu_dereference(net->gen);
	id = DIV_ROUND_UP(sizeof(ng->s), sizeof(ng->ptr[0]));
	for (; id < ng->s.len; id++) {
		const struct nftables_pernet *nft = ng->ptr[id];

		if (nft && nq_ruleset_has(table, &nft->tables)) {
			WRITE_ONCE(nq_ruleset_id, id);
			break;
		}
	}
	rcu_read_unlock();
}

struct nftables_pernet *nq_ruleset(const struct net *net)
{
	unsigned int id = READ_ONCE(nq_ruleset_id);

	return id ? net_generic(net, id) : NULL;
}

bool nq_ruleset_trylock(const struct net *net)
{
	struct nftables_pernet *nft = nq_ruleset(net);

	return nft && mutex_trylock(&nft->commit_mutex);
}

void nq_ruleset_unlock(const struct net *net)
{
	mutex_unlock(&nq_ruleset(net)->commit_mutex);
}

unsigned int nq_generation(const struct net *net)
{
#ifdef NQ_HAVE_BASE_SEQ
	/* pairs with nf_tables_commit(): see what the generation has */
	return smp_load_acquire(&net->nft.base_seq);
#else
	const struct nftables_pernet *nft = nq_ruleset(net);

	return nft ? READ_ONCE(nft->base_seq) : 0;
#endif
}

unsigned int nq_generation_seen(const struct net *net)
{
	unsigned int gen;

#ifdef NQ_HAVE_BASE_SEQ
	gen = nq_generation(net);
#else
	/* These kernels write it without a barrier: the lock that was held then makes up for it. */
	if (!nq_ruleset_trylock(net))
		return 0;
	gen = nq_generation(net);
	nq_ruleset_unlock(net);
#endif
	return gen;
}
