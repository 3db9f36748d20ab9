/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Findings of a rule about its packet, so that the next one does not look again.
 *
 * All that is remembered follows from the packet's path and its first connection IDs, and from what
 * is remembered of connections, so it holds as long as these are the same. It does not matter
 * whether another packet is in the place of the first one by now.
 */
#ifndef NQ_RECENT_H
#define NQ_RECENT_H

#include <net/netfilter/nf_tables.h>

#include "core/flight.h"
#include "names.h"

/* UDP's header, and what a long header says up to its connection IDs. */
#define NQ_RECENT_HEAD (8 + NQ_FLIGHT_HEAD)

/**
 * struct nq_recent - the packet that was looked at last
 * @n:		bytes in @head; 0 if nothing is remembered
 * @age:	nq_names_age() before anything was looked up
 * @stamp:	that time in jiffies: a long is too short to count for ever on 32-bit machines
 * @skb:	the packet, and all that its path and its connection follow from; compared only
 * @net:	likewise
 * @in, @out:	likewise
 * @iif:	likewise
 * @ct:		conntrack's entry and direction, likewise
 * @hook:	likewise
 * @pf:		likewise
 * @addrs:	of its IP header
 * @head:	from its UDP header on
 * @buf:	for reading another one's
 *
 * @looked:	@names are known, and if it has none, @early
 * @names:	of its connection, or NULL; to be followed under RCU while nq_recent_same()
 * @early:	NQ_STAT_too_early counts it at each rule
 * @has_hello:	@hello is known
 * @hello:	enum nft_quic_hellos, if it has no names
 * @has_issued:	@issued is known
 * @issued:	a connection continues under its DCID
 */
struct nq_recent {
	u8 n;
	unsigned long age;
	u32 stamp;
	const struct sk_buff *skb;
	const struct net *net;
	const struct net_device *in, *out;
	int iif;
	unsigned long ct;
	u8 hook, pf;
	u8 addrs[2 * sizeof(struct in6_addr)];
	u8 head[NQ_RECENT_HEAD];
	u8 buf[NQ_RECENT_HEAD];

	bool looked;
	const struct nq_names *names;
	bool early;
	bool has_hello;
	u8 hello;
	bool has_issued;
	bool issued;
};

/** nq_recent_same - is what is remembered true of a packet? Under RCU and nq_budget.lock. */
bool nq_recent_same(struct nq_recent *r, const struct nft_pktinfo *pkt);

/**
 * nq_recent_begin - remember a packet, of which nothing is known yet
 * @h:		its long header
 * @age:	nq_names_age() before anything was looked up
 */
void nq_recent_begin(struct nq_recent *r, const struct nft_pktinfo *pkt, const struct nq_header *h,
		     unsigned long age);

#endif /* NQ_RECENT_H */
