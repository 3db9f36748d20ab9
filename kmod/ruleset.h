/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nf_tables' own state of a namespace: the ruleset's generation, and the lock on its changes.
 *
 * Its header shows the structure, but nf_tables does not export under which number net_generic()
 * has it. The structure holds the head of the list of tables, so that number is found by a table.
 */
#ifndef NQ_RULESET_H
#define NQ_RULESET_H

#include <net/netfilter/nf_tables.h>

/**
 * nq_ruleset_learn - find nf_tables' number by a table; once is enough for all namespaces
 *
 * Under commit_mutex. If it is in doubt it stays unknown, and the next rule tries again.
 */
void nq_ruleset_learn(const struct net *net, const struct nft_table *table);

/** nq_ruleset - the namespace's state, or NULL before nq_ruleset_learn() */
struct nftables_pernet *nq_ruleset(const struct net *net);

/**
 * nq_ruleset_trylock - take commit_mutex, so that no batch is being prepared and rules stand still
 *
 * It is never waited for, so it may be taken inside of other mutexes. Return: false if it is not to
 * be had now.
 */
bool nq_ruleset_trylock(const struct net *net);

/** nq_ruleset_unlock - after nq_ruleset_trylock() was true */
void nq_ruleset_unlock(const struct net *net);

/**
 * nq_generation - the ruleset's generation, another one after each commit; 0 if it is not known
 *
 * Rules and elements of a batch are in their lists and sets before it changes, and count only
 * then. Any context.
 */
unsigned int nq_generation(const struct net *net);

/**
 * nq_generation_seen - the same for who is going to look at all that this generation has
 *
 * May sleep. Return: 0 also if it is being changed at the moment.
 */
unsigned int nq_generation_seen(const struct net *net);

#endif /* NQ_RULESET_H */
