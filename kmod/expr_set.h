/* SPDX-License-Identifier: GPL-2.0-only */
/* The contents of a set that never changes. */
#ifndef NQ_EXPR_SET_H
#define NQ_EXPR_SET_H

struct net;
struct nq_search;

/**
 * nq_set_fit - see which candidates can be in the search's set
 * @net:	namespace
 * @search:	resolved but for each part's @fit
 *
 * Only a constant set that a rule is bound to, as an anonymous one, is looked through: nf_tables
 * refuses elements for it from then on, and nothing tells us when others change. Caller holds
 * nf_tables' commit_mutex, and may be under RCU or a spinlock.
 */
void nq_set_fit(const struct net *net, struct nq_search *search);

#endif /* NQ_EXPR_SET_H */
