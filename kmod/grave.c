// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sched.h>
#include <linux/slab.h>

#include "grave.h"

/* Let what is fresh wait for a grace period, if there is anything. Under the lock. */
static void nq_grave_wait(struct nq_grave *grave)
{
	grave->busy = !list_empty(&grave->fresh);
	if (!grave->busy)
		return;
	list_splice_init(&grave->fresh, &grave->waiting);
	grave->waiting_bytes = grave->fresh_bytes;
	grave->fresh_bytes = 0;
	queue_rcu_work(system_long_wq, &grave->work);
}

/* A grace period after nq_grave_wait(). */
static void nq_grave_work(struct work_struct *work)
{
	struct nq_grave *grave = container_of(to_rcu_work(work), struct nq_grave, work);
	struct list_head *link, *next;

	list_for_each_safe(link, next, &grave->waiting)
	{
		kfree((void *)link - grave->off);
		cond_resched();
	}
	INIT_LIST_HEAD(&grave->waiting);

	spin_lock_bh(grave->lock);
	grave->waiting_bytes = 0;
	nq_grave_wait(grave);
	spin_unlock_bh(grave->lock);
}

void nq_grave_bury(struct nq_grave *grave, struct list_head *link, unsigned int bytes)
{
	lockdep_assert_held(grave->lock);
	list_add_tail(link, &grave->fresh);
	grave->fresh_bytes += bytes;
	if (!grave->busy)
		nq_grave_wait(grave);
}

void nq_grave_init(struct nq_grave *grave, spinlock_t *lock, unsigned long min, unsigned int off)
{
	grave->lock = lock;
	grave->min = min;
	grave->off = off;
	INIT_LIST_HEAD(&grave->fresh);
	INIT_LIST_HEAD(&grave->waiting);
	INIT_RCU_WORK(&grave->work, nq_grave_work);
}

void nq_grave_exit(struct nq_grave *grave)
{
	bool busy;

	do {
		flush_rcu_work(&grave->work);
		spin_lock_bh(grave->lock);
		busy = grave->busy;
		spin_unlock_bh(grave->lock);
	} while (busy);
	flush_rcu_work(&grave->work); /* it may not have returned yet */
}
