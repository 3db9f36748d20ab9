// SPDX-License-Identifier: GPL-2.0-only
/*
 * GHASH with tables of multiples of H (Shoup's method), eight bits of either half of a block at a
 * time: 1 KiB of tables made per key. The kernel's gf128mul is either bitwise or needs an allocated
 * table. The look-ups leak H through the cache, which is no secret here (see port.h).
 */
#include "ghash.h"

/* The four bits that a shift by 4 drops, reduced: the top 16 bits to fold in. */
static const u16 nq_ghash_fold[16] = {
	0x0000, 0x1c20, 0x3840, 0x2460, 0x7080, 0x6ca0, 0x48c0, 0x54e0,
	0xe100, 0xfd20, 0xd940, 0xc560, 0x9180, 0x8da0, 0xa9c0, 0xb5e0,
};

static u64 nq_be64(const u8 *p)
{
	return (u64)p[0] << 56 | (u64)p[1] << 48 | (u64)p[2] << 40 | (u64)p[3] << 32 |
	       (u64)p[4] << 24 | (u64)p[5] << 16 | (u64)p[6] << 8 | p[7];
}

static void nq_put_be64(u8 *p, u64 v)
{
	int i;

	for (i = 7; i >= 0; i--, v >>= 8)
		p[i] = v;
}

/* z times x^4, and the four bits that drop out folded in */
static struct nq_gf128 nq_gf128_shift4(struct nq_gf128 z)
{
	u64 fold = nq_ghash_fold[z.lo & 0xf];

	z.lo = z.hi << 60 | z.lo >> 4;
	z.hi = z.hi >> 4 ^ fold << 48;
	return z;
}

/* z times x^8 */
static inline struct nq_gf128 nq_gf128_shift8(struct nq_gf128 z)
{
	u64 fold = nq_ghash_fold[z.lo >> 4 & 0xf] ^ nq_ghash_fold[z.lo & 0xf] >> 4;

	z.lo = z.hi << 56 | z.lo >> 8;
	z.hi = z.hi >> 8 ^ fold << 48;
	return z;
}

/* @v times each polynomial of four bits: the top bit of an index stands for 1, the next for x. */
static void nq_ghash_multiples(struct nq_gf128 table[16], struct nq_gf128 v)
{
	int i, j;

	table[0] = (struct nq_gf128){0, 0};
	for (i = 8; i; i >>= 1) {
		u64 carry = v.lo & 1;

		table[i] = v;
		v.lo = v.hi << 63 | v.lo >> 1;
		v.hi = v.hi >> 1 ^ (carry ? 0xe1ULL << 56 : 0);
	}
	for (i = 2; i < 16; i <<= 1) {
		for (j = 1; j < i; j++) {
			table[i + j].hi = table[i].hi ^ table[j].hi;
			table[i + j].lo = table[i].lo ^ table[j].lo;
		}
	}
}

void nq_ghash_init(struct nq_ghash *g, const u8 h[16])
{
	struct nq_gf128 v = {nq_be64(h), nq_be64(h + 8)};
	int half, i;

	g->y = (struct nq_gf128){0, 0};
	for (half = 0; half < 2; half++) {
		nq_ghash_multiples(g->high[half], v);
		for (i = 0; i < 16; i++)
			g->low[half][i] = nq_gf128_shift4(g->high[half][i]);
		for (i = 0; i < 8; i++)
			v = nq_gf128_shift8(v);
	}
}

/* y = (y + block) * H: both halves at once, each from the last byte to the first */
static void nq_ghash_block(struct nq_ghash *g, const u8 block[16])
{
	u64 a = g->y.hi ^ nq_be64(block), b = g->y.lo ^ nq_be64(block + 8);
	const struct nq_gf128 *p, *q, *r, *s;
	struct nq_gf128 z = {0, 0};
	int i;

	for (i = 0; i < 8; i++, a >>= 8, b >>= 8) {
		p = &g->high[0][a >> 4 & 0xf];
		q = &g->low[0][a & 0xf];
		r = &g->high[1][b >> 4 & 0xf];
		s = &g->low[1][b & 0xf];
		z = nq_gf128_shift8(z);
		z.hi ^= p->hi ^ q->hi ^ r->hi ^ s->hi;
		z.lo ^= p->lo ^ q->lo ^ r->lo ^ s->lo;
	}
	g->y = z;
}

void nq_ghash_update(struct nq_ghash *g, const u8 *data, size_t len)
{
	u8 last[16] = {0};

	for (; len >= 16; len -= 16, data += 16)
		nq_ghash_block(g, data);
	if (len) {
		memcpy(last, data, len);
		nq_ghash_block(g, last);
	}
}

void nq_ghash_final(struct nq_ghash *g, u64 aad_bytes, u64 text_bytes, u8 out[16])
{
	u8 lens[16];

	nq_put_be64(lens, aad_bytes * 8);
	nq_put_be64(lens + 8, text_bytes * 8);
	nq_ghash_block(g, lens);
	nq_put_be64(out, g->y.hi);
	nq_put_be64(out + 8, g->y.lo);
}
