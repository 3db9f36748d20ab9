// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../quicd/common/clock.h"
#include "../../../quicd/modes/backends.h"

/* The order of a pick, as "012". */
static const char *order(struct backends *b, uint64_t now)
{
	static char text[BACKENDS_MAX + 1];
	struct backend_pick p;

	backends_pick(b, &p, now);
	for (int i = 0; i < p.n; i++)
		text[i] = (char)('0' + p.order[i]);
	text[p.n] = '\0';
	return text;
}

static void orders(void **state)
{
	struct backends b = {.n = 3};

	(void)state;
	assert_string_equal(order(&b, NS_PER_S), "012");
	assert_string_equal(order(&b, NS_PER_S), "012");
	b.balance = BALANCE_ROUND_ROBIN;
	assert_string_equal(order(&b, NS_PER_S), "012");
	assert_string_equal(order(&b, NS_PER_S), "120");
	assert_string_equal(order(&b, NS_PER_S), "201");
	/* Of two that are left each has every other turn. */
	b.one[1].aside_until = 5 * NS_PER_S;
	b.turn = 0;
	for (int i = 0; i < 6; i++)
		assert_string_equal(order(&b, NS_PER_S), i % 2 ? "201" : "021");
	b.one[1].aside_until = 0;
	b.balance = BALANCE_ORDER;
	b.one[0].aside_until = 5 * NS_PER_S;
	assert_string_equal(order(&b, 5 * NS_PER_S - 1), "120");
	assert_string_equal(order(&b, 5 * NS_PER_S), "012");
	b.one[1].aside_until = b.one[2].aside_until = 5 * NS_PER_S;
	assert_string_equal(order(&b, NS_PER_S), "012");
}

static void failures(void **state)
{
	struct backend b = {0};
	uint64_t s = NS_PER_S, at = 100 * s;

	(void)state;
	assert_false(backend_note_failure(&b, at));
	assert_false(backend_note_failure(&b, at + 1 * s));
	/* The first is too long ago. */
	assert_false(backend_note_failure(&b, at + 11 * s));
	assert_true(b.aside_until == 0);
	/* The last three are within ten seconds; so are the next, which change nothing. */
	assert_true(backend_note_failure(&b, at + 11 * s));
	assert_true(b.aside_until == at + 21 * s);
	assert_false(backend_note_failure(&b, at + 12 * s));
	assert_true(b.aside_until == at + 21 * s);
	/* After that the count begins anew, with those that are still near. */
	assert_false(backend_note_failure(&b, at + 30 * s));
	assert_false(backend_note_failure(&b, at + 31 * s));
	assert_true(backend_note_failure(&b, at + 32 * s));
}

static void parsing(void **state)
{
	struct backends b = {0};
	char why[200], name[20];

	(void)state;
	assert_int_not_equal(backends_parse(&b, "", 1, why), 0);
	for (int i = 0; i < BACKENDS_MAX; i++) {
		snprintf(name, sizeof(name), "/run/%d", i);
		assert_int_equal(backends_parse(&b, name, i, why), 0);
	}
	assert_int_not_equal(backends_parse(&b, "/run/x", 99, why), 0);
	assert_string_equal(why, "more than 16 backends");
	assert_string_equal(b.one[3].text, "/run/3");
	assert_int_equal(b.one[3].line, 3);
	backends_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders),
		cmocka_unit_test(failures),
		cmocka_unit_test(parsing),
	};

	return RUN_TAP(tests);
}
