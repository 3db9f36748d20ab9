/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet in the hook: its flow, and whether it may belong to a first flight. */
#ifndef NQ_PACKET_H
#define NQ_PACKET_H

#include <linux/netfilter.h>

#include "dgram.h"
#include "state.h"

/**
 * struct nq_packet - an skb in the hook that may belong to a first flight
 * @skb:	the packet
 * @state:	where it is
 * @d:		its datagrams
 * @path:	its way
 * @id:		version and connection IDs of the first datagram that counts
 * @initials:	datagrams with an Initial in front, or behind Handshake packets
 * @zero_rtt:	datagrams with a 0-RTT packet in front
 * @readable:	one of them may hold an Initial
 * @mixed:	its datagrams are not all of these, or not all of one connection
 * @unknown:	datagrams of an unknown version
 * @invalid:	Initials that cannot be read
 */
struct nq_packet {
	struct sk_buff *skb;
	const struct nf_hook_state *state;
	struct nq_dgrams d;
	struct nq_path path;
	struct nq_id id;
	unsigned int initials;
	unsigned int zero_rtt;
	bool readable;
	bool mixed;
	unsigned int unknown;
	unsigned int invalid;
};

/** nq_hook_entries - the hooks of a place, or NULL. Under RCU. */
static inline const struct nf_hook_entries *nq_hook_entries(const struct net *net, u8 pf,
							    unsigned int hook)
{
	return pf == NFPROTO_IPV4 ? rcu_dereference(net->nf.hooks_ipv4[hook])
				  : rcu_dereference(net->nf.hooks_ipv6[hook]);
}

/* The number that statistics and hold_datagrams count. */
static inline unsigned int nq_packet_datagrams(const struct nq_packet *p)
{
	return p->initials + p->zero_rtt;
}

/**
 * nq_packet_glance - does one of an skb's datagrams begin with a long header?
 * @skb:	the skb
 * @d:		its datagrams
 *
 * Nearly all packets get no other look, unless connections are followed. Return: false if
 * nq_packet_read() would have nothing to count.
 */
static inline bool nq_packet_glance(const struct sk_buff *skb, const struct nq_dgrams *d)
{
	unsigned int pos;
	u8 buf[NQ_GLANCE] nq_uncleared;
	const u8 *head;

	for (pos = 0; pos + NQ_GLANCE <= d->len; pos += d->seg) {
		head = skb_header_pointer(skb, d->off + pos, NQ_GLANCE, buf);
		if (head && unlikely(head[0] & NQ_LONG_HEADER) && nq_header_glance(head))
			return true;
	}
	return false;
}

/**
 * nq_packet_strangers - do an skb's datagrams have different DCIDs in front?
 * @skb:	the skb
 * @d:		its datagrams
 * @n:		so many bytes of a DCID are compared, at most NQ_PART_BYTES
 */
bool nq_packet_strangers(const struct sk_buff *skb, const struct nq_dgrams *d, unsigned int n);

/**
 * nq_packet_read - look at the first bytes of each datagram
 * @p:		@skb, @state and @d are set; the rest but @path is filled in
 *
 * Return: true if one of them may belong to a first flight.
 */
bool nq_packet_read(struct nq_packet *p);

/**
 * nq_packet_count - count its datagrams that cannot be read
 * @nn:		namespace
 * @p:		after nq_packet_read(), unless it will be split: then each part is counted
 */
void nq_packet_count(struct nq_net *nn, const struct nq_packet *p);

/**
 * nq_packet_intact - is the UDP checksum right?
 * @nn:		namespace, for counters
 * @p:		nq_packet_read() was true
 * @thoff:	where its UDP header is
 *
 * A datagram that the stack or the server will discard must decide nothing. In PRE_ROUTING only;
 * the device's verdict and IPv4's 0 count as right, and the sum is not taken again later.
 */
bool nq_packet_intact(struct nq_net *nn, const struct nq_packet *p, unsigned int thoff);

/**
 * nq_packet_hides - is there an Initial among the packets of a datagram that begins with another?
 * @off:	where it begins, from skb->data
 * @len:	its length
 */
bool nq_packet_hides(const struct sk_buff *skb, unsigned int off, unsigned int len);

#endif /* NQ_PACKET_H */
