// SPDX-License-Identifier: GPL-2.0-or-later
/* The part of a ruleset that another one lacks. */
#include "unit.h"

#include "kept.h"

#define SET(name, more)                                                                            \
	"{'set': {'family': 'inet', 'table': 't', 'name': '" name "', 'type': " more "}},"
#define SNI "{'typeof': {'quic': {'key': 'sni'}}}"
#define MAP(elems)                                                                                 \
	"{'map': {'family': 'inet', 'table': 't', 'name': 'm', 'type': " SNI                       \
	", 'map': 'inet_service', 'elem': [" elems "]}},"

/* @then lacks @want, JSON, of @now. */
static void lacks(struct na_ruleset *now, struct na_ruleset *then, const char *want)
{
	json_t *a = na_kept_read(now, NULL), *b = na_kept_read(then, a), *w = json_of(want);
	json_t *missing = na_kept_missing(a, b, 3);

	if (!json_equal(missing, w))
		fail_msg("%s, not %s", json_dumps(missing, 0), want);
	json_decref(missing);
	json_decref(w);
	json_decref(b);
	json_decref(a);
}

static void missing(void **state)
{
	static const struct {
		const char *now, *then, *want;
	} c[] = {
		{MAP("['a', 1]"), MAP("['b', 2], ['a', 1]"), "[]"},
		{MAP("['a', 1]"), "", "['element of inet t m: [\\'a\\',1]']"},
		/* to another port */
		{MAP("['a', 1], ['b', 2]"), MAP("['a', 2], ['b', 2]"),
		 "['element of inet t m: [\\'a\\',1]']"},
		/* in another table's map of that name there is no help */
		{SET("m", SNI ", 'elem': ['a']"), MAP("['a', 1]"),
		 "['element of inet t m: [\\'a\\',\\'a\\']']"},
		{SET("s", SNI ", 'elem': ['a', {'elem': {'val': 'b', 'comment': 'x'}}]"),
		 SET("s", SNI ", 'elem': ['b', 'a']"), "[]"},
		/* what goes by itself, or comes so */
		{SET("s", SNI ", 'elem': [{'elem': {'val': 'b', 'timeout': 60}}]"), "", "[]"},
		{SET("s", SNI ", 'flags': 'dynamic', 'elem': ['b']"), "", "[]"},
		{SET("s", "'inet_service', 'elem': [1]"), "", "[]"},
		/* other keys than names */
		{SET("s", SNI ", 'elem': [{'concat': ['a', 1]}, {'concat': ['a', 2]}]"),
		 SET("s", SNI ", 'elem': [{'concat': ['a', 2]}]"),
		 "['element of inet t s: "
		 "[{\\'concat\\':[\\'a\\',1]},{\\'concat\\':[\\'a\\',1]}]']"},
		{MAP("[null, 1], [null, 2]"), MAP("[null, 2]"),
		 "['element of inet t m: [null,1]']"},
		{SET("s", SNI ", 'elem': ['\\u0001x', 'a']"), SET("s", SNI ", 'elem': ['a']"),
		 "['element of inet t s: [\\'\\\\u0001x\\',\\'\\\\u0001x\\']']"},
		{RULE("c", "1", QUIC("sni", "'a'")), "", "['rule inet t c: rule with handle 1']"},
		{RULE("c", "1", QUIC("sni", "'a'")), RULE("c", "1", QUIC("sni", "'a'")), "[]"},
		/* no more than were asked for */
		{MAP("['a', 1], ['b', 2], ['c', 3], ['d', 4]"), MAP("['b', 2]"),
		 "['element of inet t m: [\\'a\\',1]', 'element of inet t m: [\\'c\\',3]', "
		 "'element of inet t m: [\\'d\\',4]']"},
		{MAP("['a', 1], ['b', 2], ['c', 3], ['d', 4], ['e', 5]"), "",
		 "['element of inet t m: [\\'a\\',1]', 'element of inet t m: [\\'b\\',2]', "
		 "'element of inet t m: [\\'c\\',3]']"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		char *now = na_printf("%s%s", CHAIN("c", ""), c[i].now);
		char *then = na_printf("%s%s", CHAIN("c", ""), c[i].then);
		struct na_ruleset *a = ruleset_of(now), *b = ruleset_of(then);
		json_t *kept = na_kept_read(b, NULL);

		assert_int_equal(na_kept_none(kept), !*c[i].then);
		json_decref(kept);
		lacks(a, b, c[i].want);
		na_ruleset_free(a);
		na_ruleset_free(b);
		free(now);
		free(then);
	}
}

/* A large set comes from the kernel as it is. */
static void no_utf8(void **state)
{
	struct na_ruleset *a = ruleset_of(CHAIN("c", "") SET("s", SNI ", 'elem': []"));
	struct na_ruleset *b = ruleset_of(CHAIN("c", ""));

	(void)state;
	json_array_append_new(a->set[0].elems, json_stringn_nocheck("\xff.x", 3));
	lacks(a, b, "['element of inet t s: [\\\\xff.x,\\\\xff.x]']");
	json_array_clear(a->set[0].elems);
	json_array_append_new(a->set[0].elems, json_stringn_nocheck("\xff\0x", 3));
	lacks(a, b, "['element of inet t s: [\\\\xff,\\\\xff]']");
	lacks(a, a, "[]");
	na_ruleset_free(a);
	na_ruleset_free(b);
}

/* Of a set that was not read whole there is a number at the most. */
static void counted(void **state)
{
	static const struct {
		int now, then; /* 0: without the set */
		const char *elem, *want;
	} c[] = {
		{40000, 39000, "'a'", "['element of inet t s: 1000 of 40000']"},
		{40000, 40000, "'a'", "[]"},
		{40000, 50000, "'a'", "[]"},
		{40000, -1, "'a'", "[]"},
		{-1, 40000, "'a'", "[]"},
		{-1, -1, "'a'", "[]"},
		{40000, 0, "'a'", "['element of inet t s: 40000 of 40000']"},
		{-1, 0, "'a'", "['element of inet t s: all but 0 of more than 32768']"},
		{40000, 0, "{'elem': {'val': 'b', 'expires': true}}", "[]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		char *text =
			na_printf("%s" SET("s", SNI ", 'elem': [%s]"), CHAIN("c", ""), c[i].elem);
		struct na_ruleset *a = ruleset_of(text);
		struct na_ruleset *b = ruleset_of(c[i].then ? text : CHAIN("c", ""));

		a->set[0].cut = true;
		a->set[0].total = c[i].now;
		if (c[i].then) {
			b->set[0].cut = true;
			b->set[0].total = c[i].then;
		}
		lacks(a, b, c[i].want);
		na_ruleset_free(a);
		na_ruleset_free(b);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing),
		cmocka_unit_test(no_utf8),
		cmocka_unit_test(counted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("admin kept", tests, NULL, NULL);
}
