/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The connections whose server has answered, as they lie in memory: the names that their clients
 * asked for, the paths that they were seen on, and the IDs by which their clients' packets are
 * known.
 *
 * IDs and paths are not kept themselves, but their prints (conn_print.h). An ID counts for one
 * destination only, else the ID of an allowed name would be a pass to any other server.
 *
 * All memory but the names' is taken when learning begins, and charged to who has it begin. There
 * is one lock for changes, which a connection needs a few times in its life; readers are under RCU.
 * An item that goes waits in its pool until a grace period is over, so a reader never sees it
 * become another's.
 */
#ifndef NQ_CONN_TABLE_H
#define NQ_CONN_TABLE_H

#include "conn.h"
#include "pool.h"

#define NQ_CONN_PATHS	4    /* of a connection; the oldest makes room */
#define NQ_CONN_IDS	4    /* likewise, but the server's first stays */
#define NQ_PATH_CONNS	8    /* connections of a path */
#define NQ_ID_CONNS	8    /* connections that have the same ID to one destination */
#define NQ_ID_SURE	8    /* so long an ID is one connection's, whatever the path */
#define NQ_FOLLOWED_MAX 1024 /* longest names of a connection that is followed, bytes */

/**
 * struct nq_shared - names, of all connections that have the same
 * @node:	in nq_conns.shared
 * @grave:	for nq_grave_bury()
 * @refs:	connections, under nq_conns.lock
 * @hash:	of the names
 * @size:	of this allocation, bytes
 * @names:	of these only what rules look at is set, and @seq
 */
struct nq_shared {
	struct hlist_node node;
	struct list_head grave;
	u32 refs;
	u32 hash;
	u32 size;
	struct nq_names names;
};

struct nq_conn;

/**
 * struct nq_conn_key - a path or an ID by which a connection is found
 * @pooled:	while it is free
 * @node:	in a chain of nq_conns.paths or .ids
 * @print:	of the path, or of destination and ID
 * @own:	of a path, the print of the ID that its connection's server gave first, or 0: most
 *packets have this one, and need no look at the others. Of that ID itself nq_told_heads(), once
 *nq_conn.told is set. READ_ONCE/WRITE_ONCE
 * @conn:	whose it is
 * @len:	of the ID; 0 for a path
 * @sure:	an ID that came with the server's Initial, or a path on which a reply has left. A
 *path's is set by READ_ONCE/WRITE_ONCE, at any time.
 * @crowded:	an ID that counts on its connection's paths alone; or a path on which somebody is,
 *or may be, who is not followed: a packet without a known ID may be of one of these. Never goes
 *back; READ_ONCE/WRITE_ONCE
 * @shared:	a path that another connection has had at the same time; under the lock
 * @heard:	of a path, when a packet of the connection last came there, in jiffies, but not more
 *often than each second; READ_ONCE/WRITE_ONCE
 * @shown:	of an ID, it came with its client's handshake; READ_ONCE/WRITE_ONCE
 *
 * The rest does not change while it is in a chain. On 64 bits it fills a line of the cache.
 */
struct nq_conn_key {
	struct nq_pooled pooled;
	struct hlist_node node;
	u64 print;
	u64 own;
	struct nq_conn *conn;
	u8 len;
	bool sure;
	bool crowded;
	bool shared;
	union {
		u32 heard;
		bool shown;
	};
};

#define NQ_TOLD_FIRST 128

/** nq_id_head - the first bytes of a connection ID, NQ_ID_MIN or more */
static inline u32 nq_id_head(const u8 *id)
{
	u32 head;

	BUILD_BUG_ON(sizeof(head) != NQ_ID_MIN);
	memcpy(&head, id, sizeof(head));
	return head;
}

/**
 * nq_told_heads - what tells replies for a connection from others
 * @first:	nq_id_head() of the ID that its client had first
 * @other:	likewise, of another one that the last replies had
 */
static inline u64 nq_told_heads(u32 first, u32 other)
{
	return (u64)first << 32 | other;
}

/**
 * enum nq_class - how much is known for sure of a connection
 * @NQ_ANSWERED: its server has answered, maybe to a forged address
 * @NQ_CONFIRMED: its client has used the server's ID on the path that it was issued on, or its
 *server has proved it: conn_reply.c
 */
enum nq_class {
	NQ_ANSWERED,
	NQ_CONFIRMED,
	NQ_CLASSES,
};

/**
 * struct nq_conn - a connection
 * @pooled:	while it is free
 * @order:	in nq_conns.order, under nq_conns.lock
 * @paths:	its places in nq_conns.keys, from 1 on, or 0: see nq_key_of(). The first is the one
 *on which the server's ID was issued; under the lock, READ_ONCE
 * @ids:	likewise; the first is of the server's Initial
 * @shared:	its names, under RCU
 * @sport, @dport: of its first path, from its client to its server
 * @pf:		likewise
 * @born:	when its server first answered, in jiffies
 * @opener:	print of the path and the DCID of its first Initial
 * @seen:	when its client last sent, in jiffies, but not more often than each second, or each
 *quarter of @idle if that is less; two seconds ago at most for one that sends all the time.
 *READ_ONCE
 * @idle:	jiffies after which it has ended if nothing came
 * @changed:	when a path or an ID was last added, in jiffies; under the lock
 * @class:	enum nq_class, under the lock; READ_ONCE
 * @live:	it is not free; written under the lock, READ_ONCE
 * @retried:	its server has answered with Retry alone; under the lock
 * @issuer:	nq_look_rule() of one that takes the server ID of its first ID, or 0; this and the
 *rest by READ_ONCE/WRITE_ONCE
 * @issuer_gen:	the last bits of the generation in which @issuer is
 * @asked_gen:	likewise, of @asked
 * @asked:	how many of its packets rules were asked about for @issuer
 * @told:	0, or its client has shown another ID in its handshake: 1, and more for each short
 *header of a run since then, see conn_reply.c; with NQ_TOLD_FIRST if that is to its client's first
 *ID
 */
struct nq_conn {
	struct nq_pooled pooled;
	struct list_head order;
	u32 paths[NQ_CONN_PATHS];
	u32 ids[NQ_CONN_IDS];
	u64 opener;
	u32 changed;
	u32 born;
	struct nq_shared __rcu *shared;
	u32 seen;
	u32 idle;
	__be16 sport, dport;
	u8 pf;
	u8 class;
	bool live;
	bool retried;
	u32 issuer;
	u8 issuer_gen;
	u8 asked_gen;
	u8 asked;
	u8 told;
};

/**
 * struct nq_conns - a namespace's followed connections
 * @nn:		namespace
 * @lock:	guards all of this but readers' walks through the chains; taken with BHs off,
 *innermost but for nothing
 * @max:	connections at most
 * @mask:	of the chains' numbers
 * @paths, @ids, @shared: chains, by print or hash
 * @conns, @keys: where these come from
 * @key_at:	the first of @keys
 * @order:	by class, oldest first; a confirmed one that was seen gets another round
 * @n:		how many, by class; written under @lock, READ_ONCE
 * @lens:	how many IDs have this length; likewise
 * @unsure:	paths on which no reply has left yet; likewise
 * @shown:	connections with nq_conn.told that are not confirmed; likewise
 * @bytes:	of @shared; likewise
 * @strange:	by path, when somebody was there who is not followed, in jiffies, or 0; of several
 *paths with the same place the last time. READ_ONCE/WRITE_ONCE
 * @strange_ids: by the first bytes of an ID, when somebody had it who is not followed, in seconds
 *of 16 bits, or 0; of several IDs with the same place the last time. READ_ONCE/WRITE_ONCE
 * @blind:	until this time, in jiffies, there may be connections that nobody has seen begin:
 *learning began, or there was no room; READ_ONCE
 * @was_blind:	that time is not long over; likewise
 * @seq:	for nq_names.seq
 * @grave:	of @shared
 */
struct nq_conns {
	/* does not change */
	struct nq_net *nn;
	unsigned int max;
	unsigned int mask;
	struct hlist_head *paths, *ids, *shared;
	struct nq_conn_key *key_at;
	u32 *strange;
	u16 *strange_ids;

	spinlock_t lock ____cacheline_aligned_in_smp;
	struct nq_pool conns, keys;
	struct list_head order[NQ_CLASSES];
	unsigned long bytes;
	u32 seq;
	struct nq_grave grave;

	/* read for each packet, written when a connection begins, moves, gets an ID or ends */
	unsigned int n[NQ_CLASSES] ____cacheline_aligned_in_smp;
	unsigned int lens[NQ_CID_MAX + 1];
	unsigned int unsure;
	unsigned int shown;
	bool was_blind;
	unsigned long blind;
};

/** nq_conns_of - a namespace's, or NULL */
static inline struct nq_conns *nq_conns_of(const struct nq_net *nn)
{
	/* pairs with nq_conn_alloc(): it is complete before it is seen */
	return smp_load_acquire(&nn->conns);
}

/**
 * nq_age - jiffies since a time
 * @when:	of 32 bits; another processor may have been a tick ahead when it set this
 */
static inline u32 nq_age(u32 when)
{
	u32 age = (u32)jiffies - when;

	return age > U32_MAX - HZ ? 0 : age;
}

/** nq_conn_ended - has nothing come from its client for too long? */
static inline bool nq_conn_ended(const struct nq_conn *c)
{
	return nq_age(READ_ONCE(c->seen)) > READ_ONCE(c->idle);
}

/** nq_conns_recent - is a time so near that who was there may still be? */
static inline bool nq_conns_recent(const struct nq_conns *t, u32 when)
{
	return nq_age(when) / HZ < READ_ONCE(t->nn->limits.conn_idle);
}

/** nq_conns_is_blind - may there be connections that nobody has seen begin? */
static inline bool nq_conns_is_blind(const struct nq_conns *t)
{
	return READ_ONCE(t->was_blind) && time_before(jiffies, READ_ONCE(t->blind));
}

/** nq_conns_blind - a connection may begin unseen. Under the lock. */
static inline void nq_conns_blind(struct nq_conns *t)
{
	WRITE_ONCE(t->blind, jiffies + READ_ONCE(t->nn->limits.conn_idle) * HZ);
	WRITE_ONCE(t->was_blind, true);
}

/** nq_path_strange - somebody was on a path who is not followed. Any context. */
static inline void nq_path_strange(struct nq_conns *t, u64 print)
{
	u32 *when = &t->strange[print & t->mask], last = READ_ONCE(*when);

	if (!last || nq_age(last) >= HZ)
		WRITE_ONCE(*when, (u32)jiffies | 1);
}

static inline u16 nq_seconds(void)
{
	return (u16)(jiffies / HZ) ?: 1;
}

/** nq_id_strange - a packet of no known connection begins with this; print of NQ_ID_MIN bytes */
static inline void nq_id_strange(struct nq_conns *t, u64 print)
{
	WRITE_ONCE(t->strange_ids[print & t->mask], nq_seconds());
}

/** nq_id_was_strange - has one come lately? */
static inline bool nq_id_was_strange(const struct nq_conns *t, u64 print)
{
	u16 when = READ_ONCE(t->strange_ids[print & t->mask]);

	return when && (u16)(nq_seconds() - when) <= READ_ONCE(t->nn->limits.conn_idle);
}

/** nq_key_of - a connection's path or ID, or NULL. Under RCU or the lock. */
static inline struct nq_conn_key *nq_key_of(const struct nq_conns *t, const u32 *place)
{
	u32 at = READ_ONCE(*place);

	return at ? &t->key_at[at - 1] : NULL;
}

/** nq_key_chain - where a path or, with a length, an ID is found */
static inline struct hlist_head *nq_key_chain(const struct nq_conns *t, u8 len, u64 print)
{
	return &(len ? t->ids : t->paths)[print & t->mask];
}

/** nq_key_for_each - all with this length and print. Under RCU or the lock. */
#define nq_key_for_each(key, t, of_len, of_print)                                                  \
	hlist_for_each_entry_rcu (key, nq_key_chain(t, of_len, of_print), node,                    \
				  lockdep_is_held(&(t)->lock))                                     \
		if ((key)->print == (of_print) && (key)->len == (of_len))

/* The following are called under the lock. */

/** nq_conn_new - a connection on a path, without IDs. Return: NULL if there is no room. */
struct nq_conn *nq_conn_new(struct nq_conns *t, const struct nq_names *names, u64 path, u64 opener);

/** nq_conn_full - would a new one push out another? */
bool nq_conn_full(const struct nq_conns *t);

/** nq_conn_drop - forget one */
void nq_conn_drop(struct nq_conns *t, struct nq_conn *c);

/** nq_conn_push_out - forget one that has not ended: its packets may still come */
void nq_conn_push_out(struct nq_conns *t, struct nq_conn *c);

/** nq_path_crowded - somebody on this path is not followed: nobody guesses there */
void nq_path_crowded(struct nq_conns *t, u64 print);

/** nq_conn_confirm - it is safe from now on */
void nq_conn_confirm(struct nq_conns *t, struct nq_conn *c);

/** nq_conn_rename - these are its names; may drop it, for want of memory */
void nq_conn_rename(struct nq_conns *t, struct nq_conn *c, const struct nq_names *names);

/** nq_conn_add_path - it was seen there; if there is no room, that is not noted */
void nq_conn_add_path(struct nq_conns *t, struct nq_conn *c, u64 print);

/**
 * nq_conn_add_id - its client may use this ID
 * @len:	of the ID
 * @print:	of destination and ID
 * @sure:	its server says so
 *
 * Return: false if that was not noted.
 */
bool nq_conn_add_id(struct nq_conns *t, struct nq_conn *c, u8 len, u64 print, bool sure);

/**
 * nq_conn_show - one that was added came with its client's handshake
 * @keep:	it counts on the paths of @c alone
 */
void nq_conn_show(struct nq_conns *t, const struct nq_conn *c, u8 len, u64 print, bool keep);

/**
 * nq_conn_wait_for_proof - its client has shown an ID, so may never use its server's first one
 * @scid:	what the client calls itself, NQ_ID_MIN bytes or more
 */
void nq_conn_wait_for_proof(struct nq_conns *t, struct nq_conn *c, const struct nq_cid *scid);

#endif /* NQ_CONN_TABLE_H */
