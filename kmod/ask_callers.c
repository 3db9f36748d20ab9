// SPDX-License-Identifier: GPL-2.0-only
/*
 * A chain that is not a hook's own is reached by rules with a jump or goto to it, or with a verdict
 * map that has it. The chain's rules can see no more than these let through, nor more than the
 * callers of their chains, up to a base chain. Each such way is read from its end to its beginning,
 * and is a part of the filter. As ways and rules may be many, both are bounded; beyond that callers
 * do not count.
 *
 * commit_mutex is held meanwhile, so no batch is being prepared: rules, sets and elements are those
 * of the present generation, and none of them goes. It is never waited for: while it is taken the
 * filter is made without callers, and once more afterwards. Nor is it taken if no rule with names
 * was ever reached by a jump.
 */
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/netfilter/nf_tables_core.h>

#include "ask.h"
#include "ask_callers.h"
#include "ask_read.h"
#include "expr.h"
#include "ruleset.h"

#define NQ_CALLS      1024  /* jumps and maps of a table */
#define NQ_CALLS_WORK 65536 /* rules, expressions, calls, sets, elements that are looked at */
#define NQ_CALLS_READ 16    /* beginning to read a rule costs as much as looking at so many */

/**
 * struct nq_call - a rule that leads to another chain
 * @from:	the chain that it is in
 * @rule:	the rule
 * @expr:	its expression that does so
 * @to:		the other chain, or NULL:
 * @map:	one that its element has
 */
struct nq_call {
	const struct nft_chain *from;
	const struct nft_rule *rule;
	const struct nft_expr *expr;
	const struct nft_chain *to;
	const struct nft_set *map;
};

/**
 * struct nq_calls - a table's, while the filter is made
 * @nn:		namespace
 * @f:		the filter
 * @table:	the table
 * @left:	work that may still be done
 * @n:		how many of @call
 * @call:	room for NQ_CALLS
 */
struct nq_calls {
	struct nq_net *nn;
	struct nq_filter *f;
	const struct nft_table *table;
	unsigned int left;
	unsigned int n;
	struct nq_call call[];
};

/* Return: false if there is too much of it. */
static bool nq_calls_work(struct nq_calls *c, unsigned int n)
{
	cond_resched();
	return nq_work_take(&c->left, n);
}

static bool nq_calls_add(struct nq_calls *c, const struct nq_call *call)
{
	if (c->n == NQ_CALLS)
		return false;
	c->call[c->n++] = *call;
	return true;
}

/* The chain that a jump or goto leads to, or NULL. */
static const struct nft_chain *nq_jump_to(const struct nft_expr *expr)
{
	const struct nft_immediate_expr *priv = nft_expr_priv(expr);

	if (!nq_expr_is(expr, "immediate") || priv->dreg != NFT_REG_VERDICT ||
	    (priv->data.verdict.code != NFT_JUMP && priv->data.verdict.code != NFT_GOTO))
		return NULL;
	return priv->data.verdict.chain;
}

/* The rules that look a verdict up in @set. */
static bool nq_calls_map(struct nq_calls *c, const struct nft_set *set)
{
	const struct nft_set_binding *b;
	const struct nft_expr *e, *last;
	struct nq_call call = {.map = set};

	list_for_each_entry (b, &set->bindings, list) {
		call.from = b->chain;
		call.expr = NULL;
		if (!nq_calls_work(c, 1 + b->chain->use / NQ_WORK_LIST))
			return false;
		call.rule = nq_rule_find(b->chain, (const void *)b);
		if (!call.rule)
			return false;
		nft_rule_for_each_expr (e, last, call.rule)
			if ((const void *)b >= (const void *)e &&
			    (const void *)b < (const void *)e + e->ops->size)
				call.expr = e;
		if (!call.expr || !nq_calls_add(c, &call))
			return false;
	}
	return true;
}

/* All calls of the table. Return: false if they are too many. */
static bool nq_calls_find(struct nq_calls *c)
{
	const struct nft_expr *expr, *last;
	const struct nft_chain *chain;
	const struct nft_rule *rule;
	const struct nft_set *set;
	struct nq_call call = {};

	c->n = 0;
	list_for_each_entry (chain, &c->table->chains, list) {
		if (!nq_calls_work(c, 1))
			return false;
		list_for_each_entry (rule, &chain->rules, list) {
			if (!nq_calls_work(c, 1))
				return false;
			nft_rule_for_each_expr (expr, last, rule) {
				if (!nq_work_take(&c->left, 1))
					return false;
				call.to = nq_jump_to(expr);
				if (!call.to)
					continue;
				call.from = chain;
				call.rule = rule;
				call.expr = expr;
				if (!nq_calls_add(c, &call))
					return false;
			}
		}
	}
	list_for_each_entry (set, &c->table->sets, list)
		if (!nq_calls_work(c, 1) ||
		    (set->dtype == NFT_DATA_VERDICT && !nq_calls_map(c, set)))
			return false;
	return true;
}

static bool nq_calls_up(struct nq_calls *c, const struct nft_chain *chain,
			const struct nq_asker *asker, const struct nq_reading *below,
			unsigned int level);

/*
 * A call that may lead to @chain, where packets count that @below lets through. Return: false if
 * there is too much of it.
 */
static bool nq_calls_one(struct nq_calls *c, const struct nq_call *call,
			 const struct nft_chain *chain, const struct nq_asker *asker,
			 const struct nq_reading *below, unsigned int level)
{
	struct nq_reading *r;
	struct nq_ask *ask;
	bool ok = true;

	if (call->to && call->to != chain)
		return true;
	r = nq_calls_work(c, NQ_CALLS_READ) ? nq_reading_new(c->nn->net, c->table, true, &c->left)
					    : NULL;
	if (!r)
		return false;
	nq_reading_until(r, call->rule, call->expr);
	if (call->map && !nq_reading_map(r, call->expr, call->map, chain))
		goto out;
	if (!nq_reading_meet(r, below))
		goto out;
	if (!nft_is_base_chain(call->from)) {
		ok = nq_calls_up(c, call->from, asker, r, level + 1);
		goto out;
	}
	/*
	 * Without memory, or if the packet becomes another one on its way, this is everything: it
	 * might be taken for one that strayed.
	 */
	ask = nq_reading_ask(r);
	ok = nq_filter_way(c->f, asker, ask);
	kfree(ask);
out:
	kfree(r);
	return ok && c->left;
}

static bool nq_calls_up(struct nq_calls *c, const struct nft_chain *chain,
			const struct nq_asker *asker, const struct nq_reading *below,
			unsigned int level)
{
	unsigned int i;

	if (level == NFT_JUMP_STACK_SIZE)
		return true; /* further no packet comes */
	for (i = 0; i < c->n; i++)
		if (!nq_calls_work(c, 1) ||
		    !nq_calls_one(c, &c->call[i], chain, asker, below, level))
			return false;
	return true;
}

static bool nq_callers_of(struct nq_calls *c, const struct nft_chain *chain, struct nq_asker *asker)
{
	struct nq_reading *own = nq_reading_new(c->nn->net, c->table, true, &c->left);
	bool ok = false;

	if (own) {
		nq_reading_own(own, asker->ask);
		ok = nq_calls_up(c, chain, asker, own, 1);
	}
	kfree(own);
	return ok;
}

/* The table's rules that ask for names and have callers. Return: 0, how many, or -E2BIG. */
static int nq_callers_table(struct nq_calls *c)
{
	const struct nft_expr *expr, *last;
	const struct nft_chain *chain;
	const struct nft_rule *rule;
	struct nq_asker *asker;
	int n = 0;

	list_for_each_entry (chain, &c->table->chains, list) {
		if (!nq_calls_work(c, 1))
			return -E2BIG;
		if (nft_is_base_chain(chain))
			continue;
		list_for_each_entry (rule, &chain->rules, list) {
			if (!nq_calls_work(c, 1))
				return -E2BIG;
			nft_rule_for_each_expr (expr, last, rule) {
				if (!nq_work_take(&c->left, 1))
					return -E2BIG;
				asker = nq_expr_asker(expr);
				/* It changes under commit_mutex alone, but for its removal. */
				if (!asker || !asker->reached)
					continue;
				if ((!n++ && !nq_calls_find(c)) || !nq_callers_of(c, chain, asker))
					return -E2BIG;
				asker->called = true;
			}
		}
	}
	return n;
}

/* Under commit_mutex. */
static void nq_callers_all(struct nq_net *nn, struct nq_filter *f)
{
	const struct nftables_pernet *nft = nq_ruleset(nn->net);
	struct nq_calls *c = kvzalloc(struct_size(c, call, NQ_CALLS), GFP_KERNEL);
	int n = 0, all = 0;

	if (!c)
		return;
	c->nn = nn;
	c->f = f;
	c->left = NQ_CALLS_WORK;
	list_for_each_entry (c->table, &nft->tables, list) {
		n = nq_calls_work(c, 1) ? nq_callers_table(c) : -E2BIG;
		all += n > 0 ? n : n < 0;
		if (n < 0)
			break;
	}
	if (all)
		nq_filter_called(f, nq_generation(nn->net), n >= 0);
	kvfree(c);
}

void nq_callers_work(struct work_struct *work)
{
	struct nq_net *nn = container_of(to_delayed_work(work), struct nq_net, ask_work);
	/* Without memory for it everything is gathered. */
	struct nq_filter *f = nq_filter_new();
	bool jumped = nq_ask_any_jumped(nn);
	bool locked = jumped && nq_ruleset_trylock(nn->net);

	if (f && locked)
		nq_callers_all(nn, f);
	nq_filter_publish(nn, f);
	if (locked)
		nq_ruleset_unlock(nn->net);
	else if (jumped && nq_ruleset(nn->net))
		nq_ask_again(nn);
}
