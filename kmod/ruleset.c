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
 * The ring consists of tables, each an allocation of its own, and of the head. net_generic() has
 * allocations of its subsystems, so the one that is in the ring has the head. But an unloaded
 * subsystem leaves its pointers behind, and one of them may point to a table by now, or to the head
 * itself. nf_tables' own number always fits, so it is known if no other one does; else a later rule
 * may tell, perhaps one of another namespace. Pointers are compared here and not followed.
 */
void nq_ruleset_learn(const struct net *net, const struct nft_table *table)
{
	const struct net_generic *ng;
	struct nftables_pernet *found = NULL;
	unsigned int id, found_id = 0, n = 0;

	if (READ_ONCE(nq_ruleset_id))
		return;
	rcu_read_lock();
	ng = rcu_dereference(net->gen);
	id = DIV_ROUND_UP(sizeof(ng->s), sizeof(ng->ptr[0]));
	for (; id < ng->s.len; id++) {
		struct nftables_pernet *nft = ng->ptr[id];

		if (nft && nq_ruleset_has(table, &nft->tables)) {
			found = nft;
			found_id = id;
			n++;
		}
	}
	/* The caller holds it. */
	if (n == 1 && mutex_is_locked(&found->commit_mutex))
		WRITE_ONCE(nq_ruleset_id, found_id);
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
