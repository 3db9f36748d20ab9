// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <string.h>
#include <time.h>

#include "../../../quicd/server/replay.h"
#include "../../../quicd/server/stats.h"

static int add(struct replay *r, uint32_t n, time_t expires)
{
	unsigned char key[32] = {0};
	gnutls_datum_t d = {key, sizeof(key)};

	memcpy(key, &n, sizeof(n));
	return replay_add(r, expires, &d, NULL);
}

static void second_time_is_refused(void **state)
{
	struct replay *r = replay_new();
	time_t later = time(NULL) + 100;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(add(r, i, later), 0);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_not_equal(add(r, i, later), 0);
	replay_free(r);
}

static void full_refuses_until_expiry(void **state)
{
	struct replay *r = replay_new();
	time_t now = time(NULL);
	uint32_t i;

	(void)state;
	for (i = 0; i < 65536; i++)
		assert_int_equal(add(r, i, now + 100), 0);
	assert_int_not_equal(add(r, i, now + 100), 0);
	replay_free(r);
	r = replay_new();
	for (i = 0; i < 65536; i++)
		assert_int_equal(add(r, i, now - 1), 0);
	assert_int_equal(add(r, 0, now + 100), 0);
	replay_free(r);
}

static void rtt_quantiles(void **state)
{
	static struct stats s;

	(void)state;
	assert_true(stats_rtt_quantile(&s, 0.5) == 0);
	for (int i = 0; i < 90; i++)
		stats_rtt(&s, 1000000); /* 1 ms */
	for (int i = 0; i < 10; i++)
		stats_rtt(&s, 100000000); /* 100 ms */
	assert_int_equal(stats_rtt_count(&s), 100);
	assert_true(stats_rtt_quantile(&s, 0.5) > 900 && stats_rtt_quantile(&s, 0.5) < 1300);
	assert_true(stats_rtt_quantile(&s, 0.99) > 90000 && stats_rtt_quantile(&s, 0.99) < 130000);
	stats_rtt(&s, UINT64_MAX); /* no bucket is beyond the last */
	assert_int_equal(stats_rtt_count(&s), 101);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_time_is_refused),
		cmocka_unit_test(full_refuses_until_expiry),
		cmocka_unit_test(rtt_quantiles),
	};

	return RUN_TAP(tests);
}
