// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>

#include "ask_value.h"
#include "compat/compat.h"

void nq_value_within(struct nq_value *v, const u8 *lo, const u8 *hi)
{
	unsigned int i;

	if (!v->n) {
		v->n = 1;
		memcpy(v->spans[0].lo, lo, NQ_SPAN_LEN);
		memcpy(v->spans[0].hi, hi, NQ_SPAN_LEN);
		return;
	}
	/* One that becomes empty has lo above hi, and so has nothing. */
	for (i = 0; i < v->n; i++) {
		if (memcmp(v->spans[i].lo, lo, NQ_SPAN_LEN) < 0)
			memcpy(v->spans[i].lo, lo, NQ_SPAN_LEN);
		if (memcmp(v->spans[i].hi, hi, NQ_SPAN_LEN) > 0)
			memcpy(v->spans[i].hi, hi, NQ_SPAN_LEN);
	}
}

static bool nq_leads_to(const struct nft_set_ext *ext, const struct nft_chain *to)
{
	const struct nft_verdict *verdict;

	if (!nft_set_ext_exists(ext, NFT_SET_EXT_DATA))
		return false;
	verdict = &nft_set_ext_data(ext)->verdict;
	return (verdict->code == NFT_JUMP || verdict->code == NFT_GOTO) && verdict->chain == to;
}

static int nq_edge_add(const struct nft_ctx *ctx, struct nft_set *set,
		       const struct nft_set_iter *iter, nq_walk_elem *elem)
{
	struct nq_edge_walk *walk =
		container_of((struct nft_set_iter *)iter, struct nq_edge_walk, iter);
	const struct nft_set_ext *ext = nq_walk_ext(set, elem);
	struct nq_edge edge = {};
	unsigned int i;

	if (walk->left && !(*walk->left)--) {
		*walk->left = 0;
		return -E2BIG;
	}
	edge.end = nft_set_ext_exists(ext, NFT_SET_EXT_FLAGS) &&
		   *nft_set_ext_flags(ext) & NFT_SET_ELEM_INTERVAL_END;
	edge.other = walk->to && !edge.end && !nq_leads_to(ext, walk->to);
	walk->leads |= walk->to && !edge.end && !edge.other;
	if (edge.other && !(set->flags & NFT_SET_INTERVAL))
		return 0;
	if (walk->n == ARRAY_SIZE(walk->edges) || set->klen > NQ_SPAN_LEN ||
	    nft_set_ext_exists(ext, NFT_SET_EXT_KEY_END)) {
		walk->many = true;
		return walk->to ? 0 : -EOPNOTSUPP;
	}
	memcpy(edge.key, nq_walk_key(set, elem), set->klen);
	/* In order; an end before what begins there. */
	for (i = walk->n; i; i--) {
		int cmp = memcmp(walk->edges[i - 1].key, edge.key, NQ_SPAN_LEN);

		if (cmp < 0 || (!cmp && !edge.end))
			break;
		walk->edges[i] = walk->edges[i - 1];
	}
	walk->edges[i] = edge;
	walk->n++;
	return 0;
}

/* One less than @key of @len bytes, which is not 0. */
static void nq_key_before(u8 *key, unsigned int len)
{
	while (len && !key[--len]--)
		;
}

/* One more span, up to @hi. Return: false if there is no room. */
static bool nq_value_add(struct nq_value *v, const u8 *lo, const u8 *hi)
{
	if (v->n == NQ_ASK_SPANS)
		return false;
	memcpy(v->spans[v->n].lo, lo, NQ_SPAN_LEN);
	memcpy(v->spans[v->n].hi, hi, NQ_SPAN_LEN);
	v->n++;
	return true;
}

/*
 * The spans between the edges. In a map an interval may end where the next one begins. Return:
 * false if there are too many, or they make no sense.
 */
static bool nq_edges_spans(const struct nq_edge_walk *walk, struct nq_value *v, bool interval,
			   unsigned int len)
{
	const struct nq_edge *begin = NULL, *edge;
	u8 hi[NQ_SPAN_LEN];
	unsigned int i;

	for (i = 0; i < walk->n; i++) {
		edge = &walk->edges[i];
		if (begin) {
			if (!edge->end && !walk->to)
				return false;
			memcpy(hi, edge->key, NQ_SPAN_LEN);
			nq_key_before(hi, len);
			if (!nq_value_add(v, begin->key, hi))
				return false;
			begin = NULL;
		}
		if (edge->end || edge->other)
			continue; /* an end of nothing: the space before the first */
		if (interval)
			begin = edge;
		else if (!nq_value_add(v, edge->key, edge->key))
			return false;
	}
	memset(hi, 0xff, sizeof(hi));
	return !begin || nq_value_add(v, begin->key, hi);
}

/* The value is one of those, or may be any. Compared are @len bytes; the rest is as of other spans.
 */
void nq_edges_value(const struct nq_edge_walk *walk, struct nq_value *v, bool interval,
		    unsigned int len)
{
	unsigned int i, j;

	v->n = 0;
	if (walk->many || !nq_edges_spans(walk, v, interval, len)) {
		v->n = 0;
		return;
	}
	for (i = 0; i < v->n; i++)
		for (j = len; j < NQ_SPAN_LEN; j++) {
			v->spans[i].lo[j] = 0;
			v->spans[i].hi[j] = 0xff;
		}
	if (v->n)
		return;
	/* An empty set: from above to below. */
	v->n = 1;
	memset(v->spans[0].lo, 0xff, NQ_SPAN_LEN);
	memset(v->spans[0].hi, 0, NQ_SPAN_LEN);
}

struct nq_edge_walk *nq_edge_walk_new(void)
{
	struct nq_edge_walk *walk = kzalloc(sizeof(*walk), GFP_ATOMIC | __GFP_NOWARN);

	if (walk)
		walk->iter.fn = nq_edge_add;
	return walk;
}

bool nq_value_meet(struct nq_value *v, const struct nq_value *other)
{
	const struct nq_span *a, *b;
	struct nq_value *both;
	unsigned int i;
	bool some = true;

	if (!v->set)
		v->set = other->set;
	if (!other->n)
		return true;
	if (!v->n) {
		v->n = other->n;
		memcpy(v->spans, other->spans, v->n * sizeof(*v->spans));
		return true;
	}
	both = kzalloc(sizeof(*both), GFP_ATOMIC | __GFP_NOWARN);
	if (!both)
		return true;
	both->set = v->set;
	for (i = 0; i < v->n * other->n; i++) {
		a = &v->spans[i / other->n];
		b = &other->spans[i % other->n];
		if (memcmp(a->lo, b->lo, NQ_SPAN_LEN) < 0)
			swap(a, b);
		/* @a begins last. */
		if (memcmp(a->lo, b->hi, NQ_SPAN_LEN) > 0 || memcmp(a->lo, a->hi, NQ_SPAN_LEN) > 0)
			continue;
		if (!nq_value_add(both, a->lo,
				  memcmp(a->hi, b->hi, NQ_SPAN_LEN) < 0 ? a->hi : b->hi))
			goto out; /* too many: @v alone lets more through, which is no fault */
	}
	some = both->n;
	*v = *both;
out:
	kfree(both);
	return some;
}
