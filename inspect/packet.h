/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Structures that the stages between a capture and the flow table pass on. */
#ifndef QI_PACKET_H
#define QI_PACKET_H

#include <stdbool.h>
#include <stdint.h>

/** enum qi_net - network protocol of a packet */
enum qi_net {
	QI_NET_NONE = 0, /* nothing that can carry UDP */
	QI_NET_IPV4,
	QI_NET_IPV6,
	QI_NET_BY_VERSION, /* the IP header says which */
};

/**
 * struct qi_tuple - addresses and ports of a datagram
 * @net:	QI_NET_IPV4 or QI_NET_IPV6
 * @sport:	host order
 * @dport:	host order
 * @src:	network order; of IPv4 the first four bytes, the others 0
 * @dst:	likewise
 *
 * Has no padding and is compared and hashed as bytes.
 */
struct qi_tuple {
	uint16_t sport, dport;
	uint32_t net;
	uint8_t src[16], dst[16];
};

/* The longest UDP payload that IP can carry, jumbograms aside (RFC 768). */
#define QI_DATAGRAM_MAX 65535

#endif /* QI_PACKET_H */
