// SPDX-License-Identifier: GPL-2.0-only
#include <uapi/nft_quic.h>

#include "candidates.h"

/*
 * More for one that is left out: else the candidates of a client that offers hundreds, of which a
 * set can have none, would be gone through at each rule, paid by what each rule adds to the budget.
 */
#define NQ_SKIP_STEPS 3

static bool nq_fits(const struct nq_fit *fit, unsigned int len)
{
	return fit->lens >> (len - 1) & 1;
}

static bool nq_is_marked(const struct nq_fit *fit, const u8 *text, unsigned int len, bool wild)
{
	return fit->marks >> nq_fit_mark(text, len, wild) & 1;
}

/* May the set have @name as it is? */
static bool nq_may_be(const struct nq_candidates *c, const u8 *name, unsigned int len)
{
	return len <= c->width && nq_fits(c->fit, len) && nq_is_marked(c->fit, name, len, false) &&
	       !nq_is_pattern(name, len);
}

/* May it have "*." and @rest? At least one byte has to stand for the star. */
static bool nq_may_be_wild(const struct nq_candidates *c, const u8 *rest, unsigned int len)
{
	return rest > nq_names_sni(c->names) + 1 && len + 2 <= c->width &&
	       nq_fits(c->fit, len + 2) && nq_is_marked(c->fit, rest, len, true);
}

static bool nq_alpn_candidate(struct nq_candidates *c, u8 *dst)
{
	const u8 *list = nq_names_alpn(c->names), *name;
	unsigned int len;

	if (!c->fit->exact)
		return false;
	while ((len = nq_alpn_next(list, c->names->alpn_len, &c->pos, &name))) {
		c->steps++;
		if (nq_may_be(c, name, len)) {
			memcpy(dst, name, len);
			memset(dst + len, 0, c->width - len);
			return true;
		}
		c->steps += NQ_SKIP_STEPS;
	}
	return false;
}

/* The next rest behind "*." by its length, from the longest one down. */
static unsigned int nq_sni_next_fit(const struct nq_candidates *c, unsigned int pos)
{
	unsigned int total = c->names->sni_len, longest = total - pos + 1;
	const u8 *sni = nq_names_sni(c->names);
	u64 lens = c->fit->lens & ~3ULL; /* the rest is not empty */

	if (longest < 64)
		lens &= (1ULL << longest) - 1;
	for (; lens; lens &= ~(1ULL << (fls64(lens) - 1))) {
		pos = total + 2 - fls64(lens);
		if (sni[pos - 1] == '.')
			return pos;
	}
	return total;
}

/* Where the next rest of the name begins: of those that fit behind "*.", the longest. */
static unsigned int nq_sni_next(const struct nq_candidates *c, unsigned int pos)
{
	unsigned int total = c->names->sni_len;
	const u8 *sni = nq_names_sni(c->names), *dot;

	if (!c->fit->wild)
		return total;
	if (c->fit->few)
		return nq_sni_next_fit(c, pos);
	if (total - pos + 2 > c->width)
		pos = total + 1 - c->width;
	dot = memchr(sni + pos, '.', total - pos);
	return dot ? dot + 1 - sni : total;
}

/* @pos is where the rest of the name begins: 0, then behind each dot. */
static bool nq_sni_candidate(struct nq_candidates *c, u8 *dst)
{
	const u8 *sni = nq_names_sni(c->names);
	unsigned int total = c->names->sni_len;

	while (c->pos < total) {
		unsigned int pos = c->pos, len = total - pos, star = pos ? 2 : 0;

		c->steps++;
		c->pos = nq_sni_next(c, pos);
		if (pos ? nq_may_be_wild(c, sni + pos, len)
			: c->fit->exact && nq_may_be(c, sni, len)) {
			memcpy(dst, "*.", star);
			memcpy(dst + star, sni + pos, len);
			memset(dst + star + len, 0, c->width - star - len);
			return true;
		}
		c->steps += NQ_SKIP_STEPS;
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
	if (!c->fit->star)
		return false;
	memset(dst, 0, c->width);
	dst[0] = '*';
	return true;
}

bool nq_first_candidate(u8 key, u8 len, const struct nq_names *names, u32 *dst, unsigned int *steps)
{
	/* Not the name's wildcard: only a search may use that. */
	static const struct nq_fit fit = {.lens = ~0ULL, .marks = ~0ULL, .exact = true};
	struct nq_candidates c;
	bool found;

	nq_candidates_init(&c, names, &fit, key != NFT_QUIC_ALPN, len);
	found = nq_candidates_next(&c, (u8 *)dst);
	*steps += c.steps;
	return found;
}
