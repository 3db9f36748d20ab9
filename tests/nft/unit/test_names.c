// SPDX-License-Identifier: GPL-2.0-or-later
/* Names: as short words for stock nft's parser, as bytes that can be quoted, in debug output. */
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
	static const char *const words[] = {"a", "host-1.example.com", "_x.Y", "h3-29"};
	static const char *const none[] = {"*.a", "a b", "a'b", "a/b", "\xc3\xa9", "a,b"};
	static const char *const foreign[] = {"",	"qn",	  "qn64",
					      "qn64-",	"qn65-a", "qn99-a",
					      "qnxx-a", "0x61",	  "qn16-a1234567890123456",
					      "eth0"};
	uint8_t b[NFT_QUIC_SNI_LEN], want[NFT_QUIC_SNI_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct nx_lit lit = lit_of(words[i], strlen(words[i]));
		struct nx_buf out = NX_BUF_INIT;

		assert_true(nx_lit_short(&out, &lit, 48));
		memset(b, 0xff, sizeof(b));
		memset(want, 0, sizeof(want));
		memcpy(want, words[i], strlen(words[i]));
		assert_int_equal(nx_lit_from_short(nx_buf_cstr(&out), b), 48);
		assert_memory_equal(b, want, 48);
		nx_buf_free(&out);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct nx_lit lit = lit_of(none[i], strlen(none[i]));
		struct nx_buf out = NX_BUF_INIT;

		assert_false(nx_lit_short(&out, &lit, 64));
		assert_int_equal(out.len, 0);
	}
	/* a connection ID of letters: its 20 bytes are no whole words */
	assert_false(nx_lit_short(&(struct nx_buf){0}, &(struct nx_lit){2, "12"}, 20));
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		assert_int_equal(nx_lit_from_short(foreign[i], b), 0);
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
			    "add rule t c @ih,524288,128 { qn16-h3, "
			    "qn16-smb,0x61206200000000000000000000000000 } "
			    "@ih,524288,128 . ip saddr { "
			    "0x68330000000000000000000000000000.1.2.3.4, qn16-h2 . 1.2.3.4 }");
	assert_int_equal(p.lang.nshort, 3);
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

static void test_debug(void **state)
{
	static const char raw[] =
		"ip t c\n"
		"  [ payload load 16b @ inner header + 65536 => reg 1 ]\n"
		"  [ cmp neq reg 1 0x00003368 0x00000000 0x00000000 0x00000000 ]\n"
		"  [ payload load 4b @ inner header + 1048576 => reg 1 ]\n"
		"  [ cmp eq reg 1 0x01000000 ]\n"
		"  [ payload load 16b @ inner header + 65536 => reg 2 ]\n"
		"  [ cmp eq reg 1 0x00003368 0x00000000 0x00000000 0x00000000 ]\n"
		"  [ payload load 4b @ inner header + 67584 => reg 1 ]\n"
		"  [ cmp eq reg 1 0x01000000 ]\n"
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
		"  [ cmp eq reg 1 0x00003368 0x00000000 0x00000000 0x00000000 ]\n"
		"  [ quic load version => reg 1 ]\n"
		"  [ cmp eq reg 1 0x01000000 ]\n"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_short_text),
		cmocka_unit_test(test_quotable),
		cmocka_unit_test(test_debug),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
