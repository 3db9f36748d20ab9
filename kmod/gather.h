/* SPDX-License-Identifier: GPL-2.0-only */
/* The hook that gathers first flights. */
#ifndef NQ_GATHER_H
#define NQ_GATHER_H

#include <linux/netfilter.h>

#include "dgram.h"
#include "names.h"
#include "scratch.h"

/**
 * struct nq_packet - an skb in the hook that may belong to a first flight
 * @skb:	the packet
 * @state:	where it is
 * @d:		its datagrams
 * @key:	its flow
 * @initials:	datagrams with an Initial in front
 * @early:	datagrams with a 0-RTT packet in front
 * @dcid:	destination connection ID of the first of these
 */
struct nq_packet {
	struct sk_buff *skb;
	const struct nf_hook_state *state;
	struct nq_dgrams d;
	struct nq_key key;
	unsigned int initials;
	unsigned int early;
	struct nq_cid dcid;
};

/* What counts in the statistics and against hold_datagrams. */
static inline unsigned int nq_packet_datagrams(const struct nq_packet *p)
{
	return p->initials + p->early;
}

/** enum nq_fed - what a packet did to a flight */
enum nq_fed {
	NQ_FED_NOTHING, /* no Initial in it opened */
	NQ_FED_MORE,	/* some did, the ClientHello is not complete */
	NQ_FED_DONE,	/* the ClientHello is complete */
	NQ_FED_DEAD,	/* it never will be: not a ClientHello */
	NQ_FED_LIMIT,	/* it passes a limit of CRYPTO */
};

struct nq_net;

/**
 * nq_feed - feed a packet's datagrams to the flight in @s
 * @nn:		namespace, for counters and limits
 * @s:		locked scratch with the flight
 * @skb:	the packet
 * @d:		its datagrams
 * @cids:	the DCIDs of what opens are added
 */
enum nq_fed nq_feed(struct nq_net *nn, struct nq_scratch *s, const struct sk_buff *skb,
		    const struct nq_dgrams *d, struct nq_cids *cids);

/**
 * nq_gather_known - are the names of this flow known, and is the packet of its first flight?
 *
 * Also if it is a reply to a known flow. Caller is under RCU.
 */
bool nq_gather_known(struct nq_net *nn, const struct nq_packet *p);

/**
 * nq_gather_drop - a packet that cannot wait must not go on either
 *
 * Counts it as overload. What is sent from here is lost on the way as far as its sender can
 * tell: at NF_DROP its send() would fail with EPERM, which ends a connection that would else
 * send again. Return: verdict; the packet may be gone.
 */
unsigned int nq_gather_drop(struct nq_net *nn, const struct nq_packet *p);

/**
 * nq_gather_overload - a limit keeps us from reading this flight to its end
 *
 * Counts it. Return: verdict, as nq_gather_drop() or to go on, as the namespace's overload
 * policy says.
 */
unsigned int nq_gather_overload(struct nq_net *nn, const struct nq_packet *p);

nf_hookfn nq_gather_hook;

#endif /* NQ_GATHER_H */
