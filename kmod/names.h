/* SPDX-License-Identifier: GPL-2.0-only */
/* Remembered connections: what a first flight asked for. */
#ifndef NQ_NAMES_H
#define NQ_NAMES_H

#include "core/flight.h"
#include "dgram.h"

#define NQ_OTHERS 2 /* further IDs of a connection: the server's, one more */
#define NQ_SEEN	  2 /* datagrams that are known again without opening them */
#define NQ_PROOF_TIME                                                                              \
	(60 * HZ)	 /* how long a ClientHello's bytes are kept: some PTOs of its client */
#define NQ_PATH_NAMES 16 /* connections remembered of one path; bounds each walk */

/**
 * struct nq_track - what is noted of a flight while it is read
 * @first:	DCID of its first Initial
 * @n_others:	how many of @others
 * @others:	IDs, other than the first, of Initials that opened with the flight's keys
 * @at:		where the next of @seen goes
 * @seen:	nq_bytes_hash() of the last datagrams that opened
 */
struct nq_track {
	struct nq_cid first;
	u8 n_others;
	struct nq_cid others[NQ_OTHERS];
	u8 at;
	u32 seen[NQ_SEEN];
};

/** nq_track_other - note an ID; when there is no room it is not noted */
void nq_track_other(struct nq_track *track, const u8 *id, u8 len);

/**
 * struct nq_proof - the ClientHello's bytes, to compare what comes again with
 * @list:	in nq_net.proofs, under names_lock
 * @owner:	whose it is
 * @size:	of this allocation, bytes
 * @bytes:	the CRYPTO stream up to nq_names.end
 *
 * But for @list nothing changes. Readers are under RCU: freed by way of nq_net.proofs_grave.
 */
struct nq_proof {
	struct list_head list;
	struct nq_names *owner;
	u32 size;
	u8 bytes[];
};

/**
 * struct nq_names - one connection
 * @node:	in nq_net.names
 * @path:	client to server
 * @first:	DCID of its first Initial
 * @version:	of that
 * @scid:	the client's own ID
 * @lru:	in nq_net.lru, under names_lock
 * @looked_at:	since it last was the oldest; READ_ONCE/WRITE_ONCE
 * @gone:	another ClientHello came under @first, or one that contradicts itself: nothing is
 *		known. Set once, under names_lock with WRITE_ONCE; READ_ONCE.
 * @dead:	what came under @first is no ClientHello, or one that cannot be read for its length:
 *		@gone from the start, and replaced by a better one
 * @at:		where the next of @seen goes; as @seen
 * @n_others:	how many of @others are valid; grows under names_lock, after the ID was
 *		written: smp_store_release() and smp_load_acquire(). An ID never changes.
 * @others:	IDs of its client's later packets
 * @seen:	its datagrams, nq_bytes_hash(); READ_ONCE/WRITE_ONCE, a lost one costs only time
 * @digest:	nq_bytes_hash() of the ClientHello
 * @idle_ms:	see struct nq_hello
 * @seq:	grows from connection to connection
 * @born:	in jiffies
 * @size:	of this allocation, bytes
 * @proof:	under RCU, changed under names_lock; NULL if the memory was needed
 * @base:	where in the CRYPTO stream the ClientHello begins, see struct nq_flight
 * @end:	where it ends
 * @retried:	its server has sent a Retry: its client begins anew. READ_ONCE/WRITE_ONCE
 * @ech:	it has encrypted_client_hello
 * @sni_len:	0 if there is no host name
 * @alpn_len:	0 if no protocol is offered
 * @data:	host name (lower case, no trailing dot), then the ProtocolNameList
 *
 * Nothing else changes after it was inserted. Freed by way of nq_net.names_grave.
 */
struct nq_names {
	struct hlist_node node;
	struct list_head lru;
	struct nq_proof __rcu *proof;
	struct nq_path path;
	u32 version;
	u32 size;
	u32 seq;
	u32 born;
	u32 digest;
	u32 idle_ms;
	u32 seen[NQ_SEEN];
	u16 base, end;
	u16 sni_len;
	u16 alpn_len;
	struct nq_cid first;
	struct nq_cid scid;
	struct nq_cid others[NQ_OTHERS];
	u8 n_others;
	u8 at;
	bool looked_at;
	bool gone;
	bool dead;
	bool retried;
	bool ech;
	u8 data[];
};

static inline const u8 *nq_names_sni(const struct nq_names *n)
{
	return n->data;
}

static inline const u8 *nq_names_alpn(const struct nq_names *n)
{
	return n->data + n->sni_len;
}

struct nq_net;

void nq_names_init(struct nq_net *nn);
void nq_names_exit(struct nq_net *nn);

/**
 * nq_names_add - remember a connection
 * @nn:		namespace
 * @path:	its path
 * @id:		of its first Initial
 * @flight:	complete. If it is of a second ClientHello, what it says replaces what was known.
 * @track:	what was noted of the flight
 *
 * If the same is known with another ClientHello, nothing is known of it any more. Any context.
 * Return: 0, -ENOSPC (limits) or -ENOMEM.
 */
int nq_names_add(struct nq_net *nn, const struct nq_path *path, const struct nq_id *id,
		 struct nq_flight *flight, const struct nq_track *track);

/**
 * nq_names_bury - remember that a connection cannot be read; if it is known otherwise, that stays
 * @forever:	nq_flight_doubtful(): no better ClientHello will be believed
 */
void nq_names_bury(struct nq_net *nn, const struct nq_path *path, const struct nq_id *id,
		   const struct nq_track *track, bool forever);

/**
 * nq_names_age - grows whenever a connection comes, goes, or gets another ID, in any namespace
 *
 * A look-up that came after nq_names_age() has the same result as long as it is the same. A
 * connection is freed only a grace period after that, so who is under RCU and sees the age at which
 * one was found may still use it.
 */
unsigned long nq_names_age(void);

/* The following want their caller under RCU. */

/** nq_names_first - the connection that a packet with this version and DCID opens, or NULL */
struct nq_names *nq_names_first(struct nq_net *nn, const struct nq_path *path,
				const struct nq_id *id);

/** nq_names_other - the connection that knows the DCID as a later ID, or NULL */
struct nq_names *nq_names_other(struct nq_net *nn, const struct nq_path *path,
				const struct nq_id *id);

/** nq_names_of - the connection that a client's Initial or 0-RTT belongs to, or NULL */
struct nq_names *nq_names_of(struct nq_net *nn, const struct nq_path *path, const struct nq_id *id);

/**
 * nq_names_astray - would a rule find names that are not those of the packet's connection?
 * @id:		of the packet
 * @first:	DCID of the first Initial of the connection whose keys have opened it
 */
bool nq_names_astray(struct nq_net *nn, const struct nq_path *path, const struct nq_id *id,
		     const struct nq_cid *first);

/**
 * nq_names_by_scid - the youngest connection whose client calls itself so
 * @before:	but older than this one, unless NULL
 */
struct nq_names *nq_names_by_scid(struct nq_net *nn, const struct nq_path *path,
				  const struct nq_cid *scid, const struct nq_names *before);

/** nq_names_next - the youngest connection on a path that is older than @before, unless NULL */
const struct nq_names *nq_names_next(struct nq_net *nn, const struct nq_path *path,
				     const struct nq_names *before);

/** nq_names_reply - is the DCID what a client on the reverse path calls itself? */
bool nq_names_reply(struct nq_net *nn, const struct nq_path *path, const struct nq_id *id);

/** nq_names_any - is any connection known of the path? */
bool nq_names_any(struct nq_net *nn, const struct nq_path *path);

/**
 * nq_names_agree - is the CRYPTO data of a packet that of the known ClientHello?
 * @n:		the connection
 * @flight:	resumed at @n->end, fed with the packet
 */
bool nq_names_agree(const struct nq_names *n, const struct nq_flight *flight);

/** nq_names_spoil - another ClientHello came: nothing is known any more */
void nq_names_spoil(struct nq_net *nn, struct nq_names *n);

/** nq_names_saw - know the datagrams of @track again */
void nq_names_saw(struct nq_names *n, const struct nq_track *track);

/** nq_names_note - another ID under which the client sends */
void nq_names_note(struct nq_net *nn, struct nq_names *n, const struct nq_cid *cid);

/** nq_names_seen - was a datagram with this hash taken before? */
bool nq_names_seen(const struct nq_names *n, u32 hash);

/** nq_names_trim - limits were changed: nothing stays above them. May sleep. */
void nq_names_trim(struct nq_net *nn);

/** nq_names_flush - forget all. May sleep. */
void nq_names_flush(struct nq_net *nn);

#endif /* NQ_NAMES_H */
