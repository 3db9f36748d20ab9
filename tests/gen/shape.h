/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The language in which a test says what a client sends, one argument a datagram:
 *
 *	wait:MS			no datagram: a pause before the next
 *	PACKET+PACKET...	packets coalesced into one datagram
 *
 *	i[{OPTIONS}]:FRAMES	Initial, FRAMES separated by commas:
 *		A-B		  CRYPTO with bytes A to before B of the ClientHello; A- to its end
 *		A-B!		  the same place with other bytes
 *		ping, padN, ack, ackecn, close, hex=BYTES
 *	z[{OPTIONS}]:N		0-RTT, N bytes of payload
 *	h[{OPTIONS}]:N		Handshake
 *	r[{OPTIONS}]		Retry
 *	v[{OPTIONS}]		version negotiation
 *	s[{OPTIONS}]:N		short header
 *	x:HEX			these bytes
 *
 * OPTIONS, separated by commas:
 *	dcid=HEX	another DCID in the header; the keys stay those of the flight's
 *	new		but derive the keys from that DCID (after Retry, a new connection)
 *	scid=HEX, token=TEXT, pn=N, pnlen=N, res=N (reserved bits), version=V
 *	keys=V		protect it as version V
 *	server		with the server's keys
 *	bad		the last bit of the tag is wrong
 *	flip=N		invert byte N of the packet
 *
 * The last Initial of a datagram is padded so that the datagram has its size.
 */
#ifndef SHAPE_H
#define SHAPE_H

#include "chello.h"
#include "initial.h"

/**
 * struct shape - what is common to a client's datagrams
 * @version:	of its packets
 * @dcid:	of its first Initial: the keys come from it
 * @scid:	its own connection ID
 * @hello:	ClientHello that the CRYPTO frames are cut from
 * @size:	bytes of a datagram with an Initial
 */
struct shape {
	uint32_t version;
	struct qt_cid dcid, scid;
	struct qt_buf hello;
	size_t size;
};

/** struct datagram - one to send */
struct datagram {
	unsigned int wait_ms; /* before it */
	size_t len;
	uint8_t *data;
};

/**
 * shape_datagram - build what @text says
 * @s:		the client
 * @text:	one datagram of the language above
 * @out:	gets it; @out->wait_ms is left alone
 *
 * Ends the program with a message when the text makes no sense.
 */
void shape_datagram(const struct shape *s, const char *text, struct datagram *out);

/** shape_version - "v1", "v2", "draft-29" or a number; ends the program otherwise */
uint32_t shape_version(const char *text);

/** shape_hex_cid - a connection ID from hex digits */
struct qt_cid shape_hex_cid(const char *text);

#endif /* SHAPE_H */
