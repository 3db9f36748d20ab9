// SPDX-License-Identifier: GPL-2.0-only
/*
 * Held flows. Every hold is in one of three states:
 *
 *	WAITING	  for more of the ClientHello; in the table and the fifo
 *	RELEASING known or hopeless: its packets are being sent on in order; in the table,
 *		  so that what arrives meanwhile queues behind and overtakes nothing
 *	ENDING	  out of the table; whoever has it drops or passes its packets and frees it
 *
 * hold_lock is never held while a packet is decrypted or sent on. Instead a hold is
 * owned by one CPU at a time (@owned): the one that brought a packet while nobody was at
 * work. It alone removes packets, feeds them and changes the flight; others append to
 * @fresh and leave. An owned hold is never evicted and never times out; a flush marks it
 * ENDING and the owner sees to the rest.
 */
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "held.h"
#include "hold.h"
#include "scratch.h"

#define NQ_EXPIRE_BATCH 256 /* flows that one run of the timer ends */

enum nq_hold_state {
	NQ_WAITING,
	NQ_RELEASING,
	NQ_ENDING,
};

/**
 * struct nq_hold - a held flow
 * @node:	in nq_net.holds
 * @key:	client to server, as sent
 * @fifo:	in nq_net.fifo while WAITING
 * @fresh:	packets that were not looked at, in arrival order
 * @queue:	those that were, in arrival order
 * @deadline:	in jiffies
 * @bytes:	memory, as counted in nq_net.hold_bytes
 * @datagrams:	in @fresh and @queue
 * @state:	enum nq_hold_state
 * @owned:	someone is at work
 * @pass:	ENDING: send the packets on unmatched, do not drop them
 * @reason:	ENDING: the counter for them
 * @flight:	the owner's: as far as it got; NULL until an Initial opened
 * @flight_room:	the owner's: bytes allocated for it
 * @cids:	the owner's: DCIDs of Initials that opened
 * @rcu:	for kfree_rcu()
 *
 * All under hold_lock but for what is the owner's. Freed by RCU.
 */
struct nq_hold {
	struct rhash_head node;
	struct nq_key key;
	struct list_head fifo;
	struct list_head fresh;
	struct list_head queue;
	unsigned long deadline;
	unsigned int bytes;
	unsigned int datagrams;
	u8 state;
	bool owned;
	bool pass;
	u8 reason;
	struct nq_flight *flight;
	unsigned int flight_room;
	struct nq_cids cids;
	struct rcu_head rcu;
};

static const struct rhashtable_params nq_hold_params = {
	.head_offset = offsetof(struct nq_hold, node),
	.key_offset = offsetof(struct nq_hold, key),
	.key_len = sizeof(struct nq_key),
	.automatic_shrinking = true,
};

static bool nq_hold_policy(const struct nq_net *nn)
{
	/* No rule is left that could send them to the wrong place: let them go. */
	return !READ_ONCE(nn->active) || READ_ONCE(nn->limits.overload) == NQ_OVERLOAD_PASS;
}

static void nq_hold_count(struct nq_net *nn, enum nq_stat stat, unsigned int n)
{
	this_cpu_add(nn->stats->count[stat], n);
}

/* Out of the table; WAITING to ENDING, or the end of RELEASING. Under hold_lock. */
static void nq_hold_unlink(struct nq_net *nn, struct nq_hold *hold, enum nq_stat reason,
			   bool pass)
{
	rhashtable_remove_fast(&nn->holds, &hold->node, nq_hold_params);
	if (hold->state == NQ_WAITING)
		list_del_init(&hold->fifo);
	hold->state = NQ_ENDING;
	hold->reason = reason;
	hold->pass = pass;
	WRITE_ONCE(nn->n_holds, nn->n_holds - 1);
	WRITE_ONCE(nn->hold_bytes, nn->hold_bytes - hold->bytes);
}

static void nq_hold_free(struct nq_hold *hold)
{
	kfree(hold->flight);
	kfree_rcu(hold, rcu);
}

/* Drop or pass the packets of an ENDING hold and free it. No lock held. */
static void nq_hold_finish(struct nq_net *nn, struct nq_hold *hold)
{
	struct nq_held *h, *next;

	list_splice_tail_init(&hold->fresh, &hold->queue);
	list_for_each_entry_safe(h, next, &hold->queue, list) {
		nq_hold_count(nn, hold->reason, h->datagrams);
		if (hold->pass)
			nq_held_resume(h);
		else
			nq_held_drop(h);
	}
	nq_hold_free(hold);
}

static void nq_hold_finish_all(struct nq_net *nn, struct list_head *ended)
{
	struct nq_hold *hold, *next;

	list_for_each_entry_safe(hold, next, ended, fifo)
		nq_hold_finish(nn, hold);
}

/*
 * Make room for @flows and @bytes more: the oldest that nobody is at work on go to
 * @ended. A real client completes within a millisecond; what is oldest is most likely half
 * a ClientHello that will never be whole. Under hold_lock.
 */
static bool nq_hold_room(struct nq_net *nn, unsigned int flows, unsigned int bytes,
			 struct list_head *ended)
{
	unsigned int max_flows = READ_ONCE(nn->limits.hold_flows);
	unsigned int max_bytes = READ_ONCE(nn->limits.hold_bytes);
	struct nq_hold *hold, *next;

	if (flows > max_flows || bytes > max_bytes)
		return false;
	list_for_each_entry_safe(hold, next, &nn->fifo, fifo) {
		if (nn->n_holds + flows <= max_flows && nn->hold_bytes + bytes <= max_bytes)
			return true;
		if (hold->owned)
			continue;
		nq_hold_unlink(nn, hold, NQ_STAT_evicted, nq_hold_policy(nn));
		list_add_tail(&hold->fifo, ended);
	}
	return nn->n_holds + flows <= max_flows && nn->hold_bytes + bytes <= max_bytes;
}

static void nq_hold_charge(struct nq_net *nn, struct nq_hold *hold, int bytes)
{
	hold->bytes += bytes;
	WRITE_ONCE(nn->hold_bytes, nn->hold_bytes + bytes);
}

/* Queue a packet. Under hold_lock. Return: false if a limit forbids it. */
static bool nq_hold_append(struct nq_net *nn, struct nq_hold *hold, struct nq_held *h,
			   struct list_head *ended)
{
	if (hold->datagrams + h->datagrams > READ_ONCE(nn->limits.hold_datagrams) ||
	    !nq_hold_room(nn, 0, nq_held_bytes(h), ended))
		return false;
	list_add_tail(&h->list, &hold->fresh);
	hold->datagrams += h->datagrams;
	nq_hold_charge(nn, hold, nq_held_bytes(h));
	nq_hold_count(nn, NQ_STAT_held, h->datagrams);
	return true;
}

/* Keep what is in @s for the next packet. Return: bytes that it grew by, or -ENOMEM. */
static int nq_hold_save(struct nq_hold *hold, const struct nq_scratch *s)
{
	unsigned int size = nq_flight_size(&s->flight), grown = 0;
	struct nq_flight *flight;

	if (size > hold->flight_room) {
		flight = kmalloc(size, GFP_ATOMIC | __GFP_NOWARN);
		if (!flight)
			return -ENOMEM;
		kfree(hold->flight);
		hold->flight = flight;
		grown = size - hold->flight_room;
		hold->flight_room = size;
	}
	memcpy(hold->flight, &s->flight, size);
	return grown;
}

/* Feed one packet to the flight. Called by the owner, no lock held. */
static enum nq_fed nq_hold_feed(struct nq_net *nn, struct nq_hold *hold, const struct nq_held *h,
				int *grown)
{
	struct nq_scratch *s = nq_scratch_get();
	enum nq_fed fed;

	if (hold->flight)
		memcpy(&s->flight, hold->flight, nq_flight_size(hold->flight));
	else
		nq_flight_init(&s->flight);

	fed = nq_feed(nn, s, h->skb, &h->d, &hold->cids);
	if (fed == NQ_FED_DONE && nq_names_add(nn, &hold->key, &s->flight, &hold->cids))
		fed = NQ_FED_LIMIT;
	if (fed == NQ_FED_MORE) {
		*grown = nq_hold_save(hold, s);
		if (*grown < 0)
			fed = NQ_FED_LIMIT;
	}
	nq_scratch_put(s);
	return fed;
}

/* What a packet that was fed means for its hold. Under hold_lock. */
static void nq_hold_judge(struct nq_net *nn, struct nq_hold *hold, enum nq_fed fed, int grown,
			  struct list_head *ended)
{
	if (hold->state != NQ_WAITING)
		return; /* flushed meanwhile */

	switch (fed) {
	case NQ_FED_NOTHING:
		break;
	case NQ_FED_MORE:
		if (nq_hold_room(nn, 0, grown, ended)) {
			nq_hold_charge(nn, hold, grown);
			break;
		}
		fallthrough;
	case NQ_FED_LIMIT:
		nq_hold_unlink(nn, hold, NQ_STAT_evicted, nq_hold_policy(nn));
		break;
	case NQ_FED_DONE:
	case NQ_FED_DEAD:
		list_del_init(&hold->fifo);
		hold->state = NQ_RELEASING;
		break;
	}
}

/* The next packet to send on, or NULL. Under hold_lock. */
static struct nq_held *nq_hold_pop(struct nq_net *nn, struct nq_hold *hold)
{
	struct nq_held *h;

	h = list_first_entry_or_null(&hold->queue, struct nq_held, list);
	if (!h)
		h = list_first_entry_or_null(&hold->fresh, struct nq_held, list);
	if (!h)
		return NULL;
	list_del(&h->list);
	hold->datagrams -= h->datagrams;
	nq_hold_charge(nn, hold, -(int)nq_held_bytes(h));
	return h;
}

/* Be the owner of @hold (its @owned was set) until nothing is left to do. No lock held. */
static void nq_hold_work(struct nq_net *nn, struct nq_hold *hold)
{
	struct nq_held *h;
	enum nq_fed fed;
	int grown;

	for (;;) {
		LIST_HEAD(ended);

		spin_lock_bh(&nn->hold_lock);
		if (hold->state == NQ_ENDING) {
			spin_unlock_bh(&nn->hold_lock);
			nq_hold_finish(nn, hold);
			return;
		}
		if (hold->state == NQ_RELEASING) {
			h = nq_hold_pop(nn, hold);
			if (!h) {
				nq_hold_unlink(nn, hold, NQ_STAT_released, true);
				spin_unlock_bh(&nn->hold_lock);
				nq_hold_free(hold);
				return;
			}
			spin_unlock_bh(&nn->hold_lock);
			nq_stat_add(nn, released, h->datagrams);
			nq_held_resume(h);
			continue;
		}
		h = list_first_entry_or_null(&hold->fresh, struct nq_held, list);
		if (!h) {
			hold->owned = false;
			spin_unlock_bh(&nn->hold_lock);
			return;
		}
		spin_unlock_bh(&nn->hold_lock);

		grown = 0;
		fed = nq_hold_feed(nn, hold, h, &grown);

		spin_lock_bh(&nn->hold_lock);
		list_move_tail(&h->list, &hold->queue);
		nq_hold_judge(nn, hold, fed, grown, &ended);
		spin_unlock_bh(&nn->hold_lock);
		nq_hold_finish_all(nn, &ended);
	}
}

/*
 * Queue @h on a hold in the table and work on it if nobody else does. Called under
 * hold_lock, which it releases.
 */
static unsigned int nq_hold_join(struct nq_net *nn, struct nq_hold *hold, struct nq_held *h,
				 const struct nq_packet *p)
	__releases(&nn->hold_lock)
{
	bool mine = !hold->owned;
	LIST_HEAD(ended);
	bool queued;

	hold->owned = true; /* nor may the search for room take it away */
	queued = nq_hold_append(nn, hold, h, &ended);
	if (!queued && mine)
		nq_hold_unlink(nn, hold, NQ_STAT_evicted, nq_hold_policy(nn));
	spin_unlock_bh(&nn->hold_lock);

	nq_hold_finish_all(nn, &ended);
	if (mine)
		nq_hold_work(nn, hold);
	if (queued)
		return NF_STOLEN;

	nq_held_untake(h);
	return nq_gather_overload(nn, p);
}

bool nq_hold_follow(struct nq_net *nn, const struct nq_packet *p, unsigned int *verdict)
{
	struct nq_hold *hold;
	struct nq_held *h;

	if (!READ_ONCE(nn->n_holds) ||
	    !rhashtable_lookup(&nn->holds, &p->key, nq_hold_params) || !nq_held_can(p))
		return false;

	h = nq_held_take(p);
	if (!h) {
		/* Not NF_ACCEPT: it would overtake those that wait. */
		nq_stat_add(nn, overload, nq_packet_datagrams(p));
		*verdict = NF_DROP;
		return true;
	}

	spin_lock_bh(&nn->hold_lock);
	hold = rhashtable_lookup(&nn->holds, &p->key, nq_hold_params);
	if (!hold) {
		spin_unlock_bh(&nn->hold_lock);
		nq_held_untake(h);
		return false;
	}
	*verdict = nq_hold_join(nn, hold, h, p);
	return true;
}

static struct nq_hold *nq_hold_make(const struct nq_packet *p, const struct nq_scratch *s,
				    const struct nq_cids *cids)
{
	struct nq_hold *hold;

	hold = kzalloc(sizeof(*hold), GFP_ATOMIC | __GFP_NOWARN);
	if (!hold)
		return NULL;
	if (s && nq_hold_save(hold, s) < 0) {
		kfree(hold);
		return NULL;
	}
	hold->key = p->key;
	hold->cids = *cids;
	hold->state = NQ_WAITING;
	hold->bytes = sizeof(*hold) + hold->flight_room;
	INIT_LIST_HEAD(&hold->fifo);
	INIT_LIST_HEAD(&hold->fresh);
	INIT_LIST_HEAD(&hold->queue);
	return hold;
}

/* Put a new hold with its first packet, which was fed, into the table. Under hold_lock. */
static bool nq_hold_insert(struct nq_net *nn, struct nq_hold *hold, struct nq_held *h,
			   struct list_head *ended)
{
	if (!READ_ONCE(nn->active) ||
	    h->datagrams > READ_ONCE(nn->limits.hold_datagrams) ||
	    !nq_hold_room(nn, 1, hold->bytes + nq_held_bytes(h), ended) ||
	    rhashtable_insert_fast(&nn->holds, &hold->node, nq_hold_params))
		return false;

	list_add_tail(&h->list, &hold->queue);
	hold->datagrams = h->datagrams;
	hold->bytes += nq_held_bytes(h);
	hold->deadline = jiffies + msecs_to_jiffies(READ_ONCE(nn->limits.hold_ms));
	list_add_tail(&hold->fifo, &nn->fifo);
	WRITE_ONCE(nn->n_holds, nn->n_holds + 1);
	WRITE_ONCE(nn->hold_bytes, nn->hold_bytes + hold->bytes);
	if (!timer_pending(&nn->timer))
		mod_timer(&nn->timer, hold->deadline);
	nq_stat_add(nn, held, h->datagrams);
	return true;
}

unsigned int nq_hold_begin(struct nq_net *nn, const struct nq_packet *p, struct nq_scratch *s,
			   const struct nq_cids *cids)
{
	struct nq_hold *hold, *other;
	struct nq_held *h = NULL;
	LIST_HEAD(ended);
	bool held;

	hold = nq_held_can(p) ? nq_hold_make(p, s, cids) : NULL;
	if (s)
		nq_scratch_put(s);
	if (hold)
		h = nq_held_take(p);
	if (!h)
		goto overload;

	spin_lock_bh(&nn->hold_lock);
	other = rhashtable_lookup(&nn->holds, &p->key, nq_hold_params);
	if (other) {
		/* Another CPU was faster with another packet of this flow. */
		nq_hold_free(hold);
		return nq_hold_join(nn, other, h, p);
	}
	held = nq_hold_insert(nn, hold, h, &ended);
	spin_unlock_bh(&nn->hold_lock);
	nq_hold_finish_all(nn, &ended);
	if (held)
		return NF_STOLEN;

	nq_held_untake(h);
overload:
	if (hold)
		nq_hold_free(hold);
	return nq_gather_overload(nn, p);
}

static void nq_hold_expire(struct timer_list *timer)
{
	struct nq_net *nn = container_of(timer, struct nq_net, timer);
	unsigned int n = 0;
	struct nq_hold *hold, *next;
	LIST_HEAD(ended);

	spin_lock_bh(&nn->hold_lock);
	list_for_each_entry_safe(hold, next, &nn->fifo, fifo) {
		if (time_before(jiffies, hold->deadline) || n == NQ_EXPIRE_BATCH)
			break;
		if (hold->owned)
			continue;
		nq_hold_unlink(nn, hold, NQ_STAT_timed_out, nq_hold_policy(nn));
		list_add_tail(&hold->fifo, &ended);
		n++;
	}
	hold = list_first_entry_or_null(&nn->fifo, struct nq_hold, fifo);
	if (hold)
		mod_timer(&nn->timer, time_after(hold->deadline, jiffies) ? hold->deadline :
									     jiffies + 1);
	spin_unlock_bh(&nn->hold_lock);
	nq_hold_finish_all(nn, &ended);
}

static bool nq_hold_uses(const struct nq_hold *hold, const struct net_device *dev)
{
	const struct nq_held *h;

	list_for_each_entry(h, &hold->queue, list)
		if (nq_held_uses(h, dev))
			return true;
	list_for_each_entry(h, &hold->fresh, list)
		if (nq_held_uses(h, dev))
			return true;
	return false;
}

static void nq_hold_flush_some(struct nq_net *nn, const struct net_device *dev, bool pass)
{
	struct nq_hold *hold, *next;
	LIST_HEAD(ended);

	if (!READ_ONCE(nn->n_holds))
		return;

	spin_lock_bh(&nn->hold_lock);
	list_for_each_entry_safe(hold, next, &nn->fifo, fifo) {
		if (dev && !nq_hold_uses(hold, dev))
			continue;
		nq_hold_unlink(nn, hold, NQ_STAT_flushed, pass);
		if (!hold->owned)
			list_add_tail(&hold->fifo, &ended);
	}
	spin_unlock_bh(&nn->hold_lock);
	nq_hold_finish_all(nn, &ended);
}

void nq_hold_flush_dev(struct nq_net *nn, const struct net_device *dev)
{
	nq_hold_flush_some(nn, dev, false);
}

void nq_hold_flush(struct nq_net *nn, bool pass)
{
	nq_hold_flush_some(nn, NULL, pass);
}

int nq_hold_init(struct nq_net *nn)
{
	spin_lock_init(&nn->hold_lock);
	INIT_LIST_HEAD(&nn->fifo);
	timer_setup(&nn->timer, nq_hold_expire, 0);
	return rhashtable_init(&nn->holds, &nq_hold_params);
}

void nq_hold_exit(struct nq_net *nn)
{
	timer_shutdown_sync(&nn->timer);
	nq_hold_flush(nn, false);
	rhashtable_destroy(&nn->holds);
}
