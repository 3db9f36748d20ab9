// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks of doctor on hosts that are made up. */
#include "unit.h"

#include "boot.h"
#include "doctor.h"

#define BASE_OF(family, name, hook, type, policy)                                                  \
	"{'chain': {'family': '" family "', 'table': 't', 'name': '" name "', 'type': '" type      \
	"', 'hook': '" hook "', 'prio': 0, 'policy': '" policy "'}},"
#define REDIRECT(family, name, port)                                                               \
	"{'rule': {'family': '" family "', 'table': 't', 'chain': '" name                          \
	"', 'handle': 1, 'expr': [" QUIC("sni", "'a'") ", {'redirect': {'port': " port "}}]}},"

static struct na_host host_of(const char *objects)
{
	struct na_host h = {.rs = ruleset_of(objects), .knows_quic = true, .root = true};

	na_ways_read(h.rs, &h.ways);
	return h;
}

static void host_end(struct na_host *h)
{
	na_ways_free(&h->ways);
	na_ruleset_free(h->rs);
}

/* The findings of a check, one a line. */
static char *found_by(void (*check)(const struct na_host *h, struct na_found *f),
		      const struct na_host *h)
{
	struct na_found f = {.list = json_array()};
	struct na_buf b;
	const json_t *v;
	size_t i;

	na_buf_open(&b);
	check(h, &f);
	json_array_foreach(f.list, i, v)
		fprintf(b.f, "%s: %s\n", json_string_value(json_object_get(v, "level")),
			json_string_value(json_object_get(v, "text")));
	json_decref(f.list);
	return na_take(&b);
}

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

static void no_rules(void **state)
{
	struct na_host h = {.rs_err = "Error: not permitted\nmore", .root = true};
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_a_unit), cmocka_unit_test(families),
		cmocka_unit_test(loopback),	   cmocka_unit_test(no_rules),
		cmocka_unit_test(too_early),	   cmocka_unit_test(addresses),
		cmocka_unit_test(module_keys),	   cmocka_unit_test(optimizing_units),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("admin checks", tests, NULL, NULL);
}
