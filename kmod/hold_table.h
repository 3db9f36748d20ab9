/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Held flows. Every hold is in one of three states:
 *
 *   first Initial or 0-RTT, ClientHello incomplete
 *	   |  nq_hold_begin()
 *	   v
 *	WAITING ---- ClientHello complete, or it never will be -----> RELEASING
 *	   |	     the owner: nq_hold_judge()				  |
 *	   |								  |  queue empty, or
 *	   |  hold_ms over (timer), room needed (nq_hold_room()),	  |  NQ_RELEASE_MAX
 *	   |  a limit of its own, its device or rules gone (flush)	  |  sent: the owner
 *	   v								  v
 *	ENDING <-----------------------------------------------------------
 *	   |  its owner, or whoever unlinked it where it had none: nq_hold_finish()
 *	   v
 *	freed by way of nq_net.hold_grave
 *
 *	WAITING	  for more of the ClientHello; in the table and the fifo
 *	RELEASING known or hopeless: its packets are being sent on in order; in the table,
 *		  so that what arrives meanwhile queues behind and overtakes nothing
 *	ENDING	  out of the table; its holder drops or passes its packets and frees it
 *
 * hold_lock is never held while a packet is decrypted or sent on. Instead a hold is
 * owned by one CPU at a time (@owned): the one that brought a packet while nobody was at
 * work. It alone removes packets, feeds them and changes the flight; others append to
 * @fresh and leave. An owned hold is never evicted and never times out; a flush marks it
 * ENDING and the owner sees to the rest.
 */
#ifndef NQ_HOLD_TABLE_H
#define NQ_HOLD_TABLE_H

#include "core/flight.h"
#include "names.h"
#include "state.h"
#include "stolen.h"

enum nq_hold_state {
	NQ_WAITING,
	NQ_RELEASING,
	NQ_ENDING,
};

#define NQ_PATH_HOLDS 16 /* connections held of one path; bounds each walk */

/**
 * struct nq_hold - a held connection
 * @node:	in nq_net.holds
 * @path:	client to server, as sent
 * @id:		of its first packet: DCID and version tell it from others on its path. Like
 *		@path, set before it is in the table, and read under RCU.
 * @fifo:	in nq_net.fifo while WAITING
 * @early:	in nq_net.early while WAITING and no Initial has opened: only 0-RTT came
 * @fresh:	packets that were not looked at, in arrival order
 * @queue:	those that were, in arrival order
 * @began:	in jiffies
 * @bytes:	memory, as counted in nq_net.hold_bytes
 * @datagrams:	in @fresh and @queue
 * @state:	enum nq_hold_state
 * @owned:	someone is at work
 * @pass:	ENDING: send the packets on unmatched, do not drop them
 * @reason:	ENDING: the counter for them
 * @base:	of the flight: not 0 if a second ClientHello is waited for; as @id
 * @flight:	the owner's: packed as far as it got; NULL until an Initial opened
 * @room:	the owner's: bytes allocated for it
 * @track:	the owner's: what was noted of Initials that opened
 *
 * All under hold_lock but for what is the owner's. In the grave by @fifo, which readers do not use.
 */
struct nq_hold {
	struct hlist_node node;
	struct nq_path path;
	struct nq_id id;
	u16 base;
	struct list_head fifo;
	struct list_head early;
	struct list_head fresh;
	struct list_head queue;
	unsigned long began;
	unsigned int bytes;
	unsigned int datagrams;
	u8 state;
	bool owned;
	bool pass;
	u8 reason;
	u8 *flight;
	unsigned int room;
	struct nq_track track;
};

/* Under hold_lock. */
static inline void nq_hold_charge(struct nq_net *nn, struct nq_hold *hold, int bytes)
{
	hold->bytes += bytes;
	WRITE_ONCE(nn->hold_bytes, nn->hold_bytes + bytes);
}

/** nq_hold_find - the hold of a connection, or NULL. Under RCU or hold_lock. */
struct nq_hold *nq_hold_find(struct nq_net *nn, const struct nq_path *path, const struct nq_id *id);

/**
 * nq_hold_insert - put a new hold into the table
 *
 * If its path has too many, the oldest of them that nobody is at work on goes to @ended. Under
 * hold_lock. Return: 0 or -errno.
 */
int nq_hold_insert(struct nq_net *nn, struct nq_hold *hold, struct list_head *ended);

/** nq_hold_time - how long a flow may wait, in jiffies */
unsigned long nq_hold_time(const struct nq_net *nn);

/**
 * nq_hold_unlink - out of the table: WAITING to ENDING, or the end of RELEASING
 * @reason:	the counter for its packets
 * @pass:	send them on unmatched, else drop them
 *
 * Under hold_lock.
 */
void nq_hold_unlink(struct nq_net *nn, struct nq_hold *hold, enum nq_stat reason, bool pass);

/** nq_hold_early - note that only 0-RTT came of this flow. Under hold_lock. */
void nq_hold_early(struct nq_net *nn, struct nq_hold *hold);

/** nq_hold_not_early - an Initial opened, or the hold is about to end. Under hold_lock. */
void nq_hold_not_early(struct nq_net *nn, struct nq_hold *hold);

/** nq_hold_free - free one without packets that never was in the table */
void nq_hold_free(struct nq_hold *hold);

/** nq_hold_finish - drop or pass the packets of an ENDING hold and free it. No lock held. */
void nq_hold_finish(struct nq_net *nn, struct nq_hold *hold);

/** nq_hold_finish_all - the same for a list of them */
void nq_hold_finish_all(struct nq_net *nn, struct list_head *ended);

/**
 * nq_hold_room - make room for @flows and @bytes more
 *
 * The oldest that nobody is at work on go to @ended, those with nothing but 0-RTT first. A real
 * client completes within a millisecond; what is oldest is most likely half a ClientHello that will
 * never be whole. Under hold_lock. Return: is there room?
 */
bool nq_hold_room(struct nq_net *nn, unsigned int flows, unsigned int bytes,
		  struct list_head *ended);

/**
 * nq_hold_early_room - make room for @flows more with nothing but 0-RTT
 *
 * Anybody can send 0-RTT that opens nothing, so such flows take an eighth of hold_flows at most.
 * Under hold_lock. Return: is there room?
 */
bool nq_hold_early_room(struct nq_net *nn, unsigned int flows, struct list_head *ended);

void nq_hold_init(struct nq_net *nn);
void nq_hold_exit(struct nq_net *nn);

/** nq_hold_trim - limits were changed: nothing stays above them. May sleep. */
void nq_hold_trim(struct nq_net *nn);

/** nq_hold_flush_dev - drop flows with a packet of a device that goes away. May sleep. */
void nq_hold_flush_dev(struct nq_net *nn, const struct net_device *dev);

/** nq_hold_flush_hook - end those with a packet from a hook that is no more; may sleep */
void nq_hold_flush_hook(struct nq_net *nn, const struct nf_hook_ops *ops, bool pass);

/** nq_hold_flush - end all holds: send the packets on unmatched if @pass, else drop them */
void nq_hold_flush(struct nq_net *nn, bool pass);

#endif /* NQ_HOLD_TABLE_H */
