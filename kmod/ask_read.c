// SPDX-License-Identifier: GPL-2.0-only
/*
 * A rule's matches before `quic`: which destinations do they let through? What is not understood
 * here lets everything through, so that the answer is never too narrow. Understood are comparisons
 * of the destination's port and address with a value, a prefix, a range or a set. An anonymous set
 * is read here; a named one may change, and is asked for each packet.
 */
#include <linux/slab.h>
#include <net/netlink.h>

#include "ask_read.h"
#include "compat/compat.h"
#include "expr_search.h"

#define NQ_READ_WORK 4 /* units for an expression, which dumps itself */

static const struct nq_place nq_port_at = {NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2};
static const struct nq_place nq_addr4_at = {NFT_PAYLOAD_NETWORK_HEADER, 16, 4};
static const struct nq_place nq_addr6_at = {NFT_PAYLOAD_NETWORK_HEADER, 24, 16};

/* The port or the address, as the load is of one of them; else NULL. */
static struct nq_value *nq_reading_value(struct nq_reading *r, struct nq_place *field)
{
	if (r->at.base == NFT_PAYLOAD_TRANSPORT_HEADER) {
		*field = nq_port_at;
		return &r->port;
	}
	if (r->at.base != NFT_PAYLOAD_NETWORK_HEADER ||
	    (r->family != NFPROTO_IPV4 && r->family != NFPROTO_IPV6))
		return NULL;
	*field = r->family == NFPROTO_IPV4 ? nq_addr4_at : nq_addr6_at;
	return &r->addr;
}

/* The load, masked, equals @data of @len bytes: its leading bits that are known make a prefix. */
static void nq_reading_equal(struct nq_reading *r, const u8 *data, unsigned int len)
{
	u8 lo[NQ_SPAN_LEN] = {}, hi[NQ_SPAN_LEN];
	struct nq_place field;
	struct nq_value *v = nq_reading_value(r, &field);
	unsigned int i, skip, known;

	if (!v || r->at.off > field.off || r->at.off + len <= field.off)
		return;
	memset(hi, 0xff, sizeof(hi));
	skip = field.off - r->at.off;
	known = min_t(unsigned int, len - skip, field.len);
	for (i = 0; i < known * 8; i++) {
		unsigned int byte = i / 8;
		u8 bit = 0x80 >> i % 8;

		if (!(r->mask[skip + byte] & bit))
			break;
		if (data[skip + byte] & bit)
			lo[byte] |= bit;
		else
			hi[byte] &= ~bit;
	}
	if (i)
		nq_value_within(v, lo, hi);
}

/* The load is from @lo to @hi; one may be NULL. Only if it is the field and nothing else. */
static void nq_reading_range(struct nq_reading *r, const u8 *lo, const u8 *hi)
{
	u8 from[NQ_SPAN_LEN] = {}, to[NQ_SPAN_LEN];
	struct nq_place field;
	struct nq_value *v = nq_reading_value(r, &field);

	if (!v || r->at.off != field.off || r->at.len != field.len ||
	    memchr_inv(r->mask, 0xff, field.len))
		return;
	memset(to, 0xff, sizeof(to));
	if (lo)
		memcpy(from, lo, field.len);
	if (hi)
		memcpy(to, hi, field.len);
	nq_value_within(v, from, to);
}

static void nq_read_cmp(struct nq_reading *r, const struct nq_dump *dump)
{
	unsigned int len;
	const u8 *data = nq_dump_value(dump->tb[NFTA_CMP_DATA], NQ_SPAN_LEN, &len);

	if (!data || nq_dump_reg(dump, NFTA_CMP_SREG) != r->reg)
		return;
	switch (nq_dump_u32(dump->tb[NFTA_CMP_OP])) {
	case NFT_CMP_EQ:
		if (!r->nfproto && len <= r->at.len)
			nq_reading_equal(r, data, len);
		else if (r->nfproto && len == 1 &&
			 (data[0] == NFPROTO_IPV4 || data[0] == NFPROTO_IPV6))
			r->family = data[0];
		return;
	case NFT_CMP_GT: /* one too many does not matter */
	case NFT_CMP_GTE:
		if (!r->nfproto && len == r->at.len)
			nq_reading_range(r, data, NULL);
		return;
	case NFT_CMP_LT:
	case NFT_CMP_LTE:
		if (!r->nfproto && len == r->at.len)
			nq_reading_range(r, NULL, data);
		return;
	}
}

static void nq_read_range(struct nq_reading *r, const struct nq_dump *dump)
{
	unsigned int lo_len, hi_len;
	const u8 *lo = nq_dump_value(dump->tb[NFTA_RANGE_FROM_DATA], NQ_SPAN_LEN, &lo_len);
	const u8 *hi = nq_dump_value(dump->tb[NFTA_RANGE_TO_DATA], NQ_SPAN_LEN, &hi_len);

	if (lo && hi && !r->nfproto && lo_len == r->at.len && hi_len == r->at.len &&
	    nq_dump_reg(dump, NFTA_RANGE_SREG) == r->reg &&
	    nq_dump_u32(dump->tb[NFTA_RANGE_OP]) == NFT_RANGE_EQ)
		nq_reading_range(r, lo, hi);
}

/* A set that nobody can change: its elements are known now. */
static bool nq_set_is_fixed(const struct nft_set *set)
{
	const unsigned int fixed = NFT_SET_ANONYMOUS | NFT_SET_CONSTANT;

	return (set->flags & fixed) == fixed &&
	       !(set->flags & (NFT_SET_MAP | NFT_SET_OBJECT | NFT_SET_EVAL | NFT_SET_CONCAT)) &&
	       list_empty(&set->catchall_list);
}

/* May @v be narrowed by a look-up of the load in @set? Of two sets the first will do. */
static bool nq_reading_takes(const struct nq_reading *r, const struct nq_value *v,
			     const struct nq_place *field, const struct nft_set *set)
{
	return !v->n && !v->set && set->klen == field->len && r->at.off == field->off &&
	       r->at.len == field->len && !memchr_inv(r->mask, 0xff, field->len);
}

static void nq_read_set(struct nq_reading *r, const struct nft_set *set)
{
	struct nq_edge_walk *walk;
	struct nq_place field;
	struct nq_value *v = nq_reading_value(r, &field);

	if (!v || !nq_reading_takes(r, v, &field, set))
		return;
	if (!nq_set_is_fixed(set)) {
		/* Not one that a packet may add to: it would be in there at the rule alone. */
		if (set->flags & (NFT_SET_ANONYMOUS | NFT_SET_CONCAT) || set->ops->update)
			return;
		if (!r->now) {
			v->set = set;
			return;
		}
		if (set->flags & (NFT_SET_MAP | NFT_SET_OBJECT) || !list_empty(&set->catchall_list))
			return;
	}
	walk = nq_edge_walk_new();
	if (!walk)
		return;
	walk->left = r->left;
	if (!nq_set_walk(r->net, set, &walk->iter, nft_genmask_next(r->net)))
		nq_edges_value(walk, v, set->flags & NFT_SET_INTERVAL, field.len);
	kfree(walk);
}

static void nq_read_lookup(struct nq_reading *r, const struct nft_expr *expr,
			   const struct nq_dump *dump)
{
	struct nq_lookup lookup;

	if (r->reg < 0 || r->nfproto || dump->tb[NFTA_LOOKUP_DREG] ||
	    (dump->tb[NFTA_LOOKUP_FLAGS] &&
	     nla_get_be32(dump->tb[NFTA_LOOKUP_FLAGS]) & htonl(NFT_LOOKUP_F_INV)))
		return;
	if (nq_lookup_read(r->net, r->table, expr, &lookup, r->left) == 1 && lookup.sreg == r->reg)
		nq_read_set(r, lookup.set);
}

static void nq_read_payload(struct nq_reading *r, const struct nq_dump *dump)
{
	unsigned int base = nq_dump_u32(dump->tb[NFTA_PAYLOAD_BASE]);
	unsigned int off = nq_dump_u32(dump->tb[NFTA_PAYLOAD_OFFSET]);
	unsigned int len = nq_dump_u32(dump->tb[NFTA_PAYLOAD_LEN]);

	r->reg = -1;
	if (base > U8_MAX || off > U8_MAX || len > NQ_SPAN_LEN)
		return;
	r->reg = nq_dump_reg(dump, NFTA_PAYLOAD_DREG);
	r->nfproto = false;
	r->at = (struct nq_place){base, off, len};
	memset(r->mask, 0xff, sizeof(r->mask));
}

static void nq_read_meta(struct nq_reading *r, const struct nq_dump *dump)
{
	r->reg = -1;
	if (nq_dump_u32(dump->tb[NFTA_META_KEY]) != NFT_META_NFPROTO)
		return;
	r->reg = nq_dump_reg(dump, NFTA_META_DREG);
	r->nfproto = true;
}

/* The load is masked in its own register. */
static void nq_read_bitwise(struct nq_reading *r, const struct nq_dump *dump)
{
	unsigned int op = dump->tb[NFTA_BITWISE_OP] ? nq_dump_u32(dump->tb[NFTA_BITWISE_OP]) : 0;
	int reg = r->reg;
	unsigned int mask_len, xor_len, i;
	const u8 *mask, *xor;

	r->reg = -1;
	mask = nq_dump_value(dump->tb[NFTA_BITWISE_MASK], NQ_SPAN_LEN, &mask_len);
	xor = nq_dump_value(dump->tb[NFTA_BITWISE_XOR], NQ_SPAN_LEN, &xor_len);
	if (op != NFT_BITWISE_BOOL || !mask || !xor|| r->nfproto || mask_len != r->at.len ||
	    xor_len != r->at.len || memchr_inv(xor, 0, xor_len) ||
	    nq_dump_reg(dump, NFTA_BITWISE_SREG) != reg ||
	    nq_dump_reg(dump, NFTA_BITWISE_DREG) != reg)
		return;
	r->reg = reg;
	for (i = 0; i < mask_len; i++)
		r->mask[i] &= mask[i];
}

/* Expressions that change neither the packet nor a register, or only a register. */
static const struct {
	const char *type;
	unsigned int attr_dreg; /* 0: no register */
} nq_others[] = {
	{"counter", 0},
	{"limit", 0},
	{"quota", 0},
	{"log", 0},
	{"last", 0},
	{"connlimit", 0},
	{"notrack", 0},
	{"dynset", 0},
	{"objref", 0},
	{"match", 0}, /* of xtables */
	{"ct", NFTA_CT_DREG},
	{"rt", NFTA_RT_DREG},
	{"fib", NFTA_FIB_DREG},
	{"socket", NFTA_SOCKET_DREG},
	{"immediate", NFTA_IMMEDIATE_DREG},
	{"byteorder", NFTA_BYTEORDER_DREG},
	{"hash", NFTA_HASH_DREG},
	{"numgen", NFTA_NG_DREG},
	{"quic", NFTA_QUIC_DREG},
};

/* Return: false if the packet may be another one behind @expr. */
static bool nq_read_other(struct nq_reading *r, const struct nft_expr *expr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nq_others); i++) {
		if (!nq_expr_is(expr, nq_others[i].type))
			continue;
		if (nq_others[i].attr_dreg)
			r->reg = -1;
		return true;
	}
	return false;
}

/* Return: false if nothing more may be read. */
static bool nq_read_expr(struct nq_reading *r, const struct nft_expr *expr)
{
	struct nq_dump dump;
	bool same = true;

	if (nq_read_other(r, expr))
		return true;
	if (nq_dump_expr(&dump, expr))
		return false;
	if (nq_expr_is(expr, "cmp"))
		nq_read_cmp(r, &dump);
	else if (nq_expr_is(expr, "range"))
		nq_read_range(r, &dump);
	else if (nq_expr_is(expr, "bitwise"))
		nq_read_bitwise(r, &dump);
	else if (nq_expr_is(expr, "meta"))
		nq_read_meta(r, &dump);
	else if (nq_expr_is(expr, "payload") && dump.tb[NFTA_PAYLOAD_DREG])
		nq_read_payload(r, &dump);
	else if (nq_expr_is(expr, "lookup"))
		nq_read_lookup(r, expr, &dump);
	else if (nq_expr_is(expr, "exthdr") && dump.tb[NFTA_EXTHDR_DREG])
		r->reg = -1;
	else
		same = false; /* it may write to the packet */
	/* A map's result may be written over the load. */
	if (nq_expr_is(expr, "lookup") && dump.tb[NFTA_LOOKUP_DREG])
		r->reg = -1;
	nq_dump_free(&dump);
	return same;
}

struct nq_ask *nq_reading_ask(const struct nq_reading *r)
{
	struct nq_ask *ask;

	if (r->changed)
		return NULL;
	ask = kmalloc(struct_size(ask, spans, r->port.n + r->addr.n),
		      GFP_ATOMIC | __GFP_NOWARN | __GFP_ACCOUNT);
	if (!ask)
		return NULL;
	ask->family = r->family;
	ask->n_ports = r->port.n;
	ask->n_addrs = r->addr.n;
	ask->ports = r->port.set;
	ask->addrs = r->addr.set;
	memcpy(ask->spans, r->port.spans, r->port.n * sizeof(*ask->spans));
	memcpy(ask->spans + r->port.n, r->addr.spans, r->addr.n * sizeof(*ask->spans));
	return ask;
}

void nq_reading_own(struct nq_reading *r, const struct nq_ask *ask)
{
	if (!ask) {
		r->changed = true;
		return;
	}
	r->family = ask->family;
	r->port.n = ask->n_ports;
	r->addr.n = ask->n_addrs;
	r->port.set = ask->ports;
	r->addr.set = ask->addrs;
	memcpy(r->port.spans, ask->spans, ask->n_ports * sizeof(*ask->spans));
	memcpy(r->addr.spans, ask->spans + ask->n_ports, ask->n_addrs * sizeof(*ask->spans));
}

struct nq_reading *nq_reading_new(struct net *net, const struct nft_table *table, bool now,
				  unsigned int *left)
{
	struct nq_reading *r = kzalloc(sizeof(*r), GFP_ATOMIC | __GFP_NOWARN);

	if (!r)
		return NULL;
	r->net = net;
	r->table = table;
	r->family = table->family;
	r->reg = -1;
	r->now = now;
	r->left = left;
	return r;
}

void nq_reading_until(struct nq_reading *r, const struct nft_rule *rule, const struct nft_expr *end)
{
	const struct nft_expr *e;

	for (e = nft_expr_first(rule); e != end && !r->changed; e = nft_expr_next(e))
		r->changed = !nq_work_take(r->left, NQ_READ_WORK) || !nq_read_expr(r, e);
}

bool nq_reading_meet(struct nq_reading *r, const struct nq_reading *other)
{
	r->changed |= other->changed;
	if (r->changed)
		return true;
	if (r->family == NFPROTO_INET)
		r->family = other->family;
	else if (other->family != NFPROTO_INET && other->family != r->family)
		return false;
	return nq_value_meet(&r->port, &other->port) && nq_value_meet(&r->addr, &other->addr);
}

bool nq_reading_map(struct nq_reading *r, const struct nft_expr *expr, const struct nft_set *set,
		    const struct nft_chain *to)
{
	struct nq_lookup lookup = {.sreg = -1};
	struct nq_edge_walk *walk;
	struct nq_place field;
	struct nq_value *v;
	bool leads = true;

	/* A catch-all element may lead there, with any key. */
	if (!list_empty(&set->catchall_list))
		return true;
	walk = nq_edge_walk_new();
	if (!walk)
		return true;
	walk->to = to;
	walk->left = r->left;
	if (nq_set_walk(r->net, set, &walk->iter, nft_genmask_next(r->net)))
		goto out;
	leads = walk->leads;
	if (!leads || r->reg < 0 || r->nfproto)
		goto out;
	v = nq_reading_value(r, &field);
	if (v && nq_reading_takes(r, v, &field, set) &&
	    nq_lookup_read(r->net, r->table, expr, &lookup, r->left) == 1 && lookup.sreg == r->reg)
		nq_edges_value(walk, v, set->flags & NFT_SET_INTERVAL, field.len);
out:
	kfree(walk);
	return leads;
}
