/* SPDX-License-Identifier: GPL-2.0-only */
/* Packet protection of Initials: header protection and AEAD (RFC 9001 5.3, 5.4). */
#ifndef NQ_PROTECT_H
#define NQ_PROTECT_H

#include "types.h"
#include "header.h"
#include "keys.h"

#define NQ_TAG_LEN    16
#define NQ_SAMPLE_LEN 16

/**
 * struct nq_payload - frames of a packet that opened
 * @off:	where they start, in bytes from the start of the datagram
 * @len:	their length in bytes
 * @reserved:	the header's reserved bits (RFC 9000 17.2); not 0 is a PROTOCOL_VIOLATION
 */
struct nq_payload {
	size_t off, len;
	u8 reserved;
};

/**
 * nq_protect_open - check and decrypt one Initial in place
 * @keys:	to try
 * @dgram:	the datagram
 * @h:		the packet's header in it, from nq_header_parse()
 * @payload:	gets the place of the frames
 *
 * The packet number is taken as it stands: before the first ACK, senders must write all
 * of it (RFC 9000 17.1).
 *
 * Return: true if the tag is right. If not, @dgram is as it was, and other keys can be tried.
 */
bool nq_protect_open(const struct nq_keys *keys, u8 *dgram, const struct nq_header *h,
		     struct nq_payload *payload);

#define NQ_RETRY_ROOM (1 + NQ_CID_MAX)

/**
 * nq_protect_retry - is a Retry's integrity tag right (RFC 9001 5.8)?
 * @ver:	its version
 * @dcid:	of the Initial that it answers
 * @dcid_len:	0 to NQ_CID_MAX
 * @buf:	NQ_RETRY_ROOM bytes to write to, then the Retry, which takes all of its datagram
 * @len:	of the Retry
 */
bool nq_protect_retry(const struct nq_version *ver, const u8 *dcid, size_t dcid_len, u8 *buf,
		      size_t len);

#endif /* NQ_PROTECT_H */
