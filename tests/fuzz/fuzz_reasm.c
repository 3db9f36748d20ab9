// SPDX-License-Identifier: GPL-2.0-or-later
/* Pieces at any place against a model that keeps a byte and a flag for every position. */
#include "fuzz.h"
#include "reasm.h"

static struct nq_reasm r;
static uint8_t model[NQ_CRYPTO_MAX], pieces[NQ_CRYPTO_MAX + 300];
static bool have[NQ_CRYPTO_MAX + 1];
static uint32_t differs; /* the lowest byte that did */

static unsigned int model_ranges(void)
{
	unsigned int n = 0;

	for (size_t i = 0; i < NQ_CRYPTO_MAX; i++)
		n += have[i] && (!i || !have[i - 1]);
	return n;
}

static void check_all(void)
{
	unsigned int n = 0, top = 0;
	size_t prefix = 0;

	while (have[prefix])
		prefix++;
	CHECK(nq_reasm_from(&r, 0) == prefix);
	for (size_t i = 0; i < NQ_CRYPTO_MAX; i++) {
		if (!have[i])
			continue;
		CHECK(r.buf[i] == model[i]);
		top = i + 1;
		if (!i || !have[i - 1])
			CHECK(n < r.n_ranges && r.ranges[n].start == i);
		if (!have[i + 1])
			CHECK(r.ranges[n++].end == i + 1);
	}
	CHECK(r.n_ranges == n && r.top == top);
	CHECK(nq_reasm_contradicts(&r) == (differs < r.want));
	CHECK(differs >= r.want || r.differs == differs);
}

/* Bytes at @want and above go. Return: the new bound. */
static uint32_t bound(uint32_t want)
{
	nq_reasm_bound(&r, want);
	memset(have + want, 0, sizeof(have) - want);
	return want;
}

/* Bytes @off to before @end, all of them below the bound. */
static void add(uint32_t off, uint32_t end, bool taken)
{
	if (!taken) {
		/* Only because it would make one range too many. */
		CHECK(r.n_ranges == NQ_RANGES_ROOM && model_ranges() == NQ_RANGES_ROOM);
		for (uint32_t i = off; i < end; i++)
			CHECK(!have[i]);
		CHECK(!have[end] && (!off || !have[off - 1]));
		return;
	}
	for (uint32_t i = off; i < end; i++) {
		if (!have[i])
			model[i] = pieces[i - off];
		else if (model[i] != pieces[i - off] && i < differs)
			differs = i;
		have[i] = true;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = {data, size};
	uint32_t want = NQ_CRYPTO_MAX;
	uint8_t fill = 1;

	memset(have, 0, sizeof(have));
	differs = NQ_CRYPTO_MAX;
	nq_reasm_init(&r);
	while (in.left) {
		uint32_t off = fuzz_u16(&in), len = fuzz_u8(&in), end;
		bool taken;

		if (len == 249) {
			want = bound(1 + off % want);
			check_all();
			continue;
		}
		if (len >= 250)
			len = fuzz_u16(&in) % sizeof(pieces);
		memset(pieces, fill, len);
		/* Some are as they were, some but for one byte. */
		if (off & 1)
			fill++;
		if (len && off & 2)
			pieces[off % len]++;
		taken = nq_reasm_add(&r, off, pieces, len);
		end = off + len < want ? off + len : want;
		if (off < end)
			add(off, end, taken);
		else
			CHECK(taken);
		CHECK(r.n_ranges <= NQ_RANGES_ROOM && r.top <= want);
	}
	check_all();
	return 0;
}
