// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "pool.h"

#define NQ_POOL_NONE U32_MAX

static struct nq_pooled *nq_pool_at(const struct nq_pool *pool, u32 i)
{
	return nq_pool_item(pool, i);
}

int nq_pool_init(struct nq_pool *pool, unsigned int n, size_t size)
{
	u32 i;

	pool->items = kvcalloc(n, size, GFP_KERNEL_ACCOUNT);
	if (!pool->items)
		return -ENOMEM;
	pool->size = size;
	pool->n = n;
	for (i = 0; i < n; i++)
		nq_pool_at(pool, i)->next = i + 1 < n ? i + 1 : NQ_POOL_NONE;
	pool->head = 0;
	pool->free = n;
	pool->tail = n - 1;
	return 0;
}

void nq_pool_exit(struct nq_pool *pool)
{
	kvfree(pool->items);
}

void *nq_pool_get(struct nq_pool *pool)
{
	struct nq_pooled *item;

	if (pool->head == NQ_POOL_NONE)
		return NULL;
	item = nq_pool_at(pool, pool->head);
	if (item->used && !poll_state_synchronize_rcu(item->cookie))
		return NULL;
	pool->head = item->next;
	pool->free--;
	item->used = true;
	return item;
}

void nq_pool_put(struct nq_pool *pool, void *what)
{
	struct nq_pooled *item = what;
	u32 i = nq_pool_place(pool, what);

	item->cookie = start_poll_synchronize_rcu();
	item->next = NQ_POOL_NONE;
	if (pool->head == NQ_POOL_NONE)
		pool->head = i;
	else
		nq_pool_at(pool, pool->tail)->next = i;
	pool->tail = i;
	pool->free++;
}
