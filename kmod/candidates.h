/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys under which a set may know a flow, best first. */
#ifndef NQ_CANDIDATES_H
#define NQ_CANDIDATES_H

#include "names.h"

/**
 * struct nq_fit - which candidates may be in a set at all
 * @lens:	bit n - 1: texts of n bytes
 * @marks:	bit nq_fit_mark(): texts with this mark
 * @few:	@lens has so few bits that it is quicker to look for a dot where each begins
 * @exact:	names as clients say them
 * @wild:	"*." and a parent
 * @star:	"*"
 */
struct nq_fit {
	u64 lens;
	u64 marks;
	bool few;
	bool exact, wild, star;
};

#define NQ_FIT_ALL                                                                                 \
	((struct nq_fit){.lens = ~0ULL, .marks = ~0ULL, .exact = true, .wild = true, .star = true})

/**
 * nq_fit_mark - a number below 64 that most texts do not share
 * @text:	a name, or what stands behind "*."
 * @len:	its length, not 0
 * @wild:	it stands there
 *
 * Clients can find names with the same mark as a set's; these cost a look-up, as all would else.
 */
static inline unsigned int nq_fit_mark(const u8 *text, unsigned int len, bool wild)
{
	u32 h = text[0] | text[len / 2] << 8 | text[len - 1] << 16 | (len * 2 + wild) << 24;

	return h * 0x9e3779b1U >> 26;
}

/**
 * struct nq_candidates - where a walk through a key's candidates is
 * @names:	the flow
 * @fit:	others than these are left out
 * @sni:	walk the host name, else the protocols
 * @fallback:	"*" was the last
 * @width:	of the key in a set; longer names have no candidate
 * @pos:	the next protocol, or the next label
 * @steps:	protocols and labels that were looked at; for nq_budget_take()
 *
 * Protocols come in the client's order; host names as the exact name, then "*." and each
 * parent from the most specific one up; last of all "*".
 */
struct nq_candidates {
	const struct nq_names *names;
	const struct nq_fit *fit;
	bool sni;
	bool fallback;
	u8 width;
	unsigned int pos;
	unsigned int steps;
};

static inline void nq_candidates_init(struct nq_candidates *c, const struct nq_names *names,
				      const struct nq_fit *fit, bool sni, u8 width)
{
	c->names = names;
	c->fit = fit;
	c->sni = sni;
	c->fallback = false;
	c->width = width;
	c->pos = 0;
	c->steps = 0;
}

/**
 * nq_is_pattern - does a client's name look like "*" or "*.parent"?
 *
 * These words of the rules' are no candidates when a client says them, nor may one get into a
 * dynamic set that way: it would stand for others' names there.
 */
static inline bool nq_is_pattern(const u8 *name, unsigned int len)
{
	return len && name[0] == '*' && (len == 1 || name[1] == '.');
}

/**
 * nq_candidates_next - the next one
 * @dst:	gets it, padded with zeros to the key's width
 *
 * Return: false after the last.
 */
bool nq_candidates_next(struct nq_candidates *c, u8 *dst);

/**
 * nq_first_candidate - the first protocol that fits, or the exact host name
 * @key:	enum nft_quic_keys
 * @len:	its width
 * @names:	the flow
 * @dst:	gets it
 * @steps:	what that took is added
 *
 * Return: false if nothing fits.
 */
bool nq_first_candidate(u8 key, u8 len, const struct nq_names *names, u32 *dst,
			unsigned int *steps);

#endif /* NQ_CANDIDATES_H */
