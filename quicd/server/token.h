/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address validation tokens (RFC 9000, 8.1) and stateless reset. */
#ifndef QUICD_TOKEN_H
#define QUICD_TOKEN_H

#include "../common/addr.h"
#include "../common/quicver.h"
#include "secret.h"

#define TOKEN_RETRY_LIFE (10 * NGTCP2_SECONDS)

enum token_verdict {
	TOKEN_NONE,	/* no token, or one that we cannot read: validate the address anew */
	TOKEN_RETRY_OK, /* of our Retry: @odcid is set */
	TOKEN_REGULAR_OK,
	TOKEN_RETRY_BAD, /* of a Retry, but not for this client or too old */
};

/* Judges the token of the Initial @hd that came from @remote. */
enum token_verdict token_check(const struct secret *s, const ngtcp2_pkt_hd *hd,
			       const union addr *remote, ngtcp2_cid *odcid);

/*
 * Writes a Retry packet in answer to @hd, naming @scid. @len is the buffer's size.
 * Returns the packet's length or -1.
 */
ngtcp2_ssize token_write_retry(const struct secret *s, const ngtcp2_pkt_hd *hd,
			       const union addr *remote, const ngtcp2_cid *scid, uint8_t *buf,
			       size_t len);

/* Makes a token for NEW_TOKEN; returns its length or -1. */
ngtcp2_ssize token_make_regular(const struct secret *s, const ngtcp2_addr *remote, uint8_t *token);

#endif
