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
	NQ_FED_PART,	/* some did, others under the same DCID did not: no client's */
	NQ_FED_DONE,	/* the ClientHello is complete */
	NQ_FED_DEAD,	/* it never will be: not a ClientHello */
	NQ_FED_LIMIT,	/* it passes a limit of CRYPTO */
};

/**
 * nq_feed_resume - begin the flight in @s with the keys of a connection
 * @s:		locked scratch
 * @version:	whose keys
 * @dcid:	of the connection's first Initial
 * @base:	where in the CRYPTO stream the ClientHello begins that is wanted
 */
static inline void nq_feed_resume(struct nq_scratch *s, u32 version, const struct nq_cid *dcid,
				  u16 base)
{
	nq_flight_resume(&s->flight, nq_version_find(version), dcid->id, dcid->len, base);
}

/**
 * nq_feed - feed a packet's datagrams to the flight in @s
 * @nn:		namespace, for counters and limits
 * @s:		locked scratch with the flight
 * @skb:	the packet
 * @d:		its datagrams
 * @track:	what is noted of those that open
 * @bad_tag:	Initials that do not open are added
 */
enum nq_fed nq_feed(struct nq_net *nn, struct nq_scratch *s, const struct sk_buff *skb,
		    const struct nq_dgrams *d, struct nq_track *track, unsigned int *bad_tag);

/**
 * nq_feed_hides - may a server read a ClientHello in the flight in @s that we cannot?
 * @fed:	what nq_feed() said of it
 *
 * One that contradicts itself, may be where we did not look, or is too long; no bytes that begin
 * no ClientHello.
 */
static inline bool nq_feed_hides(const struct nq_scratch *s, enum nq_fed fed)
{
	const struct nq_flight *f = &s->flight;

	if (f->unread)
		return fed != NQ_FED_DONE;
	return fed == NQ_FED_DEAD &&
	       (nq_flight_doubtful(f) ||
		(nq_reasm_from(&f->crypto, f->base) && f->crypto.buf[f->base] == NQ_HELLO_TYPE));
}

/**
 * nq_feed_compare - what came of a connection is in the flight in @s: is it what is known of it?
 * @nn:		namespace
 * @names:	the connection; spoilt if other bytes of its ClientHello came, or if a server may
 *		read another one than we do
 * @s:		locked scratch
 * @fed:	what nq_feed() said of the flight
 */
void nq_feed_compare(struct nq_net *nn, struct nq_names *names, const struct nq_scratch *s,
		     enum nq_fed fed);

/**
 * nq_feed_seen - were all datagrams with an Initial of this connection's taken before, byte by
 * byte?
 *
 * Uses @s for the bytes.
 */
bool nq_feed_seen(struct nq_scratch *s, const struct sk_buff *skb, const struct nq_dgrams *d,
		  const struct nq_names *names);

#endif /* NQ_FEED_H */
