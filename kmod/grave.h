/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that readers under RCU may still look at. A flood makes something go with each packet, and
 * an RCU callback for each of these would be work and memory without bound. Here it is one callback
 * for all that went in a grace period, and what waits for it is bounded.
 *
 * The rule: an object is buried after it was unlinked from whatever readers find it by, under the
 * lock of its table. It goes to @fresh. If nothing waits, all of @fresh becomes @waiting and a
 * grace period begins; at its end a worker frees @waiting, and what is in @fresh by then waits
 * next. So all that is freed was unlinked before the grace period began that has ended.
 */
#ifndef NQ_GRAVE_H
#define NQ_GRAVE_H

#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/**
 * struct nq_grave - what waits to be freed
 * @lock:	its table's, which guards all but @waiting; taken with BHs off
 * @min:	bytes that may wait, however low the limit is
 * @off:	where in an object its list head is, which readers do not follow
 * @fresh:	buried since @waiting began to wait
 * @fresh_bytes: of these
 * @waiting:	for the grace period; the worker's while @busy
 * @waiting_bytes: of these
 * @busy:	@work is on its way
 * @work:	frees @waiting
 */
struct nq_grave {
	spinlock_t *lock;
	unsigned long min;
	unsigned int off;
	struct list_head fresh;
	unsigned long fresh_bytes;
	struct list_head waiting;
	unsigned long waiting_bytes;
	bool busy;
	struct rcu_work work;
};

/** nq_grave_init - @lock, @min and @off as in struct nq_grave */
void nq_grave_init(struct nq_grave *grave, spinlock_t *lock, unsigned long min, unsigned int off);

/**
 * nq_grave_bury - free an object when no reader can have it any more
 * @grave:	the grave
 * @link:	the object's list head, which is on no list
 * @bytes:	that it takes
 *
 * Under @grave->lock.
 */
void nq_grave_bury(struct nq_grave *grave, struct list_head *link, unsigned int bytes);

/**
 * nq_grave_full - does so much wait that nothing more should come?
 * @limit:	as much as live ones may take
 *
 * Under @grave->lock.
 */
static inline bool nq_grave_full(const struct nq_grave *grave, unsigned long limit)
{
	return grave->fresh_bytes + grave->waiting_bytes > max(limit, grave->min);
}

/** nq_grave_exit - wait until all is freed. Nothing may be buried any more. May sleep. */
void nq_grave_exit(struct nq_grave *grave);

#endif /* NQ_GRAVE_H */
