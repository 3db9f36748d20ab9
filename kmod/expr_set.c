// SPDX-License-Identifier: GPL-2.0-only
#include "compat/compat.h"
#include "expr_search.h"
#include "expr_set.h"

#define NQ_WALK_MAX 65536 /* elements; a greater set may have anything */

struct nq_fit_walk {
	struct nft_set_iter iter;
	struct nq_search *search;
};

static void nq_fit_add(struct nq_fit *fit, const char *text, unsigned int width)
{
	unsigned int len = strnlen(text, width);

	if (!len)
		return; /* no candidate is empty */
	fit->lens |= 1ULL << (len - 1);
	if (text[0] == '*' && len == 1)
		fit->star = true;
	else if (text[0] == '*' && text[1] == '.')
		fit->wild = true;
	else
		fit->exact = true;
}

static int nq_fit_element(const struct nft_ctx *ctx, struct nft_set *set,
			  const struct nft_set_iter *iter, nq_walk_elem *elem)
{
	struct nq_search *search = container_of(iter, struct nq_fit_walk, iter)->search;
	const u32 *key = nq_walk_key(set, elem);
	unsigned int i;

	if (iter->count >= NQ_WALK_MAX)
		return -E2BIG;
	for (i = 0; i < search->n_parts; i++) {
		struct nq_part *part = &search->parts[i];

		nq_fit_add(&part->fit, (const char *)&key[part->dreg - search->sreg], part->len);
	}
	return 0;
}

void nq_set_fit(const struct net *net, struct nq_search *search)
{
	const struct nft_set *set = search->set;
	struct nq_fit_walk walk = {.iter = {.fn = nq_fit_element}, .search = search};
	unsigned int i;

	if (!(set->flags & NFT_SET_CONSTANT) || set->flags & NFT_SET_INTERVAL)
		return;
	for (i = 0; i < search->n_parts; i++)
		search->parts[i].fit = (struct nq_fit){};
	if (!nq_set_walk(net, set, &walk.iter))
		return;
	for (i = 0; i < search->n_parts; i++)
		search->parts[i].fit = NQ_FIT_ALL;
}
