/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Items of a fixed number, which readers under RCU may still look at after they were given back.
 * The one that was given back first is handed out first, and not before its grace period is over.
 */
#ifndef NQ_POOL_H
#define NQ_POOL_H

#include <linux/types.h>

/**
 * struct nq_pooled - begins each item
 * @cookie:	the grace period after which no reader has it any more
 * @next:	the next free one
 * @used:	it has been handed out before, so @cookie is valid
 */
struct nq_pooled {
	unsigned long cookie;
	u32 next;
	bool used;
};

/**
 * struct nq_pool - all under the lock of who uses it
 * @items:	zeroed in the beginning
 * @size:	of one, bytes
 * @n:		how many there are
 * @head:	the next to be handed out, or NQ_POOL_NONE
 * @tail:	the last
 * @free:	how many are not handed out
 */
struct nq_pool {
	void *items;
	size_t size;
	u32 n;
	u32 head, tail;
	u32 free;
};

/**
 * nq_pool_init - @n items of @size bytes, charged to the control group of the caller
 *
 * May sleep. Return: 0 or -ENOMEM.
 */
int nq_pool_init(struct nq_pool *pool, unsigned int n, size_t size);
void nq_pool_exit(struct nq_pool *pool);

/** nq_pool_item - the item at a place below @n, whoever has it */
static inline void *nq_pool_item(const struct nq_pool *pool, u32 i)
{
	return pool->items + i * pool->size;
}

/** nq_pool_place - where an item of the pool is */
static inline u32 nq_pool_place(const struct nq_pool *pool, const void *item)
{
	return (item - pool->items) / pool->size;
}

/** nq_pool_get - an item, or NULL if there is none that no reader has */
void *nq_pool_get(struct nq_pool *pool);

/** nq_pool_put - give an item back that readers can no longer find. Not with interrupts off. */
void nq_pool_put(struct nq_pool *pool, void *item);

#endif /* NQ_POOL_H */
