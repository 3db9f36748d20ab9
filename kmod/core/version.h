/* SPDX-License-Identifier: GPL-2.0-only */
/* The versions whose Initials can be read, and what differs between them. */
#ifndef NQ_VERSION_H
#define NQ_VERSION_H

#include "types.h"

/**
 * struct nq_salt - HMAC-SHA256 keyed with a version's Initial salt
 * @inner:	state of SHA-256 after the block of salt xor ipad
 * @outer:	state after salt xor opad (RFC 2104)
 *
 * The salt is the key of HKDF-Extract and never changes: two blocks saved per flow.
 */
struct nq_salt {
	u32 inner[8], outer[8];
};

/** struct nq_retry_key - of the integrity tag of a version's Retry packets (RFC 9001 5.8) */
struct nq_retry_key {
	u8 key[16], iv[12];
};

/**
 * enum nq_framing - which frames stand in a version's Initials
 * @NQ_FRAMING_IETF:	RFC 9000 19
 * @NQ_FRAMING_GOOGLE:	Google QUIC's, in T050 and T051: TLS, but frames of older versions
 */
enum nq_framing {
	NQ_FRAMING_IETF = 0,
	NQ_FRAMING_GOOGLE,
};

/**
 * struct nq_version - one version
 * @number:	as on the wire
 * @v2:		labels and packet type bits of RFC 9369 instead of RFC 9000/9001
 * @salt:	for the Initial secret
 * @framing:	enum nq_framing
 * @retry:	NULL if its Retry packets have no such tag, or it is not known
 */
struct nq_version {
	u32 number;
	bool v2;
	const struct nq_salt *salt;
	u8 framing;
	const struct nq_retry_key *retry;
};

/** nq_version_find - the version with this number, or NULL */
const struct nq_version *nq_version_find(u32 number);

#endif /* NQ_VERSION_H */
