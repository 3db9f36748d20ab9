// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose socket gets what a rule sends to a port of this host. */
#include "hosts.h"

#include "admin.h"
#include "serves.h"

static void loopback(void **state)
{
	struct na_host h = host_of(BASE_OF("ip", "pre", "prerouting", "nat", "accept")
					   REDIRECT("ip", "pre", "8443"));
	struct na_listener sockets[] = {{.port = 8443, .loopback = true},
					{.port = 8443, .loopback = false}};
	char *text;

	(void)state;
	h.listener = sockets;
	for (h.n_listeners = 0; h.n_listeners < 3; h.n_listeners++) {
		static const char *const said[] = {"nobody listens", "on the loopback alone", ""};

		text = found_by(na_check_services, &h);
		assert_non_null(strstr(text, said[h.n_listeners]));
		assert_int_equal(!*text, h.n_listeners == 2);
		free(text);
	}
	host_end(&h);
}

static const struct na_listener at_4 = {.port = 8443, .comm = "four"},
				any_6 = {.port = 8443, .ip6 = true},
				on_4 = {.port = 8443, .addr = {10, 9, 1, 1}, .comm = "one"},
				on_6 = {.port = 8443, .ip6 = true, .addr = {0xfd, [15] = 1}},
				lo_4 = {.port = 8443, .loopback = true, .addr = {127, 0, 0, 1}};

#define ADDR(op, proto, field, right)                                                              \
	"{'match': {'op': '" op "', 'left': {'payload': {'protocol': '" proto                      \
	"', 'field': '" field "'}}, 'right': " right "}}, "
#define DADDR(proto, right) ADDR("==", proto, "daddr", right)
#define NFPROTO(op, family)                                                                        \
	"{'match': {'op': '" op "', 'left': {'meta': {'key': 'nfproto'}}, 'right': '" family "'}}" \
	", "
#define TO(family, hook, match, action)                                                            \
	BASE_OF(family, "c", hook, "filter", "accept")                                             \
	"{'rule': {'family': '" family                                                             \
	"', 'table': 't', 'chain': 'c', 'handle': 1, 'expr': [" match QUIC(                        \
		"sni", "'a'") ", " action "]}},"
#define WRITE_PORT                                                                                 \
	"{'mangle': {'key': {'payload': {'protocol': 'udp', 'field': 'dport'}}, 'value': 8443}}"
#define REDIR "{'redirect': {'port': 8443}}"

/* Whose socket gets it: by port, family and address. */
static void who_listens(void **state)
{
	static const struct {
		const char *rules;
		const struct na_listener *l[2];
		const char *level, *text; /* NULL if all is well */
	} c[] = {
		{TO("ip", "prerouting", "", WRITE_PORT), {&at_4}, NULL, NULL},
		{TO("ip", "prerouting", "", WRITE_PORT), {&any_6}, NULL, NULL},
		{TO("ip", "prerouting", "", WRITE_PORT), {&on_6}, "error", "nobody takes IPv4"},
		{TO("ip6", "prerouting", "", WRITE_PORT), {&at_4}, "error", "nobody takes IPv6"},
		{TO("ip6", "prerouting", "", WRITE_PORT), {&on_4, &on_6}, NULL, NULL},
		{TO("inet", "prerouting", "", WRITE_PORT), {&at_4}, "note", "not open for IPv6"},
		{TO("inet", "prerouting", "", WRITE_PORT), {&on_4, &on_6}, NULL, NULL},
		{TO("inet", "prerouting", DADDR("ip", "'10.9.1.1'"), WRITE_PORT),
		 {&on_4},
		 NULL,
		 NULL},
		{TO("inet", "prerouting", DADDR("ip", "'10.9.1.2'"), WRITE_PORT),
		 {&on_4},
		 "error",
		 "nobody takes 10.9.1.2 at UDP port 8443, where inet t c leads to: one listens at "
		 "10.9.1.1"},
		{TO("ip", "prerouting", DADDR("ip", "{'set': ['10.9.1.1', '10.9.1.2']}"),
		    WRITE_PORT),
		 {&on_4},
		 "error",
		 "nobody takes 10.9.1.2"},
		{TO("ip", "prerouting", DADDR("ip", "{'set': ['10.9.1.1', '10.9.1.2']}"),
		    WRITE_PORT),
		 {&on_4, &at_4},
		 NULL,
		 NULL},
		/* a set may have any address, and a redirect writes another one */
		{TO("ip", "prerouting", DADDR("ip", "'@mine'"), WRITE_PORT), {&on_4}, NULL, NULL},
		{TO("ip", "prerouting", DADDR("ip", "'10.9.1.2'"), REDIR), {&on_4}, NULL, NULL},
		/* nor does a match by != name one, a network, or another field than this */
		{TO("ip", "prerouting", ADDR("!=", "ip", "daddr", "'10.9.1.2'"), WRITE_PORT),
		 {&on_4},
		 NULL,
		 NULL},
		{TO("ip", "prerouting",
		    DADDR("ip", "{'set': ['10.9.1.2', {'prefix': {'addr': '10.9.1.0', 'len': "
				"24}}]}"),
		    WRITE_PORT),
		 {&on_4},
		 NULL,
		 NULL},
		{TO("ip", "prerouting", ADDR("==", "ip", "saddr", "'10.9.1.2'"), WRITE_PORT),
		 {&on_4},
		 NULL,
		 NULL},
		/* a match says the family, in whatever way */
		{TO("inet", "prerouting", DADDR("ip", "'@mine'"), WRITE_PORT), {&at_4}, NULL, NULL},
		{TO("inet", "prerouting", ADDR("!=", "ip6", "daddr", "'@mine'"), WRITE_PORT),
		 {&at_4},
		 "error",
		 "nobody takes IPv6"},
		{TO("inet", "prerouting", NFPROTO("==", "ipv4"), WRITE_PORT), {&at_4}, NULL, NULL},
		{TO("inet", "prerouting", NFPROTO("==", "ipv6"), WRITE_PORT),
		 {&at_4},
		 "error",
		 "nobody takes IPv6"},
		{TO("inet", "prerouting", NFPROTO("!=", "ipv6"), WRITE_PORT),
		 {&at_4},
		 "note",
		 "not open for IPv6"},
		{TO("ip", "prerouting", "", REDIR), {&lo_4}, "error", "on the loopback alone"},
		{TO("ip", "output", "", REDIR), {&lo_4}, NULL, NULL},
		{TO("ip", "output", "", REDIR), {&on_4}, "error", "nobody takes IPv4"},
		{TO("ip", "output", "", WRITE_PORT), {&on_4}, NULL, NULL},
		/* to an address of this host's, and to one that is not */
		{TO("ip", "prerouting", "", "{'dnat': {'addr': '10.9.1.1', 'port': 8443}}"),
		 {&lo_4},
		 "error",
		 "on the loopback alone"},
		{TO("ip", "prerouting", "", "{'dnat': {'addr': '10.9.1.1', 'port': 8443}}"),
		 {&on_4},
		 NULL,
		 NULL},
		{TO("ip", "prerouting", "", "{'dnat': {'addr': '10.9.1.7', 'port': 8443}}"),
		 {NULL},
		 NULL,
		 NULL},
		{TO("ip", "prerouting", "", "{'dnat': {'addr': '127.0.0.1', 'port': 8443}}"),
		 {NULL},
		 NULL,
		 NULL},
		{TO("ip", "output", "", "{'dnat': {'addr': '127.0.0.1', 'port': 8443}}"),
		 {NULL},
		 "error",
		 "nobody listens"},
		/* the bytes of 10.9.1.1, but no address of this host's */
		{TO("ip6", "prerouting", "", "{'dnat': {'addr': 'a09:101::', 'port': 8443}}"),
		 {NULL},
		 NULL,
		 NULL},
	};
	struct na_addr addrs[] = {{.loopback = true, .addr = {127, 0, 0, 1}},
				  {.addr = {10, 9, 1, 1}},
				  {.ip6 = true, .addr = {0xfd, [15] = 1}}};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		struct na_listener sockets[2];
		struct na_host h = host_of(c[i].rules);
		char *text;

		h.listener = sockets;
		for (; h.n_listeners < 2 && c[i].l[h.n_listeners]; h.n_listeners++)
			sockets[h.n_listeners] = *c[i].l[h.n_listeners];
		h.addr = addrs;
		h.n_addrs = 3;
		text = found_by(na_check_services, &h);
		if (c[i].text ? !strstr(text, c[i].text) || strncmp(text, c[i].level, 4) : *text)
			fail_msg("case %zu: %s", i, text);
		free(text);
		host_end(&h);
	}
}

/* Without /proc nothing is said of services. */
static void no_proc(void **state)
{
	struct na_host h = host_of(TO("inet", "prerouting", "", WRITE_PORT));
	char *text, *shown = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&shown, &len);

	(void)state;
	h.no_sockets = true;
	text = found_by(na_check_services, &h);
	assert_string_equal(text, "note: not checked, as /proc/net/udp cannot be read\n");
	assert_int_equal(na_status_rc(&h), NA_OK);
	na_status_text(f, &h);
	fclose(f);
	assert_non_null(strstr(shown, "whose listener is not seen"));
	assert_null(strstr(shown, "nobody listens"));
	free(shown);
	free(text);
	host_end(&h);
}

/* A host without IPv6 misses nothing. */
static void no_ip6(void **state)
{
	struct na_host h = host_of(TO("inet", "prerouting", "", WRITE_PORT));
	struct na_listener l = at_4;
	struct na_addr addrs[] = {{.ip6 = true, .loopback = true, .addr = {[15] = 1}}};
	char *text;

	(void)state;
	h.listener = &l;
	h.n_listeners = 1;
	h.addr = addrs;
	h.n_addrs = 1;
	text = found_by(na_check_services, &h);
	assert_string_equal(text, "");
	free(text);
	host_end(&h);
}

#define TO_ONE "{'dnat': {'addr': '10.9.1.1', 'port': 8443}}"

/* Of several sockets: which one gets it, which one does not, and what is missing. */
static void of_several(void **state)
{
	static const struct na_listener seen_4 = {.port = 8443, .pid = 7, .comm = "seen"},
					other_port = {.port = 8444};
	static const struct {
		const char *rules;
		const struct na_listener *l[2];
		int gets, other; /* indexes, -1 for none */
		const char *missing;
		bool family;
	} c[] = {
		/* one whose process is seen is told, whichever comes first */
		{TO("ip", "prerouting", "", WRITE_PORT), {&at_4, &seen_4}, 1, -1, "", false},
		{TO("ip", "prerouting", "", WRITE_PORT), {&seen_4, &at_4}, 0, -1, "", false},
		{TO("ip", "prerouting", "", WRITE_PORT), {&other_port}, -1, -1, "IPv4", true},
		/* no other is told of where nothing is missing */
		{TO("ip", "prerouting", "", WRITE_PORT), {&at_4, &lo_4}, 0, -1, "", false},
		{TO("inet", "prerouting", "", WRITE_PORT), {&at_4, &lo_4}, 0, 1, "IPv6", true},
		/* the first that is missing */
		{TO("ip", "prerouting", DADDR("ip", "{'set': ['10.9.1.2', '10.9.1.3']}"),
		    WRITE_PORT),
		 {&on_4},
		 -1,
		 0,
		 "10.9.1.2",
		 false},
		/* to one address alone */
		{TO("ip", "prerouting", "", TO_ONE), {&lo_4}, -1, 0, "10.9.1.1", false},
		{TO("ip", "prerouting", "", TO_ONE), {&on_4, &lo_4}, 0, -1, "", false},
		{TO("inet", "prerouting", "", TO_ONE), {&on_4}, 0, -1, "", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		struct na_listener sockets[2];
		struct na_addr addrs[] = {{.addr = {10, 9, 1, 1}},
					  {.ip6 = true, .addr = {0xfd, [15] = 1}}};
		struct na_host h = host_of(c[i].rules);
		struct na_serves s;

		h.listener = sockets;
		for (; h.n_listeners < 2 && c[i].l[h.n_listeners]; h.n_listeners++)
			sockets[h.n_listeners] = *c[i].l[h.n_listeners];
		h.addr = addrs;
		h.n_addrs = 2;
		assert_int_equal(h.ways.n, 1);
		na_way_serves(&h, h.ways.way, &s);
		if ((s.l ? (int)(s.l - sockets) : -1) != c[i].gets ||
		    (s.other ? (int)(s.other - sockets) : -1) != c[i].other ||
		    strcmp(s.missing, c[i].missing) || s.family != c[i].family)
			fail_msg("case %zu: %td %td %s", i, s.l ? s.l - sockets : -1,
				 s.other ? s.other - sockets : -1, s.missing);
		host_end(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback),   cmocka_unit_test(who_listens),
		cmocka_unit_test(no_proc),    cmocka_unit_test(no_ip6),
		cmocka_unit_test(of_several),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("admin serves", tests, hosts_setup, hosts_teardown);
}
