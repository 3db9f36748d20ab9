// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks of doctor on hosts that are made up. */
#include "unit.h"

#include "doctor.h"

#define BASE_OF(family, name, hook, type, policy)                                                  \
	"{'chain': {'family': '" family "', 'table': 't', 'name': '" name "', 'type': '" type      \
	"', 'hook': '" hook "', 'prio': 0, 'policy': '" policy "'}},"
#define REDIRECT(family, name, port)                                                               \
	"{'rule': {'family': '" family "', 'table': 't', 'chain': '" name                          \
	"', 'handle': 1, 'expr': [" QUIC("sni", "'a'") ", {'redirect': {'port': " port "}}]}},"

static struct na_host host_of(const char *objects)
{
	struct na_host h = {.rs = ruleset_of(objects), .knows_quic = true};

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(families),
		cmocka_unit_test(loopback),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("admin checks", tests, NULL, NULL);
}
