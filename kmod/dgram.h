/* SPDX-License-Identifier: GPL-2.0-only */
/* Where an skb's UDP datagrams are, and whose they are. */
#ifndef NQ_DGRAM_H
#define NQ_DGRAM_H

#define NQ_SEGMENTS_MAX 128 /* the kernel's own bound for UDP_SEGMENT */

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/netfilter/nf_conntrack.h>

#include "core/header.h"

/**
 * struct nq_key - a flow, client to server
 *
 * Every byte is set, so that it can be hashed and compared as memory.
 */
struct nq_key {
	union nf_inet_addr src, dst;
	__be16 sport, dport;
	u32 pf;
};

/** struct nq_cid - a connection ID */
struct nq_cid {
	u8 len;
	u8 id[NQ_CID_MAX];
};

/**
 * struct nq_dgrams - the UDP payload of an skb
 * @off:	where it starts, from skb->data
 * @len:	its length
 * @seg:	length of each datagram in it (the last may be shorter): an skb that is to be
 *		segmented, or that GRO has put together, holds several
 */
struct nq_dgrams {
	unsigned int off;
	unsigned int len;
	unsigned int seg;
};

/* Number of datagrams; there may be one of length 0. */
static inline unsigned int nq_dgrams_count(const struct nq_dgrams *d)
{
	return d->len <= d->seg ? 1 : DIV_ROUND_UP(d->len, d->seg);
}

/**
 * nq_dgrams_at - describe the payload of the UDP header at @thoff
 *
 * Return: false if the header or its length is wrong, or if there are more than
 * NQ_SEGMENTS_MAX datagrams.
 */
bool nq_dgrams_at(struct nq_dgrams *d, const struct sk_buff *skb, unsigned int thoff);

/**
 * nq_transport - find the UDP header
 *
 * Return: its offset from skb->data, or -1 if this is not UDP or a fragment.
 */
int nq_transport(const struct sk_buff *skb, u8 pf);

/** nq_key_skb - the flow as the packet's own addresses say. Return: false if they cannot be read.
 */
bool nq_key_skb(struct nq_key *key, const struct sk_buff *skb, u8 pf, unsigned int thoff);

/** nq_key_tuple - the flow of a conntrack tuple */
void nq_key_tuple(struct nq_key *key, const struct nf_conntrack_tuple *tuple);

/** nq_key_init - once, before any key is hashed */
void nq_key_init(void);

/**
 * nq_key_hash - for rhashtable
 *
 * Clients choose their addresses and ports: keyed, so that they cannot choose the bucket.
 */
u32 nq_key_hash(const void *key, u32 len, u32 seed);

/** nq_key_reverse - the other direction of a flow */
void nq_key_reverse(struct nq_key *rev, const struct nq_key *key);

static inline void nq_cid_set(struct nq_cid *cid, const u8 *id, u8 len)
{
	cid->len = len;
	memcpy(cid->id, id, len);
}

static inline bool nq_cid_is(const struct nq_cid *cid, const u8 *id, u8 len)
{
	return cid->len == len && !memcmp(cid->id, id, len);
}

#endif /* NQ_DGRAM_H */
