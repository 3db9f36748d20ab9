// SPDX-License-Identifier: GPL-2.0-only
/*
 * A load of names followed by a stock lookup. The lookup keeps its set; the search only
 * has to know which set that is, to leave in the register the candidate that the lookup
 * will hit. The lookup's own netlink dump names the set, and the set's list of bindings
 * confirms it.
 */
#include <linux/skbuff.h>
#include <net/netlink.h>

#include "compat/compat.h"
#include "expr.h"
#include "expr_search.h"
#include "expr_set.h"

#define NQ_DUMP_SIZE 2048 /* of one expression's attributes */

int nq_dump_expr(struct nq_dump *dump, const struct nft_expr *expr)
{
	dump->skb = alloc_skb(NQ_DUMP_SIZE, GFP_ATOMIC);
	if (!dump->skb)
		return -ENOMEM;
	if (!expr->ops->dump || expr->ops->dump(dump->skb, expr, false) < 0 ||
	    nla_parse(dump->tb, NFT_EXPR_MAXATTR, (struct nlattr *)dump->skb->data, dump->skb->len,
		      NULL, NULL) < 0) {
		kfree_skb(dump->skb);
		return -EOPNOTSUPP;
	}
	return 0;
}

void nq_dump_free(struct nq_dump *dump)
{
	kfree_skb(dump->skb);
}

/* The inverse of nft_dump_register(). Return: index into nft_regs.data, or -1. */
int nq_dump_reg(const struct nq_dump *dump, unsigned int attr)
{
	u32 reg;

	if (attr > NFT_EXPR_MAXATTR || !dump->tb[attr] || nla_len(dump->tb[attr]) != sizeof(reg))
		return -1;
	reg = ntohl(nla_get_be32(dump->tb[attr]));
	if (reg >= NFT_REG_1 && reg <= NFT_REG_4)
		return reg * (NFT_REG_SIZE / NFT_REG32_SIZE);
	if (reg >= NFT_REG32_00 && reg <= NFT_REG32_15)
		return reg - NFT_REG32_00 + NFT_REG_SIZE / NFT_REG32_SIZE;
	return -1;
}

u32 nq_dump_u32(const struct nlattr *attr)
{
	return attr && nla_len(attr) == sizeof(u32) ? ntohl(nla_get_be32(attr)) : ~0U;
}

const u8 *nq_dump_value(const struct nlattr *attr, unsigned int max, unsigned int *len)
{
	const struct nlattr *value = attr ? nla_find_nested(attr, NFTA_DATA_VALUE) : NULL;

	if (!value || nla_len(value) > max)
		return NULL;
	*len = nla_len(value);
	return nla_data(value);
}

bool nq_expr_is(const struct nft_expr *expr, const char *type)
{
	return !strcmp(expr->ops->type->name, type);
}

static bool nq_uses_set(const struct nft_expr *expr)
{
	return nq_expr_is(expr, "lookup") || nq_expr_is(expr, "objref") ||
	       nq_expr_is(expr, "dynset");
}

static const struct nft_set *nq_set_find(struct net *net, const struct nft_table *table,
					 const struct nlattr *name)
{
	const struct nft_set *set;

	list_for_each_entry (set, &table->sets, list)
		if (nft_is_active_next(net, set) && !nla_strcmp(name, set->name))
			return set;
	return NULL;
}

/* Is one of the set's bindings inside this expression? */
static bool nq_set_bound_by(const struct nft_set *set, const struct nft_expr *expr,
			    unsigned int *left)
{
	const void *start = expr, *end = start + expr->ops->size;
	const struct nft_set_binding *b;
	unsigned int n = 0;

	list_for_each_entry (b, &set->bindings, list) {
		if ((const void *)b >= start && (const void *)(b + 1) <= end)
			return true;
		if (!(++n % NQ_WORK_LIST) && !nq_work_take(left, 1))
			return false;
	}
	return false;
}

int nq_lookup_read(struct net *net, const struct nft_table *table, const struct nft_expr *expr,
		   struct nq_lookup *lookup, unsigned int *left)
{
	unsigned int attr_set, attr_sreg;
	struct nq_dump dump;
	int err;

	if (nq_expr_is(expr, "lookup")) {
		attr_set = NFTA_LOOKUP_SET;
		attr_sreg = NFTA_LOOKUP_SREG;
	} else if (nq_expr_is(expr, "objref")) {
		attr_set = NFTA_OBJREF_SET_NAME;
		attr_sreg = NFTA_OBJREF_SET_SREG;
	} else {
		return 0;
	}

	err = nq_dump_expr(&dump, expr);
	if (err)
		return err;
	lookup->sreg = nq_dump_reg(&dump, attr_sreg);
	if (!dump.tb[attr_set] || lookup->sreg < 0) {
		/* an objref that names its object reads no register */
		err = nq_expr_is(expr, "objref") ? 0 : -EOPNOTSUPP;
		goto out;
	}
	lookup->invert = nq_expr_is(expr, "lookup") && dump.tb[NFTA_LOOKUP_FLAGS] &&
			 nla_get_be32(dump.tb[NFTA_LOOKUP_FLAGS]) & htonl(NFT_LOOKUP_F_INV);
	/* All sets are in use by their table. */
	lookup->set = nq_work_take(left, table->use / NQ_WORK_LIST)
			      ? nq_set_find(net, table, dump.tb[attr_set])
			      : NULL;
	err = lookup->set && nq_set_bound_by(lookup->set, expr, left) ? 1 : -EOPNOTSUPP;
out:
	nq_dump_free(&dump);
	return err;
}

/* Expressions that write a register, its attribute, and whether they can be evaluated early. */
static const struct {
	const char *type;
	u8 attr_dreg;
	bool early;
} nq_loaders[] = {
	{"payload", NFTA_PAYLOAD_DREG, true},
	{"meta", NFTA_META_DREG, true},
	{"ct", NFTA_CT_DREG, true},
	{"rt", NFTA_RT_DREG, true},
	{"fib", NFTA_FIB_DREG, true},
	{"exthdr", NFTA_EXTHDR_DREG, true},
	{"socket", NFTA_SOCKET_DREG, true},
	{"immediate", NFTA_IMMEDIATE_DREG, true},
	{"quic", NFTA_QUIC_DREG, true},
	{"bitwise", NFTA_BITWISE_DREG, false},
	{"byteorder", NFTA_BYTEORDER_DREG, false},
	{"hash", NFTA_HASH_DREG, false},
	{"numgen", NFTA_NG_DREG, false},
	{"lookup", NFTA_LOOKUP_DREG, false},
};

/* Expressions that write no data register. */
static const char *const nq_readers[] = {
	"cmp",	"range",     "counter", "limit",  "quota",  "log",
	"last", "connlimit", "notrack", "dynset", "objref",
};

/* A register that an expression writes. */
struct nq_write {
	int dreg;   /* its index */
	bool early; /* the expression may be evaluated before its turn, and again then */
};

/* Each evaluation of "meta random" has another result. */
static bool nq_is_random(const struct nft_expr *expr, const struct nq_dump *dump)
{
	const struct nlattr *key = dump->tb[NFTA_META_KEY];

	return nq_expr_is(expr, "meta") && key && nla_len(key) == sizeof(u32) &&
	       nla_get_be32(key) == htonl(NFT_META_PRANDOM);
}

/*
 * The register that @expr writes. Return: 0; -ENOENT if it writes none, as a reader, a "set" form,
 * a verdict or a quic literal; -EOPNOTSUPP if it cannot be told.
 */
static int nq_written(const struct nft_expr *expr, struct nq_write *write)
{
	struct nq_dump dump;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(nq_readers); i++)
		if (nq_expr_is(expr, nq_readers[i]))
			return -ENOENT;
	for (i = 0; i < ARRAY_SIZE(nq_loaders); i++)
		if (nq_expr_is(expr, nq_loaders[i].type))
			break;
	if (i == ARRAY_SIZE(nq_loaders))
		return -EOPNOTSUPP;

	err = nq_dump_expr(&dump, expr);
	if (err)
		return err;
	write->dreg = nq_dump_reg(&dump, nq_loaders[i].attr_dreg);
	write->early = nq_loaders[i].early && expr->ops->eval && !nq_is_random(expr, &dump);
	nq_dump_free(&dump);
	return write->dreg >= 0 ? 0 : -ENOENT;
}

/*
 * Must @expr, which stands between the load and the lookup, run before the search?
 * Return: 1 if it loads a part of the key, 0 if it does not touch it, else -errno.
 */
static int nq_ahead(const struct nft_expr *expr, unsigned int sreg, unsigned int n)
{
	struct nq_write write;
	int err = nq_written(expr, &write);

	if (nq_uses_set(expr))
		return -EOPNOTSUPP; /* it may read what the search leaves for another */
	if (err == -ENOENT)
		return 0;
	if (err)
		return err;
	if (write.dreg < sreg || write.dreg >= sreg + n)
		return 0;
	return write.early ? 1 : -EOPNOTSUPP;
}

/* Has @expr no effect but on a register? */
static bool nq_is_pure(const struct nft_expr *expr)
{
	struct nq_write write;

	return !nq_written(expr, &write) && write.early;
}

/* Does @expr write over what a load put into @n registers from @dreg? */
static bool nq_replaces(const struct nft_expr *expr, unsigned int dreg, unsigned int n)
{
	struct nq_write write;

	return !nq_written(expr, &write) && write.dreg >= dreg && write.dreg < dreg + n;
}

const struct nft_rule *nq_rule_find(const struct nft_chain *chain, const struct nft_expr *expr)
{
	const struct nft_rule *rule;

	list_for_each_entry (rule, &chain->rules, list)
		if ((const void *)expr >= (const void *)rule->data &&
		    (const void *)expr < (const void *)rule->data + rule->dlen)
			return rule;
	return NULL;
}

/* A quic load of a name whose register lies in [sreg, sreg + n)? */
static const struct nq_expr *nq_part_of(const struct nft_expr *expr, unsigned int sreg,
					unsigned int n)
{
	const struct nq_expr *priv = nft_expr_priv(expr);

	if (expr->ops != &nq_load_ops || !nq_key_is_list(priv->key) || priv->dreg < sreg ||
	    priv->dreg >= sreg + n)
		return NULL;
	return priv;
}

/* Note @priv as a part of the key. A later load of the same register replaces it. */
static int nq_part_add(struct nq_search *search, const struct nq_expr *priv, unsigned int n)
{
	struct nq_part part = {
		.key = priv->key,
		.dreg = priv->dreg,
		.len = priv->len,
		.fit = NQ_FIT_ALL,
	};
	unsigned int i;

	if (priv->dreg + priv->len / NFT_REG32_SIZE > search->sreg + n)
		return -EOPNOTSUPP;
	for (i = 0; i < search->n_parts && search->parts[i].dreg < part.dreg; i++)
		;
	if (i < search->n_parts && search->parts[i].dreg == part.dreg) {
		search->parts[i] = part;
		return 0;
	}
	if (search->n_parts == NQ_PARTS_MAX)
		return -EOPNOTSUPP;
	memmove(&search->parts[i + 1], &search->parts[i], (search->n_parts - i) * sizeof(part));
	search->parts[i] = part;
	search->n_parts++;
	return 0;
}

static bool nq_in_parts(const struct nq_search *search, unsigned int reg)
{
	const struct nq_part *part;
	unsigned int i;

	for (i = 0; i < search->n_parts; i++) {
		part = &search->parts[i];
		if (reg >= part->dreg && reg < part->dreg + part->len / NFT_REG32_SIZE)
			return true;
	}
	return false;
}

/* May @expr have put something into the key beside its names? */
static bool nq_fills(const struct nq_search *search, const struct nft_expr *expr, unsigned int n)
{
	struct nq_write write;
	int err = nq_written(expr, &write);

	if (err)
		return err != -ENOENT;
	return write.dreg >= search->sreg && write.dreg < search->sreg + n &&
	       !nq_in_parts(search, write.dreg);
}

/* Is the key of @n registers all names? */
static bool nq_key_is_names(const struct nq_search *search, unsigned int n)
{
	unsigned int i, filled = 0;

	for (i = 0; i < search->n_parts; i++)
		filled += search->parts[i].len / NFT_REG32_SIZE;
	return filled >= n;
}

/* See struct nq_search. The next rule has to see what packets put into a set themselves. */
static u16 nq_shape(const struct nq_search *search, unsigned int n)
{
	u16 shape = search->n_parts;
	unsigned int i;

	if (!nq_key_is_names(search, n) || search->set->flags & NFT_SET_EVAL)
		return 0;
	for (i = 0; i < search->n_parts; i++)
		shape = shape << 3 | search->parts[i].key;
	return shape;
}

/*
 * Kernels before 6.12 do not ask whether a register that is read was written: a set that is
 * wider than what the rule loads would be searched with what an earlier rule left there.
 */
static bool nq_key_filled(const struct nq_search *search, const struct nft_rule *rule,
			  const struct nft_expr *lookup, unsigned int n)
{
	const struct nft_expr *e;

	if (nq_key_is_names(search, n))
		return true;
	for (e = nft_expr_first(rule); e != lookup; e = nft_expr_next(e))
		if (nq_fills(search, e, n))
			return true;
	return false;
}

int nq_search_resolve(struct net *net, const struct nft_chain *chain, const struct nft_expr *expr,
		      struct nq_search *search)
{
	const struct nq_expr *self = nft_expr_priv(expr), *part;
	unsigned int width = self->len / NFT_REG32_SIZE;
	const struct nft_rule *rule = nq_rule_find(chain, expr);
	const struct nft_expr *e, *first, *end;
	struct nq_lookup lookup = {};
	unsigned int n = 0;
	int ret;

	memset(search, 0, sizeof(*search));
	if (!rule)
		return -EOPNOTSUPP;
	end = nft_expr_last(rule);

	/* Forward to the lookup that reads this load's register. */
	for (e = nft_expr_next(expr); e != end; e = nft_expr_next(e)) {
		ret = nq_lookup_read(net, chain->table, e, &lookup, NULL);
		if (ret < 0)
			return ret;
		n = ret ? DIV_ROUND_UP(lookup.set->klen, NFT_REG32_SIZE) : 0;
		if (ret && self->dreg >= lookup.sreg && self->dreg < lookup.sreg + n)
			break;
		/* The register has something else before it is looked up: nobody looks this up. */
		if (nq_replaces(e, self->dreg, width))
			return 0;
	}
	if (e == end)
		return 0;

	search->set = lookup.set;
	search->sreg = lookup.sreg;
	search->invert = lookup.invert;
	search->idle = true;
	end = e;
	for (e = nft_expr_next(expr); e != end; e = nft_expr_next(e)) {
		if (nq_part_of(e, lookup.sreg, n)) {
			search->role = NQ_ROLE_PART;
			return 0;
		}
		search->idle &= nq_is_pure(e);
		ret = nq_ahead(e, lookup.sreg, n);
		if (ret < 0)
			return ret;
		if (search->n_ahead == NQ_AHEAD_MAX)
			return -EOPNOTSUPP;
		search->run |= (u32)ret << search->n_ahead++;
	}

	search->role = NQ_ROLE_LAST;
	/* Loads for an earlier lookup of the rule are not part of this key. */
	first = nft_expr_first(rule);
	for (e = first; e != expr; e = nft_expr_next(e))
		if (nq_uses_set(e))
			first = nft_expr_next(e);
	for (e = first; e != end; e = nft_expr_next(e)) {
		part = nq_part_of(e, lookup.sreg, n);
		if (!part)
			continue;
		ret = nq_part_add(search, part, n);
		if (ret)
			return ret;
	}
	if (!nq_key_filled(search, rule, end, n))
		return -EINVAL;
	search->shape = nq_shape(search, n);
	nq_set_fit(net, search);
	return 0;
}

bool nq_search_ahead(const struct nq_search *search, const struct nft_expr *expr,
		     struct nft_regs *regs, const struct nft_pktinfo *pkt)
{
	unsigned int i;

	for (i = 0; i < search->n_ahead; i++) {
		expr = nft_expr_next(expr);
		if (!(search->run & BIT(i)))
			continue;
		expr->ops->eval(expr, regs, pkt);
		if (regs->verdict.code != NFT_CONTINUE)
			return false;
	}
	return true;
}

/* A part's next candidate into its register; what it took is added to @steps. */
static bool nq_part_next(const struct nq_part *part, struct nq_candidates *c, struct nft_regs *regs,
			 unsigned int *steps)
{
	bool found = nq_candidates_next(c, (u8 *)&regs->data[part->dreg]);

	*steps += c->steps;
	c->steps = 0;
	return found;
}

static bool nq_part_begin(const struct nq_part *part, const struct nq_fit *fit,
			  struct nq_candidates *c, const struct nq_names *names,
			  struct nft_regs *regs, unsigned int *steps)
{
	nq_candidates_init(c, names, fit, part->key != NFT_QUIC_ALPN, part->len);
	return nq_part_next(part, c, regs, steps);
}

/* The next combination, the last part the fastest. Return: false after the last one. */
static bool nq_combine(const struct nq_search *search, struct nq_candidates *c,
		       const struct nq_names *names, struct nft_regs *regs, unsigned int *steps)
{
	const struct nq_part *part;
	int i;

	for (i = search->n_parts - 1; i >= 0; i--) {
		part = &search->parts[i];
		if (nq_part_next(part, &c[i], regs, steps))
			return true;
		nq_part_begin(part, c[i].fit, &c[i], names, regs, steps);
	}
	return false;
}

/* Try all combinations. Return: is one in the set? If @b is spent, that is not known. */
static bool nq_search_try(const struct nq_search *search, struct nq_watch *watch,
			  const struct net *net, const struct nq_names *names,
			  struct nft_regs *regs, struct nq_budget *b)
{
	const struct nq_fits *fits = nq_watch_fits(watch);
	struct nq_candidates c[NQ_PARTS_MAX];
	unsigned int i, steps = 0;
	bool more = true;

	for (i = 0; i < search->n_parts && more; i++)
		more = nq_part_begin(&search->parts[i],
				     fits ? &fits->fit[i] : &search->parts[i].fit, &c[i], names,
				     regs, &steps);
	while (more) {
		if (!nq_budget_take(b, NQ_LOOKUP_STEPS + steps))
			return false;
		if (nq_set_has(net, search->set, &regs->data[search->sreg]))
			return true;
		steps = 0;
		more = nq_combine(search, c, names, regs, &steps);
	}
	nq_budget_take(b, steps);
	return false;
}

/* Leave what the flow asked for first, for catch-all and inverted lookups. */
static void nq_search_none(const struct nq_search *search, const struct nq_names *names,
			   struct nft_regs *regs, struct nq_budget *b)
{
	const struct nq_part *part;
	unsigned int i, steps = 0;

	for (i = 0; i < search->n_parts; i++) {
		part = &search->parts[i];
		if (!nq_first_candidate(part->key, part->len, names, &regs->data[part->dreg],
					&steps))
			memset(&regs->data[part->dreg], 0, part->len);
	}
	nq_budget_take(b, steps);
}

/* Does the lookup do nothing but end the rule if no candidate is in the set? */
static bool nq_search_ends(const struct nq_search *search)
{
	return search->idle && !search->invert && list_empty(&search->set->catchall_list);
}

bool nq_search_run(const struct nq_search *search, struct nq_watch *watch, const struct net *net,
		   const struct nq_names *names, struct nft_regs *regs, struct nq_budget *b)
{
	const struct nft_set *set = search->set;
	u32 *key = &regs->data[search->sreg];
	const struct nq_found *found;
	bool hit, ends = nq_search_ends(search);
	unsigned int nelems;

	found = search->shape ? nq_budget_found(b, set, search->shape) : NULL;
	if (found && (found->filled || ends)) {
		if (found->filled)
			memcpy(key, found->key, set->klen);
		return found->hit || !ends;
	}
	nelems = nq_budget_nelems(set);
	hit = nq_search_try(search, watch, net, names, regs, b);
	if (!hit && !ends && !b->spent)
		nq_search_none(search, names, regs, b);
	if (search->shape && !b->spent)
		nq_budget_note(b, set, search->shape, nelems, hit, hit || !ends ? key : NULL);
	return hit || !ends;
}
