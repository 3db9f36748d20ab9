/* SPDX-License-Identifier: GPL-2.0-only */
/* Where an skb's UDP datagrams are, and whose they are. */
#ifndef NQ_DGRAM_H
#define NQ_DGRAM_H

#define NQ_SEGMENTS_MAX 128 /* the kernel's own bound for UDP_SEGMENT */

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/netfilter/nf_conntrack.h>

#include "core/header.h"

/*
 * For a variable on the stack that is written before it is read. Debian's kernels clear all others
 * where they are declared, which is a large part of the time of a packet that is only looked at.
 */
#if __has_attribute(__uninitialized__)
#define nq_uncleared __attribute__((__uninitialized__))
#else
#define nq_uncleared
#endif

/**
 * struct nq_path - where a datagram goes: from a client to a server, or back
 * @src, @dst:	addresses as sent, before any NAT
 * @sport, @dport: likewise
 * @pf:		NFPROTO_IPV4 or NFPROTO_IPV6
 * @l3:		ifindex of the VRF, or 0
 * @link:	ifindex if an address is link-local, else 0: any way to the host will do
 * @zone:	conntrack's, if a template set it before our hook; else 0
 * @zone_later:	@zone comes from conntrack itself: it may have been set after our hook
 *
 * Every byte before @zone is set, so that it can be hashed and compared as memory.
 */
struct nq_path {
	union nf_inet_addr src, dst;
	__be16 sport, dport;
	u32 pf;
	u32 l3;
	u32 link;
	u16 zone;
	bool zone_later;
};

#define NQ_PATH_LEN offsetof(struct nq_path, zone)

/** struct nq_cid - a connection ID */
struct nq_cid {
	u8 len;
	u8 id[NQ_CID_MAX];
};

/**
 * struct nq_id - how a long header says whose it is
 * @version:	0 for none
 * @dcid:	destination connection ID
 * @scid:	source connection ID
 */
struct nq_id {
	u32 version;
	struct nq_cid dcid, scid;
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
 * nq_dgrams_segments - of an skb of GSO whose @off is known
 *
 * Return: false if it will not be cut behind its UDP header: that of a tunnel stands before that.
 */
bool nq_dgrams_segments(struct nq_dgrams *d, const struct sk_buff *skb);

/**
 * nq_dgrams_at - describe the payload of the UDP header at @thoff
 *
 * Return: false if the header or its length is wrong, or if there are more than
 * NQ_SEGMENTS_MAX datagrams.
 */
static inline bool nq_dgrams_at(struct nq_dgrams *d, const struct sk_buff *skb, unsigned int thoff)
{
	struct udphdr buf nq_uncleared;
	const struct udphdr *uh;
	unsigned int len;

	uh = skb_header_pointer(skb, thoff, sizeof(buf), &buf);
	if (!uh)
		return false;

	d->off = thoff + sizeof(*uh);
	if (skb_is_gso(skb) && nq_dgrams_segments(d, skb))
		return d->seg && nq_dgrams_count(d) <= NQ_SEGMENTS_MAX;
	len = ntohs(uh->len);
	if (len < sizeof(*uh) || len > skb->len - thoff)
		return false;
	d->len = len - sizeof(*uh);
	d->seg = d->len;
	return true;
}

/** nq_transport6 - nq_transport() for IPv6 */
int nq_transport6(const struct sk_buff *skb);

/**
 * nq_transport - find the UDP header
 *
 * Return: its offset from skb->data, or -1 if this is not UDP or a fragment.
 */
static inline int nq_transport(const struct sk_buff *skb, u8 pf)
{
	const struct iphdr *iph = ip_hdr(skb);

	if (pf != NFPROTO_IPV4)
		return nq_transport6(skb);
	if (iph->protocol != IPPROTO_UDP || ip_is_fragment(iph))
		return -1;
	return skb_network_offset(skb) + ip_hdrlen(skb);
}

/**
 * nq_path_header - addresses, ports and family as they stand in the packet
 *
 * The rest of @path is left as it is, so it is not to be hashed. Return: false if the header cannot
 * be read.
 */
bool nq_path_header(struct nq_path *path, const struct sk_buff *skb, u8 pf, unsigned int thoff);

/**
 * nq_path_read - the path of a packet
 * @path:	filled in
 * @skb:	the packet
 * @state:	the hook that it is in
 * @thoff:	where its UDP header is
 *
 * Where conntrack has the packet, its addresses before NAT count: those that the first hooks saw.
 * Under RCU. Return: false if the header cannot be read.
 */
bool nq_path_read(struct nq_path *path, const struct sk_buff *skb,
		  const struct nf_hook_state *state, unsigned int thoff);

/** nq_reply_ct - conntrack's entry, if the packet has one and is an answer by it; else NULL */
const struct nf_conn *nq_reply_ct(const struct sk_buff *skb);

/**
 * nq_path_untranslate - find the path of a packet that conntrack will see after us
 *
 * A reply comes from where NAT sent the client's packets; the path is between the client and the
 * address that it knows. May leave @path as it is. Under RCU.
 *
 * Return: does conntrack take it for a reply?
 */
bool nq_path_untranslate(struct nq_path *path, const struct sk_buff *skb,
			 const struct nf_hook_state *state);

/** nq_path_devices - the VRF, and where it matters the device, to or from the client */
void nq_path_devices(struct nq_path *path, const struct net_device *dev);

/** nq_path_init - once, before any path is hashed */
void nq_path_init(void);

/**
 * nq_path_hash - for struct nq_table
 *
 * Clients choose their addresses and ports: keyed, so that they cannot choose the bucket.
 */
u32 nq_path_hash(const struct nq_path *path);

/** nq_path_reverse - the other direction */
void nq_path_reverse(struct nq_path *rev, const struct nq_path *path);

/** nq_path_zone_is - may a packet on @path belong to what was seen in @zone? */
static inline bool nq_path_zone_is(const struct nq_path *path, u16 zone)
{
	return zone == path->zone || (path->zone_later && !zone);
}

/** nq_bytes_print - as nq_bytes_hash(), in 64 bits */
u64 nq_bytes_print(const void *bytes, size_t len);

/** nq_bytes_hash - to know bytes again; keyed, so that nobody can make others with the same hash */
u32 nq_bytes_hash(const void *bytes, size_t len);

static inline void nq_cid_set(struct nq_cid *cid, const u8 *id, u8 len)
{
	cid->len = len;
	memcpy(cid->id, id, len);
}

static inline bool nq_cid_is(const struct nq_cid *cid, const u8 *id, u8 len)
{
	return cid->len == len && !memcmp(cid->id, id, len);
}

static inline bool nq_cid_same(const struct nq_cid *a, const struct nq_cid *b)
{
	return nq_cid_is(a, b->id, b->len);
}

/**
 * nq_id_read - of a long header
 * @id:		filled in
 * @h:		the header
 * @bytes:	where the packet begins
 *
 * Return: false if an ID is longer than those of a version that is known.
 */
static inline bool nq_id_read(struct nq_id *id, const struct nq_header *h, const u8 *bytes)
{
	if (h->dcid_len > NQ_CID_MAX || h->scid_len > NQ_CID_MAX)
		return false;
	id->version = h->version;
	nq_cid_set(&id->dcid, bytes + h->dcid_off, h->dcid_len);
	nq_cid_set(&id->scid, bytes + h->scid_off, h->scid_len);
	return true;
}

#endif /* NQ_DGRAM_H */
