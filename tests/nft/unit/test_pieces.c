// SPDX-License-Identifier: GPL-2.0-or-later
/* Output that comes in any pieces is translated as if it came at once, and leaves as soon as it
 * can. */
#include "pieces.h"
#include "test.h"

#define ALPN "@ih,524288,128"
#define H3   "0x68330000000000000000000000000000"
#define DOQ  "0x646f7100000000000000000000000000"

static const char listing[] =
	"table inet t { # handle 3\n"
	"\tcomment \"one { two\"\n"
	"\tset s { # handle 1\n"
	"\t\ttypeof " ALPN "\n"
	"\t\tflags timeout\n"
	"\t\telements = { " H3 " comment \"a, } b\",\n"
	"\t\t\t     " DOQ " timeout 5s }\n"
	"\t}\n"
	"\n"
	"\tmap m {\n"
	"\t\ttypeof ip saddr : " ALPN "\n"
	"\t\telements = { 10.0.0.1 : " H3 ", 10.0.0.2 : " DOQ " }\n"
	"\t}\n"
	"\n"
	"\tset known {\n"
	"\t\ttype integer\n"
	"\t\telements = { " H3 " }\n"
	"\t}\n"
	"\n"
	"\tset plain {\n"
	"\t\ttype ifname\n"
	"\t\telements = { \"a{\", \"b\" }\n"
	"\t}\n"
	"\n"
	"\tflowtable f {\n"
	"\t\tdevices = { \"lo\" }\n"
	"\t}\n"
	"\n"
	"\tchain c { # handle 2\n"
	"\t\t" ALPN " " H3 " accept # handle 4\n"
	"\t\t" ALPN " { " H3 ",\n\t\t\t\t " DOQ " } drop\n"
	"\t\t" ALPN " @s jump {\n\t\t\t" ALPN " " DOQ " accept\n\t\t}\n"
	"\t\tlog prefix \"} x\"\n"
	"\t}\n"
	"\tchain e { } set q {\n"
	"\t\ttypeof " ALPN "\n"
	"\t\telements = { " H3 " }\n"
	"\t}\n"
	"}\n"
	"add rule inet t c " ALPN " " H3 "\n"
	"add element inet t s { " H3 ", " DOQ " }\n"
	"# new generation 5 by process 1 (o\"{)\n"
	"table ip x\n"
	"add set inet t hs { # handle 2 typeof " ALPN "; comment \"# handle 3 }\"; }\n"
	"add map inet t hm { # handle 12 type " ALPN " : verdict; flags interval; }\n"
	"add element inet t hs { " H3 " }\n"
	"add counter inet t n { # handle 3 packets 0 bytes 0 }\n"
	"add flowtable inet t f { # handle 4 devices = { lo }; }\n"
	"add rule inet t c " ALPN " " H3 " # handle 5\n"
	"add rule inet t c " ALPN " " H3 " counter # handle 6 \n"
	"add chain inet t d { type filter hook input priority filter; }\n"
	"add rule inet t c " ALPN " " DOQ;

static void add(struct nx_pieces *p, const char *s, size_t len, struct nx_buf *out)
{
	assert_true(nx_pieces_add(p, s, len, out));
}

static void begin(struct nx_pieces *p, struct nx_slots *slots, struct nx_map *known)
{
	struct nx_layout alpn = {.n = 1, .key = {nx_key_by_id(NFT_QUIC_ALPN)}};
	struct nx_set_id id = {"inet", "t", 1, "known", 5};

	memset(slots, 0, sizeof(*slots));
	memset(known, 0, sizeof(*known));
	assert_int_equal(nx_layouts_put(known, &id, &alpn), 0);
	*p = (struct nx_pieces){.lang = {.dir = NX_OUT, .slots = slots, .known = known}};
}

static void end(struct nx_pieces *p, struct nx_slots *slots, struct nx_map *known)
{
	nx_pieces_free(p);
	nx_slots_free(slots);
	nx_layouts_clear(known);
}

/* The whole text at once, by the translation of texts. */
static void whole(const char *text, struct nx_buf *out)
{
	struct nx_pieces state;
	struct nx_slots slots;
	struct nx_map known;
	struct pass p;

	begin(&state, &slots, &known);
	pass(&p, NX_OUT, &slots, &known, NULL, text);
	nx_buf_str(out, pass_text(&p));
	pass_free(&p);
	end(&state, &slots, &known);
}

static void test_any_cut(void **state)
{
	struct nx_buf want = NX_BUF_INIT;

	(void)state;
	whole(listing, &want);
	assert_non_null(strstr(want.p, "typeof quic alpn\n"));
	assert_non_null(
		strstr(want.p, "# handle 2 typeof quic alpn; comment \"# handle 3 }\"; }\n"));
	assert_non_null(strstr(want.p, "hm { # handle 12 typeof quic alpn : verdict;"));
	assert_non_null(strstr(want.p, "add element inet t hs { \"h3\" }\n"));
	assert_non_null(strstr(want.p, "c quic alpn \"h3\" # handle 5\n"));
	assert_null(strstr(want.p, "@ih"));
	assert_non_null(strstr(want.p, "{ \"h3\",\n\t\t\t\t \"doq\" } drop"));
	for (size_t step = 1; step < sizeof(listing); step = step < 40 ? step + 1 : 2 * step) {
		struct nx_buf out = NX_BUF_INIT;
		struct nx_pieces p;
		struct nx_slots slots;
		struct nx_map known;

		begin(&p, &slots, &known);
		for (size_t at = 0; at < sizeof(listing) - 1; at += step) {
			size_t left = sizeof(listing) - 1 - at;

			add(&p, listing + at, left < step ? left : step, &out);
		}
		assert_true(nx_pieces_flush(&p, &out));
		assert_string_equal(out.p, want.p);
		nx_buf_free(&out);
		end(&p, &slots, &known);
	}
	nx_buf_free(&want);
}

/* After each of these the translation must be out. */
static void test_leaves_early(void **state)
{
	static const struct {
		const char *in, *out;
	} steps[] = {
		{"table inet t {", "table inet t {"},
		{"\n", "\n"},
		{"\tset s {\n\t\ttypeof " ALPN "\n", ""},
		{"\t\telements = { ", "\tset s {\n\t\ttypeof quic alpn\n\t\telements = {"},
		{H3 ",", " \"h3\","},
		{" " DOQ, ""},
		{" }", " \"doq\" "},
		{"\n", "}\n"},
		{"\t}\n", "\t}\n"},
		{"\tchain c {\n", "\tchain c {\n"},
		{"\t\t" ALPN " " H3 " drop\n", "\t\tquic alpn \"h3\" drop\n"},
		/* stock nft prints the quote in a prefix as it is */
		{"\t\tlog prefix \"a\"\"\n", "\t\tlog prefix \"a\"\"\n"},
		{"\t\t" ALPN " " DOQ " drop\n", "\t\tquic alpn \"doq\" drop\n"},
		{"\t}\n}\n", "\t}\n}\n"},
		/* with -a a comment ends within its line */
		{"add counter ip t n { # handle 3 packets 0 }\n",
		 "add counter ip t n { # handle 3 packets 0 }\n"},
		{"add set ip t e { # handle 4 typeof " ALPN "; }\n",
		 "add set ip t e { # handle 4 typeof quic alpn; }\n"},
	};
	struct nx_buf out = NX_BUF_INIT;
	struct nx_pieces p;
	struct nx_slots slots;
	struct nx_map known;

	(void)state;
	begin(&p, &slots, &known);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		add(&p, steps[i].in, strlen(steps[i].in), &out);
		/* the opening of a set leaves with its head or before it */
		if (!strncmp(steps[i].in, "\tset", 4))
			continue;
		assert_string_equal(nx_buf_cstr(&out), steps[i].out);
		nx_buf_reset(&out);
	}
	nx_buf_free(&out);
	end(&p, &slots, &known);
}

/* A set's elements do not gather, however many there are. */
static void test_bounded(void **state)
{
	static const char head[] = "table ip t {\n\tset s {\n\t\ttypeof " ALPN "\n\t\telements = {";
	struct nx_buf out = NX_BUF_INIT;
	struct nx_pieces p;
	struct nx_slots slots;
	struct nx_map known;

	(void)state;
	begin(&p, &slots, &known);
	add(&p, head, strlen(head), &out);
	for (unsigned int i = 0; i < 10000; i++) {
		add(&p, " " H3 ",", sizeof(H3) + 1, &out);
		nx_buf_reset(&out);
	}
	assert_true(p.raw.cap < 1024);
	nx_buf_free(&out);
	end(&p, &slots, &known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_cut),
		cmocka_unit_test(test_leaves_early),
		cmocka_unit_test(test_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("output in pieces", tests, NULL, NULL);
}
