// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <stdlib.h>

#include "../../../quicd/common/timer.h"

static uint64_t last_fired;
static int fired;

static void note(struct timer *t)
{
	assert_true(t->at >= last_fired);
	assert_int_equal(t->pos, 0);
	last_fired = t->at;
	fired++;
}

static void fires_in_order(void **state)
{
	enum { N = 1000 };
	static struct timer t[N];
	struct timerq q;
	int set = 0;

	(void)state;
	srand(2);
	timerq_init(&q);
	for (int i = 0; i < N; i++)
		t[i].fn = note;
	for (int i = 0; i < 10 * N; i++) {
		struct timer *x = &t[rand() % N];

		if (rand() % 4)
			assert_int_equal(timer_set(&q, x, (uint64_t)rand() % 10000), 0);
		else
			timer_cancel(&q, x);
	}
	for (int i = 0; i < N; i++)
		set += t[i].pos != 0;
	timerq_run(&q, 5000);
	assert_true(timerq_next(&q) > 5000);
	timerq_run(&q, 10000);
	assert_int_equal(fired, set);
	assert_true(timerq_next(&q) == TIMER_NEVER);
	timerq_free(&q);
}

static void never_cancels(void **state)
{
	struct timer t = {.fn = note};
	struct timerq q;

	(void)state;
	timerq_init(&q);
	timer_set(&q, &t, 5);
	timer_set(&q, &t, TIMER_NEVER);
	assert_int_equal(t.pos, 0);
	assert_true(timerq_next(&q) == TIMER_NEVER);
	timerq_free(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fires_in_order),
		cmocka_unit_test(never_cancels),
	};

	return RUN_TAP(tests);
}
