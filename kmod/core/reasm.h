/* SPDX-License-Identifier: GPL-2.0-only */
/* The CRYPTO stream of Initial packets, put together from any order (RFC 9000 7.5). */
#ifndef NQ_REASM_H
#define NQ_REASM_H

#include "types.h"

/** struct nq_range - bytes from @start to before @end */
struct nq_range {
	u16 start, end;
};

/**
 * struct nq_reasm - the stream's bytes as far as they came
 * @want:	bytes at this offset and above are of no interest and are not kept
 * @top:	one past the highest byte received; no byte of @buf from here on was written
 * @differs:	the lowest byte that came twice and was not the same; not below @want if none was
 * @n_ranges:	how many of @ranges are in use
 * @ranges:	what came; sorted, disjoint, not touching
 * @buf:	the bytes; last, because only @top of them matter
 */
struct nq_reasm {
	u16 want;
	u16 top;
	u16 differs;
	u16 n_ranges;
	struct nq_range ranges[NQ_RANGES_ROOM];
	u8 buf[NQ_CRYPTO_MAX];
};

/** nq_reasm_init - begin. Does not touch the buffer. */
void nq_reasm_init(struct nq_reasm *r);

/**
 * nq_reasm_add - take @len bytes at offset @off
 *
 * Where bytes came twice, the first ones stay: a later packet cannot change what was
 * looked at before. Whether they were the same is noted. Bytes from @want on are ignored, however
 * far away they are.
 *
 * Return: false, and nothing changed, if they need more than NQ_RANGES_ROOM ranges.
 */
bool nq_reasm_add(struct nq_reasm *r, u64 off, const u8 *data, size_t len);

/**
 * nq_reasm_bound - keep nothing at offset @want and above
 * @want:	1 to NQ_CRYPTO_MAX; never more than it was
 *
 * A server reads its ClientHello and acts on it, whatever the client has sent for later.
 */
void nq_reasm_bound(struct nq_reasm *r, unsigned int want);

/**
 * nq_reasm_contradicts - did any byte below @want come twice with different values?
 *
 * Then a server that got the packets in another order has another stream (RFC 9000 2.2).
 */
static inline bool nq_reasm_contradicts(const struct nq_reasm *r)
{
	return r->differs < r->want;
}

/** nq_reasm_from - bytes that are there from offset @from on without a gap */
static inline size_t nq_reasm_from(const struct nq_reasm *r, unsigned int from)
{
	unsigned int i;

	for (i = 0; i < r->n_ranges && r->ranges[i].start <= from; i++)
		if (r->ranges[i].end > from)
			return r->ranges[i].end - from;
	return 0;
}

#endif /* NQ_REASM_H */
