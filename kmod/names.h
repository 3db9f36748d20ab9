/* SPDX-License-Identifier: GPL-2.0-only */
/* Remembered flows: what a first flight asked for. */
#ifndef NQ_NAMES_H
#define NQ_NAMES_H

#include <linux/rhashtable-types.h>

#include "core/flight.h"
#include "dgram.h"

/* Connection IDs that one first flight may use: its own, the server's, one more. */
#define NQ_CIDS 3

/** struct nq_cids - DCIDs under which Initials of a flight opened, newest last */
struct nq_cids {
	u8 n;
	struct nq_cid cid[NQ_CIDS];
};

/** nq_cids_add - note one; the oldest makes room */
void nq_cids_add(struct nq_cids *cids, const u8 *id, u8 len);

/** nq_cids_have - is it one of them? */
bool nq_cids_have(const struct nq_cids *cids, const u8 *id, u8 len);

/**
 * struct nq_names - one flow
 * @node:	in nq_net.names
 * @key:	client to server, as sent (before any NAT)
 * @lru:	in nq_net.lru, under names_lock
 * @looked_at:	since it last was the oldest; READ_ONCE/WRITE_ONCE
 * @size:	of this allocation, bytes
 * @born:	in jiffies
 * @cids:	packets with these DCIDs belong to the first flight
 * @ech:	the ClientHello has encrypted_client_hello
 * @sni_len:	0 if there is no host name
 * @alpn_len:	0 if no protocol is offered
 * @data:	host name (lower case, no trailing dot), then the ProtocolNameList
 *
 * But for @lru and @looked_at nothing changes after it was inserted. Freed by RCU.
 */
struct nq_names {
	struct rhash_head node;
	struct nq_key key;
	struct list_head lru;
	struct rcu_head rcu;
	bool looked_at;
	bool ech;
	u16 sni_len;
	u16 alpn_len;
	u32 size;
	unsigned long born;
	struct nq_cids cids;
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

int nq_names_init(struct nq_net *nn);
void nq_names_exit(struct nq_net *nn);

/**
 * nq_names_add - remember a flow
 * @nn:		namespace
 * @key:	the flow; what was known of it is replaced
 * @flight:	complete
 * @cids:	DCIDs of its Initials
 *
 * Any context. Return: 0, -ENOSPC (limits) or -ENOMEM.
 */
int nq_names_add(struct nq_net *nn, const struct nq_key *key, const struct nq_flight *flight,
		 const struct nq_cids *cids);

/** nq_names_get - a remembered flow, or NULL. Caller is under RCU. */
struct nq_names *nq_names_get(struct nq_net *nn, const struct nq_key *key);

/** nq_names_trim - limits were changed: nothing stays above them. May sleep. */
void nq_names_trim(struct nq_net *nn);

/** nq_names_flush - forget all. May sleep. */
void nq_names_flush(struct nq_net *nn);

#endif /* NQ_NAMES_H */
