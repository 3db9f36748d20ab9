// SPDX-License-Identifier: GPL-2.0-or-later
/* Names that can hardly match: they load, and are told of once a text. */
#include "test.h"

#define A64  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A63  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG A63 "." A63 "." A63 "." A63

static const struct {
	const char *rule, *says;
} warned[] = {
	{"quic sni \"https://one.example.org/\"", "no scheme"},
	{"quic sni \"one.example.org:443\"", "no port"},
	{"quic sni \"one.example.org/x\"", "no path"},
	{"quic sni \"192.0.2.1\"", "few clients"},
	{"quic sni { \"ok\", \"2001:db8::1\" }", "few clients"},
	{"quic sni \"" A64 ".org\"", "at most 253"},
	{"quic sni \"" LONG "\"", "at most 253"},
	{"ip saddr . quic sni { 192.0.2.1 . \"a:1\" }", "no port"},
	{"quic alpn \"h3*\"", "no wildcard"},
	{"quic alpn { \"*h3\" }", "no wildcard"},
	{"quic alpn \"H3\"", "lower case"},
	{"quic alpn != \"DoQ\"", "lower case"},
	{"quic alpn H3", "lower case"},
	{"quic sni \"*.example.org\"", NULL},
	{"quic sni \"*\"", NULL},
	{"quic alpn \"*\"", NULL},
	{"quic alpn . ip saddr vmap { \"*\" . 192.0.2.1 : drop }", NULL},
	{"quic sni \"example.org.\"", NULL},
	{"quic sni \"*." A63 "\"", NULL},
	{"quic sni 0x3a3a", NULL},
	{"quic alpn { \"h3\", \"Ours\", \"a:b/c\" }", NULL},
	{"comment \"quic sni a:443\"", NULL},
};

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(warned) / sizeof(warned[0]); i++) {
		struct nx_slots slots = {0};
		struct pass p;
		char cmd[512];

		snprintf(cmd, sizeof(cmd), "add rule t c %s", warned[i].rule);
		pass(&p, NX_IN, &slots, NULL, NULL, cmd);
		assert_int_equal(p.lang.nerrs, 0);
		if (warned[i].says)
			assert_non_null(strstr(nx_buf_cstr(&p.lang.warnings), warned[i].says));
		else
			assert_string_equal(nx_buf_cstr(&p.lang.warnings), "");
		pass_free(&p);
		nx_slots_free(&slots);
	}
}

static void test_place_and_once(void **state)
{
	struct nx_slots slots = {0};
	struct pass p;

	(void)state;
	pass(&p, NX_IN, &slots, NULL, "f.nft",
	     "define n = \"b:1\"\n"
	     "add rule t c quic sni { \"ok\",\n"
	     "\t\"a:1\", \"a:2\" }\n"
	     "add rule t c quic sni $n\n"
	     "delete element t s { \"x\" }\n");
	assert_string_equal(nx_buf_cstr(&p.lang.warnings),
			    "f.nft:3:2-6: Warning: quic sni: a server name has no port, this will "
			    "hardly match\n"
			    "\t\"a:1\", \"a:2\" }\n"
			    "\t^^^^^\n");
	pass_free(&p);
	pass(&p, NX_IN, &slots, NULL, NULL,
	     "define n = \"b:1\"\nadd rule t c quic sni $n\nadd rule t c quic sni $n\n");
	assert_string_equal(nx_buf_cstr(&p.lang.warnings),
			    "Warning: quic sni: a server name has no port, this will hardly match\n"
			    "add rule t c quic sni $n\n"
			    "                      ^^\n");
	pass_free(&p);
	nx_slots_free(&slots);
}

/*
 * A set of another key: the kernel compares its bytes all the same. Refused is what nft aborts at,
 * cannot list again, or what the kernel refuses.
 */
static void test_other_set(void **state)
{
	static const struct {
		const char *text, *says;
		unsigned int errors;
	} cases[] = {
		{"table t { set s { typeof quic alpn; }\nchain c { quic sni @s drop; } }",
		 "2:11-18: Warning: quic sni: the set is of quic alpn"},
		{"table t { map m { typeof quic alpn : verdict; }\nchain c { quic sni vmap @m; } }",
		 "quic sni: the set is of quic alpn"},
		{"table t { set s { typeof quic alpn . quic sni; }\n"
		 "chain c { quic sni . quic alpn != @s drop; } }",
		 "quic sni: the set is of quic alpn"},
		{"table t { set s { typeof quic version; }\nchain c { quic type @s drop; } }",
		 "quic type: the set is of quic version"},
		{"table t { set s { typeof quic alpn; }\nchain c { add @s { quic sni }; } }",
		 "quic sni: the set is of quic alpn, 128 bits", 1},
		{"table t { set s { typeof quic sni; }\nchain c { quic alpn @s drop; } }",
		 "2:11-19: Error: quic alpn: the set is of quic sni, 512 bits", 1},
		{"table t { set s { typeof ip saddr . quic alpn; }\n"
		 "chain c { ip saddr . quic sni @s drop; } }",
		 "quic sni: the set is of quic alpn, 128 bits", 1},
		{"table t { map m { typeof quic alpn . ip saddr : verdict; }\n"
		 "chain c { quic sni . ip saddr vmap @m; } }",
		 "quic sni: the set is of quic alpn, 128 bits", 1},
		{"table t { set s { typeof quic alpn . quic dcid,64; }\n"
		 "chain c { quic type . quic dcid @s; } }",
		 "quic type: the set is of quic alpn, 128 bits", 1},
		{"table t { set s { typeof quic hello . quic dcid,64; }\n"
		 "chain c { quic type . quic dcid @s; } }",
		 "quic type: the set is of quic hello, this will hardly match"},
		{"define d = @s\n"
		 "table t { set s { typeof quic alpn; }\nchain c { quic sni $d drop; } }",
		 "quic sni: the set is of quic alpn"},
		{"table t { set s { typeof quic sni; }\nchain c { quic sni @s drop; } }", ""},
		{"table t { set s { typeof quic alpn . quic sni; }\n"
		 "chain c { quic alpn . quic sni @s drop; } }",
		 ""},
		{"table t { set s { typeof quic sni; }\nchain c { add @s { quic sni }; } }", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_slots slots = {0};
		struct pass p;

		pass(&p, NX_IN, &slots, NULL, "f", cases[i].text);
		assert_int_equal(p.lang.nerrs, cases[i].errors);
		if (cases[i].errors)
			assert_non_null(strstr(nx_buf_cstr(&p.lang.errors), cases[i].says));
		else if (*cases[i].says)
			assert_non_null(strstr(nx_buf_cstr(&p.lang.warnings), cases[i].says));
		else
			assert_string_equal(nx_buf_cstr(&p.lang.warnings), "");
		pass_free(&p);
		nx_slots_free(&slots);
	}
}

static void test_quiet(void **state)
{
	struct nx_slots slots = {0};
	struct pass p;

	(void)state;
	pass(&p, NX_IN, &slots, NULL, NULL,
	     "table ip t { set s { typeof quic sni; } }\ndelete element ip t s { \"a:1\" }\n"
	     "get element ip t s { \"a:1\" }\n");
	assert_int_equal(p.lang.nerrs, 0);
	assert_true(p.text->n > 2);
	assert_string_equal(nx_buf_cstr(&p.lang.warnings), "");
	pass_free(&p);
	nx_slots_free(&slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_place_and_once),
		cmocka_unit_test(test_other_set),
		cmocka_unit_test(test_quiet),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("warnings", tests, NULL, NULL);
}
