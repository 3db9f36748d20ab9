// SPDX-License-Identifier: GPL-2.0-only
#include <uapi/nft_quic.h>

#include "candidates.h"

static bool nq_alpn_candidate(struct nq_candidates *c, u8 *dst)
{
	const u8 *list = nq_names_alpn(c->names), *name;
	unsigned int len;

	while ((len = nq_alpn_next(list, c->names->alpn_len, &c->pos, &name))) {
		if (len > c->width || nq_is_pattern(name, len))
			continue;
		memcpy(dst, name, len);
		memset(dst + len, 0, c->width - len);
		return true;
	}
	return false;
}

/* @pos is where the rest of the name begins: 0, then behind each dot. */
static bool nq_sni_candidate(struct nq_candidates *c, u8 *dst)
{
	const u8 *sni = nq_names_sni(c->names), *dot;
	unsigned int total = c->names->sni_len;

	while (c->pos < total) {
		unsigned int pos = c->pos, len = total - pos, star = pos ? 2 : 0;

		dot = memchr(sni + pos, '.', len);
		c->pos = dot ? dot + 1 - sni : total;
		if (pos == 1 || len + star > c->width)
			continue; /* at least one byte has to stand for the star */
		if (!pos && nq_is_pattern(sni, len))
			continue;
		memcpy(dst, "*.", star);
		memcpy(dst + star, sni + pos, len);
		memset(dst + star + len, 0, c->width - star - len);
		return true;
	}
	return false;
}

bool nq_candidates_next(struct nq_candidates *c, u8 *dst)
{
	if (c->fallback)
		return false;
	if (c->sni ? nq_sni_candidate(c, dst) : nq_alpn_candidate(c, dst))
		return true;
	c->fallback = true;
	memset(dst, 0, c->width);
	dst[0] = '*';
	return true;
}

bool nq_first_candidate(u8 key, u8 len, const struct nq_names *names, u32 *dst)
{
	struct nq_candidates c;

	/* Not the name's wildcard: only a search may use that. */
	if (key != NFT_QUIC_ALPN &&
	    (names->sni_len > len || nq_is_pattern(nq_names_sni(names), names->sni_len)))
		return false;
	nq_candidates_init(&c, names, key != NFT_QUIC_ALPN, len);
	return nq_candidates_next(&c, (u8 *)dst) && !c.fallback;
}
