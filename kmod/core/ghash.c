// SPDX-License-Identifier: GPL-2.0-only
/*
 * GHASH with a table of 16 multiples of H (Shoup's 4-bit method): 256 bytes of
 * table made per key, 32 look-ups a block. The kernel's gf128mul is either bitwise or
 * needs an allocated table. The table's look-ups leak H through the cache, which
 * is no secret here (see port.h).
 */
#include "ghash.h"

/* The four bits that a shift by 4 drops, reduced: the top 16 bits to fold in. */
static const u16 nq_ghash_fold[16] = {
	0x0000, 0x1c20, 0x3840, 0x2460, 0x7080, 0x6ca0, 0x48c0, 0x54e0,
	0xe100, 0xfd20, 0xd940, 0xc560, 0x9180, 0x8da0, 0xa9c0, 0xb5e0,
};

static u64 nq_be64(const u8 *p)
{
	u64 v = 0;
	int i;

	for (i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void nq_put_be64(u8 *p, u64 v)
{
	int i;

	for (i = 7; i >= 0; i--, v >>= 8)
		p[i] = v;
}

void nq_ghash_init(struct nq_ghash *g, const u8 h[16])
{
	struct nq_gf128 v = {nq_be64(h), nq_be64(h + 8)};
	int i, j;

	memset(g, 0, sizeof(*g));
	/* The top bit of a 4-bit index stands for 1, the next for x, and so on. */
	for (i = 8; i; i >>= 1) {
		u64 carry = v.lo & 1;

		g->table[i] = v;
		v.lo = v.hi << 63 | v.lo >> 1;
		v.hi = v.hi >> 1 ^ (carry ? 0xe1ULL << 56 : 0);
	}
	for (i = 2; i < 16; i <<= 1) {
		for (j = 1; j < i; j++) {
			g->table[i + j].hi = g->table[i].hi ^ g->table[j].hi;
			g->table[i + j].lo = g->table[i].lo ^ g->table[j].lo;
		}
	}
}

static void nq_ghash_step(const struct nq_ghash *g, struct nq_gf128 *z, unsigned int nibble)
{
	unsigned int out = z->lo & 0xf;

	z->lo = z->hi << 60 | z->lo >> 4;
	z->hi = z->hi >> 4 ^ (u64)nq_ghash_fold[out] << 48;
	z->hi ^= g->table[nibble].hi;
	z->lo ^= g->table[nibble].lo;
}

/* y = (y + block) * H */
static void nq_ghash_block(struct nq_ghash *g, const u8 block[16])
{
	const u64 x[2] = {g->y.hi ^ nq_be64(block), g->y.lo ^ nq_be64(block + 8)};
	struct nq_gf128 z = {0, 0};
	int i, shift;

	for (i = 1; i >= 0; i--)
		for (shift = 0; shift < 64; shift += 4)
			nq_ghash_step(g, &z, x[i] >> shift & 0xf);
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
