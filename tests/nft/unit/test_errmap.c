// SPDX-License-Identifier: GPL-2.0-or-later
/* Stock nft's messages, back in the user's text. */
#include "test.h"

#include "errmap.h"

#define SMB "0x736d6200000000000000000000000000"

static void check(const char *name, const char *user, const char *raw, const char *want)
{
	struct nx_slots slots = {0};
	struct nx_buf out = NX_BUF_INIT;
	struct pass p;

	pass(&p, NX_IN, &slots, NULL, name, user);
	nx_errmap(raw, strlen(raw), &p.text, 1, &p.lang, &out);
	assert_string_equal(nx_buf_cstr(&out), want);
	nx_buf_free(&out);
	pass_free(&p);
	nx_slots_free(&slots);
}

static void test_place(void **state)
{
	(void)state;
	check("f.nft", "\n\tadd rule t c quic alpn \"smb\" foo drop\n",
	      "f.nft:2:65-67: Error: syntax error, unexpected string\n"
	      "\tadd rule t c @ih,524288,128 " SMB " foo drop\n"
	      "\t                                                               ^^^\n",
	      "f.nft:2:31-33: Error: syntax error, unexpected string\n"
	      "\tadd rule t c quic alpn \"smb\" foo drop\n"
	      "\t                             ^^^\n");
}

/* At the end of a file nft shows the line before. */
static void test_end(void **state)
{
	(void)state;
	check("f", "table t { set s { typeof quic alpn;\n elements = { \"smb\" } } }\n",
	      "f:3:1-1: Error: syntax error, unexpected end of file\n"
	      " elements = { " SMB " } } }\n^\n",
	      "f:3:1-1: Error: syntax error, unexpected end of file\n"
	      " elements = { \"smb\" } } }\n^\n");
}

static void test_command_line(void **state)
{
	(void)state;
	check(NULL, "add rule t c quic alpn \"smb\" foo",
	      "Error: syntax error\nadd rule t c @ih,524288,128 " SMB " foo\n"
	      "             ~~~~~~~~~~~~~~                                    ^^^\n",
	      "Error: syntax error\nadd rule t c quic alpn \"smb\" foo\n"
	      "             ~~~~~~~~~       ^^^\n");
}

static void test_two_places(void **state)
{
	(void)state;
	check("f", "add rule t c redirect to :quic alpn map { \"smb\" : 1 }",
	      "f:1:27-87: Error: no transport\n"
	      "add rule t c redirect to :@ih,524288,128 map { " SMB " : 1 }\n"
	      "             ~~~~~~~~     "
	      "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
	      "f:1:27-53: Error: no transport\n"
	      "add rule t c redirect to :quic alpn map { \"smb\" : 1 }\n"
	      "             ~~~~~~~~     ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n");
}

static void test_words(void **state)
{
	(void)state;
	check("f", "add rule t c quic alpn \"smb\"", "Error: no good: @ih,524288,128 " SMB "\n",
	      "Error: no good: quic alpn \"smb\"\n");
}

/* Each rule that -o merges, a line of its own; the line under it may be anything. */
static void test_merged(void **state)
{
	(void)state;
	check("f", "add rule t c quic alpn \"smb\"; add rule t c tcp dport 1",
	      "Merging:\n"
	      "f:1:91-101: add rule t c @ih,524288,128 " SMB "; add rule t c tcp dport 1\n"
	      "into:\n",
	      "Merging:\n"
	      "f:1:57-67: add rule t c quic alpn \"smb\"; add rule t c tcp dport 1\n"
	      "into:\n");
}

static void test_unknown_key(void **state)
{
	(void)state;
	check("f", "add rule inet quic pre udp dport 443 quic foo \"x\"",
	      "f:1:50-50: Error: syntax error, unexpected newline\n"
	      "add rule inet quic pre udp dport 443 quic foo \"x\"\n"
	      "                                                 ^\n",
	      "f:1:38-45: Error: unknown quic key \"foo\", known are alpn, sni, version, type, "
	      "dcid, scid, ech, hello, server-id, state\n"
	      "add rule inet quic pre udp dport 443 quic foo \"x\"\n"
	      "                                     ^^^^^^^^\n");
	/* a table called quic is no quic expression */
	check("f", "add rule inet quic pre foo",
	      "f:1:24-26: Error: syntax error, unexpected string\nadd rule inet quic pre foo\n"
	      "                       ^^^\n",
	      "f:1:24-26: Error: syntax error, unexpected string\nadd rule inet quic pre foo\n"
	      "                       ^^^\n");
}

/* nft 1.1.7 has a line more between a syntax error and the source. */
static void test_expected(void **state)
{
	(void)state;
	check("f", "\tquic alpn \"smb\" foo drop",
	      "f:1:18-20: Error: syntax error, unexpected string\n"
	      "expected any of: newline, comma, .\n"
	      "\tquic alpn \"smb\" foo drop\n\t                ^^^\n",
	      "f:1:18-20: Error: syntax error, unexpected string\n"
	      "expected any of: newline, comma, .\n"
	      "\tquic alpn \"smb\" foo drop\n\t                ^^^\n");
	check("f.nft", "add rule t c quic alpn \"smb\" foo drop",
	      "f.nft:1:64-66: Error: syntax error, unexpected string\n"
	      "expected any of: newline, comma, .\n"
	      "add rule t c @ih,524288,128 " SMB " foo drop\n"
	      "                                                               ^^^\n",
	      "f.nft:1:30-32: Error: syntax error, unexpected string\n"
	      "expected any of: newline, comma, .\n"
	      "add rule t c quic alpn \"smb\" foo drop\n"
	      "                             ^^^\n");
	/* one suspect, one message; what comes behind is stock nft's */
	check("f", "add rule t c quic foo \"x\" bar",
	      "f:1:27-29: Error: syntax error, unexpected string\nexpected any of: newline\n"
	      "add rule t c quic foo \"x\" bar\n                          ^^^\n"
	      "f:1:30-30: Error: syntax error, unexpected newline\n"
	      "add rule t c quic foo \"x\" bar\n                             ^\n",
	      "f:1:14-21: Error: unknown quic key \"foo\", known are alpn, sni, version, type, "
	      "dcid, scid, ech, hello, server-id, state\n"
	      "add rule t c quic foo \"x\" bar\n             ^^^^^^^^\n"
	      "f:1:30-30: Error: syntax error, unexpected newline\n"
	      "add rule t c quic foo \"x\" bar\n                             ^\n");
	/* a suspect of another command is not to blame */
	check("f", "add rule t c quic foo \"a;b\"; add rule t c bar",
	      "f:1:46-46: Error: syntax error, unexpected newline\n",
	      "f:1:46-46: Error: syntax error, unexpected newline\n");
	check("f", "add rule t c quic foo \"a;b\" bar",
	      "f:1:29-31: Error: syntax error, unexpected string\n",
	      "f:1:14-21: Error: unknown quic key \"foo\", known are alpn, sni, version, type, "
	      "dcid, scid, ech, hello, server-id, state\n"
	      "add rule t c quic foo \"a;b\" bar\n             ^^^^^^^^\n");
}

static void test_foreign(void **state)
{
	const char *raw = "g.nft:1:1-2: Error: x\nab\n^^\nnetlink: Error: y\n\n";

	(void)state;
	check("f", "add rule t c quic alpn \"smb\"", raw, raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place),	     cmocka_unit_test(test_end),
		cmocka_unit_test(test_command_line), cmocka_unit_test(test_two_places),
		cmocka_unit_test(test_words),	     cmocka_unit_test(test_merged),
		cmocka_unit_test(test_unknown_key),  cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_expected),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("nft's messages", tests, NULL, NULL);
}
