// SPDX-License-Identifier: GPL-2.0-or-later
#include "token.h"

#include <gnutls/crypto.h>

#include "../common/clock.h"

#define REGULAR_LIFE (24 * 3600 * NGTCP2_SECONDS)

enum token_verdict token_check(const struct secret *s, const ngtcp2_pkt_hd *hd,
			       const union addr *remote, ngtcp2_cid *odcid)
{
	int rv;

	if (!hd->tokenlen)
		return TOKEN_NONE;
	switch (hd->token[0]) {
	case NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2:
		rv = ngtcp2_crypto_verify_retry_token2(
			odcid, hd->token, hd->tokenlen, s->token, SECRET_LEN, hd->version,
			&remote->sa, addr_len(remote), &hd->dcid, TOKEN_RETRY_LIFE, clock_wall());
		if (!rv)
			return TOKEN_RETRY_OK;
		return rv == NGTCP2_CRYPTO_ERR_VERIFY_TOKEN ? TOKEN_RETRY_BAD : TOKEN_NONE;
	case NGTCP2_CRYPTO_TOKEN_MAGIC_REGULAR:
		rv = ngtcp2_crypto_verify_regular_token(hd->token, hd->tokenlen, s->token,
							SECRET_LEN, &remote->sa, addr_len(remote),
							REGULAR_LIFE, clock_wall());
		return rv ? TOKEN_NONE : TOKEN_REGULAR_OK;
	default:
		return TOKEN_NONE;
	}
}

ngtcp2_ssize token_write_retry(const struct secret *s, const ngtcp2_pkt_hd *hd,
			       const union addr *remote, const ngtcp2_cid *scid, uint8_t *buf,
			       size_t len)
{
	uint8_t token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2];
	ngtcp2_ssize n = ngtcp2_crypto_generate_retry_token2(
		token, s->token, SECRET_LEN, hd->version, &remote->sa, addr_len(remote), scid,
		&hd->dcid, clock_wall());

	if (n < 0)
		return -1;
	return ngtcp2_crypto_write_retry(buf, len, hd->version, &hd->scid, scid, &hd->dcid, token,
					 (size_t)n);
}

ngtcp2_ssize token_make_regular(const struct secret *s, const ngtcp2_addr *remote, uint8_t *token)
{
	return ngtcp2_crypto_generate_regular_token(token, s->token, SECRET_LEN, remote->addr,
						    remote->addrlen, clock_wall());
}
