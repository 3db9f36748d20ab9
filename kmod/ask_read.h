/* SPDX-License-Identifier: GPL-2.0-only */
/* Which destinations do a rule's matches let through? */
#ifndef NQ_ASK_READ_H
#define NQ_ASK_READ_H

#include <net/netfilter/nf_tables.h>

#include "ask_value.h"

/* Where a value stands in the packet. */
struct nq_place {
	u8 base;
	u8 off;
	u8 len;
};

/*
 * State while a rule's expressions are read in turn. One load is followed at a time: that
 * is how nft writes rules.
 */
struct nq_reading {
	struct net *net;
	const struct nft_table *table;
	u8 family;
	bool now;	    /* a named set is read as it is, and not asked later */
	unsigned int *left; /* work that may still be done, or NULL */
	bool changed; /* the packet may be another one afterwards: all the rest says nothing */
	struct nq_value port, addr;
	int reg;      /* with the load, or -1 */
	bool nfproto; /* the load is of the family, else of @at */
	struct nq_place at;
	u8 mask[NQ_SPAN_LEN];
};

/**
 * nq_reading_new - begin with a rule's matches
 * @now:	read named sets as they are, for who will notice when they change; else they are
 *		asked for each packet as long as the rule exists
 * @left:	work that may still be done, or NULL if that is not counted. It is 0 once there was
 *		too much; what was read is void then.
 *
 * The functions here want commit_mutex, and may be under RCU or a spinlock. Return: for kfree(), or
 * NULL.
 */
struct nq_reading *nq_reading_new(struct net *net, const struct nft_table *table, bool now,
				  unsigned int *left);

/**
 * nq_reading_until - read a rule's matches before @end
 *
 * Sets @changed if the packet may be another one at @end than it was before the rule.
 */
void nq_reading_until(struct nq_reading *r, const struct nft_rule *rule,
		      const struct nft_expr *end);

/**
 * nq_reading_map - read on for packets that a look-up in a verdict map sends to a chain
 * @expr:	the look-up
 * @set:	its map
 * @to:		the chain
 *
 * Return: false if no element leads there.
 */
bool nq_reading_map(struct nq_reading *r, const struct nft_expr *expr, const struct nft_set *set,
		    const struct nft_chain *to);

/** nq_reading_own - begin with what a rule is known to ask for; NULL: everything */
void nq_reading_own(struct nq_reading *r, const struct nq_ask *ask);

/** nq_reading_meet - also what @other lets through. Return: false if nothing passes both. */
bool nq_reading_meet(struct nq_reading *r, const struct nq_reading *other);

/** nq_reading_ask - what is let through. Return: for kfree(); NULL for everything. */
struct nq_ask *nq_reading_ask(const struct nq_reading *r);

#endif /* NQ_ASK_READ_H */
