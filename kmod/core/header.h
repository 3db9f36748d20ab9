/* SPDX-License-Identifier: GPL-2.0-only */
/* QUIC packet headers, as far as they are not encrypted (RFC 8999, RFC 9000 17, RFC 9369 3.2). */
#ifndef NQ_HEADER_H
#define NQ_HEADER_H

#include "types.h"
#include "version.h"

/** enum nq_type - packet types, independent of the version's type bits (values of the ABI) */
enum nq_type {
	NQ_TYPE_INITIAL = 0,
	NQ_TYPE_0RTT = 1,
	NQ_TYPE_HANDSHAKE = 2,
	NQ_TYPE_RETRY = 3,
	NQ_TYPE_VERSION_NEGOTIATION = 4,
	NQ_TYPE_SHORT = 5,
};

#define NQ_LONG_HEADER 0x80 /* of the first byte, RFC 8999 5.1 */
#define NQ_FIXED_BIT   0x40 /* RFC 9000 17.2 */
#define NQ_SHORT_MIN   21   /* bytes that a packet with a short header has, RFC 9000 10.3 */

/**
 * struct nq_header - a packet with a long header
 * @version:	0 for version negotiation
 * @ver:	what is known of it, or NULL
 * @type:	enum nq_type; of no meaning if @ver is NULL and @version is not 0
 * @first:	first byte, still under header protection
 * @dcid_len:	in bytes; up to 255 for versions that are not known (RFC 8999 5.1)
 * @scid_len:	likewise
 * @dcid_off:	where the destination connection ID starts
 * @scid_off:	where the source connection ID starts
 * @start:	where the packet starts
 * @token_len:	of an Initial, else 0
 * @pn_off:	where the packet number starts: of an Initial, 0-RTT or Handshake packet
 * @end:	where the next coalesced packet would start
 *
 * Offsets count from the start of the datagram, in bytes.
 */
struct nq_header {
	u32 version;
	const struct nq_version *ver;
	u8 type;
	u8 first;
	u8 dcid_len, scid_len;
	size_t start;
	size_t dcid_off, scid_off;
	size_t token_len;
	size_t pn_off;
	size_t end;
};

#define NQ_GLANCE 5 /* the first byte and the version */

/**
 * nq_header_glance - is it worth to read more than a datagram's first NQ_GLANCE bytes?
 * @first:	these
 *
 * Return: false if there is no long header, or one with the fixed bit clear and of a version that
 * is not known, which nobody sends: RTP and other protocols have the first bit set as well.
 */
bool nq_header_glance(const u8 *first);

/** nq_header_unread - is it a long header of a version that cannot be read? @first: likewise */
bool nq_header_unread(const u8 *first);

/**
 * nq_header_invariant - read what every version has (RFC 8999 5.1)
 * @buf:	datagram, or its first bytes
 * @len:	bytes there
 * @pos:	where the packet starts
 * @h:		filled up to the source connection ID, and @type if the version is known
 *
 * Return: NQ_DONE; NQ_MORE if the header goes past @len; NQ_NOT_OURS if it is no long header.
 */
enum nq_verdict nq_header_invariant(const u8 *buf, size_t len, size_t pos, struct nq_header *h);

/**
 * nq_header_parse - read a packet's header up to the packet number
 * @buf:	datagram
 * @len:	its length in bytes
 * @pos:	where the packet starts
 * @h:		filled in
 *
 * @h->end leads to the next coalesced packet (RFC 9000 12.2); Retry and version
 * negotiation take all of the datagram.
 *
 * The fixed bit may be 0: clients of a server that sent grease_quic_bit clear it in their later
 * Initials, too (RFC 9287 3), and with a token in the first (3.1).
 *
 * Return: NQ_DONE, or NQ_NOT_OURS if it is no long header, the version is unknown, a connection ID
 * is longer than the version allows or a length does not fit.
 */
enum nq_verdict nq_header_parse(const u8 *buf, size_t len, size_t pos, struct nq_header *h);

#endif /* NQ_HEADER_H */
