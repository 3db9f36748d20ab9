/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP and UDP around a payload, whole and in fragments, right and wrong. */
#ifndef WIRE_H
#define WIRE_H

#include "buf.h"

/**
 * struct wire_udp - ends of a datagram; always the same two hosts
 * @sport:	0 for 40000, or 443 from the server
 * @from_server:	other way round
 * @length:	of the header's length field; 0 for what is right, WIRE_ZERO for 0
 */
struct wire_udp {
	uint16_t sport;
	bool from_server;
	unsigned int length;
};
#define WIRE_ZERO 0x10000

/** wire_udp - append a UDP datagram, without checksum */
void wire_udp(struct qt_buf *out, const struct wire_udp *u, const struct qt_buf *payload);

/**
 * struct wire_ip - an IP header's fields
 * @v6:		IPv6
 * @from_server:	other way round
 * @proto:	protocol or next header; 0 for UDP (for hop-by-hop options, WIRE_ZERO)
 * @id:		identification
 * @frag:	flags and offset as in the header; of IPv6 a fragment header appears if not 0
 * @options:	bytes of IPv4 options, hex, or NULL
 * @length:	of the header's length field; 0 for what is right, WIRE_ZERO for 0
 */
struct wire_ip {
	bool v6;
	bool from_server;
	unsigned int proto;
	uint32_t id;
	uint16_t frag;
	const char *options;
	unsigned int length;
};

/** wire_ip - append an IP packet around @len bytes */
void wire_ip(struct qt_buf *out, const struct wire_ip *ip, const uint8_t *data, size_t len);

#endif /* WIRE_H */
