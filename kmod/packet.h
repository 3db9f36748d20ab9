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
 * @key:	its flow
 * @initials:	datagrams with an Initial in front
 * @zero_rtt:	datagrams with a 0-RTT packet in front
 * @dcid:	destination connection ID of the first of these
 */
struct nq_packet {
	struct sk_buff *skb;
	const struct nf_hook_state *state;
	struct nq_dgrams d;
	struct nq_key key;
	unsigned int initials;
	unsigned int zero_rtt;
	struct nq_cid dcid;
};

/* The number that statistics and hold_datagrams count. */
static inline unsigned int nq_packet_datagrams(const struct nq_packet *p)
{
	return p->initials + p->zero_rtt;
}

/**
 * nq_packet_read - look at the first bytes of each datagram
 * @nn:		namespace, for counters
 * @p:		@skb and @d are set; @initials, @zero_rtt and @dcid are filled in
 *
 * Return: true if one of them may belong to a first flight.
 */
bool nq_packet_read(struct nq_net *nn, struct nq_packet *p);

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
 * nq_packet_flow - fill in @p->key
 * @p:		the packet
 * @thoff:	where its UDP header is
 *
 * Return: false if the header cannot be read.
 */
bool nq_packet_flow(struct nq_packet *p, unsigned int thoff);

/** nq_packet_bound - does conntrack know where this flow goes, or is this a reply? */
bool nq_packet_bound(const struct nq_packet *p);

/**
 * nq_packet_known - are the names of this flow known, and is the packet of its first flight?
 *
 * Also if it is a reply to a known flow. Caller is under RCU.
 */
bool nq_packet_known(struct nq_net *nn, const struct nq_packet *p);

#endif /* NQ_PACKET_H */
