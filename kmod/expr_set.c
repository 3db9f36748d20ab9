// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a set's elements look, so that only candidates are tried which it may have.
 *
 * A set that changes is looked through by a work item, a moment after a packet asked. Its result
 * holds for one generation of the ruleset: elements come with a commit, which puts them into
 * the set first, then changes the generation, and only then lets packets find them. The work reads
 * the generation, then walks through all that is in the set; so nothing that packets of this
 * generation can find was missed. An element that goes or times out was one too many. A packet that
 * is between its rules while a commit happens sees the set as before, or as after it.
 *
 * Beside commits only a dynset adds elements. Sets that say so (NFT_SET_EVAL) are not watched, and
 * the kernel lets dynsets use others: these are looked for in the table's rules, which come with a
 * commit as well.
 */
#include <linux/mutex.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "expr_search.h"
#include "expr_set.h"
#include "ruleset.h"

#define NQ_WALK_MAX    65536	 /* elements; a greater constant set may have anything */
#define NQ_WATCH_MAX   1024	 /* elements of one that changes */
#define NQ_WATCH_EXPRS 16384	 /* expressions of its table that are looked at */
#define NQ_WATCH_TURN  128	 /* sets in one turn of the work */
#define NQ_FIT_FEW     16	 /* widths */
#define NQ_WATCH_DELAY (HZ / 10) /* after a packet asked, and between turns */

struct nq_fit_walk {
	struct nft_set_iter iter;
	const struct nq_search *search;
	unsigned int max;
	struct nq_fit fit[NQ_PARTS_MAX];
};

static void nq_fit_add(struct nq_fit *fit, const u8 *text, unsigned int width)
{
	unsigned int len = strnlen((const char *)text, width);

	if (!len)
		return; /* no candidate is empty */
	fit->lens |= 1ULL << (len - 1);
	if (text[0] == '*' && len == 1) {
		fit->star = true;
	} else if (text[0] == '*' && text[1] == '.') {
		fit->wild = true;
		if (len > 2)
			fit->marks |= 1ULL << nq_fit_mark(text + 2, len - 2, true);
	} else {
		fit->exact = true;
		fit->marks |= 1ULL << nq_fit_mark(text, len, false);
	}
}

static int nq_fit_element(const struct nft_ctx *ctx, struct nft_set *set,
			  const struct nft_set_iter *iter, nq_walk_elem *elem)
{
	struct nq_fit_walk *walk =
		container_of((struct nft_set_iter *)iter, struct nq_fit_walk, iter);
	const struct nq_search *search = walk->search;
	const u32 *key = nq_walk_key(set, elem);
	unsigned int i;

	if (iter->count >= walk->max)
		return -E2BIG;
	for (i = 0; i < search->n_parts; i++) {
		const struct nq_part *part = &search->parts[i];

		nq_fit_add(&walk->fit[i], (const u8 *)&key[part->dreg - search->sreg], part->len);
	}
	return 0;
}

static void nq_fit_end(struct nq_fit_walk *walk)
{
	unsigned int i;

	for (i = 0; i < walk->search->n_parts; i++)
		walk->fit[i].few = hweight64(walk->fit[i].lens) <= NQ_FIT_FEW;
}

void nq_set_fit(const struct net *net, struct nq_search *search)
{
	const struct nft_set *set = search->set;
	struct nq_fit_walk walk = {
		.iter = {.fn = nq_fit_element},
		.search = search,
		.max = NQ_WALK_MAX,
	};
	unsigned int i;

	if (set->flags & NFT_SET_INTERVAL)
		return;
	search->watched = nq_generation(net) && !(set->flags & (NFT_SET_CONSTANT | NFT_SET_EVAL));
	if (!(set->flags & NFT_SET_CONSTANT) ||
	    nq_set_walk(net, set, &walk.iter, nft_genmask_next(net)))
		return;
	nq_fit_end(&walk);
	for (i = 0; i < search->n_parts; i++)
		search->parts[i].fit = walk.fit[i];
}

/* Is it a dynset with this set? Its private data begins with pointers, one of them to the set. */
static bool nq_expr_updates(const struct nft_expr *expr, const struct nft_set *set)
{
	const void *const *p = nft_expr_priv(expr);
	const void *const *end = (const void *)expr + expr->ops->size;

	if (strcmp(expr->ops->type->name, "dynset"))
		return false;
	for (; p < end; p++)
		if (*p == set)
			return true;
	return false;
}

/* May packets add to the set? Under RCU. */
static bool nq_set_is_updated(const struct nft_set *set)
{
	unsigned int left = NQ_WATCH_EXPRS;
	const struct nft_expr *expr, *last;
	const struct nft_chain *chain;
	const struct nft_rule *rule;

	if (!set->ops->update)
		return false;
	list_for_each_entry_rcu (chain, &set->table->chains, list) {
		list_for_each_entry_rcu (rule, &chain->rules, list) {
			nft_rule_for_each_expr (expr, last, rule) {
				if (!left-- || nq_expr_updates(expr, set))
					return true;
			}
		}
	}
	return false;
}

static DEFINE_MUTEX(nq_watch_mutex);
static LIST_HEAD(nq_watches);

/* Under nq_watch_mutex, so that the set stays. Return: false if it has to be tried again. */
static bool nq_watch_look(struct nq_watch *w, const struct nq_search *search)
{
	unsigned int gen = nq_generation_seen(w->net);
	struct nq_fit_walk walk = {
		.iter = {.fn = nq_fit_element},
		.search = search,
		.max = NQ_WATCH_MAX,
	};
	struct nq_fits *fits, *old;
	bool unknown;

	if (!gen)
		return false;
	fits = kmalloc(sizeof(*fits), GFP_KERNEL | __GFP_NOWARN);
	if (!fits)
		return true;
	fits->gen = gen;
	rcu_read_lock();
	unknown =
		atomic_read(&search->set->nelems) > NQ_WATCH_MAX || nq_set_is_updated(search->set);
	rcu_read_unlock();
	if (!unknown)
		unknown = nq_set_walk(w->net, search->set, &walk.iter, 0);
	nq_fit_end(&walk);
	if (!unknown)
		memcpy(fits->fit, walk.fit, sizeof(walk.fit));
	else
		for (unsigned int i = 0; i < NQ_PARTS_MAX; i++)
			fits->fit[i] = NQ_FIT_ALL;

	old = rcu_replace_pointer(w->fits, fits, lockdep_is_held(&nq_watch_mutex));
	if (old)
		kfree_rcu(old, rcu);
	return true;
}

static void nq_watch_work(struct work_struct *work)
{
	unsigned int left = NQ_WATCH_TURN;
	const struct nq_search *search;
	struct nq_watch *w, *next;

	mutex_lock(&nq_watch_mutex);
	list_for_each_entry_safe (w, next, &nq_watches, list) {
		/* pairs with nq_watch_begin() */
		search = smp_load_acquire(&w->search);
		if (!search || !READ_ONCE(w->asked))
			continue;
		if (!left) {
			schedule_delayed_work(to_delayed_work(work), NQ_WATCH_DELAY);
			break;
		}
		WRITE_ONCE(w->asked, false);
		if (nq_watch_look(w, search)) {
			/* The others are first next time. */
			list_move_tail(&w->list, &nq_watches);
			left--;
		} else {
			/* It costs next to nothing, so the others lose no turn by it. */
			WRITE_ONCE(w->asked, true);
			schedule_delayed_work(to_delayed_work(work), NQ_WATCH_DELAY);
		}
		cond_resched();
	}
	mutex_unlock(&nq_watch_mutex);
}

static DECLARE_DELAYED_WORK(nq_watch_later, nq_watch_work);

void nq_watch_add(struct nq_watch *w, const struct net *net)
{
	w->net = net;
	mutex_lock(&nq_watch_mutex);
	list_add_tail(&w->list, &nq_watches);
	mutex_unlock(&nq_watch_mutex);
}

void nq_watch_del(struct nq_watch *w)
{
	if (!w->net)
		return; /* nobody added it */
	mutex_lock(&nq_watch_mutex);
	list_del(&w->list);
	mutex_unlock(&nq_watch_mutex);
	/* No packet is at the rule any more. */
	kfree(rcu_dereference_protected(w->fits, true));
}

void nq_watch_begin(struct nq_watch *w, const struct nq_search *search)
{
	/* pairs with nq_watch_work() and nq_watch_fits(): it is complete */
	smp_store_release(&w->search, search);
}

const struct nq_fits *nq_watch_fits(struct nq_watch *w)
{
	const struct nq_fits *fits;

	/* pairs with nq_watch_begin() */
	if (!smp_load_acquire(&w->search))
		return NULL;
	fits = rcu_dereference(w->fits);
	if (fits && fits->gen == nq_generation(w->net))
		return fits;
	if (!READ_ONCE(w->asked)) {
		WRITE_ONCE(w->asked, true);
		schedule_delayed_work(&nq_watch_later, NQ_WATCH_DELAY);
	}
	return NULL;
}

void nq_watch_exit(void)
{
	cancel_delayed_work_sync(&nq_watch_later);
}
