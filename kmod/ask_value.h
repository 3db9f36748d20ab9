/* SPDX-License-Identifier: GPL-2.0-only */
/* A port or an address that a rule's matches narrow, and the sets that it is looked up in. */
#ifndef NQ_ASK_VALUE_H
#define NQ_ASK_VALUE_H

#include <net/netfilter/nf_tables.h>

#include "ask.h"

/* A value that is one of @n spans; of anything, if @n is 0. */
struct nq_value {
	const struct nft_set *set; /* named: it is in there as well */
	unsigned int n;
	struct nq_span spans[NQ_ASK_SPANS];
};

/** nq_value_within - it is from @lo to @hi, too */
void nq_value_within(struct nq_value *v, const u8 *lo, const u8 *hi);

/** nq_value_meet - it is one of @other, too. Return: false if it cannot be. */
bool nq_value_meet(struct nq_value *v, const struct nq_value *other);

/* An element's key, or where an interval ends. */
struct nq_edge {
	u8 key[NQ_SPAN_LEN];
	bool end;
	bool other; /* of a verdict map: it leads elsewhere */
};

/**
 * struct nq_edge_walk - a set's elements
 * @iter:	for nq_set_walk()
 * @to:		of a verdict map: the elements that lead to this chain count; NULL for a set
 * @leads:	there was one of these
 * @many:	there are more than @edges has, or they are of another kind
 * @left:	elements that may be looked at, or NULL
 * @n:		how many of @edges
 * @edges:	in order
 */
struct nq_edge_walk {
	struct nft_set_iter iter;
	const struct nft_chain *to;
	bool leads;
	bool many;
	unsigned int *left;
	unsigned int n;
	struct nq_edge edges[2 * NQ_ASK_SPANS];
};

/** nq_edge_walk_new - Return: for kfree(), or NULL. Any context. */
struct nq_edge_walk *nq_edge_walk_new(void);

/**
 * nq_edges_value - a value is among the elements
 * @walk:	after the walk
 * @v:		its spans are filled in; any, if the elements are too many
 * @interval:	the set is of intervals
 * @len:	of the value
 */
void nq_edges_value(const struct nq_edge_walk *walk, struct nq_value *v, bool interval,
		    unsigned int len);

#endif /* NQ_ASK_VALUE_H */
