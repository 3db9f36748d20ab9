// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include "../../../quicd/server/gather.h"

/* A round that took a tenth of the time, with a request. */
static struct gather_round small(uint64_t streams)
{
	return (struct gather_round){
		.begin = 1000, .end = 1000 + GATHER_ROUND / 10, .bytes = 1500, .streams = streams};
}

static void waits_while_it_finds(void **state)
{
	struct gather g = {0};
	struct gather_round r = small(2);

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(gather_wait(&g, &r) == GATHER_ROUND - GATHER_ROUND / 10);
}

static void seldom_in_vain(void **state)
{
	struct gather g = {0};
	struct gather_round one = small(1), two = small(2);
	int waits = 0, i;

	(void)state;
	for (i = 0; i < 20000; i++)
		waits += gather_wait(&g, &one) > 0;
	/* 2, 4, 8 ... rounds apart, up to 1,024. */
	assert_in_range(waits, 20, 30);
	/* Once it is worth it again, each round waits. */
	for (i = 0; !gather_wait(&g, &one); i++)
		;
	assert_true(i <= GATHER_SELDOM);
	for (i = 0; i < 10; i++)
		assert_true(gather_wait(&g, &two) > 0);
}

static void not_with_more_to_do(void **state)
{
	struct gather g = {0};
	struct gather_round r = small(2);

	(void)state;
	r.pressed = true;
	assert_true(!gather_wait(&g, &r));
	r = small(2);
	r.bytes = 0;
	assert_true(!gather_wait(&g, &r));
	r.bytes = GATHER_BYTES + 1;
	assert_true(!gather_wait(&g, &r));
	r = small(2);
	r.end = r.begin + GATHER_ROUND;
	assert_true(!gather_wait(&g, &r));
	/* That was no waiting, and so none in vain. */
	r = small(0);
	assert_true(gather_wait(&g, &r) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_while_it_finds),
		cmocka_unit_test(seldom_in_vain),
		cmocka_unit_test(not_with_more_to_do),
	};

	return RUN_TAP(tests);
}
