/* SPDX-License-Identifier: GPL-2.0-only */
/* A load of a name, and the look-up in a set that reads it. */
#ifndef NQ_EXPR_SEARCH_H
#define NQ_EXPR_SEARCH_H

#include <net/netfilter/nf_tables.h>
#include <uapi/nft_quic.h>

#include "budget.h"
#include "candidates.h"

/* A set's key is 64 bytes at most, so no more names of at least 16 bytes fit into one. */
#define NQ_PARTS_MAX (NFT_DATA_VALUE_MAXLEN / NFT_QUIC_ALPN_LEN)

/* Expressions between the last quic load and its lookup that may have to run first. */
#define NQ_AHEAD_MAX 16

/**
 * struct nq_part - a name in a set's key
 * @key:	enum nft_quic_keys
 * @dreg:	where its load puts it
 * @len:	its width
 * @fit:	candidates that the set may have there
 */
struct nq_part {
	u8 key;
	u8 dreg;
	u8 len;
	struct nq_fit fit;
};

/** enum nq_role - what a load of a name is there for */
enum nq_role {
	NQ_ROLE_PLAIN, /* no lookup reads it: the first candidate */
	NQ_ROLE_PART,  /* a later quic load of the same lookup will try the candidates */
	NQ_ROLE_LAST,  /* tries them */
};

/**
 * struct nq_search - how a load finds the candidate that a lookup after it will hit
 * @role:	enum nq_role
 * @idle:	nothing that could be seen happens before the load that tries the candidates, or
 *		from there to the lookup: who has nothing for it can leave the rule to the other,
 *		or end it
 * @invert:	the lookup is
 * @watched:	only commits change the set: struct nq_watch
 * @n_parts:	for NQ_ROLE_LAST, as all that follows
 * @n_ahead:	expressions up to the lookup
 * @run:	a bit for each of these: evaluate it first, it loads a part of the key
 * @sreg:	where the key starts
 * @shape:	which names the key is made of, if it has no other part and only the control plane
 *		changes the set: the result may be remembered (nq_budget_note()); else 0
 * @parts:	names in the key, in the order of their registers
 * @set:	the lookup's; its reference keeps it alive
 */
struct nq_search {
	u8 role;
	bool idle;
	bool invert;
	bool watched;
	u8 n_parts;
	u8 n_ahead;
	u32 run;
	u8 sreg;
	u16 shape;
	struct nq_part parts[NQ_PARTS_MAX];
	const struct nft_set *set;
};

/** struct nq_dump - an expression's own attributes, as it dumps them */
struct nq_dump {
	struct sk_buff *skb;
	struct nlattr *tb[NFT_EXPR_MAXATTR + 1];
};

/** nq_dump_expr - have an expression dumped. Any context. Return: 0 or -errno. */
int nq_dump_expr(struct nq_dump *dump, const struct nft_expr *expr);
void nq_dump_free(struct nq_dump *dump);

/** nq_dump_reg - a register's number, as index into nft_regs.data, or -1 */
int nq_dump_reg(const struct nq_dump *dump, unsigned int attr);

/** nq_dump_u32 - a number in network byte order, or ~0 if there is none */
u32 nq_dump_u32(const struct nlattr *attr);

/** nq_dump_value - the bytes of a nested value; NULL if there is none, or one longer than @max */
const u8 *nq_dump_value(const struct nlattr *attr, unsigned int max, unsigned int *len);

/** nq_expr_is - is the expression of this type? */
bool nq_expr_is(const struct nft_expr *expr, const char *type);

/** struct nq_lookup - an expression that looks a register up in a set */
struct nq_lookup {
	int sreg;
	bool invert;
	const struct nft_set *set;
};

/* Members of a kernel's list that are passed in the time of one unit of work. */
#define NQ_WORK_LIST 16

/** nq_work_take - @n units of @left, unless NULL. Return: false, and 0 left, if it has less. */
static inline bool nq_work_take(unsigned int *left, unsigned int n)
{
	bool has = !left || *left >= n;

	if (left)
		*left = has ? *left - n : 0;
	return has;
}

/**
 * nq_lookup_read - which set does an expression look into?
 * @left:	work that may still be done, or NULL if that is not counted
 *
 * Under commit_mutex. Return: 1 if @expr is a lookup, 0 if not, -errno if its set is not known.
 */
int nq_lookup_read(struct net *net, const struct nft_table *table, const struct nft_expr *expr,
		   struct nq_lookup *lookup, unsigned int *left);

/** nq_rule_find - the rule that an expression lies in, or NULL. Under commit_mutex. */
const struct nft_rule *nq_rule_find(const struct nft_chain *chain, const struct nft_expr *expr);

struct nq_watch;

/**
 * nq_search_resolve - find the lookup that reads what @expr loads
 * @net:	namespace
 * @chain:	with the rule that @expr is in
 * @expr:	a load of a name, in the rule itself
 * @search:	filled in
 *
 * Caller holds nf_tables' commit_mutex, and may be under RCU or a spinlock. Return: 0, or
 * -EOPNOTSUPP if there is a lookup, but it cannot be served.
 */
int nq_search_resolve(struct net *net, const struct nft_chain *chain, const struct nft_expr *expr,
		      struct nq_search *search);

/**
 * nq_search_ahead - evaluate what stands between the load and the lookup and loads a part of the
 * key
 *
 * Under RCU. Return: false if one of them set a verdict.
 */
bool nq_search_ahead(const struct nq_search *search, const struct nft_expr *expr,
		     struct nft_regs *regs, const struct nft_pktinfo *pkt);

/**
 * nq_search_run - leave the candidate that the lookup hits in the registers
 * @search:	nq_search_ahead() was true
 * @watch:	the search's
 * @net:	namespace
 * @names:	the flow
 * @regs:	of the rule
 * @b:		pays for it; if it is spent on return the registers mean nothing
 *
 * Under RCU. Return: false if the lookup would end the rule, and nothing happens until then. The
 * registers mean nothing in that case, either.
 */
bool nq_search_run(const struct nq_search *search, struct nq_watch *watch, const struct net *net,
		   const struct nq_names *names, struct nft_regs *regs, struct nq_budget *b);

#endif /* NQ_EXPR_SEARCH_H */
