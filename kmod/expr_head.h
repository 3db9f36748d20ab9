/* SPDX-License-Identifier: GPL-2.0-only */
/* The head of a packet at a rule, and the keys that are in the packet itself. */
#ifndef NQ_EXPR_HEAD_H
#define NQ_EXPR_HEAD_H

#include <net/netfilter/nf_tables.h>

#include "core/flight.h"
#include "dgram.h"
#include "expr.h"
#include "names.h"

/**
 * struct nq_head - the head of a packet's first datagram
 * @h:		the header, if it is a long one
 * @bytes:	from its first byte on, in the skb or in @buf
 * @n:		bytes that can be read
 * @len:	of the datagram
 * @is_long:	it begins with a long header
 * @buf:	room for a copy
 */
struct nq_head {
	struct nq_header h;
	const u8 *bytes;
	unsigned int n;
	unsigned int len;
	bool is_long;
	u8 buf[NQ_FLIGHT_HEAD];
};

/* Is it UDP, and not a later fragment? */
static inline bool nq_is_udp(const struct nft_pktinfo *pkt)
{
	return pkt->flags & NFT_PKTINFO_L4PROTO && pkt->tprot == IPPROTO_UDP && !pkt->fragoff;
}

/**
 * nq_head_read - read it
 * @head:	filled in
 * @pkt:	the packet
 * @names:	only if it may have names
 *
 * Return: false if this is not a UDP datagram whose first packet could be QUIC; for @names also if
 * it could not have any.
 */
bool nq_head_read(struct nq_head *head, const struct nft_pktinfo *pkt, bool names);

/** nq_head_id - its connection IDs. Return: false if the packet cannot be of a first flight. */
bool nq_head_id(struct nq_id *id, const struct nq_head *head);

/** nq_head_initial - does the datagram hold an Initial, though it may not be the first packet? */
bool nq_head_initial(const struct nq_head *head, const struct nft_pktinfo *pkt);

/**
 * nq_head_load - put a key that is in the packet itself into registers
 * @key:	not one that asks for the ClientHello
 * @dst:	registers
 * @head:	the packet's
 *
 * Return: false if the packet does not have it.
 */
bool nq_head_load(u8 key, u32 *dst, const struct nq_head *head);

/**
 * nq_part_load - put the server ID, or the first bytes of a connection ID, into registers
 * @priv:	the expression; its @part is set
 * @dst:	registers
 * @pkt:	the packet
 *
 * A packet with a short header gets one look and no more. Return: false if the packet does not
 * have it.
 */
bool nq_part_load(const struct nq_expr *priv, u32 *dst, const struct nft_pktinfo *pkt);

#endif /* NQ_EXPR_HEAD_H */
