// SPDX-License-Identifier: GPL-2.0-or-later
/* Where names go, what an input chain lets in, which rules are there in vain. */
#include "unit.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "doctor.h"
#include "elems.h"
#include "eval.h"
#include "ways.h"

#define PORTS                                                                                      \
	"{'map': {'family': 'inet', 'name': 'port_of', 'table': 't',"                              \
	" 'type': {'typeof': {'quic': {'key': 'sni'}}}, 'map': 'inet_service',"                    \
	" 'elem': [['a', 4433], ['b\\u0007', 4433], [{'elem': {'val': 'c', 'comment': 'x'}}, "     \
	"8443]]}},"
#define PRIVATE                                                                                    \
	"{'set': {'family': 'inet', 'name': 'private', 'table': 't', 'type': 'inet_service',"      \
	" 'elem': [8443, {'range': [9000, 9010]}]}},"
#define WRITE(value)                                                                               \
	"{'mangle': {'key': {'payload': {'protocol': 'udp', 'field': 'dport'}}, 'value': " value   \
	"}}"
#define OTHER(key, right)                                                                          \
	"{'match': {'op': '!=', 'left': {'quic': {'key': '" key "'}}, 'right': " right "}}"
#define XT(type)  "{'xt': {'type': '" type "', 'name': 'x'}}"
#define MAP(data) "{'map': {'key': {'quic': {'key': 'sni'}}, 'data': " data "}}"

static void stateless_names_and_ids(void **state)
{
	struct na_ruleset *rs = ruleset_of(
		PORTS PRIVATE CHAIN("in", BASE("filter", "prerouting", "-300", "accept")) RULE(
			"in", "1",
			DPORT("==", "443") "," QUIC("server-id", "'@private'") "," WRITE(
				"{'quic': {'key': 'server-id'}}") ", {'notrack': null}, {'accept': "
								  "null}")
			RULE("in", "2",
			     DPORT("==", "443") "," WRITE(
				     MAP("'@port_of'")) ", {'notrack': null}, {'accept': null}"));
	struct na_ways ways;

	(void)state;
	na_ways_read(rs, &ways);
	assert_int_equal(ways.n, 4);
	assert_string_equal(ways.way[0].key, "server-id");
	assert_string_equal(ways.way[0].to, "port 8443");
	assert_int_equal(ways.way[0].how, NA_WRITE);
	/* a range is no port */
	assert_string_equal(ways.way[1].to, "the port of the server ID");
	assert_int_equal(ways.way[1].port, 0);
	assert_string_equal(ways.way[2].key, "sni");
	assert_int_equal(ways.way[2].port, 4433);
	assert_int_equal(ways.way[2].n_names, 2);
	assert_string_equal(json_string_value(json_array_get(ways.way[2].names, 1)), "b\\x07");
	assert_int_equal(ways.way[3].port, 8443);
	na_ways_free(&ways);
	na_ruleset_free(rs);
}

static void nat_hosts_and_chains(void **state)
{
	struct na_ruleset *rs = ruleset_of(
		CHAIN("pre", BASE("nat", "prerouting", "-100", "accept")) CHAIN("smb", "") RULE(
			"pre", "1",
			QUIC("alpn", "{'set': ['h3', 'smb']}") ", {'dnat': {'addr': '192.0.2.1', "
							       "'port': 443}}")
			RULE("pre", "2",
			     "{'vmap': {'key': {'quic': {'key': 'sni'}}, 'data': {'set':"
			     " [['x', {'goto': {'target': 'smb'}}], ['*', {'drop': null}]]}}}")
				RULE("pre", "3",
				     "{'dnat': {'addr': {'map': {'key': {'quic': {'key': 'sni'}},"
				     " 'data': {'set': [['a', {'concat': ['2001:db8::1', "
				     "53]}]]}}}}}")
					RULE("smb", "4", "{'redirect': {'port': 8443}}"));
	struct na_ways ways;

	(void)state;
	na_ways_read(rs, &ways);
	assert_int_equal(ways.n, 4);
	assert_string_equal(ways.way[0].to, "192.0.2.1:443");
	assert_int_equal(ways.way[0].n_names, 2);
	assert_string_equal(ways.way[1].to, "port 8443");
	assert_int_equal(ways.way[1].how, NA_NAT);
	assert_string_equal(ways.way[2].to, "drop");
	assert_string_equal(ways.way[3].to, "[2001:db8::1]:53");
	na_ways_free(&ways);
	na_ruleset_free(rs);
}

#define SNI_A	   QUIC("sni", "'a'") ", "
#define NUMGEN(to) "{'map': {'key': {'numgen': {'mode': 'inc', 'mod': 2}}, 'data': " to "}}"

/* Destinations that are not one port of one host, and names beside a map of something else. */
static void several_and_computed(void **state)
{
	static const struct {
		const char *expr, *to, *other, *host;
		size_t names;
	} cases[] = {
		{SNI_A "{'redirect': {'port': {'range': [8000, 8010]}}}", "ports 8000-8010", NULL,
		 NULL, 1},
		{SNI_A "{'dnat': {'addr': {'prefix': {'addr': '10.0.0.0', 'len': 24}}}}",
		 "10.0.0.0/24", NULL, "10.0.0.0/24", 1},
		{SNI_A "{'dnat': {'addr': {'range': ['10.0.0.1', '10.0.0.9']}, 'port': {'range': "
		       "[1, 2]}}}",
		 "10.0.0.1-10.0.0.9, ports 1-2", NULL, "10.0.0.1-10.0.0.9", 1},
		{SNI_A "{'dnat': {'addr': '10.0.0.1', 'port': 53}}", "10.0.0.1:53", NULL,
		 "10.0.0.1", 1},
		{SNI_A "{'redirect': null}", "the same port", NULL, NULL, 1},
		{SNI_A WRITE(NUMGEN("{'set': [[0, 8443], [1, 8444]]}")), "port 8443", "port 8444",
		 NULL, 1},
		{SNI_A WRITE("{'numgen': {'mode': 'inc', 'mod': 2, 'offset': 8443}}"),
		 "a port that the rule computes", NULL, NULL, 1},
		{SNI_A "{'tproxy': {'addr': '127.0.0.1', 'port': 8443}}, {'accept': null}",
		 "tproxy to 127.0.0.1:8443", NULL, NULL, 1},
		{SNI_A "{'tproxy': {'port': 8443}}", "tproxy to port 8443", NULL, NULL, 1},
		{SNI_A "{'return': null}", "return", NULL, NULL, 1},
		{SNI_A "{'continue': null}", "continue", NULL, NULL, 1},
		/* without a name */
		{WRITE("{'quic': {'key': 'server-id'}}"), "the port of the server ID", NULL, NULL,
		 0},
		{"{'set': {'op': 'add', 'elem': {'quic': {'key': 'sni'}}, 'set': '@d'}}, {'drop': "
		 "null}",
		 "drop", NULL, NULL, 0},
		{"{'mangle': {'key': {'meta': {'key': 'mark'}}, 'value': " MAP("{'set': []}") "}}",
		 "the next rule", NULL, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = na_printf(CHAIN("c", "") "{'rule': {'family': 'inet', 'table': 't', "
						      "'chain': 'c', 'handle': 1, 'expr': [%s]}},",
				       cases[i].expr);
		struct na_ruleset *rs = ruleset_of(text);
		struct na_ways ways;

		na_ways_read(rs, &ways);
		assert_int_equal(ways.n, cases[i].other ? 2 : 1);
		assert_string_equal(ways.way[0].to, cases[i].to);
		assert_int_equal(ways.way[0].n_names, cases[i].names);
		if (cases[i].other) {
			assert_string_equal(ways.way[1].to, cases[i].other);
			assert_int_equal(ways.way[1].n_names, cases[i].names);
		}
		if (cases[i].host)
			assert_string_equal(ways.way[0].host, cases[i].host);
		else
			assert_null(ways.way[0].host);
		na_ways_free(&ways);
		na_ruleset_free(rs);
		free(text);
	}
}

#define JHASH(to)                                                                                  \
	"{'map': {'key': {'jhash': {'mod': 2, 'expr': {'quic': {'key': 'alpn'}}}}, 'data': " to "}}"
#define PAIRS(a, b) "{'set': [['x', " a "], ['y', " b "]]}"

/* Names of rules with no destination or several names, and what stands in the place of a name. */
static void names_of_all_rules(void **state)
{
	static const struct {
		const char *expr, *key, *to, *name, *other;
	} cases[] = {
		{SNI_A "{'counter': null}", "sni", "the next rule", "a", NULL},
		{QUIC("sni", "'@none'") ", {'drop': null}", "sni", "nothing: the set is empty",
		 NULL, NULL},
		{SNI_A
		 "{'dnat': {'addr': " JHASH("{'set': [[0, '10.0.0.1'], [1, '10.0.0.2']]}") "}}",
		 "sni . alpn", "10.0.0.1", "a", "10.0.0.2"},
		{"{'dnat': {'addr': " JHASH("{'set': [[0, '10.0.0.1']]}") "}}", "alpn", "10.0.0.1",
		 NULL, NULL},
		{SNI_A QUIC("alpn", "'h3'") ", {'drop': null}", "sni . alpn", "drop", "a . h3",
		 NULL},
		{QUIC("alpn", "{'set': ['h3', 'doq']}") ", " SNI_A "{'drop': null}", "alpn . sni",
		 "drop", "h3 . a", NULL},
		{QUIC("alpn", "{'set': ['h3', 'doq']}") ", " QUIC(
			 "sni", "{'set': ['a']}") ", {'drop': null}",
		 "alpn . sni", "drop", "{ h3, doq } . a", NULL},
		{OTHER("sni", "'a'") ", " QUIC("alpn", "'h3'") ", {'accept': null}", "sni . alpn",
		 "accept", "!= a . h3", NULL},
		{"{'tproxy': {'port': " MAP(PAIRS("7777", "5")) "}}", "sni", "tproxy to port 7777",
		 "x", "tproxy to port 5"},
		{"{'tproxy': {'addr': " MAP(
			 PAIRS("'127.0.0.1'", "'127.0.0.2'")) ", 'port': 5}}, {'accept': null}",
		 "sni", "tproxy to 127.0.0.1:5", "x", "tproxy to 127.0.0.2:5"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = na_printf(
			"{'set': {'family': 'inet', 'table': 't', 'name': 'none', 'type': "
			"{'typeof': {'quic': {'key': 'sni'}}}}}," CHAIN(
				"c", "") "{'rule': {'family': 'inet', 'table': 't', 'chain': 'c', "
					 "'handle': 1, 'expr': [%s]}},",
			cases[i].expr);
		struct na_ruleset *rs = ruleset_of(text);
		struct na_ways ways;
		const char *name;

		na_ways_read(rs, &ways);
		assert_int_equal(ways.n, cases[i].other ? 2 : 1);
		assert_string_equal(ways.way[0].key, cases[i].key);
		assert_string_equal(ways.way[0].to, cases[i].to);
		name = json_string_value(json_array_get(ways.way[0].names, 0));
		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
		else
			assert_null(name);
		if (cases[i].other)
			assert_string_equal(ways.way[1].to, cases[i].other);
		na_ways_free(&ways);
		na_ruleset_free(rs);
		free(text);
	}
}

static void names_but_these(void **state)
{
	struct na_ruleset *rs = ruleset_of(
		PRIVATE CHAIN("c", "") RULE("c", "1", OTHER("sni", "'@private'") ", {'drop': null}")
			RULE("c", "2", OTHER("sni", "'b\\u0007'") ", {'drop': null}"));
	struct na_ways ways;

	(void)state;
	na_ways_read(rs, &ways);
	assert_int_equal(ways.n, 2);
	assert_int_equal(ways.way[0].n_names, 1);
	assert_string_equal(json_string_value(json_array_get(ways.way[0].names, 0)), "!= @private");
	assert_string_equal(json_string_value(json_array_get(ways.way[1].names, 0)), "!= b\\x07");
	na_ways_free(&ways);
	na_ruleset_free(rs);
}

static enum na_tri input(const char *rules, const char *policy, int port, bool untracked)
{
	char *text = na_printf(
		PRIVATE CHAIN("sub", "") "{'chain': {'family': 'inet', 'table': 't', 'name': "
					 "'input', 'type': 'filter',"
					 " 'hook': 'input', 'prio': 0, 'policy': '%s'}}, %s",
		policy, rules);
	struct na_ruleset *rs = ruleset_of(text);
	struct na_packet pkt = {.dport = port, .untracked = untracked};
	enum na_tri got = na_eval_chain(rs, &rs->chain[1], &pkt);

	na_ruleset_free(rs);
	free(text);
	return got;
}

static void input_chains(void **state)
{
	const char *usual = RULE("input", "1",
				 STATE("['established', 'related']") ", {'accept': null}")
		RULE("input", "2",
		     "{'match': {'op': '==', 'left': {'meta': {'key': 'iifname'}},"
		     " 'right': 'lo'}}, {'accept': null}")
			RULE("input", "3", DPORT("==", "{'set': [53, 4433]}") ", {'accept': null}");
	const char *jumps =
		RULE("input", "1", DPORT("==", "'@private'") ", {'jump': {'target': 'sub'}}")
			RULE("sub", "2", STATE("'new'") ", {'accept': null}");
	const char *by_map = RULE("input", "1",
				  "{'vmap': {'key': {'payload': {'protocol': 'udp',"
				  " 'field': 'dport'}}, 'data': {'set': [[443, {'accept': null}],"
				  " [{'range': [1, 10]}, {'drop': null}]]}}}");
	const char *some =
		RULE("input", "1",
		     "{'match': {'op': '==', 'left': {'payload': {'protocol':"
		     " 'ip', 'field': 'saddr'}}, 'right': '10.0.0.1'}}, {'accept': null}")
			RULE("input", "2", "{'drop': null}");

	(void)state;
	assert_int_equal(input("", "accept", 443, false), NA_YES);
	assert_int_equal(input("", "drop", 443, false), NA_NO);
	assert_int_equal(input(usual, "drop", 4433, true), NA_YES);
	assert_int_equal(input(usual, "drop", 8443, true), NA_NO);
	assert_int_equal(input(jumps, "drop", 9005, false), NA_YES);
	assert_int_equal(input(jumps, "drop", 9005, true), NA_NO);
	assert_int_equal(input(jumps, "drop", 9011, false), NA_NO);
	assert_int_equal(input(by_map, "drop", 443, false), NA_YES);
	assert_int_equal(input(by_map, "accept", 5, false), NA_NO);
	assert_int_equal(input(some, "accept", 443, false), NA_MAYBE);
	/* statements of iptables, and such as are not known here */
	assert_int_equal(
		input(RULE("input", "1", XT("match") ", {'drop': null}"), "accept", 443, false),
		NA_YES);
	assert_int_equal(
		input(RULE("input", "1", XT("match") ", {'accept': null}"), "drop", 443, false),
		NA_MAYBE);
	assert_int_equal(input(RULE("input", "1", XT("target")), "drop", 443, false), NA_MAYBE);
	assert_int_equal(input(RULE("input", "1", "{'xt': null}"), "drop", 443, false), NA_MAYBE);
	assert_int_equal(input(RULE("input", "1", "{'queue': {'num': 1}}"), "drop", 443, false),
			 NA_MAYBE);
	assert_int_equal(
		input(RULE("input", "1", DPORT("==", "1") "," XT("target")), "drop", 443, false),
		NA_NO);
}

/* Does the first rule leave nothing for the second? */
static bool in_vain(const char *first, const char *second)
{
	char *text =
		na_printf(CHAIN("c", "") "{'rule': {'family': 'inet', 'table': 't', 'chain': 'c',"
					 " 'handle': 1, 'expr': [%s]}}, {'rule': {'family': "
					 "'inet', 'table': 't', 'chain': 'c',"
					 " 'handle': 2, 'expr': [%s]}},",
			  first, second);
	struct na_ruleset *rs = ruleset_of(text);
	bool got = na_eval_ends(&rs->rule[0]) && na_eval_implied(&rs->rule[0], &rs->rule[1]);

	na_ruleset_free(rs);
	free(text);
	return got;
}

static void rules_in_vain(void **state)
{
	const char *late = DPORT("==", "443") "," QUIC("sni", "'a'") ", {'accept': null}";

	(void)state;
	assert_true(in_vain(DPORT("==", "443") ", {'drop': null}", late));
	assert_true(in_vain("{'accept': null}", late));
	assert_true(
		in_vain(DPORT("==", "{'set': [{'range': [400, 500]}]}") ", {'drop': null}", late));
	assert_true(in_vain(QUIC("sni", "'a'") ", {'drop': null}", late));
	assert_false(in_vain(DPORT("==", "444") ", {'drop': null}", late));
	assert_false(in_vain(DPORT("!=", "443") ", {'drop': null}", late));
	assert_false(in_vain(DPORT("==", "443") ", {'counter': null}", late));
	assert_false(in_vain(DPORT("==", "443") "," WRITE(MAP("'@m'")) ", {'accept': null}", late));
	assert_false(in_vain(DPORT("==", "443") ", {'limit': {'rate': 1}}, {'drop': null}", late));
	assert_false(in_vain(QUIC("sni", "'b'") ", {'drop': null}", late));
}

static void elements_from_the_kernel(void **state)
{
	static const unsigned char name[16] = "h3", data[] = {192, 0, 2, 1, 0x20, 0xfb, 0, 0};
	json_t *type = json_of("{'typeof': {'quic': {'key': 'alpn'}}}");
	json_t *pair = json_of("['ipv4_addr', 'inet_service']"), *other = json_of("'mark'"), *v;

	(void)state;
	v = na_elems_value(type, name, sizeof(name));
	assert_string_equal(json_string_value(v), "h3");
	json_decref(v);
	v = na_elems_value(pair, data, sizeof(data));
	assert_string_equal(json_string_value(json_array_get(json_object_get(v, "concat"), 0)),
			    "192.0.2.1");
	assert_int_equal(json_integer_value(json_array_get(json_object_get(v, "concat"), 1)), 8443);
	json_decref(v);
	assert_true(json_is_null(na_elems_value(pair, data, 6)));
	assert_true(json_is_null(na_elems_value(other, data, 4)));
	v = na_elems_verdict(NF_DROP, NULL);
	assert_true(json_is_null(json_object_get(v, "drop")));
	json_decref(v);
	v = na_elems_verdict(NFT_GOTO, "c");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(v, "goto"), "target")), "c");
	json_decref(v);
	assert_true(json_is_null(na_elems_verdict(NF_QUEUE, NULL)));
	json_decref(type);
	json_decref(pair);
	json_decref(other);
}

/* nft 1.0.6 tells the flags of a table in its text; its JSON has the release name there. */
static void dormant_by_text(void **state)
{
	static const char text[] =
		"table ip t { # handle 1\n\tset s { # handle 2\n\t\tflags dormant\n"
		"\t}\n}\ntable inet t { # handle 3\n\tflags owner,dormant\n\n\tchain c {\n"
		"\t}\n}\ntable ip6 t { # handle 4\n\tflags persist\n}\n";
	static const char *const family[] = {"ip", "inet", "ip6"};
	struct na_ruleset *rs;
	json_t *list;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *all =
			na_printf("[{'table': {'family': '%s', 'name': 't', 'flags': 'Lester Gooch "
				  "#5'}}, {'chain': {'family': '%s', 'table': 't', 'name': 'c'}}]",
				  family[i], family[i]);

		list = json_of(all);
		rs = na_ruleset_parse(list, text);
		assert_int_equal(rs->n_chains, 1);
		assert_int_equal(rs->chain[0].dormant, i == 1);
		na_ruleset_free(rs);
		json_decref(list);
		free(all);
	}
}

static void server_ids(void **state)
{
	static const char *const pairs[][2] = {
		{"8443", "20fb"}, {"'0x0101'", "0101"}, {"'x'", NULL}};
	static const char *const shown[][2] = {
		{"8443", "20fb"}, {"0x0101", "0101"}, {"*", NULL}, {"8000-9000", NULL},
		{"0x01/8", NULL}, {"!= 8443", NULL},  {"", NULL}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *text = na_printf("[%s]", pairs[i][0]), *id;
		json_t *list = json_of(text);

		id = na_id_text(json_array_get(list, 0));
		if (pairs[i][1])
			assert_string_equal(id, pairs[i][1]);
		else
			assert_null(id);
		free(id);
		json_decref(list);
		free(text);
	}
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		char *id = na_id_shown(shown[i][0]);

		if (shown[i][1])
			assert_string_equal(id, shown[i][1]);
		else
			assert_null(id);
		free(id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stateless_names_and_ids),
		cmocka_unit_test(nat_hosts_and_chains),
		cmocka_unit_test(several_and_computed),
		cmocka_unit_test(names_of_all_rules),
		cmocka_unit_test(names_but_these),
		cmocka_unit_test(input_chains),
		cmocka_unit_test(rules_in_vain),
		cmocka_unit_test(elements_from_the_kernel),
		cmocka_unit_test(server_ids),
		cmocka_unit_test(dormant_by_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("admin rules", tests, NULL, NULL);
}
