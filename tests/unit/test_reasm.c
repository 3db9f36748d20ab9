// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"
#include <stdlib.h>
#include "reasm.h"

static struct nq_reasm r;

static void put(const char *text, u64 off)
{
	assert_true(nq_reasm_add(&r, off, (const u8 *)text, strlen(text)));
}

static void check_ranges(size_t n, const struct nq_range *want)
{
	assert_int_equal(r.n_ranges, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(r.ranges[i].start, want[i].start);
		assert_int_equal(r.ranges[i].end, want[i].end);
	}
}

/* Five pieces in each of the 120 orders. */
static void every_order(void **state)
{
	static const char text[] = "abbcccddddeeeee";
	static const u8 cut[] = {0, 1, 3, 6, 10, 15};
	unsigned int orders = 0;

	(void)state;
	for (unsigned int code = 0; code < 5 * 5 * 5 * 5 * 5; code++) {
		unsigned int seen = 0, c = code;

		for (int i = 0; i < 5; i++, c /= 5)
			seen |= 1 << c % 5;
		if (seen != 0x1f)
			continue;
		orders++;
		nq_reasm_init(&r);
		c = code;
		for (int i = 0; i < 5; i++, c /= 5) {
			unsigned int at = cut[c % 5], end = cut[c % 5 + 1];

			assert_int_equal(nq_reasm_from(&r, 0) == 15, 0);
			assert_true(nq_reasm_add(&r, at, (const u8 *)text + at, end - at));
		}
		assert_int_equal(nq_reasm_from(&r, 0), 15);
		assert_int_equal(r.top, 15);
		assert_int_equal(r.n_ranges, 1);
		assert_memory_equal(r.buf, text, 15);
	}
	assert_int_equal(orders, 120);
}

static void first_byte_wins(void **state)
{
	(void)state;
	nq_reasm_init(&r);
	put("BBB", 3);
	put("xxxxxxxxx", 0); /* around */
	assert_memory_equal(r.buf, "xxxBBBxxx", 9);
	put("zzzz", 7); /* from inside over the end */
	assert_memory_equal(r.buf, "xxxBBBxxxzz", 11);
	put("qqqqqqqqqqq", 0); /* the same again */
	assert_memory_equal(r.buf, "xxxBBBxxxzz", 11);
	check_ranges(1, (struct nq_range[]){{0, 11}});
	assert_true(nq_reasm_contradicts(&r));
	assert_int_equal(r.differs, 0);

	nq_reasm_init(&r);
	assert_false(nq_reasm_contradicts(&r));
	put("11", 2);
	put("22", 6);
	put("33", 10);
	put("........", 3); /* over the middle one, touching the last but one byte */
	assert_memory_equal(r.buf + 2, "11..22...", 8);
	check_ranges(1, (struct nq_range[]){{2, 12}});
	assert_int_equal(nq_reasm_from(&r, 0), 0);
	put("ab", 0);
	assert_int_equal(nq_reasm_from(&r, 0), 12);
	assert_memory_equal(r.buf, "ab11..22..33", 12);
}

/* Each byte of a range in turn, and the bound that decides whether it matters. */
static void what_differs(void **state)
{
	char text[] = "abcdefghijklmnop";

	(void)state;
	for (unsigned int at = 0; at < 16; at++) {
		nq_reasm_init(&r);
		put("cdef", 2);
		put("ijkl", 8);
		text[at] ^= 1;
		put(text, 0);
		text[at] ^= 1;
		assert_int_equal(nq_reasm_contradicts(&r), strchr("cdefijkl", text[at]) != NULL);
		if (!nq_reasm_contradicts(&r))
			continue;
		assert_int_equal(r.differs, at);
		put("gX", 6);
		assert_int_equal(r.differs, at < 7 ? at : 7);
		nq_reasm_bound(&r, r.differs + 1);
		assert_true(nq_reasm_contradicts(&r));
		nq_reasm_bound(&r, r.differs);
		assert_false(nq_reasm_contradicts(&r));
	}
}

static void touching_ranges_become_one(void **state)
{
	(void)state;
	nq_reasm_init(&r);
	put("aa", 0);
	put("cc", 4);
	check_ranges(2, (struct nq_range[]){{0, 2}, {4, 6}});
	put("e", 8);
	put("d", 7);
	check_ranges(3, (struct nq_range[]){{0, 2}, {4, 6}, {7, 9}});
	put("bb", 2);
	check_ranges(2, (struct nq_range[]){{0, 6}, {7, 9}});
	put("", 100);
	assert_int_equal(r.top, 9);
	put("!", 6);
	check_ranges(1, (struct nq_range[]){{0, 9}});
}

static void limit_of_bytes(void **state)
{
	static u8 data[NQ_CRYPTO_MAX + 1];

	(void)state;
	nq_reasm_init(&r);
	assert_true(nq_reasm_add(&r, NQ_CRYPTO_MAX, data, 1));
	assert_true(nq_reasm_add(&r, NQ_CRYPTO_MAX + 1, data, 0));
	assert_true(nq_reasm_add(&r, (1ULL << 62) - 1, data, 1));
	assert_int_equal(r.n_ranges, 0);
	assert_int_equal(r.top, 0);
	assert_true(nq_reasm_add(&r, NQ_CRYPTO_MAX - 1, data, sizeof(data)));
	assert_int_equal(r.top, NQ_CRYPTO_MAX);
	nq_reasm_init(&r);
	assert_true(nq_reasm_add(&r, 0, data, NQ_CRYPTO_MAX + 1));
	check_ranges(1, (struct nq_range[]){{0, NQ_CRYPTO_MAX}});
	nq_reasm_init(&r);
	assert_true(nq_reasm_add(&r, NQ_CRYPTO_MAX - 1, data, 1));
	assert_int_equal(r.top, NQ_CRYPTO_MAX);
	assert_true(nq_reasm_add(&r, 0, data, NQ_CRYPTO_MAX));
	assert_int_equal(nq_reasm_from(&r, 0), NQ_CRYPTO_MAX);
}

/* Bytes above the bound go, wherever it cuts, and none come back. */
static void bound(void **state)
{
	(void)state;
	for (unsigned int want = 1; want < 40; want++) {
		nq_reasm_init(&r);
		put("abcd", 0);
		put("efgh", 10);
		put("ijkl", 20);
		nq_reasm_bound(&r, want);
		assert_int_equal(r.n_ranges, want <= 10 ? 1 : want <= 20 ? 2 : 3);
		assert_int_equal(r.top, want < 4     ? want
					: want <= 10 ? 4
					: want < 14  ? want
					: want <= 20 ? 14
					: want < 24  ? want
						     : 24);
		put("0123456789012345678901234567890123456789", 0);
		check_ranges(1, (struct nq_range[]){{0, want}});
		assert_int_equal(r.top, want);
		assert_memory_equal(r.buf, "abcd", want < 4 ? want : 4);
	}
	nq_reasm_init(&r);
	nq_reasm_bound(&r, 1);
	assert_int_equal(r.top, 0);
}

static void limit_of_ranges(void **state)
{
	(void)state;
	nq_reasm_init(&r);
	for (unsigned int i = 0; i < NQ_RANGES_ROOM; i++)
		put("x", 3 * i);
	assert_int_equal(r.n_ranges, NQ_RANGES_ROOM);
	assert_false(nq_reasm_add(&r, 3 * NQ_RANGES_ROOM, (const u8 *)"x", 1));
	assert_int_equal(r.n_ranges, NQ_RANGES_ROOM);
	/* Bytes that add no range are still taken. */
	put("y", 1);
	put("z", 2);
	assert_int_equal(r.n_ranges, NQ_RANGES_ROOM - 1);
	put("x", 3 * NQ_RANGES_ROOM);
	assert_int_equal(r.n_ranges, NQ_RANGES_ROOM);
}

/* Random pieces against a model that keeps one byte and one flag a position. */
static void random_against_a_model(void **state)
{
	static u8 model[600], data[600];
	static bool have[600];

	(void)state;
	srand(7);
	for (int round = 0; round < 300; round++) {
		memset(have, 0, sizeof(have));
		nq_reasm_init(&r);
		for (int n = 0; n < 120; n++) {
			unsigned int off = rand() % 560, len = rand() % 40, ranges = 0, top = 0;
			unsigned int differs = r.differs;

			for (unsigned int i = 0; i < len; i++)
				data[i] = rand();
			if (!nq_reasm_add(&r, off, data, len))
				break;
			for (unsigned int i = 0; i < len; i++) {
				if (!have[off + i])
					model[off + i] = data[i];
				else if (model[off + i] != data[i] && off + i < differs)
					differs = off + i;
				have[off + i] = true;
			}
			for (unsigned int i = 0; i < 600; i++) {
				if (!have[i])
					continue;
				assert_int_equal(r.buf[i], model[i]);
				if (!i || !have[i - 1])
					assert_int_equal(r.ranges[ranges++].start, i);
				top = i + 1;
				if (i == 599 || !have[i + 1])
					assert_int_equal(r.ranges[ranges - 1].end, i + 1);
			}
			assert_int_equal(r.n_ranges, ranges);
			assert_int_equal(r.top, top);
			assert_int_equal(r.differs, differs);
		}
	}
}

UNIT_MAIN("reasm", cmocka_unit_test(every_order), cmocka_unit_test(first_byte_wins),
	  cmocka_unit_test(what_differs), cmocka_unit_test(touching_ranges_become_one),
	  cmocka_unit_test(limit_of_bytes), cmocka_unit_test(bound),
	  cmocka_unit_test(limit_of_ranges), cmocka_unit_test(random_against_a_model))
