/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP and UDP: from an IP packet to the datagram in it. */
#ifndef QI_IP_H
#define QI_IP_H

#include "cursor.h"
#include "frag.h"
#include "packet.h"

/**
 * struct qi_datagram - a UDP datagram
 * @tuple:	addresses and ports
 * @data:	the payload as far as it was captured
 * @captured:	how many bytes of it
 * @len:	how many bytes it had; not below @captured
 * @when:	when it was captured, in seconds
 */
struct qi_datagram {
	struct qi_tuple tuple;
	const uint8_t *data;
	size_t captured, len;
	time_t when;
};

/**
 * qi_ip_datagram - find the UDP datagram in an IP packet
 * @net:	what the link layer says it is
 * @c:		cursor at the start of the IP header
 * @frags:	takes fragments
 * @now:	when the packet was captured, in seconds
 * @d:		gets the datagram; points into the packet or into @frags
 *
 * Checksums are not looked at: a capture on the sending host has them unfinished.
 *
 * Return: false if there is none, or if the packet is a fragment that does not complete one.
 */
bool qi_ip_datagram(enum qi_net net, struct nq_cursor *c, struct qi_frags *frags, time_t now,
		    struct qi_datagram *d);

#endif /* QI_IP_H */
