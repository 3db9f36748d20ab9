/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds what a QUIC client sends first: protected Initials from chosen frames, and the
 * other long header packets. Written against the RFCs with nettle and nothing of
 * the core, so that the two check each other.
 */
#ifndef QT_INITIAL_H
#define QT_INITIAL_H

#include <stdbool.h>
#include "buf.h"

#define QT_V1	   0x00000001u
#define QT_V2	   0x6b3343cfu
#define QT_DRAFT29 0xff00001du

/** struct qt_cid - a connection ID; longer than any version allows, for bad packets */
struct qt_cid {
	uint8_t len;
	uint8_t id[255];
};

/** qt_cid - a connection ID of @len bytes that count up from @seed */
struct qt_cid qt_cid(uint8_t seed, uint8_t len);

/** enum qt_type - types of long header packets, by name */
enum qt_type { QT_INITIAL, QT_0RTT, QT_HANDSHAKE, QT_RETRY };

/**
 * struct qt_packet - one packet to build
 * @version:	on the wire
 * @keys_as:	version whose salt and labels protect it; 0 for @version
 * @dcid:	destination connection ID in the header
 * @scid:	source connection ID
 * @key_cid:	the keys come from this ID; NULL for @dcid
 * @token:	of an Initial, or the Retry's; NULL for none
 * @token_len:	its length
 * @pn:		packet number
 * @pn_len:	in 1 to 4 bytes; 0 for 4
 * @reserved:	the header's reserved bits, 0 to 3
 * @server:	protect with the server's keys
 * @clear_fixed: the fixed bit is 0 (RFC 9287)
 * @pad_to:	add PADDING frames until the packet is that long
 */
struct qt_packet {
	uint32_t version, keys_as;
	struct qt_cid dcid, scid;
	const struct qt_cid *key_cid;
	const void *token;
	size_t token_len;
	uint32_t pn;
	unsigned int pn_len;
	uint8_t reserved;
	bool server;
	bool clear_fixed;
	size_t pad_to;
};

/** struct qt_keys - Initial keys of one side */
struct qt_keys {
	uint8_t key[16], iv[12], hp[16];
};

/** qt_keys - HKDF from a connection ID; false if the version is not known */
bool qt_keys(uint32_t version, bool server, const struct qt_cid *cid, struct qt_keys *keys);

/** qt_salt - a version's Initial salt, 20 bytes, or NULL */
const uint8_t *qt_salt(uint32_t version);

/** qt_initial - append a protected Initial with these @frames to the datagram @out */
void qt_initial(struct qt_buf *out, const struct qt_packet *p, const struct qt_buf *frames);

/**
 * qt_opaque - append a 0-RTT or Handshake packet of @len bytes of payload
 *
 * Nobody without the TLS secrets can tell it from a real one.
 */
void qt_opaque(struct qt_buf *out, enum qt_type type, const struct qt_packet *p, size_t len);

/**
 * qt_retry - append a Retry
 *
 * Its integrity tag is of version 1, or else 2, and for an Initial to @key_cid; made up without
 * one.
 */
void qt_retry(struct qt_buf *out, const struct qt_packet *p);

/** qt_version_negotiation - append a version negotiation packet that offers @version */
void qt_version_negotiation(struct qt_buf *out, const struct qt_packet *p, uint32_t version);

/* Frames (RFC 9000 19), appended to a payload. */
void qt_frame_crypto(struct qt_buf *frames, uint64_t off, const void *data, size_t len);
void qt_frame_ack(struct qt_buf *frames, uint64_t largest, uint64_t first, bool ecn);
void qt_frame_ping(struct qt_buf *frames);
void qt_frame_padding(struct qt_buf *frames, size_t n);
void qt_frame_close(struct qt_buf *frames, uint64_t error);

#endif /* QT_INITIAL_H */
