/* SPDX-License-Identifier: GPL-2.0-only */
/* The widths and wildcards that a set has. */
#ifndef NQ_EXPR_SET_H
#define NQ_EXPR_SET_H

#include <linux/list.h>

#include "expr_search.h"

/**
 * nq_set_fit - see which candidates can be in the search's set
 * @net:	namespace
 * @search:	resolved but for each part's @fit, and @watched
 *
 * A constant set that a rule is bound to, as an anonymous one, is looked through once: nf_tables
 * refuses elements for it from then on. One that only commits change is @watched. Of another one
 * nothing is known. Caller holds nf_tables' commit_mutex, and may be under RCU or a spinlock.
 */
void nq_set_fit(const struct net *net, struct nq_search *search);

/**
 * struct nq_fits - which candidates a watched set can have in one generation of the ruleset
 * @gen:	nq_generation()
 * @fit:	for each part of the search; freed by RCU
 */
struct nq_fits {
	struct rcu_head rcu;
	unsigned int gen;
	struct nq_fit fit[NQ_PARTS_MAX];
};

/**
 * struct nq_watch - a search and its set, which may change
 * @list:	all of them, under a mutex
 * @net:	namespace
 * @search:	NULL, or resolved and @watched; smp_store_release() once, smp_load_acquire()
 * @asked:	a packet had no use for @fits; READ_ONCE/WRITE_ONCE
 * @fits:	under RCU
 */
struct nq_watch {
	struct list_head list;
	const struct net *net;
	const struct nq_search *search;
	bool asked;
	struct nq_fits __rcu *fits;
};

/** nq_watch_add - a load that may search. May sleep. */
void nq_watch_add(struct nq_watch *w, const struct net *net);

/** nq_watch_del - it goes; its set is still there. May sleep. */
void nq_watch_del(struct nq_watch *w);

/** nq_watch_begin - it has been resolved. Any context. */
void nq_watch_begin(struct nq_watch *w, const struct nq_search *search);

/** nq_watch_fits - what is known of the set now, or NULL. Under RCU. */
const struct nq_fits *nq_watch_fits(struct nq_watch *w);

/** nq_watch_exit - when the module goes */
void nq_watch_exit(void);

#endif /* NQ_EXPR_SET_H */
