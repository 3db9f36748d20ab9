/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets of followed connections that have come a moment ago.
 *
 * A connection that is confirmed and sends on a path of its own under an ID of its own shows
 * nothing new with each packet. So for up to a second the like of a packet that was found to
 * be so are not looked up in the gathering hook: where one is from and to, and its ID, are one
 * hash, and the CPU has a table of 16 bits of those. One in 16,384 others is taken for such a
 * packet, and then what it shows is noted with one that comes later, if there is one.
 *
 * Rules look up each packet that they ask for the names of: nothing here says whose it is.
 */
#ifndef NQ_LATELY_H
#define NQ_LATELY_H

#include "state.h"

#define NQ_LATELY_LEN 8 /* of shorter IDs nothing is noted */

/**
 * nq_lately_alloc - have the tables, unless they are there. Under any mutex of its callers. May
 * sleep. Without memory all packets are looked up.
 */
void nq_lately_alloc(void);

/** nq_lately_free - the module goes */
void nq_lately_free(void);

/** nq_lately_init - at the module's start */
void nq_lately_init(void);

/**
 * nq_lately_came - has the like of a packet with a short header come?
 * @skb:	the packet, in prerouting, and conntrack has not seen it
 * @udp:	its UDP header and the first @len + 1 bytes behind that
 * @gen:	has to be the same, too
 * @len:	of its connection ID, NQ_LATELY_LEN to NQ_CID_MAX
 * @print:	set for nq_lately_note()
 *
 * Under RCU.
 */
bool nq_lately_came(const struct nq_net *nn, const struct sk_buff *skb,
		    const struct nf_hook_state *state, const u8 *udp, u32 gen, u8 len, u32 *print);

/** nq_lately_note - a packet shows nothing new. @print: of nq_lately_came(). Under RCU. */
void nq_lately_note(u32 print);

#endif /* NQ_LATELY_H */
