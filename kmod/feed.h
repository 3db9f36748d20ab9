/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets into a flight: copy, decrypt, count. */
#ifndef NQ_FEED_H
#define NQ_FEED_H

#include "dgram.h"
#include "names.h"
#include "scratch.h"
#include "state.h"

/** enum nq_fed - what a packet did to a flight */
enum nq_fed {
	NQ_FED_NOTHING, /* no Initial in it opened */
	NQ_FED_MORE,	/* some did, the ClientHello is not complete */
	NQ_FED_DONE,	/* the ClientHello is complete */
	NQ_FED_DEAD,	/* it never will be: not a ClientHello */
	NQ_FED_LIMIT,	/* it passes a limit of CRYPTO */
};

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

#endif /* NQ_FEED_H */
