// SPDX-License-Identifier: GPL-2.0-only
/* All held flows of a namespace: who has to make room, times out or is flushed. */
#include <linux/slab.h>

#include "hold_table.h"
#include "overload.h"

#define NQ_EXPIRE_BATCH 256 /* flows that one run of the timer ends */
#define NQ_FLUSH_BATCH	256 /* flows that a flush looks at before it lets others work */
#define NQ_EVICT_MAX	64  /* flows that one packet may push out */

unsigned long nq_hold_time(const struct nq_net *nn)
{
	return msecs_to_jiffies(READ_ONCE(nn->limits.hold_ms));
}

void nq_hold_early(struct nq_net *nn, struct nq_hold *hold)
{
	list_add_tail(&hold->early, &nn->early);
	nn->n_early++;
}

void nq_hold_not_early(struct nq_net *nn, struct nq_hold *hold)
{
	if (list_empty(&hold->early))
		return;
	list_del_init(&hold->early);
	nn->n_early--;
}

void nq_hold_unlink(struct nq_net *nn, struct nq_hold *hold, enum nq_stat reason, bool pass)
{
	hlist_del_rcu(&hold->node);
	if (hold->state == NQ_WAITING)
		list_del_init(&hold->fifo);
	nq_hold_not_early(nn, hold);
	hold->state = NQ_ENDING;
	hold->reason = reason;
	hold->pass = pass;
	WRITE_ONCE(nn->n_holds, nn->n_holds - 1);
	WRITE_ONCE(nn->hold_bytes, nn->hold_bytes - hold->bytes);
}

void nq_hold_free(struct nq_hold *hold)
{
	kfree(hold->flight);
	kfree(hold);
}

/*
 * The packets of an ENDING hold pass unread. Of a second ClientHello, which they are of then, they
 * must not have the names of the first. No lock held.
 */
static void nq_hold_unread(struct nq_net *nn, const struct nq_hold *hold)
{
	struct nq_names *names;

	rcu_read_lock();
	names = nq_names_first(nn, &hold->path, &hold->id);
	if (names)
		nq_names_spoil(nn, names);
	rcu_read_unlock();
}

/* Drop or pass the packets of an ENDING hold. No lock held. */
static void nq_hold_empty(struct nq_net *nn, struct nq_hold *hold)
{
	struct nq_stolen *h, *next;

	if (hold->pass && hold->reason != NQ_STAT_released)
		nq_hold_unread(nn, hold);
	list_splice_tail_init(&hold->fresh, &hold->queue);
	list_for_each_entry_safe (h, next, &hold->queue, list) {
		nq_stat_add(nn, hold->reason, h->datagrams);
		if (hold->pass)
			nq_stolen_resume(h);
		else
			nq_stolen_drop(h);
	}
	kfree(hold->flight); /* its owner's, and it has none any more */
}

/* Under hold_lock. */
static void nq_hold_bury(struct nq_net *nn, struct nq_hold *hold)
{
	nq_grave_bury(&nn->hold_grave, &hold->fifo, sizeof(*hold));
}

void nq_hold_finish(struct nq_net *nn, struct nq_hold *hold)
{
	nq_hold_empty(nn, hold);
	spin_lock_bh(&nn->hold_lock);
	nq_hold_bury(nn, hold);
	spin_unlock_bh(&nn->hold_lock);
}

void nq_hold_finish_all(struct nq_net *nn, struct list_head *ended)
{
	struct nq_hold *hold, *next;

	if (list_empty(ended))
		return;
	list_for_each_entry (hold, ended, fifo)
		nq_hold_empty(nn, hold);
	spin_lock_bh(&nn->hold_lock);
	list_for_each_entry_safe (hold, next, ended, fifo)
		nq_hold_bury(nn, hold);
	spin_unlock_bh(&nn->hold_lock);
}

struct nq_hold *nq_hold_find(struct nq_net *nn, const struct nq_path *path, const struct nq_id *id)
{
	struct nq_hold *hold;

	nq_table_for_each (hold, &nn->holds, path, node)
		if (hold->id.version == id->version && nq_cid_same(&hold->id.dcid, &id->dcid) &&
		    nq_path_zone_is(path, hold->path.zone))
			return hold;
	return NULL;
}

int nq_hold_insert(struct nq_net *nn, struct nq_hold *hold, struct list_head *ended)
{
	struct nq_hold *other, *oldest = NULL;
	unsigned int count = 0;

	nq_table_for_each (other, &nn->holds, &hold->path, node) {
		count++;
		if (!other->owned && (!oldest || time_before(other->began, oldest->began)))
			oldest = other;
	}
	if (count >= NQ_PATH_HOLDS) {
		if (!oldest)
			return -ENOSPC;
		nq_hold_unlink(nn, oldest, NQ_STAT_evicted, nq_overload_pass(nn));
		list_add_tail(&oldest->fifo, ended);
	}
	return nq_table_insert(&nn->holds, &hold->node, &hold->path);
}

/* Is there room for @flows and @bytes more? Under hold_lock. */
static bool nq_hold_fits(const struct nq_net *nn, unsigned int flows, unsigned int bytes)
{
	return nn->n_holds + flows <= READ_ONCE(nn->limits.hold_flows) &&
	       nn->hold_bytes + bytes <= READ_ONCE(nn->limits.hold_bytes);
}

/* Push out the oldest with nothing but 0-RTT that nobody is at work on. Return: was there one? */
static bool nq_hold_evict_early(struct nq_net *nn, struct list_head *ended)
{
	struct nq_hold *hold;

	list_for_each_entry (hold, &nn->early, early) {
		if (hold->owned)
			continue;
		nq_hold_unlink(nn, hold, NQ_STAT_evicted, nq_overload_pass(nn));
		list_add_tail(&hold->fifo, ended);
		return true;
	}
	return false;
}

bool nq_hold_early_room(struct nq_net *nn, unsigned int flows, struct list_head *ended)
{
	unsigned int max = DIV_ROUND_UP(READ_ONCE(nn->limits.hold_flows), 8), left = NQ_EVICT_MAX;

	while (nn->n_early + flows > max)
		if (!left-- || !nq_hold_evict_early(nn, ended))
			return false;
	return true;
}

bool nq_hold_room(struct nq_net *nn, unsigned int flows, unsigned int bytes,
		  struct list_head *ended)
{
	unsigned int left = NQ_EVICT_MAX;
	struct nq_hold *hold, *next;

	if (flows > READ_ONCE(nn->limits.hold_flows) || bytes > READ_ONCE(nn->limits.hold_bytes))
		return false; /* nobody need go for what never fits */
	while (left && !nq_hold_fits(nn, flows, bytes) && nq_hold_evict_early(nn, ended))
		left--;
	list_for_each_entry_safe (hold, next, &nn->fifo, fifo) {
		if (!left || nq_hold_fits(nn, flows, bytes))
			break;
		if (hold->owned)
			continue;
		nq_hold_unlink(nn, hold, NQ_STAT_evicted, nq_overload_pass(nn));
		list_add_tail(&hold->fifo, ended);
		left--;
	}
	return nq_hold_fits(nn, flows, bytes);
}

static void nq_hold_expire(struct timer_list *timer)
{
	struct nq_net *nn = container_of(timer, struct nq_net, timer);
	unsigned long wait = nq_hold_time(nn), due;
	unsigned int n = 0;
	struct nq_hold *hold, *next;
	LIST_HEAD(ended);

	spin_lock_bh(&nn->hold_lock);
	list_for_each_entry_safe (hold, next, &nn->fifo, fifo) {
		if (time_before(jiffies, hold->began + wait) || n == NQ_EXPIRE_BATCH)
			break;
		if (hold->owned)
			continue;
		nq_hold_unlink(nn, hold, NQ_STAT_timed_out, nq_overload_pass(nn));
		list_add_tail(&hold->fifo, &ended);
		n++;
	}
	hold = list_first_entry_or_null(&nn->fifo, struct nq_hold, fifo);
	if (hold) {
		due = hold->began + wait;
		mod_timer(&nn->timer, time_after(due, jiffies) ? due : jiffies + 1);
	}
	spin_unlock_bh(&nn->hold_lock);
	nq_hold_finish_all(nn, &ended);
}

/* Which holds a flush ends: with a packet of this device, or from this hook; else all. */
struct nq_hold_which {
	const struct net_device *dev;
	const struct nf_hook_ops *ops;
};

static bool nq_hold_is(const struct nq_hold *hold, const struct nq_hold_which *which)
{
	const struct list_head *queues[] = {&hold->queue, &hold->fresh};
	const struct nq_stolen *h;
	unsigned int i;

	if (!which->dev && !which->ops)
		return true;
	for (i = 0; i < ARRAY_SIZE(queues); i++)
		list_for_each_entry (h, queues[i], list)
			if (which->dev ? nq_stolen_uses(h, which->dev)
				       : nq_stolen_at(h, which->ops))
				return true;
	return false;
}

/*
 * One turn of a flush: those at the head of the fifo end, or go to @kept, in their order. Others
 * find them there by their list heads, and only miss them where they look for the oldest. Return:
 * false after the last turn.
 */
static bool nq_hold_flush_turn(struct nq_net *nn, const struct nq_hold_which *which, bool pass,
			       struct list_head *kept)
{
	unsigned int left = NQ_FLUSH_BATCH;
	struct nq_hold *hold, *next;
	LIST_HEAD(ended);
	bool more;

	spin_lock_bh(&nn->hold_lock);
	list_for_each_entry_safe (hold, next, &nn->fifo, fifo) {
		if (!left--)
			break;
		if (!nq_hold_is(hold, which)) {
			list_move_tail(&hold->fifo, kept);
			continue;
		}
		nq_hold_unlink(nn, hold, NQ_STAT_flushed, pass);
		if (!hold->owned)
			list_add_tail(&hold->fifo, &ended);
	}
	more = !list_empty(&nn->fifo);
	spin_unlock_bh(&nn->hold_lock);
	nq_hold_finish_all(nn, &ended);
	return more;
}

/* May sleep. Holds that begin meanwhile are looked at as well, but no flood can keep us here. */
static void nq_hold_flush_some(struct nq_net *nn, const struct nq_hold_which *which, bool pass)
{
	unsigned int turns = DIV_ROUND_UP(READ_ONCE(nn->n_holds), NQ_FLUSH_BATCH) + 1;
	LIST_HEAD(kept);

	while (nq_hold_flush_turn(nn, which, pass, &kept) && --turns)
		cond_resched();

	spin_lock_bh(&nn->hold_lock);
	list_splice(&kept, &nn->fifo);
	spin_unlock_bh(&nn->hold_lock);
	timer_reduce(&nn->timer, jiffies); /* it may have found nobody */
}

void nq_hold_flush_dev(struct nq_net *nn, const struct net_device *dev)
{
	const struct nq_hold_which which = {.dev = dev};

	nq_hold_flush_some(nn, &which, false);
}

void nq_hold_flush_hook(struct nq_net *nn, const struct nf_hook_ops *ops, bool pass)
{
	const struct nq_hold_which which = {.ops = ops};

	nq_hold_flush_some(nn, &which, pass);
}

void nq_hold_flush(struct nq_net *nn, bool pass)
{
	const struct nq_hold_which which = {};

	nq_hold_flush_some(nn, &which, pass);
}

void nq_hold_trim(struct nq_net *nn)
{
	bool fits, more;

	do {
		LIST_HEAD(ended);

		spin_lock_bh(&nn->hold_lock);
		fits = nq_hold_room(nn, 0, 0, &ended) && nq_hold_early_room(nn, 0, &ended);
		spin_unlock_bh(&nn->hold_lock);
		more = !list_empty(&ended);
		nq_hold_finish_all(nn, &ended);
		cond_resched();
	} while (!fits && more);
	timer_reduce(&nn->timer, jiffies); /* the time may be shorter now */
}

void nq_hold_init(struct nq_net *nn)
{
	spin_lock_init(&nn->hold_lock);
	INIT_LIST_HEAD(&nn->fifo);
	INIT_LIST_HEAD(&nn->early);
	timer_setup(&nn->timer, nq_hold_expire, 0);
	nq_grave_init(&nn->hold_grave, &nn->hold_lock, nq_net_grave_min(nn),
		      offsetof(struct nq_hold, fifo));
}

void nq_hold_exit(struct nq_net *nn)
{
	timer_shutdown_sync(&nn->timer);
	nq_hold_flush(nn, false);
	nq_grave_exit(&nn->hold_grave);
	nq_table_free(&nn->holds);
}
