// SPDX-License-Identifier: GPL-2.0-or-later
/* Text in and out: forms of the language, and what must not be touched. */
#include "test.h"

#define PORT "@ih,8386560,32 != 1 " /* the mark of a rule with a server ID as a port */
#define ALPN "@ih,524288,128"
#define SNI  "@ih,528384,512"
#define SNIC "@ih,536576,384"
#define SMB  "0x736d6200000000000000000000000000"
#define H3   "0x68330000000000000000000000000000"
#define Z16  "00000000000000000000000000000000"
#define A64  "0x61" Z16 Z16 Z16 "000000000000000000000000000000"
#define A48  "0x61" Z16 Z16 "000000000000000000000000000000"
#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com"

/** struct form - what a user writes and what stock nft gets; @back if it lists differently */
static const struct form {
	const char *user, *stock, *back;
} forms[] = {
	/* literals */
	{"add rule t c quic alpn \"smb\" drop", "add rule t c " ALPN " " SMB " drop"},
	{"add rule t c quic alpn smb drop", "add rule t c " ALPN " " SMB " drop",
	 "add rule t c quic alpn \"smb\" drop"},
	{"add rule t c quic alpn != \"smb\" drop", "add rule t c " ALPN " != " SMB " drop"},
	{"add rule t c quic alpn == \"smb\" drop", "add rule t c " ALPN " == " SMB " drop"},
	{"add rule t c quic sni \"A.\" drop", "add rule t c " SNI " " A64 " drop",
	 "add rule t c quic sni \"a\" drop"},
	{"add rule t c quic sni \"" LONG "\" drop", "add rule t c @ih,8388608,32 1 drop"},
	{"add rule t c quic sni != \"" LONG "\"", "add rule t c @ih,8388608,32 != 1"},
	{"add rule t c quic dcid 0x1200 drop", "add rule t c @ih,8388608,32 1 drop"},
	{"add rule t c quic dcid 0x12 drop", "add rule t c @ih,544768,160 0x12" Z16 "000000 drop"},
	{"add rule t c quic scid 0x drop", "add rule t c @ih,8388608,32 1 drop"},
	{"add rule t c quic alpn 0x0a0a drop",
	 "add rule t c " ALPN " 0x0a0a0000000000000000000000000000 drop"},
	/* numbers */
	{"add rule t c quic version v2", "add rule t c @ih,540672,32 1798521807"},
	{"add rule t c quic version != draft-29", "add rule t c @ih,540672,32 != 4278190109"},
	{"add rule t c quic version >= 1", "add rule t c @ih,540672,32 >= 1",
	 "add rule t c quic version >= v1"},
	{"add rule t c quic version v1-v2", "add rule t c @ih,540672,32 1-1798521807",
	 "add rule t c quic version 0x00000001-0x6b3343cf"},
	{"add rule t c quic version { draft-27-draft-29 }",
	 "add rule t c @ih,540672,32 { 4278190107-4278190109 }",
	 "add rule t c quic version { 0xff00001b-0xff00001d }"},
	{"add rule t c quic version 0xff0000ff/24",
	 "add rule t c @ih,540672,32 4278190080-4278190335",
	 "add rule t c quic version 0xff000000-0xff0000ff"},
	{"add rule t c quic version & 0xff == 1", "add rule t c @ih,8388608,32 == 1",
	 "add rule t c quic version & 0x000000ff == 0x00000001"},
	{"add rule t c quic alpn . ip saddr & 255.0.0.0 { \"h3\" . 10.0.0.0 }",
	 "add rule t c " ALPN " . ip saddr & 255.0.0.0 { " H3 " . 10.0.0.0 }"},
	{"add rule t c meta mark . ip saddr & 255.0.0.0 . quic version & 0xff . quic alpn { 1 . "
	 "10.0.0.0 . v1 . \"h3\" }",
	 "add rule t c meta mark . ip saddr & 255.0.0.0 . @ih,8388608,32 . " ALPN
	 " { 1 . 10.0.0.0 . 1 . " H3 " }",
	 "add rule t c meta mark . ip saddr & 255.0.0.0 . quic version & 0x000000ff . quic alpn { "
	 "1 . "
	 "10.0.0.0 . v1 . \"h3\" }"},
	{"add rule t c quic type 0rtt", "add rule t c @ih,532480,8 1"},
	{"add rule t c quic type { initial, version-negotiation }",
	 "add rule t c @ih,532480,8 { 0, 4 }"},
	{"add rule t c quic ech exists", "add rule t c @ih,552960,8 1"},
	{"add rule t c quic state { new, moved }", "add rule t c @ih,565248,8 { 0, 2 }"},
	{"add rule t c quic state != unknown", "add rule t c @ih,565248,8 != 3"},
	/* parts of connection IDs */
	{"add rule t c quic server-id 0x20fb drop", "add rule t c @ih,561664,16 0x20fb drop",
	 "add rule t c quic server-id 8443 drop"},
	{"add rule t c quic server-id 8000-9000", "add rule t c @ih,561664,16 8000-9000"},
	{"add rule t c quic server-id 0x2000/4", "add rule t c @ih,561664,16 0x2000-0x2fff",
	 "add rule t c quic server-id 8192-12287"},
	{"add rule t c quic server-id { 0x20/4, 0xff/8 }",
	 "add rule t c @ih,561408,8 { 0x20-0x2f, 0xff }",
	 "add rule t c quic server-id { 0x20-0x2f, 0xff }"},
	{"add rule t c quic server-id != 0x010203", "add rule t c @ih,561920,24 != 0x010203"},
	{"add rule t c quic server-id { 0x010203, 0x000001 }",
	 "add rule t c @ih,561920,24 { 0x010203, 0x000001 }"},
	{"add rule t c quic server-id & 0x0f == 0x01", "add rule t c @ih,8388608,8 == 0x01"},
	{"add rule t c quic server-id @s", "add rule t c " PORT "ct original proto-dst @s",
	 "add rule t c ct original proto-dst @s"},
	{"add rule t c ct original proto-dst 1 quic server-id . ip saddr @s",
	 "add rule t c @ih,8386560,32 != 2 ct original proto-dst 1 ct original proto-src . ip "
	 "saddr @s",
	 "add rule t c ct original proto-dst 1 ct original proto-src . ip saddr @s"},
	{"add rule t c quic server-id . ip saddr { 0x01020304 . 192.0.2.1 }",
	 "add rule t c @ih,562176,32 . ip saddr { 0x01020304 . 192.0.2.1 }"},
	{"add rule t c udp dport set quic server-id",
	 "add rule t c " PORT "udp dport set ct original proto-dst",
	 "add rule t c udp dport set ct original proto-dst"},
	{"add rule t c redirect to :quic server-id map { 8443 : 443 }",
	 "add rule t c redirect to :@ih,561664,16 map { 8443 : 443 }"},
	{"table t { chain c { quic server-id @s drop; }\nset s { typeof quic server-id,32; } }",
	 "table t { chain c { @ih,562176,32 @s drop; }\nset s { typeof @ih,562176,32; } }",
	 "table t { chain c { quic server-id @s drop; }\nset s { typeof quic server-id,32; } }"},
	{"table t { set s { typeof quic server-id,32; }\nchain c { add @s { quic server-id }; } }",
	 "table t { set s { typeof @ih,562176,32; }\nchain c { "
	 "add @s { @ih,562176,32 }; } }",
	 "table t { set s { typeof quic server-id,32; }\nchain c { add @s { quic server-id,32 }; } "
	 "}"},
	{"add rule t c quic server-id vmap { * : jump { tcp dport { 1, 2 } drop; },\n"
	 "0x000020fb : accept }",
	 "add rule t c @ih,562176,32 vmap { * : jump { tcp dport { 1, 2 } drop; },\n"
	 "0x000020fb : accept }"},
	{"add rule t c ip saddr . quic server-id vmap { * : drop, 192.0.2.1 . 0x010203 : accept }",
	 "add rule t c ip saddr . @ih,561920,24 vmap { * : drop, 192.0.2.1 . 0x010203 : "
	 "accept }"},
	/* the set tells how wide the ID is, before all that must fit is added up */
	{"table t { set s { typeof quic sni . quic scid,16; }\n"
	 "chain c { quic sni . quic scid != @s; } }",
	 "table t { set s { typeof " SNIC " . @ih,549376,16; }\n"
	 "chain c { " SNIC " . @ih,549376,16 != @s; } }"},
	{"table t { map m { typeof quic alpn . quic dcid,64 . quic scid,64 : tcp dport; }\n"
	 "chain c { dnat ip to 192.0.2.1:quic alpn . quic dcid . quic scid map @m; } }",
	 "table t { map m { typeof " ALPN " . @ih,546816,64 . @ih,550912,64 : tcp dport; }\n"
	 "chain c { dnat ip to 192.0.2.1:" ALPN " . @ih,546816,64 . @ih,550912,64 map @m; } }"},
	/* the set of the match before ends it */
	{"table t { set s { typeof ip daddr . quic scid,16; }\n"
	 "chain c { ip saddr . udp dport @a ip daddr . quic scid @s; } }",
	 "table t { set s { typeof ip daddr . @ih,549376,16; }\n"
	 "chain c { ip saddr . udp dport @a ip daddr . @ih,549376,16 @s; } }"},
	{"add rule t c ip saddr . th dport vmap @a ip daddr . quic sni { 192.0.2.1 . \"a\" }",
	 "add rule t c ip saddr . th dport vmap @a ip daddr . " SNIC " { 192.0.2.1 . " A48 " }"},
	{"add rule t c ip saddr . @th,0,16 @a @th,0,16 . quic sni { 5 . \"a\" }",
	 "add rule t c ip saddr . @th,0,16 @a @th,0,16 . " SNIC " { 5 . " A48 " }"},
	{"table t { map m { typeof quic scid,64 : quic server-id; }\n"
	 "chain c { update @m { quic scid,64 : quic server-id }; } }",
	 "table t { map m { typeof @ih,550912,64 : @ih,561664,16; }\n"
	 "chain c { update @m { @ih,550912,64 : @ih,561664,16 }; } }"},
	{"table t { map m { typeof quic server-id : quic server-id,32; }\n"
	 "chain c { update @m { quic server-id timeout 1m : quic server-id }; } }",
	 "table t { map m { typeof @ih,561664,16 : @ih,562176,32; }\n"
	 "chain c { update @m { @ih,561664,16 timeout 1m : @ih,562176,32 }; } }",
	 "table t { map m { typeof quic server-id : quic server-id,32; }\n"
	 "chain c { update @m { quic server-id timeout 1m : quic server-id,32 }; } }"},
	{"add rule t c quic dcid & 0xffffffffffffffff == 0x0102030405060708",
	 "add rule t c @ih,546816,64 == 0x0102030405060708",
	 "add rule t c quic dcid,64 == 0x0102030405060708"},
	{"add rule t c quic scid,16 & 0xf0ff 0x1002", "add rule t c @ih,8388608,16 0x1002",
	 "add rule t c quic scid & 0xf0ff == 0x1002"},
	{"add rule t c quic dcid,64 vmap { 0x0102030405060708 : drop }",
	 "add rule t c @ih,546816,64 vmap { 0x0102030405060708 : drop }"},
	/* all expressions that could stand for a port are the user's own */
	{"add rule t c ct original proto-dst 1 ct original proto-src 2 ct reply proto-dst 3 ct "
	 "reply proto-src 4 quic server-id 5",
	 "add rule t c ct original proto-dst 1 ct original proto-src 2 ct reply proto-dst 3 ct "
	 "reply proto-src 4 @ih,561664,16 5"},
	{"add rule t c ct original proto-dst 1 ct original proto-src 2 ct reply proto-dst 3 quic "
	 "server-id @s",
	 "add rule t c @ih,8386560,32 != 4 ct original proto-dst 1 ct original proto-src 2 ct "
	 "reply proto-dst 3 ct reply proto-src @s",
	 "add rule t c ct original proto-dst 1 ct original proto-src 2 ct reply proto-dst 3 ct "
	 "reply proto-src @s"},
	/* a mark that an outer rule does not need, and one that an inner rule does */
	{"add rule t c quic server-id 5 jump { quic server-id @s drop; }\nadd rule t c quic type 1",
	 "add rule t c @ih,561664,16 5 jump { " PORT
	 "ct original proto-dst @s drop; }\nadd rule t c @ih,532480,8 1",
	 "add rule t c quic server-id 5 jump { ct original proto-dst @s drop; }\nadd rule t c quic "
	 "type 0rtt"},
	/* sets and maps */
	{"add rule t c quic alpn { \"smb\", \"h3\" } drop",
	 "add rule t c " ALPN " { " SMB ", " H3 " } drop"},
	{"add rule t c quic alpn != @s drop", "add rule t c " ALPN " != @s drop"},
	{"add rule t c redirect to :quic alpn map { \"smb\" : 8443, \"h3\" : 4433 }",
	 "add rule t c redirect to :" ALPN " map { " SMB " : 8443, " H3 " : 4433 }"},
	{"add rule t c dnat to 192.0.2.1:ip saddr . quic alpn map { 192.0.2.2 . \"h3\" : 80 }",
	 "add rule t c dnat to 192.0.2.1:ip saddr . " ALPN " map { 192.0.2.2 . " H3 " : 80 }"},
	{"add rule t c quic sni vmap { \"a\" : jump x, \"*\" : drop }",
	 "add rule t c " SNI " vmap { " A64 " : jump x, 0x2a" Z16 Z16 Z16
	 "000000000000000000000000000000 : drop }"},
	{"add rule t c quic alpn vmap { \"h3\" : jump { quic sni \"a\" drop; }, \"smb\" : drop }",
	 "add rule t c " ALPN " vmap { " H3 " : jump { " SNI " " A64 " drop; }, " SMB " : drop }"},
	/* concatenations */
	{"add rule t c quic alpn . quic sni { \"smb\" . \"a\" } drop",
	 "add rule t c " ALPN " . " SNIC " { " SMB " . " A48 " } drop"},
	{"add rule t c ip daddr . quic sni { 10.0.0.1 . \"a\" : drop }",
	 "add rule t c ip daddr . " SNIC " { 10.0.0.1 . " A48 " : drop }"},
	{"add rule t c ip6 daddr . quic sni vmap { fe80::1 . \"a\" : drop }",
	 "add rule t c ip6 daddr . " SNIC " vmap { fe80::1 . " A48 " : drop }"},
	{"add rule t c quic sni . tcp dport . meta mark @s drop",
	 "add rule t c " SNIC " . tcp dport . meta mark @s drop"},
	{"add rule t c ip saddr 1.2.3.4 iifname . tcp dport { lo . 80 } ip daddr . quic sni @s",
	 "add rule t c ip saddr 1.2.3.4 iifname . tcp dport { lo . 80 } ip daddr . " SNIC " @s"},
	{"add rule t c fib saddr . iif type . quic alpn @s",
	 "add rule t c fib saddr . iif type . " ALPN " @s"},
	/* dynamic sets */
	{"add rule t c add @s { quic sni limit rate 1/second }",
	 "add rule t c add @s { " SNI " limit rate 1/second }"},
	{"add rule t c update @m { ip saddr . quic alpn timeout 1m : quic version }",
	 "add rule t c update @m { ip saddr . " ALPN " timeout 1m : @ih,540672,32 }"},
	{"add rule t c meta mark set quic version", "add rule t c meta mark set @ih,540672,32"},
	/* objects */
	{"table t { set s { typeof quic sni; elements = { \"a\" timeout 1m comment \"x\" } } }",
	 "table t { set s { typeof " SNI "; elements = { " A64 " timeout 1m comment \"x\" } } }"},
	{"table t { set s { elements = { \"a\" }; typeof quic sni; } }",
	 "table t { set s { elements = { " A64 " }; typeof " SNI "; } }"},
	{"add map ip6 t m { typeof quic alpn . quic sni : verdict; }",
	 "add map ip6 t m { typeof " ALPN " . " SNIC " : verdict; }"},
	{"add set t s { typeof quic sni; }\nadd element t s { \"a\" }",
	 "add set t s { typeof " SNI "; }\nadd element t s { " A64 " }"},
	{"table inet t {\n\tmap m { typeof ip saddr : quic sni; elements = { 1.2.3.4 : \"a\" }; "
	 "}\n}",
	 "table inet t {\n\tmap m { typeof ip saddr : " SNI "; elements = { 1.2.3.4 : " A64
	 " }; }\n}"},
	/* lines, comments, places */
	{"add rule t c quic \\\n alpn \"smb\" # quic alpn \"x\"\n",
	 "add rule t c " ALPN "\\\n " SMB " # quic alpn \"x\"\n",
	 "add rule t c quic alpn\\\n \"smb\" # quic alpn \"x\"\n"},
	{"add rule inet quic alpn quic alpn \"smb\"", "add rule inet quic alpn " ALPN " " SMB},
	{"insert rule t c index 3 quic alpn \"smb\"", "insert rule t c index 3 " ALPN " " SMB},
	{"replace rule t c handle 3 quic alpn \"smb\"", "replace rule t c handle 3 " ALPN " " SMB},
	{"t c quic alpn \"smb\" drop", "t c " ALPN " " SMB " drop"},
};

/* A rule comes back from the kernel without its mark. */
static const char *unmarked(char *buf, size_t size, const char *stock)
{
	char *mark;

	snprintf(buf, size, "%s", stock);
	while ((mark = strstr(buf, "@ih,8386560,32 != ")))
		memmove(mark, mark + strlen(PORT), strlen(mark + strlen(PORT)) + 1);
	return buf;
}

static void test_forms(void **state)
{
	char stock[512];

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct nx_slots slots = {0};
		struct pass in, out;

		pass(&in, NX_IN, &slots, NULL, NULL, forms[i].user);
		assert_string_equal(pass_text(&in), forms[i].stock);
		assert_int_equal(in.lang.nerrs, 0);
		pass(&out, NX_OUT, &slots, NULL, NULL,
		     unmarked(stock, sizeof(stock), forms[i].stock));
		assert_string_equal(pass_text(&out), forms[i].back ? forms[i].back : forms[i].user);
		pass_free(&in);
		pass_free(&out);
		nx_slots_free(&slots);
	}
}

static void test_untouched(void **state)
{
	static const char *const texts[] = {
		("table inet quic { chain alpn { type filter hook input priority 0; jump quic; "
		 "goto sni; } }"),
		"list chain inet quic alpn",
		"delete table quic",
		"add rule inet quic alpn tcp dport 443 jump alpn",
		"add rule t c log prefix \"quic alpn \" comment \"quic sni \"",
		"add rule t c meta mark set 1 # quic alpn \"smb\"",
		"add element t s { \"eth0\", \"quic\" }",
		"add rule t c @ih,0,8 1 @th,16,16 { 1, 2 }",
		"define quic = { \"alpn\" }\nadd rule t c iifname $quic drop",
		"table t { set s { type ipv4_addr; elements = { 1.2.3.4, \"quic\" } } }",
		"add rule t c ct helper set \"quic\" counter name \"quic\"",
		"}}{{ quic ; alpn }",
		"\"quic alpn",
		"quic",
		"",
		"{",
		"\\",
		"add rule t c quic",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct nx_slots slots = {0};
		struct pass p;

		for (int dir = NX_IN; dir <= NX_OUT; dir++) {
			pass(&p, dir, &slots, NULL, NULL, texts[i]);
			if (p.text->n || p.lang.nerrs)
				fail_msg("%d: %s became %s\n%s", dir, texts[i], pass_text(&p),
					 nx_buf_cstr(&p.lang.errors));
			pass_free(&p);
		}
	}
}

static void test_defines(void **state)
{
	static const struct {
		const char *user, *use;
	} cases[] = {
		{"define n = \"smb\"\nadd rule t c quic alpn $n drop", ALPN " " SMB " drop"},
		{"define n = {\n \"smb\", # one\n \"h3\" }\nadd rule t c quic alpn $n drop",
		 ALPN " { " SMB ", " H3 " } drop"},
		{"define n = { \"smb\" }\nadd rule t c quic alpn { $n, \"h3\" } drop",
		 ALPN " { { " SMB " }, " H3 " } drop"},
		{"define a = \"smb\"\ndefine b = $a\nadd rule t c quic alpn $b drop",
		 ALPN " " SMB " drop"},
		{"define a = \"smb\"\nadd rule t c quic alpn . quic sni { $a . \"a\" } drop",
		 ALPN " . " SNIC " { " SMB " . " A48 " } drop"},
		{"define a = \"smb\"\nredefine a = \"h3\"\nadd rule t c quic alpn $a drop",
		 ALPN " " H3 " drop"},
		{"define l = \"" LONG "\"\nadd rule t c quic sni $l drop", "@ih,8388608,32 1 drop"},
		{"define v = v2\nadd rule t c quic version $v drop",
		 "@ih,540672,32 1798521807 drop"},
		{"define a = $a\nadd rule t c quic alpn $a drop", ALPN " $a drop"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_slots slots = {0};
		struct pass p;
		const char *at;

		pass(&p, NX_IN, &slots, NULL, NULL, cases[i].user);
		at = strstr(pass_text(&p), "add rule t c ");
		assert_non_null(at);
		assert_string_equal(at + strlen("add rule t c "), cases[i].use);
		/* the define itself stays */
		assert_memory_equal(pass_text(&p), cases[i].user, at - pass_text(&p));
		pass_free(&p);
		nx_slots_free(&slots);
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *user, *error;
	} cases[] = {
		{"add rule t c quic alpn > \"a\"",
		 "f:1:24-24: Error: quic alpn: only == and != are possible with a name, not >\n"
		 "add rule t c quic alpn > \"a\"\n                       ^\n"},
		{"add rule t c quic sni ~ \"a\"",
		 "f:1:23-23: Error: quic sni: a regular expression is not possible, values are "
		 "compared as a whole, or as \"*.example.com\"\n"
		 "add rule t c quic sni ~ \"a\"\n                      ^\n"},
		{"add rule t c quic alpn !~ \"a\"",
		 "f:1:24-25: Error: quic alpn: a regular expression is not possible, values are "
		 "compared as a whole\n"
		 "add rule t c quic alpn !~ \"a\"\n                       ^^\n"},
		{"\tadd rule t c quic alpn 5",
		 "f:1:25-25: Error: quic alpn: expected a quoted name, not a number\n"
		 "\tadd rule t c quic alpn 5\n\t                       ^\n"},
		{"\n\nadd rule t c quic alpn { \"a\", \"aaaaaaaaaaaaaaaaa\" }",
		 "f:3:31-49: Error: quic alpn: name of 17 bytes is too long for a set, at most 16 "
		 "are possible\n"
		 "add rule t c quic alpn { \"a\", \"aaaaaaaaaaaaaaaaa\" }\n"
		 "                              ^^^^^^^^^^^^^^^^^^^\n"},
		{"add rule t c quic version v9",
		 "f:1:27-28: Error: quic version: expected v1, v2, draft-N or a number, not "
		 "\"v9\"\n"
		 "add rule t c quic version v9\n                          ^^\n"},
		{"define n = 5\nadd rule t c quic sni $n",
		 "f:2:23-24: Error: quic sni: expected a quoted name, not a number\n"
		 "add rule t c quic sni $n\n                      ^^\n"},
		{"add rule t c quic server-id { 0x20fb, 0x010203 }",
		 "f:1:39-46: Error: quic server-id: \"0x010203\" has 3 bytes, 2 are compared\n"
		 "add rule t c quic server-id { 0x20fb, 0x010203 }\n"
		 "                                      ^^^^^^^^\n"},
		{"add rule t c ip saddr . quic server-id . quic sni { 1.2.3.4 . "
		 "0x01020304050607080910111213 . \"a\" }",
		 "f:1:25-49: Error: quic: concatenation of 68 bytes is too long, at most 64 are "
		 "possible\n"
		 "add rule t c ip saddr . quic server-id . quic sni { 1.2.3.4 . "
		 "0x01020304050607080910111213 . \"a\" }\n"
		 "                        ^^^^^^^^^^^^^^^^^^^^^^^^^\n"},
		{"add rule t c quic type 256",
		 "f:1:24-26: Error: quic type: 256 is too large\nadd rule t c quic type 256\n"
		 "                       ^^^\n"},
	};
	static const char *const refused[] = {
		"quic sni \"\"",
		"quic sni \"a..b\"",
		"quic sni \"a.*.b\"",
		"quic sni \"*.\"",
		"quic sni \"a b\"",
		"quic sni \"\xc3\xa4\"",
		"quic alpn \"\"",
		"quic dcid \"a\"",
		"quic dcid 0x123",
		"quic dcid 0x112233445566778899001122334455667788990011",
		"quic alpn \"a\"-\"b\"",
		"quic sni & 1",
		"quic server-id 0x123",
		"quic server-id \"a\"",
		"quic server-id 70000",
		"quic server-id 0x01020304050607080910111213141516",
		"quic server-id,32 0x1234",
		"quic dcid & 0xfff == 0x123",
		"quic dcid & 0xffff | 0x0001 == 0x1234",
		"quic server-id & 0xffff == 0x12",
		"quic sni . ip saddr . ip daddr . quic server-id "
		"{ \"a\" . 1.2.3.4 . 1.2.3.4 . 0x010203040506070809 }",
		"ct original proto-dst 1 ct original proto-src 2 ct reply proto-dst 3 ct reply "
		"proto-src 4 quic server-id @s",
		"quic type foo",
		"quic ech maybe",
		"quic state maybe",
		"quic alpn . quic sni . ip saddr @s",
		"meter m { quic sni limit rate 1/second }",
		"quic alpn . quic sni { \"a\" . \"" LONG "\" }",
		"dnat ip to 192.0.2.1:ip saddr . quic sni map { 192.0.2.2 . \"a\" : 80 }",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_slots slots = {0};
		struct pass p;

		pass(&p, NX_IN, &slots, NULL, "f", cases[i].user);
		assert_string_equal(nx_buf_cstr(&p.lang.errors), cases[i].error);
		assert_int_equal(p.lang.nerrs, 1);
		pass_free(&p);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct nx_slots slots = {0};
		char rule[512];
		struct pass p;

		snprintf(rule, sizeof(rule), "add rule t c %s", refused[i]);
		pass(&p, NX_IN, &slots, NULL, NULL, rule);
		if (p.lang.nerrs != 1)
			fail_msg("%s: %u errors", rule, p.lang.nerrs);
		pass_free(&p);
	}
}

/* Element commands rely on what is known of the set, and say so. */
static void test_asked(void **state)
{
	struct nx_layout sni = {.n = 1, .key = {nx_key_by_id(NFT_QUIC_SNI)}};
	struct nx_set_id id = {"inet", "t", 1, "s", 1};
	struct nx_slots slots = {0};
	struct nx_map known = {0};
	struct pass p;

	(void)state;
	pass(&p, NX_IN, &slots, &known, NULL, "add element inet t s { \"a\" }");
	assert_int_equal(p.text->n, 0);
	assert_non_null(p.lang.asked);
	assert_string_equal(p.lang.asked->set, "s");
	assert_int_equal(p.lang.asked->layout.n, 0);
	pass_free(&p);
	assert_int_equal(nx_layouts_put(&known, &id, &sni), 0);
	pass(&p, NX_IN, &slots, &known, NULL, "add element inet t s { \"a\" }");
	assert_string_equal(pass_text(&p), "add element inet t s { " A64 " }");
	assert_int_equal(p.lang.asked->layout.n, 1);
	pass_free(&p);
	pass(&p, NX_OUT, &slots, &known, NULL, "add element inet t s { " A64 " }");
	assert_string_equal(pass_text(&p), "add element inet t s { \"a\" }");
	pass_free(&p);
	/* another family is another set */
	pass(&p, NX_IN, &slots, &known, NULL, "add element t s { \"a\" }");
	assert_int_equal(p.text->n, 0);
	pass_free(&p);
	nx_layouts_clear(&known);
}

/* `get element` tells a type of integers, from which no set could be made again. */
static void test_type(void **state)
{
	static const struct {
		uint32_t id;
		size_t bytes;
		const char *want;
	} cases[] = {
		{NFT_QUIC_DCID, 8, "typeof quic dcid,64"},
		{NFT_QUIC_SERVER_ID, 4, "typeof quic server-id,32"},
		{NFT_QUIC_SERVER_ID, 2, "typeof quic server-id"},
		{NFT_QUIC_SCID, 20, "typeof quic scid"},
	};
	struct nx_set_id id = {"ip", "t", 1, "s", 1};
	struct nx_slots slots = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct nx_key *k = nx_key_part(nx_key_by_id(cases[i].id), cases[i].bytes);
		struct nx_layout one = {.n = 1, .key = {k}}, two = {.n = 2, .key = {NULL, k}};
		struct nx_map known = {0};
		char want[128], raw[128];
		struct pass p;

		assert_int_equal(nx_layouts_put(&known, &id, &one), 0);
		pass(&p, NX_OUT, &slots, &known, NULL, "table ip t { set s { type integer; } }");
		snprintf(want, sizeof(want), "table ip t { set s { %s; } }", cases[i].want);
		assert_string_equal(pass_text(&p), want);
		pass_free(&p);
		assert_int_equal(nx_layouts_put(&known, &id, &two), 0);
		snprintf(raw, sizeof(raw), "table ip t { set s { type ipv4_addr . @ih,%u,%u; } }",
			 nx_key_offset(k), k->width * 8u);
		pass(&p, NX_OUT, &slots, &known, NULL, raw);
		snprintf(want, sizeof(want), "table ip t { set s { typeof ip daddr . %s; } }",
			 cases[i].want + strlen("typeof "));
		assert_string_equal(pass_text(&p), want);
		pass_free(&p);
		nx_layouts_clear(&known);
	}
}

/* 100,000 elements in a second or two under the sanitizers, not in minutes. */
static void test_large(void **state)
{
	struct nx_buf b = NX_BUF_INIT;
	struct nx_slots slots = {0};
	struct nx_lang lang = {.dir = NX_IN, .slots = &slots};
	struct nx_text *t;

	(void)state;
	nx_buf_str(&b, "table t { set s { typeof quic sni; elements = {");
	for (int i = 0; i < 100000; i++)
		nx_buf_fmt(&b, "%s\"host-%d.example.com\"", i ? ",\n" : "", i);
	nx_buf_str(&b, "} } }");
	t = nx_text_new(NULL, b.p, b.len);
	nx_translate(&lang, t, NULL);
	assert_int_equal(t->n, 100001);
	assert_false(lang.oom);
	nx_text_free(t);
	nx_lang_free(&lang);
}

/* Deep nesting must not use up the stack. */
static void test_deep(void **state)
{
	static const char *const before[] = {"add rule t c ", "add rule t c quic alpn ",
					     "add rule t c quic alpn vmap { \"a\" : jump "};
	struct nx_slots slots = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct nx_lang lang = {.dir = NX_IN, .slots = &slots};
		struct nx_buf b = NX_BUF_INIT;
		struct nx_text *t;

		nx_buf_str(&b, before[i]);
		nx_buf_char(&b, '{', 300000);
		nx_buf_char(&b, '}', 300000);
		t = nx_text_new(NULL, b.p, b.len);
		nx_translate(&lang, t, NULL);
		assert_false(lang.oom);
		assert_int_equal(lang.nesting, 0);
		nx_text_free(t);
		nx_lang_free(&lang);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),	cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_defines), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_asked),	cmocka_unit_test(test_large),
		cmocka_unit_test(test_deep),	cmocka_unit_test(test_type),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("nft language", tests, NULL, NULL);
}
