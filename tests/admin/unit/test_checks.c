// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks of doctor on hosts that are made up. */
#include "hosts.h"

static void (*const need_rules[])(const struct na_host *h, struct na_found *f) = {
	na_check_services,   na_check_input,	 na_check_never,    na_check_deny,
	na_check_local,	     na_check_reboot,	 na_check_redirect, na_check_conntrack,
	na_check_server_ids, na_check_rp_filter, na_check_buffers};

static void families(void **state)
{
	struct na_host h = host_of(BASE_OF("ip", "pre", "prerouting", "nat", "accept") BASE_OF(
		"ip6", "in", "input", "filter", "drop") REDIRECT("ip", "pre", "8443"));
	char *text;

	(void)state;
	text = found_by(na_check_input, &h);
	assert_string_equal(text, "");
	free(text);
	host_end(&h);
	/* the same port by both: the second is looked at, too */
	h = host_of(BASE_OF("ip", "pre", "prerouting", "nat",
			    "accept") BASE_OF("ip6", "pre", "prerouting", "nat", "accept")
			    BASE_OF("ip6", "in", "input", "filter", "drop")
				    REDIRECT("ip", "pre", "8443") REDIRECT("ip6", "pre", "8443"));
	text = found_by(na_check_input, &h);
	assert_string_equal(text, "error: ip6 t in lets no client through to UDP port 8443\n");
	free(text);
	host_end(&h);
}

#define TABLE(family, more) "{'table': {'family': '" family "', 'name': 't'" more "}},"

/* A table that is dormant is told of, and its rules are judged no further. */
static void dormant(void **state)
{
	static void (*const quiet[])(const struct na_host *h, struct na_found *f) = {
		na_check_services, na_check_input,     na_check_deny,	   na_check_local,
		na_check_redirect, na_check_conntrack, na_check_server_ids};
	/* a port that nobody listens on, a name denied in nat beside a flowtable, a redirect
	 * without a port, a chain that nothing leads to, a server ID that is another's */
	static const char rules[] = BASE_OF("ip", "pre", "prerouting", "nat", "accept") REDIRECT(
		"ip", "pre",
		"8443") "{'rule': {'family': 'ip', 'table': 't', 'chain': 'pre', 'handle': 2, "
			"'expr': [" QUIC(
				"sni",
				"'b'") ", {'drop': null}]}},"
				       "{'rule': {'family': 'ip', 'table': 't', 'chain': "
				       "'pre', 'handle': 3, 'expr': [" QUIC(
					       "sni",
					       "'c'") ", {'redirect': null}]}},"
						      "{'flowtable': {'family': 'ip', 'table': "
						      "'t', 'name': 'f'}},"
						      "{'chain': {'family': 'ip', 'table': 't', "
						      "'name': 'deep'}},"
						      "{'rule': {'family': 'ip', 'table': 't', "
						      "'chain': 'deep', 'handle': 4, 'expr': "
						      "[" QUIC("sni",
							       "'d'") ", {'accept': null}]}},"
								      "{'rule': {'family': 'ip', "
								      "'table': 't', 'chain': "
								      "'pre', 'handle': 5, 'expr': "
								      "[" QUIC(
									      "server-id",
									      "'0x0202'") ", "
											  "{'"
											  "redirect"
											  "': "
											  "{'port':"
											  " 8443}}]"
											  "}},";
	struct na_service service = {
		.name = "s", .server_id = "0101", .pid = 7, .port = {8443}, .n_ports = 1};
	static const char *const flags[] = {", 'flags': 'dormant'",
					    ", 'flags': ['owner', 'dormant']", ", 'flags': 'owner'",
					    ""};
	char *all, *text;
	struct na_host h;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		all = na_printf(TABLE("ip6", ", 'flags': 'dormant'") TABLE("ip", "%s") "%s",
				flags[i], rules);
		h = host_of(all);
		assert_int_equal(h.rs->flowtable, i >= 2);
		h.service = &service;
		h.n_services = 1;
		for (size_t k = 0; k < sizeof(quiet) / sizeof(quiet[0]); k++) {
			text = found_by(quiet[k], &h);
			if (i < 2)
				assert_string_equal(text, "");
			else if (quiet[k] == na_check_services || quiet[k] == na_check_deny ||
				 quiet[k] == na_check_redirect || quiet[k] == na_check_local)
				assert_string_not_equal(text, "");
			if (i >= 2 && quiet[k] == na_check_server_ids) {
				assert_non_null(strstr(text, "no rule asks for it"));
				assert_non_null(strstr(text, "0x0202 leads to port 8443"));
			}
			free(text);
		}
		text = found_by(na_check_never, &h);
		assert_string_equal(text,
				    i < 2 ? "warning: ip t: the table is dormant, and no packet "
					    "comes to its rules with quic; `nft add table ip t` "
					    "wakes it\n"
					  : "warning: ip t deep: rule with handle 4: nothing "
					    "leads to its chain\n");
		free(text);
		host_end(&h);
		free(all);
	}
}

#define BY_ID                                                                                      \
	"{'mangle': {'key': {'payload': {'protocol': 'udp', 'field': 'dport'}}, 'value': "         \
	"{'quic': {'key': 'server-id'}}}}"
#define IN_PRE(expr)                                                                               \
	"{'rule': {'family': 'ip', 'table': 't', 'chain': 'pre', 'handle': 2, 'expr': [" expr "]}" \
	"},"

/* A rule that takes any server ID for a port reaches all ports; no service misses its own then. */
static void any_server_id(void **state)
{
	static const struct {
		const char *rules;
		bool told;
	} cases[] = {
		{IN_PRE(BY_ID), true},
		{IN_PRE(QUIC("server-id", "{'set': [8443]}") ", " BY_ID), false},
		{IN_PRE("{'match': {'op': '!=', 'left': {'quic': {'key': 'server-id'}}, 'right': "
			"8443}}, {'accept': null}") IN_PRE(BY_ID),
		 false},
		{IN_PRE("{'dnat': {'addr': '10.0.0.1', 'port': {'quic': {'key': 'server-id'}}}}"),
		 true},
	};
	struct na_service service = {.name = "s", .pid = 7, .port = {8443}, .n_ports = 1};
	char *all, *text;
	struct na_host h;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		all = na_printf("%s%s%s", BASE_OF("ip", "pre", "prerouting", "filter", "accept"),
				cases[i].rules, REDIRECT("ip", "pre", "8443"));
		h = host_of(all);
		h.service = &service;
		h.n_services = 1;
		text = found_by(na_check_server_ids, &h);
		if (cases[i].told)
			assert_string_equal(text, "warning: ip t pre: rule with handle 2: a client "
						  "can make up a server ID and reaches any UDP "
						  "port\n");
		else if (i == 1)
			assert_string_equal(text, "");
		else
			assert_null(strstr(text, "make up"));
		free(text);
		host_end(&h);
		free(all);
	}
}

/* Nor does a dormant table keep packets from conntrack. */
static void dormant_notrack(void **state)
{
	static const char *const flags[] = {", 'flags': 'dormant'", ""};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char *all = na_printf(
			"{'table': {'family': 'inet', 'name': 't'%s}},"
			"{'chain': {'family': 'inet', 'table': 't', 'name': 'raw', 'type': "
			"'filter', 'hook': 'prerouting', 'prio': -300, 'policy': 'accept'}}," RULE(
				"raw", "7", "{'notrack': null}")
				BASE_OF("ip", "pre", "prerouting", "nat", "accept")
					REDIRECT("ip", "pre", "8443"),
			flags[i]);
		struct na_host h = host_of(all);
		char *text = found_by(na_check_never, &h);

		assert_int_equal(strstr(text, "says notrack before") != NULL, i == 1);
		free(text);
		free(all);
		host_end(&h);
	}
}

/* An input chain of a dormant table stops nobody. */
static void dormant_input(void **state)
{
	struct na_host h =
		host_of("{'table': {'family': 'inet', 'name': 't', 'flags': 'dormant'}}," BASE_OF(
			"ip", "pre", "prerouting", "nat", "accept")
				BASE_OF("inet", "in", "input", "filter", "drop")
					REDIRECT("ip", "pre", "8443"));
	char *text = found_by(na_check_input, &h);

	(void)state;
	assert_string_equal(text, "");
	free(text);
	host_end(&h);
}

#define IN(family, chain, handle, expr)                                                            \
	"{'rule': {'family': '" family "', 'table': 't', 'chain': '" chain "', 'handle': " handle  \
	", 'expr': [" expr "]}},"
#define PLAIN(family, name) "{'chain': {'family': '" family "', 'table': 't', 'name': '" name "'}},"
#define JUMP(to)	    "{'jump': {'target': '" to "'}}"
#define DROPS		    QUIC("sni", "'a'") ", {'drop': null}"

/* Chains are reached by those that are reached, in a table of their own name and family. */
static void reached(void **state)
{
	static const struct {
		const char *rules;
		bool vain;
	} c[] = {
		{PLAIN("ip", "c") IN("ip", "c", "1", DROPS), true},
		{PLAIN("ip", "c") IN("ip", "c", "1", DROPS) IN("ip", "pre", "2", JUMP("c")), false},
		{PLAIN("ip", "c") PLAIN("ip", "d") IN("ip", "c", "1", DROPS)
			 IN("ip", "d", "2", JUMP("c")),
		 true},
		{PLAIN("ip", "c") PLAIN("ip", "d") IN("ip", "c", "1", DROPS)
			 IN("ip", "d", "2", JUMP("c")) IN("ip", "pre", "3", JUMP("d")),
		 false},
		/* a chain of that name in a table of that name, but of another family */
		{PLAIN("ip", "c") PLAIN("ip6", "c") IN("ip", "c", "1", DROPS)
			 IN("ip6", "pre", "2", JUMP("c")),
		 true},
		/* a word that is a chain's name, too, is no verdict */
		{PLAIN("ip", "c") IN("ip", "c", "1", DROPS)
			 IN("ip", "pre", "2", "{'log': {'prefix': 'c'}}"),
		 true},
		/* by a map, which a rule must use */
		{PLAIN("ip", "c")
			 IN("ip", "c", "1", DROPS) "{'map': {'family': 'ip', 'table': 't', 'name': "
						   "'m', 'type': 'mark', 'map': 'verdict', "
						   "'elem': [[1, {'goto': {'target': 'c'}}]]}},",
		 true},
		{PLAIN("ip", "c")
			 IN("ip", "c", "1", DROPS) "{'map': {'family': 'ip', 'table': 't', 'name': "
						   "'m', 'type': 'mark', 'map': 'verdict', "
						   "'elem': [[1, {'goto': {'target': 'c'}}]]}}," IN(
							   "ip", "pre", "2",
							   "{'vmap': {'key': {'meta': {'key': "
							   "'mark'}}, 'data': '@m'}}"),
		 false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		char *all = na_printf(
			BASE_OF("ip", "pre", "prerouting", "filter", "accept")
				BASE_OF("ip6", "pre", "prerouting", "filter", "accept") "%s",
			c[i].rules);
		struct na_host h = host_of(all);
		char *text = found_by(na_check_never, &h);

		if (c[i].vain != (strstr(text, "nothing leads to its chain") != NULL))
			fail_msg("case %zu: %s", i, text);
		free(text);
		free(all);
		host_end(&h);
	}
}

static void no_rules(void **state)
{
	struct na_host h = {.rs_err = "Error: not permitted\nmore", .root = true, .boot = &no_boot};
	char *text;

	(void)state;
	text = found_by(na_check_rules, &h);
	assert_string_equal(text, "error: the rules cannot be read: Error: not permitted\n");
	free(text);
	h.rs_err = NULL;
	text = found_by(na_check_rules, &h);
	assert_string_equal(text, "error: the rules cannot be read: no answer\n");
	free(text);
	for (size_t i = 0; i < sizeof(need_rules) / sizeof(need_rules[0]); i++) {
		text = found_by(need_rules[i], &h);
		assert_string_equal(text, "note: not checked, as the rules cannot be read\n");
		free(text);
	}
	h.root = false;
	text = found_by(na_check_services, &h);
	assert_non_null(strstr(text, "only root"));
	free(text);
}

static void too_early(void **state)
{
	struct na_host h = {.counts = {.c = {{"too_early", 0}}, .n = 1}};
	char *text = found_by(na_check_too_early, &h);

	(void)state;
	assert_string_equal(text, "");
	free(text);
	h.counts.c[0].value = 3;
	text = found_by(na_check_too_early, &h);
	assert_string_equal(text, "warning: 3 times an Initial came to a rule before its names "
				  "were known\n");
	free(text);
}

/* One in a thousand Initials is much, one in two thousand is not. */
static void limits(void **state)
{
	static const char *const names[] = {"overload", "evicted", "lookups_spent", "unfollowed"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct na_host h = {.counts = {.c = {{"initials", 1000}, {"", 1}}, .n = 2}};
		char *text,
			*want = na_printf("warning: %s: 1 of 1000 since the module was loaded\n",
					  names[i]);

		strcpy(h.counts.c[1].name, names[i]);
		text = found_by(na_check_limits, &h);
		assert_string_equal(text, want);
		free(text);
		free(want);
		h.counts.c[0].value = 2000;
		text = found_by(na_check_limits, &h);
		assert_string_equal(text, "");
		free(text);
	}
}

/* An address as a name: some clients send it. */
static void addresses(void **state)
{
	struct na_host h = host_of(BASE_OF(
		"inet", "pre", "prerouting", "filter",
		"accept") "{'rule': {'family': 'inet', 'table': 't', 'chain': 'pre', 'handle': 5, "
			  "'expr': [" QUIC(
				  "sni",
				  "'192.0.2.1'") ", {'drop': null}]}},"
						 "{'rule': {'family': 'inet', 'table': 't', "
						 "'chain': 'pre', 'handle': 6, "
						 "'expr': [" QUIC(
							 "sni",
							 "'a.example:443'") ", {'drop': null}]}},");
	char *text = found_by(na_check_never, &h);

	(void)state;
	assert_non_null(strstr(text, "\"192.0.2.1\" matches only some clients"));
	assert_true(strstr(text, "note: ") == text);
	assert_non_null(strstr(text, "warning: "));
	assert_non_null(strstr(text, "\"a.example:443\" can hardly match"));
	free(text);
	host_end(&h);
}

#define SNI    "{'quic': {'key': 'sni'}}"
#define ALPN   "{'quic': {'key': 'alpn'}}"
#define BOTH   "{'concat': [" ALPN ", " SNI "]}"
#define L63    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define PAIR   "{'concat': ['H3', 'a.example:1']}"
#define MAP_OF "{'map': {'key': " SNI ", 'data': {'set': [['a.example/x', 1]]}}}"

/* Names that can hardly match, wherever a rule or set has them. */
static void names_in_vain(void **state)
{
	static const struct {
		const char *expr, *text;
	} cases[] = {
		{QUIC("sni", "'" L63 "a.example'"), "each label 63"},
		{QUIC("sni", "'" L63 ".example'"), NULL},
		{QUIC("sni", "'[2001:db8::1]'"), "matches only some clients"},
		{QUIC("alpn", "'H3-29'"), "lower case"},
		{QUIC("alpn", "'*'"), NULL},
		{"{'match': {'op': '==', 'left': " BOTH ", 'right': {'set': [" PAIR "]}}}",
		 "\"a.example:1\" can hardly match: a server name has no port"},
		{"{'vmap': {'key': " BOTH ", 'data': {'set': [[" PAIR ", {'drop': null}]]}}}",
		 "\"H3\" can hardly match"},
		{"{'dnat': {'addr': " MAP_OF "}}", "no path"},
		{"{'tproxy': {'port': " MAP_OF "}}", "no path"},
		{QUIC("sni", "'@alpns'"), "quic sni can hardly be in a set of quic alpn"},
		{QUIC("alpn", "'@alpns'"), NULL},
		{"{'match': {'op': '==', 'left': " BOTH ", 'right': '@turned'}}",
		 "quic alpn can hardly be in a set of quic sni"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *all = na_printf(
			"{'set': {'family': 'inet', 'table': 't', 'name': 'alpns', 'type': "
			"{'typeof': " ALPN "}, 'elem': ['h3']}}, {'set': {'family': 'inet', "
			"'table': 't', 'name': 'turned', 'type': {'typeof': {'concat': [" SNI
			", " ALPN "]}}, 'elem': [{'concat': ['a', 'h3']}]}},"
			"{'rule': {'family': 'inet', 'table': 't', 'chain': 'pre', 'handle': 5, "
			"'expr': [%s, {'counter': null}]}},",
			cases[i].expr);
		char *objects = na_printf(
			"%s%s", BASE_OF("inet", "pre", "prerouting", "filter", "accept"), all);
		struct na_host h = host_of(objects);
		char *text = found_by(na_check_never, &h);

		if (cases[i].text ? !strstr(text, cases[i].text) : *text)
			fail_msg("%s: %s", cases[i].expr, text);
		free(text);
		host_end(&h);
		free(objects);
		free(all);
	}
}

/* As 6.12 prints them; a Debian and a machine owner's key. */
static void module_keys(void **state)
{
	static const char keys[] =
		"0a1b I------  1 perm 1f030000  0  0 asymmetri Debian Secure Boot CA: "
		"6ccece7e: X509.rsa 6ccece7e []\n"
		"0a1c I--Q---  3 perm 3f030000  0  0 keyring   DKMS module signing key: 1\n"
		"0a1d I------  1 perm 1f030000  0  0 asymmetri Owner: gw.example.org: 01ab: "
		"X509.rsa 01ab []\n";

	(void)state;
	assert_true(na_keys_have(keys, "Debian Secure Boot CA"));
	assert_true(na_keys_have(keys, "gw.example.org"));
	assert_false(na_keys_have(keys, "DKMS module signing key"));
	assert_false(na_keys_have(keys, "Secure Boot"));
	assert_false(na_keys_have(keys, "example.org"));
	assert_true(na_keys_have("", "DKMS module signing key"));
	assert_true(na_keys_have("0a1c keyring   .dns_resolver: empty\n", "x"));
}

static void library_paths(void **state)
{
	static const struct {
		const char *text, *path;
	} c[] = {
		{"def __init__(self, sofile=\"libnftables.so.1\"):\n", NULL},
		{"sofile='/usr/lib/x/nft-quic/libnftables.so.1'", NULL},
		{"sofile=\"/usr/local/lib/libnftables.so.1\"):", "/usr/local/lib/libnftables.so.1"},
		{"a = 'libnftables.so'\nb=/l/libnftables.so.1.1.0", "/l/libnftables.so.1.1.0"},
		{"'/x/nft-quic/libnftables.so.1' or '/x/libnftables.so.1'", "/x/libnftables.so.1"},
		{"/a b/libnftables.so '/\x1b/libnftables.so", "/\\x1b/libnftables.so"},
		{"libnftables.so", NULL},
		{"/libnftables.s", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		char *path = na_library_path(c[i].text);

		assert_int_equal(!path, !c[i].path);
		if (path)
			assert_string_equal(path, c[i].path);
		free(path);
	}
}

static void files_of_a_unit(void **state)
{
	static const struct {
		const char *text, *files;
	} c[] = {
		{"[Service]\nExecStart=/usr/sbin/nft -f /a\nExecStart=nft --file /b ; nft -ef/c\n",
		 "['/a', '/b', '/c']"},
		{"[Service]\nExecStart = -@/sbin/nft nft -D x=-f --file='/a b'", "['/a b']"},
		{"[Service]\nExecStart=/usr/sbin/nft -I /i \\\n -of \"/a\"\n", "['/a']"},
		/* nft takes the last one */
		{"[Service]\nExecStart=/usr/sbin/nft -f /a -f /b\nExecStart=nft -f /b", "['/b']"},
		{"[Service]\nExecStart=nft -f /a\nExecStart=\nExecStart=nft -f /b\n", "['/b']"},
		{"[Service]\nExecStart=nft -cf /a\nExecStart=nft -c -f /a\nExecStart=nft -f\n",
		 "[]"},
		{"[Service]\nExecReload=nft -f /a\n#ExecStart=nft -f /a\nExecStart=nft -f a\n",
		 "[]"},
		{"[Unit]\nExecStart=nft -f /a\n[Service]\nExecStart=/bin/sh -c 'nft -f /a'", "[]"},
		{"[Service]\nExecStart\nExecStart=\\\n\"\nExecStart=@", "[]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		json_t *files = json_array(), *want = json_of(c[i].files);
		char *text = strdup(c[i].text);

		na_unit_parse(files, text);
		assert_true(json_equal(files, want));
		json_decref(files);
		json_decref(want);
		free(text);
	}
}

/* Of ExecStart alone, if it loads a file. */
static void optimizing_units(void **state)
{
	static const struct {
		const char *command;
		bool optimizes;
	} c[] = {
		{"/usr/sbin/nft -o -f /a", true},
		{"/usr/sbin/nft -f /a -o", true},
		{"nft -of /a", true},
		{"nft -no -f /a", true},
		{"nft --optimize --file=/a", true},
		{"/bin/sh -c 'nft -f /a; nft -o -f /b'", true},
		{"/bin/sh -c \"nft -o -f /b && echo\"", true},
		{"nft -f /a ; nft -f /b -o ; nft -f /c", true},
		{"nft -o -f /a\nExecStart=\nExecStart=nft -f /a", false},
		{"nft -f /a\nExecStop=nft -o -f /b", false},
		{"nft -f /o", false},
		{"nft -f -o", false},
		{"nft -D o=o -I /o -f /a", false},
		{"nft -c -o -f /a", false},
		{"nft -co -f /a", false},
		{"sh -c", false},
		{"sh -x nft -o -f /a", false},
		{"other -o -f /a", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		char *text = na_printf("[Service]\nExecStart=%s\n", c[i].command);
		json_t *files = json_array();

		assert_int_equal(na_unit_parse(files, text), c[i].optimizes);
		json_decref(files);
		free(text);
	}
}

/* Both checks ask the host for the units; nothing is read again. */
static void at_boot(void **state)
{
	struct na_boot boot = {.root = "/nowhere",
			       .units = json_of("{'docker.service': '', 'a.service': ''}"),
			       .files = json_of("['/nowhere.nft']"),
			       .optimizing = json_of("['a.service']")};
	struct na_host h = host_of(BASE_OF("ip", "pre", "prerouting", "nat", "accept")
					   REDIRECT("ip", "pre", "8443"));
	char *text;

	(void)state;
	h.boot = &boot;
	text = found_by(na_check_redirect, &h);
	assert_string_equal(text, "warning: a.service loads rules by `nft -o`\n");
	free(text);
	/* in a namespace of its own, for which one must be root */
	text = found_by(na_check_reboot, &h);
	assert_non_null(strstr(text, "/nowhere.nft"));
	free(text);
	na_boot_clear(&boot);
	host_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_a_unit),  cmocka_unit_test(families),
		cmocka_unit_test(no_rules),	    cmocka_unit_test(too_early),
		cmocka_unit_test(addresses),	    cmocka_unit_test(names_in_vain),
		cmocka_unit_test(module_keys),	    cmocka_unit_test(library_paths),
		cmocka_unit_test(dormant),	    cmocka_unit_test(any_server_id),
		cmocka_unit_test(limits),	    cmocka_unit_test(dormant_input),
		cmocka_unit_test(dormant_notrack),  cmocka_unit_test(reached),
		cmocka_unit_test(optimizing_units), cmocka_unit_test(at_boot),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("admin checks", tests, hosts_setup, hosts_teardown);
}
