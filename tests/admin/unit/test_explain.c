// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a trail ends, and listings that are loaded again. */
#include "unit.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "admin.h"
#include "explain.h"

static void owners(void **state)
{
	static const char *const cases[][2] = {
		{"\tflags owner\n", "            \n"},
		{"\tflags owner,persist\n", "                    \n"},
		{"\tflags dormant\n", "\tflags dormant\n"},
		{"\tflags dormant,owner,persist\n", "\tflags dormant              \n"},
		{"\tflags owner,dormant\n", "\tflags dormant      \n"},
		{"\tset s {\n\t\tflags owner\n\t}\n", "\tset s {\n\t\tflags owner\n\t}\n"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *was = na_printf("table inet t {\n%s\tchain c {\n\t}\n}", cases[i][0]);
		char *now = na_printf("table inet t {\n%s\tchain c {\n\t}\n}", cases[i][1]);

		na_explain_disown(was);
		assert_string_equal(was, now);
		free(was);
		free(now);
	}
}

static void ends(void **state)
{
	static const struct na_chain
		first = {.table = NA_OWN_TABLE,
			 .name = "first",
			 .hook = "prerouting",
			 .prio = -2147483647},
		routed = {.table = NA_OWN_TABLE,
			  .name = "routed",
			  .hook = "prerouting",
			  .prio = 2147483647},
		early = {.table = "t", .name = "e", .hook = "prerouting", .prio = -399},
		raw = {.table = "t", .name = "r", .hook = "prerouting", .prio = -300};
	static const struct {
		const struct na_chain *chain[3];
		int code;
		enum na_end partly, complete;
	} cases[] = {
		{{NULL}, 0, NA_END_UNKNOWN, NA_END_UNKNOWN},
		{{&first}, NF_ACCEPT, NA_END_HELD, NA_END_UNKNOWN},
		{{&first, &early}, NF_ACCEPT, NA_END_HELD, NA_END_UNKNOWN},
		{{&first, &raw}, NF_ACCEPT, NA_END_UNKNOWN, NA_END_UNKNOWN},
		{{&raw}, NF_ACCEPT, NA_END_UNKNOWN, NA_END_UNKNOWN},
		{{&first, &raw}, NF_DROP, NA_END_DROP, NA_END_DROP},
		{{&first, &raw, &routed}, NF_ACCEPT, NA_END_ROUTE, NA_END_ROUTE},
	};
	const struct na_step *last;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct na_step step[3] = {0};
		struct na_trail trail = {.step = step};

		while (trail.n < 3 && cases[i].chain[trail.n])
			step[trail.n].chain = cases[i].chain[trail.n], trail.n++;
		if (trail.n)
			step[trail.n - 1].code = cases[i].code;
		assert_int_equal(na_explain_end(&trail, false, &last), cases[i].partly);
		assert_int_equal(na_explain_end(&trail, true, &last), cases[i].complete);
	}
}

/* A flight of two datagrams is complete with its second. */
static void complete(void **state)
{
	struct na_first d[3] = {
		{.tuple = {.sport = 1}}, {.tuple = {.sport = 2}}, {.tuple = {.sport = 1}}};
	struct na_firsts f = {.d = d, .n = 3};

	(void)state;
	assert_false(na_first_complete(&f, 0));
	d[2].names = json_of("{}");
	assert_true(na_first_complete(&f, 0));
	assert_false(na_first_complete(&f, 1));
	assert_true(na_first_complete(&f, 2));
	json_decref(d[2].names);
}

/* A bad capture of any kind is told in one line, and with status 2. */
static void no_capture(void **state)
{
	static const char *const paths[] = {"/nonexistent", "/", "/dev/null", "/proc/self/exe"};
	struct na_options o = {.net = QI_NET_NONE};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		o.dir = paths[i];
		assert_int_equal(na_explain(&o), NA_ERRORS);
	}
	/* neither, and both */
	o.n_sni = 1;
	o.sni[0] = "a";
	assert_int_equal(na_explain(&o), NA_ERRORS);
	o.dir = NULL;
	o.n_sni = 0;
	assert_int_equal(na_explain(&o), NA_ERRORS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owners),
		cmocka_unit_test(ends),
		cmocka_unit_test(complete),
		cmocka_unit_test(no_capture),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("admin explain", tests, NULL, NULL);
}
