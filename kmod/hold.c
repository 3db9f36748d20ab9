// SPDX-License-Identifier: GPL-2.0-only
/* Packets of held flows: queue, feed, release. hold_table.h has the rules of ownership. */
#include <linux/slab.h>

#include "feed.h"
#include "hold.h"
#include "hold_table.h"
#include "overload.h"
#include "scratch.h"
#include "stolen.h"

#define NQ_RELEASE_MAX 128 /* packets sent on in order, see nq_hold_work() */

/* Off the queue that it is on. By the owner, under hold_lock. */
static void nq_hold_take(struct nq_net *nn, struct nq_hold *hold, struct nq_stolen *h)
{
	list_del(&h->list);
	hold->datagrams -= h->datagrams;
	nq_hold_charge(nn, hold, -(int)nq_stolen_bytes(h));
}

/*
 * A datagram with an Initial comes, and hold_datagrams are there: the youngest packet that has only
 * 0-RTT makes room, for none is sent on without the ClientHello. By the owner, under hold_lock.
 * Return: that packet, to be dropped without the lock, or NULL.
 */
static struct nq_stolen *nq_hold_displace(struct nq_net *nn, struct nq_hold *hold)
{
	struct nq_stolen *h;

	list_for_each_entry_reverse (h, &hold->queue, list) {
		if (h->readable)
			continue;
		nq_hold_take(nn, hold, h);
		nq_stat_add(nn, NQ_STAT_evicted, h->datagrams);
		return h;
	}
	return NULL;
}

/* Queue a packet. Under hold_lock. Return: false if a limit forbids it. */
static bool nq_hold_append(struct nq_net *nn, struct nq_hold *hold, struct nq_stolen *h,
			   struct list_head *ended)
{
	if (hold->datagrams + h->datagrams > READ_ONCE(nn->limits.hold_datagrams) ||
	    !nq_hold_room(nn, 0, nq_stolen_bytes(h), ended))
		return false;
	list_add_tail(&h->list, &hold->fresh);
	hold->datagrams += h->datagrams;
	nq_hold_charge(nn, hold, nq_stolen_bytes(h));
	nq_stat_add(nn, NQ_STAT_held, h->datagrams);
	return true;
}

/*
 * Keep what is in @s for the next packet. Return: bytes that it grew by, or -ENOMEM.
 */
static int nq_hold_save(struct nq_hold *hold, const struct nq_scratch *s)
{
	unsigned int size = nq_flight_packed_size(&s->flight), grown = 0;
	u8 *flight;

	if (size > hold->room) {
		/* Count what the allocator really takes. */
		size = kmalloc_size_roundup(size);
		flight = kmalloc(size, GFP_ATOMIC | __GFP_NOWARN);
		if (!flight)
			return -ENOMEM;
		kfree(hold->flight);
		hold->flight = flight;
		grown = size - hold->room;
		hold->room = size;
	}
	nq_flight_pack(&s->flight, hold->flight);
	return grown;
}

/*
 * The flight is of a second ClientHello: what came of the first one again must be as it was, and if
 * the second one cannot be read, names that are known are not those that a server has.
 */
static void nq_hold_compare(struct nq_net *nn, const struct nq_hold *hold,
			    const struct nq_scratch *s, enum nq_fed fed)
{
	struct nq_names *names = nq_names_first(nn, &hold->path, &hold->id);

	if (names)
		nq_feed_compare(nn, names, s, fed);
}

/*
 * A ClientHello is complete, and a second one begins behind it that no server has asked for yet:
 * its names are to count. Only its end in the same packet will do; honest clients do not do this at
 * all.
 */
static enum nq_fed nq_hold_second(struct nq_net *nn, struct nq_hold *hold,
				  const struct nq_stolen *h, struct nq_scratch *s)
{
	u16 end = s->flight.base + nq_hello_size(s->flight.crypto.buf + s->flight.base, 4);
	unsigned int bad_tag = 0;
	enum nq_fed fed;

	nq_feed_resume(s, hold->id.version, &hold->id.dcid, end);
	fed = nq_feed(nn, s, h->skb, &h->d, &hold->track, &bad_tag);
	nq_hold_compare(nn, hold, s, fed);
	if (fed != NQ_FED_DONE ||
	    nq_names_add(nn, &hold->path, &hold->id, &s->flight, &hold->track))
		return NQ_FED_LIMIT;
	return NQ_FED_DONE;
}

/* Feed one packet to the flight. Called by the owner, no lock held. */
static enum nq_fed nq_hold_feed(struct nq_net *nn, struct nq_hold *hold, const struct nq_stolen *h,
				int *grown)
{
	struct nq_scratch *s = nq_scratch_get();
	unsigned int bad_tag = 0;
	enum nq_fed fed;

	if (hold->flight)
		nq_flight_unpack(&s->flight, hold->flight);
	else
		nq_feed_resume(s, hold->id.version, &hold->id.dcid, hold->base);

	fed = nq_feed(nn, s, h->skb, &h->d, &hold->track, &bad_tag);
	nq_stat_add(nn, NQ_STAT_bad_tag, bad_tag);
	if (fed == NQ_FED_NOTHING && nq_feed_hides(s, fed))
		fed = NQ_FED_DEAD;
	if (s->flight.base && fed != NQ_FED_NOTHING && fed != NQ_FED_PART)
		nq_hold_compare(nn, hold, s, fed);
	if (fed == NQ_FED_DONE &&
	    nq_names_add(nn, &hold->path, &hold->id, &s->flight, &hold->track))
		fed = NQ_FED_LIMIT;
	if (fed == NQ_FED_DONE && s->flight.second)
		fed = nq_hold_second(nn, hold, h, s);
	if (fed == NQ_FED_DEAD)
		nq_names_bury(nn, &hold->path, &hold->id, &hold->track,
			      nq_flight_doubtful(&s->flight));
	if (fed == NQ_FED_MORE) {
		*grown = nq_hold_save(hold, s);
		if (*grown < 0)
			fed = NQ_FED_LIMIT;
	}
	nq_scratch_put(s);
	return fed;
}

/* From now on its owner, which the caller is, sends its packets on. Under hold_lock. */
static void nq_hold_release(struct nq_net *nn, struct nq_hold *hold)
{
	list_del_init(&hold->fifo);
	nq_hold_not_early(nn, hold);
	hold->state = NQ_RELEASING;
	hold->owned = true;
}

/* Decide about a hold after one of its packets was fed. Under hold_lock. */
static void nq_hold_judge(struct nq_net *nn, struct nq_hold *hold, enum nq_fed fed, int grown,
			  struct list_head *ended)
{
	if (hold->state != NQ_WAITING)
		return; /* flushed meanwhile */

	switch (fed) {
	case NQ_FED_NOTHING:
	case NQ_FED_PART: /* nq_hold_reject() */
		break;
	case NQ_FED_MORE:
		nq_hold_not_early(nn, hold);
		if (nq_hold_room(nn, 0, grown, ended)) {
			nq_hold_charge(nn, hold, grown);
			break;
		}
		fallthrough;
	case NQ_FED_LIMIT:
		nq_hold_unlink(nn, hold, NQ_STAT_evicted, nq_overload_pass(nn));
		break;
	case NQ_FED_DONE:
	case NQ_FED_DEAD:
		nq_hold_release(nn, hold);
		break;
	}
}

/* Was what @fed says an Initial of the flight's, or none at all? */
static bool nq_hold_opened(const struct nq_stolen *h, enum nq_fed fed)
{
	return fed != NQ_FED_PART && (fed != NQ_FED_NOTHING || !h->readable);
}

/*
 * A packet that came when all was complete already may still contradict it. No lock held. Return:
 * false if it does not open.
 */
static bool nq_hold_late(struct nq_net *nn, struct nq_hold *hold, const struct nq_stolen *h)
{
	struct nq_names *names = nq_names_first(nn, &hold->path, &hold->id);
	unsigned int bad_tag = 0;
	struct nq_scratch *s;
	enum nq_fed fed;

	if (!names || READ_ONCE(names->gone))
		return true;
	s = nq_scratch_get();
	nq_feed_resume(s, hold->id.version, &hold->id.dcid, names->end);
	fed = nq_feed(nn, s, h->skb, &h->d, &hold->track, &bad_tag);
	nq_feed_compare(nn, names, s, fed);
	nq_scratch_put(s);
	nq_stat_add(nn, NQ_STAT_bad_tag, bad_tag);
	return nq_hold_opened(h, fed);
}

/*
 * Send a packet on, unless it did not open, or a rule would take it for one of another connection:
 * one that began under the ID that this one's server has given. No lock held.
 */
static void nq_hold_send(struct nq_net *nn, struct nq_hold *hold, struct nq_stolen *h, bool late)
{
	bool mine;

	rcu_read_lock();
	mine = (!late || nq_hold_late(nn, hold, h)) &&
	       (!h->readable || nq_cid_same(&h->id.dcid, &hold->id.dcid) ||
		!nq_names_astray(nn, &hold->path, &h->id, &hold->id.dcid));
	rcu_read_unlock();
	nq_stat_add(nn, mine ? NQ_STAT_released : NQ_STAT_evicted, h->datagrams);
	if (mine)
		nq_stolen_resume(h);
	else
		nq_stolen_drop(h);
}

/* It did not open, and would be sent on with the names of those that did. No lock held. */
static void nq_hold_reject(struct nq_net *nn, struct nq_hold *hold, struct nq_stolen *h)
{
	bool ending;

	spin_lock_bh(&nn->hold_lock);
	ending = hold->state == NQ_ENDING;
	if (ending)
		list_move_tail(&h->list, &hold->queue);
	else
		nq_hold_take(nn, hold, h);
	spin_unlock_bh(&nn->hold_lock);
	if (ending)
		return; /* with the others */
	nq_stat_add(nn, NQ_STAT_evicted, h->datagrams);
	nq_stolen_drop(h);
}

/* The next packet to send on, or NULL, @late if it was not fed. Under hold_lock. */
static struct nq_stolen *nq_hold_pop(struct nq_net *nn, struct nq_hold *hold, bool *late)
{
	struct nq_stolen *h;

	h = list_first_entry_or_null(&hold->queue, struct nq_stolen, list);
	*late = !h;
	if (!h)
		h = list_first_entry_or_null(&hold->fresh, struct nq_stolen, list);
	if (h)
		nq_hold_take(nn, hold, h);
	return h;
}

/*
 * Be the owner of @hold (its @owned was set) until nothing is left to do. No lock held.
 *
 * Other CPUs may bring packets of a flow faster than this one sends them on. After
 * NQ_RELEASE_MAX of them the flow leaves the table: those to come go by themselves, and what
 * is here, hold_datagrams at most, is the last.
 */
static void nq_hold_work(struct nq_net *nn, struct nq_hold *hold)
{
	unsigned int sent = 0;
	struct nq_stolen *h, *next;
	enum nq_fed fed;
	int grown;
	bool late;

	for (;;) {
		LIST_HEAD(ended);
		LIST_HEAD(rest);

		spin_lock_bh(&nn->hold_lock);
		if (hold->state == NQ_ENDING) {
			spin_unlock_bh(&nn->hold_lock);
			nq_hold_finish(nn, hold);
			return;
		}
		if (hold->state == NQ_RELEASING) {
			h = sent++ < NQ_RELEASE_MAX ? nq_hold_pop(nn, hold, &late) : NULL;
			if (!h)
				nq_hold_unlink(nn, hold, NQ_STAT_released, true);
			spin_unlock_bh(&nn->hold_lock);
			if (!h) {
				list_splice_init(&hold->fresh, &rest);
				list_for_each_entry_safe (h, next, &rest, list)
					nq_hold_send(nn, hold, h, true);
				nq_hold_finish(nn, hold);
				return;
			}
			nq_hold_send(nn, hold, h, late);
			continue;
		}
		h = list_first_entry_or_null(&hold->fresh, struct nq_stolen, list);
		if (!h) {
			hold->owned = false;
			spin_unlock_bh(&nn->hold_lock);
			return;
		}
		spin_unlock_bh(&nn->hold_lock);

		grown = 0;
		fed = nq_hold_feed(nn, hold, h, &grown);
		if (!nq_hold_opened(h, fed)) {
			nq_hold_reject(nn, hold, h);
			continue;
		}

		spin_lock_bh(&nn->hold_lock);
		list_move_tail(&h->list, &hold->queue);
		nq_hold_judge(nn, hold, fed, grown, &ended);
		spin_unlock_bh(&nn->hold_lock);
		nq_hold_finish_all(nn, &ended);
	}
}

/*
 * Queue @h on a hold in the table and work on it if nobody else does. One that a limit forbids is
 * lost alone, and its client sends it again; but if what cannot be held passes, the flow does, in
 * order. Called under hold_lock, which it releases.
 */
static unsigned int nq_hold_join(struct nq_net *nn, struct nq_hold *hold, struct nq_stolen *h,
				 const struct nq_packet *p) __releases(&nn->hold_lock)
{
	bool mine = !hold->owned, pass = nq_overload_pass(nn), queued;
	struct nq_stolen *displaced = NULL;
	LIST_HEAD(ended);

	hold->owned = true; /* nor may the search for room take it away */
	if (mine && !pass && h->readable &&
	    hold->datagrams + h->datagrams > READ_ONCE(nn->limits.hold_datagrams))
		displaced = nq_hold_displace(nn, hold);
	queued = nq_hold_append(nn, hold, h, &ended);
	if (!queued && mine && pass)
		nq_hold_unlink(nn, hold, NQ_STAT_evicted, true);
	spin_unlock_bh(&nn->hold_lock);

	if (displaced)
		nq_stolen_drop(displaced);
	nq_hold_finish_all(nn, &ended);
	if (mine)
		nq_hold_work(nn, hold);
	if (queued)
		return NF_STOLEN;

	nq_stolen_untake(h);
	return nq_overload_verdict(nn, p);
}

bool nq_hold_follow(struct nq_net *nn, const struct nq_packet *p, const struct nq_id *id,
		    unsigned int *verdict)
{
	struct nq_hold *hold;
	struct nq_stolen *h;

	if (!READ_ONCE(nn->n_holds) || !nq_hold_find(nn, &p->path, id) || !nq_stolen_can(p))
		return false;

	h = nq_stolen_take(p);
	if (!h) {
		/* Not NF_ACCEPT: it would overtake the packets that wait. */
		*verdict = nq_overload_drop(nn, p);
		return true;
	}

	spin_lock_bh(&nn->hold_lock);
	hold = nq_hold_find(nn, &p->path, id);
	if (!hold) {
		spin_unlock_bh(&nn->hold_lock);
		nq_stolen_untake(h);
		return false;
	}
	*verdict = nq_hold_join(nn, hold, h, p);
	return true;
}

bool nq_hold_by_scid(struct nq_net *nn, const struct nq_path *path, const struct nq_cid *scid,
		     struct nq_id *id, u16 *base)
{
	struct nq_hold *hold;

	if (!READ_ONCE(nn->n_holds))
		return false;
	nq_table_for_each (hold, &nn->holds, path, node) {
		if (!nq_cid_same(&hold->id.scid, scid) || !nq_path_zone_is(path, hold->path.zone))
			continue;
		*id = hold->id;
		*base = hold->base;
		return true;
	}
	return false;
}

static struct nq_hold *nq_hold_make(const struct nq_packet *p, const struct nq_id *id,
				    const struct nq_scratch *s, const struct nq_track *track)
{
	struct nq_hold *hold;

	hold = kzalloc(sizeof(*hold), GFP_ATOMIC | __GFP_NOWARN);
	if (!hold)
		return NULL;
	if (s && nq_hold_save(hold, s) < 0) {
		kfree(hold);
		return NULL;
	}
	hold->path = p->path;
	hold->id = *id;
	hold->base = s ? s->flight.base : 0;
	hold->track = *track;
	hold->state = NQ_WAITING;
	hold->bytes = sizeof(*hold) + hold->room;
	INIT_LIST_HEAD(&hold->fifo);
	INIT_LIST_HEAD(&hold->early);
	INIT_LIST_HEAD(&hold->fresh);
	INIT_LIST_HEAD(&hold->queue);
	return hold;
}

/* Put a new hold with its first packet, which was fed, into the table. Under hold_lock. */
static bool nq_hold_enter(struct nq_net *nn, struct nq_hold *hold, struct nq_stolen *h,
			  struct list_head *ended)
{
	bool early = !hold->flight;

	if (!READ_ONCE(nn->active) || h->datagrams > READ_ONCE(nn->limits.hold_datagrams) ||
	    nq_grave_full(&nn->hold_grave, READ_ONCE(nn->limits.hold_bytes)) ||
	    (early && !nq_hold_early_room(nn, 1, ended)) ||
	    !nq_hold_room(nn, 1, hold->bytes + nq_stolen_bytes(h), ended) ||
	    nq_hold_insert(nn, hold, ended))
		return false;

	list_add_tail(&h->list, &hold->queue);
	hold->datagrams = h->datagrams;
	hold->bytes += nq_stolen_bytes(h);
	hold->began = jiffies;
	list_add_tail(&hold->fifo, &nn->fifo);
	if (early)
		nq_hold_early(nn, hold);
	WRITE_ONCE(nn->n_holds, nn->n_holds + 1);
	WRITE_ONCE(nn->hold_bytes, nn->hold_bytes + hold->bytes);
	timer_reduce(&nn->timer, hold->began + nq_hold_time(nn));
	nq_stat_add(nn, NQ_STAT_held, h->datagrams);
	return true;
}

/* Is what @hold waits for known already? */
static bool nq_hold_known(struct nq_net *nn, const struct nq_hold *hold)
{
	const struct nq_names *names = nq_names_first(nn, &hold->path, &hold->id);

	return names && (READ_ONCE(names->gone) || names->end > hold->base);
}

unsigned int nq_hold_begin(struct nq_net *nn, const struct nq_packet *p, const struct nq_id *id,
			   struct nq_scratch *s, const struct nq_track *track)
{
	struct nq_hold *hold, *other;
	struct nq_stolen *h = NULL;
	LIST_HEAD(ended);
	bool held, known;

	hold = nq_hold_make(p, id, s, track);
	if (s)
		nq_scratch_put(s);
	if (hold)
		h = nq_stolen_take(p);
	if (!h)
		goto overload;

	spin_lock_bh(&nn->hold_lock);
	other = nq_hold_find(nn, &p->path, id);
	if (other) {
		/* Another CPU was faster with another packet of this connection. */
		nq_hold_free(hold);
		return nq_hold_join(nn, other, h, p);
	}
	held = nq_hold_enter(nn, hold, h, &ended);
	/*
	 * Another CPU may have completed the ClientHello since this packet was looked at. It
	 * notes the names and then looks for a hold, here it is the other way round: one of
	 * the two sees the other, and nothing waits for what is there already.
	 */
	smp_mb(); /* pairs with nq_gather_done() */
	known = held && nq_hold_known(nn, hold);
	if (known)
		nq_hold_release(nn, hold);
	spin_unlock_bh(&nn->hold_lock);
	nq_hold_finish_all(nn, &ended);
	if (known)
		nq_hold_work(nn, hold);
	if (held)
		return NF_STOLEN;

	nq_stolen_untake(h);
overload:
	if (hold)
		nq_hold_free(hold);
	return nq_overload_verdict(nn, p);
}
