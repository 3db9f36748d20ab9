// SPDX-License-Identifier: GPL-2.0-or-later
/* Warnings of rules that are reached before names are known. */
#include <time.h>

#include "early.h"
#include "test.h"

#define WARNS	 "Warning: a chain at priority -399 or lower"
#define LATE	 "chain l { type filter hook input priority 0; jump s; }"
#define SIDE	 "chain s { udp dport 443 quic sni \"a\" drop; }"
#define EARLY(p) "chain e { type filter hook prerouting priority " p "; policy accept; jump s; }"

static const struct {
	const char *text;
	bool warns;
} texts[] = {
	{"table t { " SIDE EARLY("-450") LATE "}", true},
	{"table t { " SIDE EARLY("-399") LATE "}", true},
	{"table t { " SIDE EARLY("raw - 99") LATE "}", true},
	{"table inet t { " EARLY("-450") "} add table inet t { " SIDE " }", true},
	{"table t { " EARLY(
		 "-450") " chain s { goto n; } chain n { quic alpn . quic sni @x drop; } }",
	 true},
	{"table t { " SIDE
	 "chain e { type filter hook output priority -400; meta mark vmap { 1 : goto s } } }",
	 true},
	{"table t { " SIDE EARLY("-398") LATE "}", false},
	{"table t { " SIDE EARLY("raw") LATE "}", false},
	{"table t { " SIDE EARLY("$p") LATE "}", false},
	{"table t { " SIDE LATE "chain e { type filter hook input priority -450; jump s; } }",
	 false},
	{"table t { " SIDE
	 "chain e { type filter hook output priority 0; meta priority set -450 jump s; } }",
	 false},
	{"table t { " EARLY("-450") "chain s { quic version v1 drop; } }", false},
	{"table t { " EARLY("-450") "} table ip6 t { " SIDE "}", false},
	{"table t { " EARLY("-450") "} table u { " SIDE "}", false},
	{"table t { " SIDE
	 "chain e { type filter hook output priority -450; comment \"jump s\"; } }",
	 false},
	{"table t { chain e { type filter hook output priority -450; jump quic", false},
	{"table jump { chain quic", false},
};

static char *warning(const char *name, const char *src)
{
	struct nx_text *t = nx_text_new(name, strdup(src), strlen(src));
	struct nx_buf out = NX_BUF_INIT;
	char *text;

	assert_non_null(t);
	nx_early_warn(t, &out);
	assert_false(out.oom);
	text = strdup(nx_buf_cstr(&out));
	nx_buf_free(&out);
	nx_text_free(t);
	return text;
}

static void test_which(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char *text = warning(NULL, texts[i].text);

		if (texts[i].warns != !strncmp(text, WARNS, strlen(WARNS)) ||
		    (!texts[i].warns && *text))
			fail_msg("%s: %s", texts[i].text, text);
		free(text);
	}
}

/* The first jump in the early chain, and once. */
static void test_place(void **state)
{
	char *text = warning("f.nft",
			     "table t {\n\tchain e {\n\t\ttype filter hook output priority -450\n"
			     "\t\tudp dport 443 jump s\n\t\tjump s\n\t}\n\tchain s {\n"
			     "\t\tquic hello missing drop\n\t}\n}\n");

	(void)state;
	assert_string_equal(text, "f.nft:4:17-22: " WARNS
				  " comes before names of quic are known: rules with "
				  "them in chain s never match there\n"
				  "\t\tudp dport 443 jump s\n"
				  "\t\t              ^^^^^^\n");
	free(text);
}

/* 100,000 chains that jump to each other, the early one at the end: seconds of CPU, not hours. */
static void test_large(void **state)
{
	const unsigned int n = 100000;
	struct nx_buf b = NX_BUF_INIT;
	clock_t begin = clock();
	char *text;

	(void)state;
	nx_buf_str(&b, "table t {\nchain c0 { quic sni \"a\" drop; }\n");
	for (unsigned int i = 1; i < n; i++)
		nx_buf_fmt(&b, "chain c%u { jump c%u; jump c%u; }\n", i, i - 1, (i * 7u) % n);
	nx_buf_fmt(&b, "chain e { type filter hook output priority -450; jump c%u; }\n}\n", n - 1);
	text = warning(NULL, nx_buf_cstr(&b));
	assert_memory_equal(text, WARNS, strlen(WARNS));
	free(text);
	nx_buf_free(&b);
	assert_true((clock() - begin) / CLOCKS_PER_SEC < 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_large),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("nft early", tests, NULL, NULL);
}
