// SPDX-License-Identifier: GPL-2.0-or-later
/* Names: as short words for stock nft's parser, as bytes that can be quoted, in debug output. */
#include "shorts.h"
#include "test.h"

#include "debug.h"

#define LONG "a123456789.b123456789.c123456789.d123456789.e123456789.f123456789.g123456789"

static struct nx_lit lit_of(const char *bytes, size_t len)
{
	struct nx_lit lit = {.len = len};

	memcpy(lit.b, bytes, len);
	return lit;
}

static void test_short(void **state)
{
	static const char *const names[] = {"a",   "host-1.example.com", "*.a",
					    "a b", "\xc3\xa9",		 "a\"b"};
	static const char *const foreign[] = {"",	    "qn",   "q",    "qn-0", "qn zz", "qnzz",
					      "qn99999999", "0x61", "eth0", "qn0.", "qnA"};
	struct nx_buf shorts = NX_BUF_INIT, out = NX_BUF_INIT;
	uint8_t b[NFT_QUIC_SNI_LEN], want[NFT_QUIC_SNI_LEN];
	struct nx_lit lit;

	(void)state;
	for (unsigned int round = 0; round < 100; round++) {
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			lit = lit_of(names[i], strlen(names[i]));
			nx_buf_reset(&out);
			assert_true(nx_short_put(&shorts, &out, &lit, 48));
			assert_true(out.len < 6);
			memset(b, 0xff, sizeof(b));
			memset(want, 0, sizeof(want));
			memcpy(want, names[i], strlen(names[i]));
			assert_int_equal(nx_short_get(&shorts, out.p, b), 48);
			assert_memory_equal(b, want, 48);
		}
	}
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		assert_int_equal(nx_short_get(&shorts, foreign[i], b), 0);
	/* what is no beginning of a name is read within bounds, or not at all */
	for (size_t i = 0; i < shorts.len + 10; i++) {
		char word[16];

		snprintf(word, sizeof(word), "qn%u", (unsigned int)i);
		assert_true(nx_short_get(&shorts, word, b) <= sizeof(b));
	}
	/* its 20 bytes are no whole words */
	nx_buf_reset(&out);
	lit = lit_of("12", 2);
	assert_false(nx_short_put(&shorts, &out, &lit, 20));
	lit = lit_of("123456789", 9);
	assert_false(nx_short_put(&shorts, &out, &lit, 8));
	assert_int_equal(out.len, 0);
	nx_buf_free(&out);
	nx_buf_free(&shorts);
}

/* Only with leave, and only where the word does not grow together with what is beside it. */
static void test_short_text(void **state)
{
	static const char text[] = "add rule t c quic alpn { \"h3\", \"smb\",\"a b\" } "
				   "quic alpn . ip saddr { \"h3\".1.2.3.4, \"h2\" . 1.2.3.4 }";
	struct nx_slots slots = {0};
	struct pass p = {.lang = {.dir = NX_IN, .slots = &slots, .short_names = true}};

	(void)state;
	p.text = nx_text_new(NULL, strdup(text), strlen(text));
	nx_translate(&p.lang, p.text, NULL);
	assert_string_equal(pass_text(&p),
			    "add rule t c @ih,524288,128 { qn0,\tqn4,qn9 } "
			    "@ih,524288,128 . ip saddr { "
			    "0x68330000000000000000000000000000.1.2.3.4,\tqne . 1.2.3.4 }");
	pass_free(&p);
	nx_slots_free(&slots);
}

static void test_quotable(void **state)
{
	static const struct {
		const char *bytes;
		bool quotable;
	} cases[] = {
		{"h3", true},
		{"\xc3\xa9", true},
		{"\xe6\x97\xa5", true},
		{"\xf0\x9f\x98\x80", true},
		{"\xff", false},
		{"a\xc3", false},
		{"\xc0\xaf", false},
		{"\xed\xa0\x80", false},
		{"\xf4\x90\x80\x80", false},
		{"\xe0\x80\x80", false},
		{"a\"b", false},
		{"\n", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_lit lit = lit_of(cases[i].bytes, strlen(cases[i].bytes));

		assert_int_equal(nx_lit_quotable(nx_key_by_id(NFT_QUIC_ALPN), &lit),
				 cases[i].quotable);
	}
}

/* "h3", and 1 in network order, as libnftnl printed a word before 1.3: a number of this machine's.
 */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define WORD_H3 "0x68330000"
#define WORD_1	"0x00000001"
#else
#define WORD_H3 "0x00003368"
#define WORD_1	"0x01000000"
#endif

static void test_debug(void **state)
{
	static const char raw[] =
		"ip t c\n"
		"  [ payload load 16b @ inner header + 65536 => reg 1 ]\n"
		"  [ cmp neq reg 1 " WORD_H3 " 0x00000000 0x00000000 0x00000000 ]\n"
		"  [ payload load 4b @ inner header + 1048576 => reg 1 ]\n"
		"  [ cmp eq reg 1 " WORD_1 " ]\n"
		"  [ payload load 16b @ inner header + 65536 => reg 2 ]\n"
		"  [ cmp eq reg 1 " WORD_H3 " 0x00000000 0x00000000 0x00000000 ]\n"
		"  [ payload load 4b @ inner header + 67584 => reg 1 ]\n"
		"  [ cmp eq reg 1 " WORD_1 " ]\n"
		"  [ payload load 2b @ inner header + 2 => reg 1 ]\n"
		"  [ payload load 64b @ inner header + 66048 => reg 1 ]";
	static const char newer[] =
		"  [ payload load 16b @ inner header + 65536 => reg 1 ]\n"
		"  [ cmp eq reg 1 0x68330000 0x00000000 0x00000000 0x00000000 ]\n";
	static const char want[] =
		"ip t c\n"
		"  [ quic match alpn neq \"h3\" ]\n"
		"  [ quic match sni eq \"" LONG "\" ]\n"
		"  [ quic load alpn => reg 2 ]\n"
		"  [ cmp eq reg 1 " WORD_H3 " 0x00000000 0x00000000 0x00000000 ]\n"
		"  [ quic load version => reg 1 ]\n"
		"  [ cmp eq reg 1 " WORD_1 " ]\n"
		"  [ payload load 2b @ inner header + 2 => reg 1 ]\n"
		"  [ quic load sni => reg 1 ]\n";
	struct nx_lit lit = lit_of(LONG, strlen(LONG));
	struct nx_buf out = NX_BUF_INIT;
	struct nx_slots slots = {0};
	uint32_t num;

	(void)state;
	assert_int_equal(nx_slot_put(&slots, nx_key_by_id(NFT_QUIC_SNI), &lit, &num), 0);
	nx_debug_out(raw, strlen(raw), &slots, false, &out);
	assert_string_equal(nx_buf_cstr(&out), want);
	nx_buf_free(&out);
	nx_debug_out(newer, strlen(newer), &slots, true, &out);
	assert_string_equal(nx_buf_cstr(&out), "  [ quic match alpn eq \"h3\" ]\n");
	nx_buf_free(&out);
	nx_slots_free(&slots);
}

/* As a monitor prints it, in any pieces: the same, and each line but a load leaves at its end. */
static void test_debug_lines(void **state)
{
	static const char raw[] =
		"ip t c 5 0\n"
		"  [ payload load 16b @ inner header + 65536 => reg 1 ]\n"
		"  [ cmp neq reg 1 " WORD_H3 " 0x00000000 0x00000000 0x00000000 ]\n"
		"  [ payload load 4b @ inner header + 67584 => reg 1 ]\n"
		"\n"
		"add rule ip t c\n";
	struct nx_buf whole = NX_BUF_INIT, out = NX_BUF_INIT;
	struct nx_slots slots = {0};
	size_t done = 0;

	(void)state;
	assert_int_equal(nx_debug_whole("ip t", 4), 0);
	assert_int_equal(nx_debug_whole("ip t\nip", 7), 5);
	nx_debug_out(raw, strlen(raw), &slots, false, &whole);
	for (size_t len = 1; len <= strlen(raw); len++) {
		size_t n = nx_debug_whole(raw + done, len - done);

		nx_debug_out(raw + done, n, &slots, false, &out);
		done += n;
	}
	assert_int_equal(done, strlen(raw));
	assert_string_equal(nx_buf_cstr(&out), nx_buf_cstr(&whole));
	assert_non_null(strstr(whole.p, "[ quic match alpn neq \"h3\" ]\n  [ quic load version"));
	nx_buf_free(&whole);
	nx_buf_free(&out);
	nx_slots_free(&slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short),	    cmocka_unit_test(test_short_text),
		cmocka_unit_test(test_quotable),    cmocka_unit_test(test_debug),
		cmocka_unit_test(test_debug_lines),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
