// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON in and out: the user's JSON, and the JSON that libnftables gets and gives. */
#include "test.h"

#include "jwalk.h"

/* In this file's JSON ' stands for ". */
#define Q(key)		"{'quic':{'key':'" #key "'}}"
#define SID		"{'quic':{'key':'server-id'}}"
#define PART(key, bits) "{'quic':{'key':'" key "','len':" #bits "}}"
#define PORT		"{'ct':{'key':'proto-dst','dir':'original'}}"
#define CT(dir, key)	"{'ct':{'key':'" key "','dir':'" dir "'}}"
#define IH(off, bits)	"{'payload':{'base':'ih','offset':" #off ",'len':" #bits "}}"
#define ALPN		IH(524288, 128)
#define SNI		IH(528384, 512)
#define TYPE		IH(532480, 8)
#define SNIC		IH(536576, 384) /* in a concatenation */
#define VERSION		IH(540672, 32)
#define DCID		IH(544768, 160)
#define SCID		IH(548864, 160)
#define ECH		IH(552960, 8)
#define SLOT		IH(8388608, 32) /* the first literal that no register holds */
#define SADDR		"{'payload':{'protocol':'ip','field':'saddr'}}"
#define DPORT		"{'payload':{'protocol':'udp','field':'dport'}}"
#define MARK		"{'meta':{'key':'mark'}}"
#define IS(left, r)	"{'match':{'op':'==','left':" left ",'right':" r "}}"
#define NOT(left, r)	"{'match':{'op':'!=','left':" left ",'right':" r "}}"
#define FOUR                                                                                       \
	IS(PORT, "1")                                                                              \
	"," IS(CT("original", "proto-src"), "2") "," IS(CT("reply", "proto-dst"),                  \
							"3") "," IS(CT("reply", "proto-src"), "4")
#define CONCAT(a, b)	 "{'concat':[" a "," b "]}"
#define VMAP(key, set)	 "{'vmap':{'key':" key ",'data':{'set':[" set "]}}}"
#define MAP(key, set)	 "{'map':{'key':" key ",'data':{'set':[" set "]}}}"
#define UPDATE(key, val) "{'map':{'op':'update','elem':" key ",'data':" val ",'map':'@s'}}"
#define OBJ(what, ...)	 "{'" what "':{'family':'ip','table':'t','name':'s'" __VA_ARGS__ "}}"

#define Z16  "00000000000000000000000000000000"
#define H3   "'0x68330000000000000000000000000000'"
#define SMB  "'0x736d6200000000000000000000000000'"
#define A64  "'0x61" Z16 Z16 Z16 "000000000000000000000000000000'"
#define A48  "'0x61" Z16 Z16 "000000000000000000000000000000'"
#define ANY  "'0x2a" Z16 Z16 Z16 "000000000000000000000000000000'"
#define WILD "'0x2a2e61" Z16 Z16 Z16 "00000000000000000000000000'"
#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com"

/** struct form - what a user writes and what libnftables gets; @back if it lists differently */
static const struct form {
	const char *user, *stock, *back;
} forms[] = {
	/* every key, equal and not */
	{IS(Q(alpn), "'smb'"), IS(ALPN, SMB)},
	{NOT(Q(alpn), "'smb'"), NOT(ALPN, SMB)},
	{IS(Q(sni), "'A.'"), IS(SNI, A64), IS(Q(sni), "'a'")},
	{NOT(Q(sni), "'a'"), NOT(SNI, A64)},
	{IS(Q(type), "'0rtt'"), IS(TYPE, "1")},
	{NOT(Q(type), "'handshake'"), NOT(TYPE, "2")},
	{IS(Q(version), "'v2'"), IS(VERSION, "1798521807")},
	{NOT(Q(version), "'draft-29'"), NOT(VERSION, "4278190109")},
	{IS(Q(dcid), "'0x12'"), IS(DCID, "'0x12" Z16 "000000'")},
	{NOT(Q(scid), "'0x12'"), NOT(SCID, "'0x12" Z16 "000000'")},
	{IS(Q(ech), "'exists'"), IS(ECH, "1")},
	{NOT(Q(ech), "'exists'"), NOT(ECH, "1")},
	/* numbers */
	{IS(Q(version), "1"), IS(VERSION, "1"), IS(Q(version), "'v1'")},
	{IS(Q(version), "1362113587"), IS(VERSION, "1362113587")},
	{IS(Q(version), "{'range':['v1','v2']}"), IS(VERSION, "{'range':[1,1798521807]}")},
	{IS(Q(version), "{'prefix':{'addr':4278190335,'len':24}}"),
	 IS(VERSION, "{'range':[4278190080,4278190335]}"),
	 IS(Q(version), "{'range':[4278190080,'draft-255']}")},
	{IS("{'&':[" Q(version) ",255]}", "1"), IS(SLOT, "1")},
	/* parts of connection IDs */
	{IS(SID, "8443"), IS(IH(561664, 16), "8443")},
	{IS(SID, "'0x20fb'"), IS(IH(561664, 16), "'0x20fb'"), IS(SID, "8443")},
	{NOT(SID, "'0x01020304'"), NOT(IH(562176, 32), "'0x01020304'"),
	 NOT(PART("server-id", 32), "'0x01020304'")},
	{IS(PART("server-id", 24), "{'range':['0x000001','0x000002']}"),
	 IS(IH(561920, 24), "{'range':['0x000001','0x000002']}")},
	{IS(SID, "{'set':['0x000001','0x000002']}"),
	 IS(IH(561920, 24), "{'set':['0x000001','0x000002']}"),
	 IS(PART("server-id", 24), "{'set':['0x000001','0x000002']}")},
	{VMAP(CONCAT(SID, SADDR), "[{'concat':['0x00000001',1]},{'drop':null}]"),
	 VMAP(CONCAT(IH(562176, 32), SADDR), "[{'concat':['0x00000001',1]},{'drop':null}]"),
	 VMAP(CONCAT(PART("server-id", 32), SADDR), "[{'concat':['0x00000001',1]},{'drop':null}]")},
	{VMAP(SID, "['*',{'drop':null}],['0x00000001',{'accept':null}]"),
	 VMAP(IH(562176, 32), "['*',{'drop':null}],['0x00000001',{'accept':null}]"),
	 VMAP(PART("server-id", 32), "['*',{'drop':null}],['0x00000001',{'accept':null}]")},
	{MAP(SID, "[{'elem':{'val':'*'}},443],['0x000001',80]"),
	 MAP(IH(561920, 24), "[{'elem':{'val':'*'}},443],['0x000001',80]"),
	 MAP(PART("server-id", 24), "[{'elem':{'val':'*'}},443],['0x000001',80]")},
	{IS(PART("dcid", 64), "'0xf102030405060708'"), IS(IH(546816, 64), "'0xf102030405060708'")},
	{IS("{'&':[" Q(dcid) ",'0xffffffffffffffff']}", "'0xf102030405060708'"),
	 IS(IH(546816, 64), "'0xf102030405060708'"), IS(PART("dcid", 64), "'0xf102030405060708'")},
	{IS("{'&':[" Q(scid) ",'0xf0ff']}", "'0x1002'"), IS(IH(8388608, 16), "'0x1002'"),
	 IS("{'&':[" PART("scid", 16) ",'0xf0ff']}", "'0x1002'")},
	{"[" OBJ("set", ",'type':{'typeof':" PART("server-id", 32) "}") "," OBJ(
		 "rule", ",'expr':[" IS(SID, "'@s'") "]") "]",
	 "[" OBJ("set", ",'type':{'typeof':" IH(562176, 32) "}") "," OBJ(
		 "rule", ",'expr':[" IS(IH(562176, 32), "'@s'") "]") "]",
	 "[" OBJ("set", ",'type':{'typeof':" PART("server-id", 32) "}") "," OBJ(
		 "rule", ",'expr':[" IS(PART("server-id", 32), "'@s'") "]") "]"},
	{"[" OBJ("map", ",'type':{'typeof':" SADDR "},'map':{'typeof':" PART(
				"server-id",
				32) "}") "," OBJ("rule", ",'expr':[" UPDATE(SADDR, SID) "]") "]",
	 "[" OBJ("map", ",'type':{'typeof':" SADDR "},'map':{'typeof':" IH(562176, 32) "}") "," OBJ(
		 "rule", ",'expr':[" UPDATE(SADDR, IH(562176, 32)) "]") "]",
	 "[" OBJ("map", ",'type':{'typeof':" SADDR "},'map':{'typeof':" PART(
				"server-id",
				32) "}") "," OBJ("rule",
						 ",'expr':[" UPDATE(
							 SADDR, PART("server-id", 32)) "]") "]"},
	/* literals that no register holds, or that padding would make ambiguous */
	{IS(Q(sni), "'" LONG "'"), IS(SLOT, "1")},
	{NOT(Q(sni), "'" LONG "'"), NOT(SLOT, "1")},
	{IS(Q(alpn), "'seventeen-letters'"), IS(SLOT, "1")},
	{IS(Q(dcid), "'0x1200'"), IS(SLOT, "1")},
	{IS(Q(scid), "'0x'"), IS(SLOT, "1")},
	/* bytes and escapes */
	{IS(Q(alpn), "'0x736d62'"), IS(ALPN, SMB), IS(Q(alpn), "'smb'")},
	{IS(Q(alpn), "'0xff'"), IS(ALPN, "'0xff"
					 "000000000000000000000000000000'")},
	{IS(Q(alpn), "'a\\u0022b'"), IS(ALPN, "'0x61226200000000000000000000000000'"),
	 IS(Q(alpn), "'0x612262'")},
	{IS(Q(alpn), "'a\\\\b'"), IS(ALPN, "'0x615c6200000000000000000000000000'")},
	{IS(Q(alpn), "'\\u65e5'"), IS(ALPN, "'0xe697a500000000000000000000000000'")},
	{IS(Q(alpn), "'0x4073'"), IS(ALPN, "'0x40730000000000000000000000000000'")},
	{IS(Q(alpn), "'0x30783031'"), IS(ALPN, "'0x30783031000000000000000000000000'")},
	/* wildcards: a name like others to nft, except where an element is the fallback */
	{IS(Q(sni), "'*'"), IS(SNI, ANY)},
	{IS(Q(sni), "'*.a'"), IS(SNI, WILD)},
	{IS(Q(sni), "{'set':['*.a','a']}"), IS(SNI, "{'set':[" WILD "," A64 "]}")},
	{VMAP(Q(sni), "['a',{'accept':null}],['*',{'drop':null}]"),
	 VMAP(SNI, "[" A64 ",{'accept':null}],[" ANY ",{'drop':null}]")},
	{VMAP(Q(alpn), "['h3',{'accept':null}],[{'quic':{'catchall':true}},{'drop':null}]"),
	 VMAP(ALPN, "[" H3 ",{'accept':null}],['*',{'drop':null}]")},
	/* sets and maps */
	{IS(Q(alpn), "{'set':['smb','h3']}"), IS(ALPN, "{'set':[" SMB "," H3 "]}")},
	{NOT(Q(alpn), "{'set':['smb','h3']}"), NOT(ALPN, "{'set':[" SMB "," H3 "]}")},
	{IS(Q(version), "{'set':['v1',{'range':['draft-27','draft-29']}]}"),
	 IS(VERSION, "{'set':[1,{'range':[4278190107,4278190109]}]}")},
	{IS(Q(alpn), "'@s'"), IS(ALPN, "'@s'")},
	{NOT(Q(version), "'@s'"), NOT(VERSION, "'@s'")},
	{"{'redirect':{'port':" MAP(Q(alpn), "['smb',8443],['h3',4433]") "}}",
	 "{'redirect':{'port':" MAP(ALPN, "[" SMB ",8443],[" H3 ",4433]") "}}"},
	{"{'vmap':{'key':" Q(sni) ",'data':'@m'}}", "{'vmap':{'key':" SNI ",'data':'@m'}}"},
	{VMAP(Q(version), "[{'range':['v1','v2']},{'drop':null}]"),
	 VMAP(VERSION, "[{'range':[1,1798521807]},{'drop':null}]")},
	/* concatenations */
	{IS(CONCAT(Q(alpn), Q(sni)), "{'set':[{'concat':['smb','a']}]}"),
	 IS(CONCAT(ALPN, SNIC), "{'set':[{'concat':[" SMB "," A48 "]}]}")},
	{VMAP(CONCAT(SADDR, Q(alpn)), "[{'concat':['192.0.2.1','h3']},{'drop':null}]"),
	 VMAP(CONCAT(SADDR, ALPN), "[{'concat':['192.0.2.1'," H3 "]},{'drop':null}]")},
	{IS(CONCAT(DPORT, Q(version)), "{'concat':[443,'v1']}"),
	 IS(CONCAT(DPORT, VERSION), "{'concat':[443,1]}")},
	{IS(CONCAT(SADDR, Q(sni)), "'@s'"), IS(CONCAT(SADDR, SNIC), "'@s'")},
	/* statements */
	{"{'mangle':{'key':" MARK ",'value':" Q(version) "}}",
	 "{'mangle':{'key':" MARK ",'value':" VERSION "}}"},
	{"{'set':{'op':'add','elem':{'elem':{'val':" Q(sni) ",'timeout':60}},'set':'@s'}}",
	 "{'set':{'op':'add','elem':{'elem':{'val':" SNI ",'timeout':60}},'set':'@s'}}"},
	{"{'set':{'op':'update','elem':" CONCAT(SADDR, Q(sni)) ",'set':'@s'}}",
	 "{'set':{'op':'update','elem':" CONCAT(SADDR, SNIC) ",'set':'@s'}}"},
	{"[" IS(DPORT, "443") "," IS(Q(alpn), "'h3'") ",{'log':{'prefix':'quic alpn '}}]",
	 "[" IS(DPORT, "443") "," IS(ALPN, H3) ",{'log':{'prefix':'quic alpn '}}]"},
	/* named sets and maps, and commands on their elements */
	{OBJ("set", ",'type':{'typeof':" Q(sni) "},'elem':['a','*.a']"),
	 OBJ("set", ",'type':{'typeof':" SNI "},'elem':[" A64 "," WILD "]")},
	{OBJ("set", ",'type':{'typeof':" Q(alpn) "},'elem':[{'elem':{'val':'h3','timeout':9}}]"),
	 OBJ("set", ",'type':{'typeof':" ALPN "},'elem':[{'elem':{'val':" H3 ",'timeout':9}}]")},
	{OBJ("set", ",'type':{'typeof':" CONCAT(SADDR, Q(sni)) "},'elem':[{'concat':['::','a']}]"),
	 OBJ("set",
	     ",'type':{'typeof':" CONCAT(SADDR, SNIC) "},'elem':[{'concat':['::'," A48 "]}]")},
	{OBJ("map", ",'type':{'typeof':" Q(alpn) "},'map':'mark','elem':[['h3',1]]"),
	 OBJ("map", ",'type':{'typeof':" ALPN "},'map':{'typeof':" MARK "},'elem':[[" H3 ",1]]"),
	 OBJ("map", ",'type':{'typeof':" Q(alpn) "},'map':{'typeof':" MARK "},'elem':[['h3',1]]")},
	{OBJ("map", ",'type':{'typeof':" SADDR "},'map':{'typeof':" Q(sni) "},'elem':[[1,'a']]"),
	 OBJ("map", ",'type':{'typeof':" SADDR "},'map':{'typeof':" SNI "},'elem':[[1," A64 "]]")},
	/* the catch-all element, as it is listed */
	{OBJ("set", ",'type':{'typeof':" PART("server-id", 32) "},'elem':['0x00000001','*']"),
	 OBJ("set", ",'type':{'typeof':" IH(562176, 32) "},'elem':['0x00000001','*']")},
	{OBJ("map",
	     ",'type':{'typeof':" PART("dcid", 64) "},'map':{'typeof':" MARK "},'elem':[['*',1]]"),
	 OBJ("map",
	     ",'type':{'typeof':" IH(546816, 64) "},'map':{'typeof':" MARK "},'elem':[['*',1]]")},
	{OBJ("set", ",'type':{'typeof':" SID "},'elem':[{'elem':{'val':'*','timeout':9}}]"),
	 OBJ("set",
	     ",'type':{'typeof':" IH(561664, 16) "},'elem':[{'elem':{'val':'*','timeout':9}}]")},
	{OBJ("set", ",'type':{'typeof':" Q(version) "},'elem':['v2','*']"),
	 OBJ("set", ",'type':{'typeof':" VERSION "},'elem':[1798521807,'*']")},
	{OBJ("set", ",'type':{'typeof':" Q(type) "},'elem':['*']"),
	 OBJ("set", ",'type':{'typeof':" TYPE "},'elem':['*']")},
	{"[" OBJ("set", ",'type':{'typeof':" Q(sni) "}") "," OBJ("element", ",'elem':['a']") "]",
	 "[" OBJ("set", ",'type':{'typeof':" SNI "}") "," OBJ("element", ",'elem':[" A64 "]") "]"},
};

/** struct jpass - a JSON value translated; @text is its compact form */
struct jpass {
	struct nx_lang lang;
	struct nx_jwalk w;
	char *text;
};

/* A value that is written with ' for ". */
static json_t *load(const char *src)
{
	char *copy = strdup(src);
	json_error_t err;
	json_t *v;

	assert_non_null(copy);
	for (char *p = copy; *p; p++) {
		if (*p == '\'')
			*p = '"';
	}
	v = json_loads(copy, 0, &err);
	if (!v)
		fail_msg("%s: %s", src, err.text);
	free(copy);
	return v;
}

static void assert_json(const char *text, const char *expected)
{
	json_t *v = load(expected);
	char *dump = json_dumps(v, JSON_COMPACT);

	assert_string_equal(text, dump);
	free(dump);
	json_decref(v);
}

/* Translate @src by @p, which has the direction, the slots and the known sets. */
static void jpass(struct jpass *p, const char *src)
{
	json_t *v = load(src);

	p->w.lang = &p->lang;
	nx_jwalk(&p->w, v);
	assert_false(p->lang.oom);
	p->text = json_dumps(v, JSON_COMPACT);
	json_decref(v);
}

static void jpass_free(struct jpass *p)
{
	free(p->text);
	nx_lang_free(&p->lang);
}

static void test_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct nx_slots slots = {0};
		struct jpass in = {.lang = {.dir = NX_IN, .slots = &slots}, .w.typeof_in = true};
		struct jpass out = {.lang = {.dir = NX_OUT, .slots = &slots}};

		jpass(&in, forms[i].user);
		assert_string_equal(nx_buf_cstr(&in.lang.errors), "");
		assert_json(in.text, forms[i].stock);
		assert_true(in.w.changed);
		out.lang.known = &in.lang.sets;
		jpass(&out, forms[i].stock);
		assert_json(out.text, forms[i].back ? forms[i].back : forms[i].user);
		assert_true(out.w.changed);
		jpass_free(&out);
		jpass_free(&in);
		nx_slots_free(&slots);
	}
}

static void test_untouched(void **state)
{
	static const char *const texts[] = {
		"{'nftables':[{'metainfo':{'version':'1.1.3'}}]}",
		"{'add':{'table':{'family':'inet','name':'quic'}}}",
		"{'add':{'chain':{'family':'inet','table':'quic','name':'alpn'}}}",
		IS(DPORT, "{'set':[443,8443]}"),
		IS(IH(0, 8), "1"),
		IS(IH(524288, 64), "1"), /* a key's place with another width */
		IS("{'payload':{'base':'th','offset':524288,'len':128}}", "1"),
		IS(MARK, "'quic'"),
		VMAP(DPORT, "[443,{'jump':{'target':'quic'}}]"),
		OBJ("set", ",'type':'ipv4_addr','elem':['192.0.2.1']"),
		OBJ("map", ",'type':'ipv4_addr','map':'counter'"),
		OBJ("element", ",'elem':['quic']"),
		"{'log':{'prefix':'quic alpn '}}",
		"{}",
		"[]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (int dir = NX_IN; dir <= NX_OUT; dir++) {
			struct nx_slots slots = {0};
			struct jpass p = {.lang = {.dir = dir, .slots = &slots}};

			jpass(&p, texts[i]);
			assert_json(p.text, texts[i]);
			assert_false(p.w.changed);
			assert_int_equal(p.lang.nerrs, 0);
			jpass_free(&p);
		}
	}
}

/* Forms that only libnftables writes. */
static void test_output(void **state)
{
	static const struct {
		const char *stock, *user;
		bool numeric;
	} cases[] = {
		{IS(ECH, "1"), IS(Q(ech), "1"), true},
		{IS(VERSION, "'0x6b3343cf'"), IS(Q(version), "'v2'")},
		{IS(VERSION, "{'set':[1,5]}"), IS(Q(version), "{'set':['v1',5]}")},
		{IS(VERSION, "{'set':[1,5]}"), IS(Q(version), "{'set':[1,5]}"), true},
		{IS(TYPE, "{'set':[5,77]}"), IS(Q(type), "{'set':['short',77]}")},
		/* a name that is all zeros but its last byte is a small number */
		{IS(ALPN, "7"), IS(Q(alpn), "'0x00000000000000000000000000000007'")},
		{IS(ALPN, "'h3'"), IS(Q(alpn), "'h3'")},
		/* a slot that this context has not given out */
		{IS(SLOT, "1"), IS(SLOT, "1")},
		/* where nft has no JSON it prints text in a string */
		{"['@ih,524288,128 0x68330000000000000000000000000000 drop']",
		 "['quic alpn \\u0022h3\\u0022 drop']"},
		{"['@ih,524288,64 1','quic']", "['@ih,524288,64 1','quic']"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_slots slots = {0};
		struct jpass p = {
			.lang = {.dir = NX_OUT, .slots = &slots, .numeric = cases[i].numeric}};

		jpass(&p, cases[i].stock);
		assert_json(p.text, cases[i].user);
		assert_int_equal(p.lang.nerrs, 0);
		jpass_free(&p);
	}
}

/* The answer of a stock nft that lists the set as text. */
static bool typeof_text(void *arg, const struct nx_set_id *id, bool map, struct nx_buf *key,
			struct nx_buf *data)
{
	(void)arg;
	assert_string_equal(id->table, "t");
	nx_buf_str(key, map ? "ip daddr . quic sni" : "quic sni . udp dport");
	nx_buf_str(data, map ? "meta mark" : "");
	return true;
}

/* Sets that only the kernel knows: their elements, and types that JSON leaves out. */
static void test_known(void **state)
{
	static const struct nx_set_id id = {"ip", "t", 1, "s", 1};
	static const struct {
		enum nx_dir dir;
		unsigned int parts; /* of the key: sni alone, or the second of two */
		const char *src, *result;
	} cases[] = {
		{NX_IN, 1, OBJ("element", ",'elem':['a']"), OBJ("element", ",'elem':[" A64 "]")},
		{NX_OUT, 1, OBJ("element", ",'elem':[" A64 "]"), OBJ("element", ",'elem':['a']")},
		{NX_OUT, 1, OBJ("element", ",'elem':{'set':[" A64 "]}"),
		 OBJ("element", ",'elem':{'set':['a']}")},
		{NX_IN, 1, OBJ("element", ",'elem':[['a',{'drop':null}]]"),
		 OBJ("element", ",'elem':[[" A64 ",{'drop':null}]]")},
		{NX_IN, 1, OBJ("element", ",'elem':[{'quic':{'catchall':true}}]"),
		 OBJ("element", ",'elem':['*']")},
		{NX_OUT, 1, OBJ("element", ",'elem':['*']"),
		 OBJ("element", ",'elem':[{'quic':{'catchall':true}}]")},
		{NX_IN, 1, "{'element':{'family':'inet','table':'t','name':'s','elem':['a']}}",
		 "{'element':{'family':'inet','table':'t','name':'s','elem':['a']}}"},
		{NX_OUT, 1, OBJ("set", ",'type':'integer','elem':[" A64 "]"),
		 OBJ("set", ",'type':{'typeof':" Q(sni) "},'elem':['a']")},
		{NX_OUT, 2, OBJ("map", ",'type':['ipv4_addr','integer'],'map':'mark'"),
		 OBJ("map", ",'type':{'typeof':{'concat':[{'payload':{'protocol':'ip','field':"
			    "'daddr'}}," Q(sni) "]}},'map':{'typeof':" MARK "}")},
		{NX_OUT, 2,
		 OBJ("map", ",'type':{'typeof':" CONCAT(SADDR, SNIC) "},'map':'counter'"),
		 OBJ("map", ",'type':{'typeof':" CONCAT(SADDR, Q(sni)) "},'map':'counter'")},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct nx_key *sni = nx_key_by_id(NFT_QUIC_SNI);
		struct nx_layout one = {.n = 1, .key = {sni}};
		struct nx_layout two = {.n = 2, .key = {NULL, nx_key_in_concat(sni)}};
		struct nx_slots slots = {0};
		struct nx_map known = {0};
		struct jpass p = {
			.lang = {.dir = cases[i].dir, .slots = &slots, .known = &known},
			.w = {.typeof_in = true, .typeof_text = typeof_text},
		};

		assert_int_equal(nx_layouts_put(&known, &id, cases[i].parts == 1 ? &one : &two), 0);
		jpass(&p, cases[i].src);
		assert_json(p.text, cases[i].result);
		assert_int_equal(p.lang.nerrs, 0);
		jpass_free(&p);
		nx_layouts_clear(&known);
	}
}

/* Where nft wants a port, an expression of conntrack's stands for the server ID. */
static void test_ports(void **state)
{
	static const char *const cases[][2] = {
		{IS(SID, "'@s'"), NOT(IH(8386560, 32), "1") "," IS(PORT, "'@s'")},
		{IS(CONCAT(SID, SADDR), "'@s'"),
		 NOT(IH(8386560, 32), "1") "," IS(CONCAT(PORT, SADDR), "'@s'")},
		{IS(PORT, "1") "," IS(SID, "'@s'"),
		 NOT(IH(8386560, 32), "2") "," IS(PORT, "1") "," IS(
			 "{'ct':{'key':'proto-src','dir':'original'}}", "'@s'")},
		{"{'mangle':{'key':" DPORT ",'value':" SID "}}",
		 NOT(IH(8386560, 32), "1") ",{'mangle':{'key':" DPORT ",'value':" PORT "}}"},
		{UPDATE(SADDR, SID), NOT(IH(8386560, 32), "1") "," UPDATE(SADDR, PORT)},
		{"{'redirect':{'port':" SID "}}",
		 NOT(IH(8386560, 32), "1") ",{'redirect':{'port':" PORT "}}"},
		{"{'set':{'op':'add','elem':" SID ",'set':'@s'}}",
		 NOT(IH(8386560, 32), "1") ",{'set':{'op':'add','elem':" PORT ",'set':'@s'}}"},
		{"{'redirect':{'port':{'map':{'key':" SID ",'data':'@s'}}}}",
		 NOT(IH(8386560, 32), "1") ",{'redirect':{'port':{'map':{'key':" PORT
					   ",'data':'@s'}}}}"},
		/* each of them is the user's own */
		{FOUR "," IS(SID, "5"), FOUR "," IS(IH(561664, 16), "5")},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_slots slots = {0};
		struct jpass p = {.lang = {.dir = NX_IN, .slots = &slots}};
		char user[1024], stock[1024];

		snprintf(user, sizeof(user), OBJ("rule", ",'expr':[%s]"), cases[i][0]);
		snprintf(stock, sizeof(stock), OBJ("rule", ",'expr':[%s]"), cases[i][1]);
		jpass(&p, user);
		assert_json(p.text, stock);
		jpass_free(&p);
		/* an echo is made of the JSON that the library got */
		p = (struct jpass){.lang = {.dir = NX_OUT, .slots = &slots}};
		jpass(&p, stock);
		assert_json(p.text, user);
		jpass_free(&p);
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *user, *error;
	} cases[] = {
		{IS("{'quic':{'key':'foo'}}", "'a'"),
		 "unknown quic key, known are alpn, sni, version, type, dcid, scid, ech, hello, "
		 "server-id, state: "
		 "{'quic':{'key':'foo'}}"},
		{IS("{'quic':{'keys':'sni'}}", "'a'"),
		 "quic: an object with 'key' is expected: {'quic':{'keys':'sni'}}"},
		{"{'match':{'op':'>','left':" Q(alpn) ",'right':'a'}}",
		 "quic: only == and != are possible with a name: "
		 "{'op':'>','left':{'quic':{'key':'alpn'}},'right':'a'}"},
		{IS(Q(sni), "{'range':['a','b']}"),
		 "quic: a range is not possible with a name: {'op':'==','left':" Q(
			 sni) ",'right':{'range':['a','b']}}"},
		{IS(Q(sni), "{'set':[{'range':['a','b']}]}"),
		 "quic: a range is not possible with a name: {'range':['a','b']}"},
		{IS(SADDR, Q(sni)), "quic: a match compares with a value, not with another key: "
				    "{'op':'==','left':" SADDR ",'right':" Q(sni) "}"},
		{IS("{'quic':'alpn'}", "'a'"),
		 "quic: an object with 'key' is expected: {'quic':'alpn'}"},
		{IS(Q(alpn), "5"), "a quic name must be a string: 5"},
		{IS(Q(alpn), "''"), "quic alpn: empty name: ''"},
		{IS(Q(sni), "'a..b'"), "quic sni: empty label in host name: 'a..b'"},
		{IS(Q(sni), "'a b'"),
		 "quic sni: blanks and control characters cannot be in a host name: 'a b'"},
		{IS(Q(dcid), "'a'"), "quic dcid: expected 0x and hex digits: 'a'"},
		{IS(Q(dcid), "'0x123'"),
		 "quic dcid: an even number of hex digits must follow 0x: '0x123'"},
		{IS(Q(type), "'foo'"), "quic type: expected initial, 0rtt, handshake, retry, "
				       "version-negotiation or short: 'foo'"},
		{IS(Q(version), "'v9'"),
		 "quic version: expected v1, v2, draft-N or a number: 'v9'"},
		{IS(Q(ech), "'maybe'"), "quic ech: expected exists or missing: 'maybe'"},
		{IS(Q(version), "{'prefix':{'addr':1,'len':33}}"),
		 "quic: an impossible prefix: {'prefix':{'addr':1,'len':33}}"},
		{IS(Q(alpn), "{'set':['seventeen-letters']}"),
		 "quic alpn: name of 17 bytes is too long for a set, at most 16 are possible: "
		 "'seventeen-letters'"},
		{IS(CONCAT(Q(alpn), Q(sni)), "{'concat':['a','" LONG "']}"),
		 "quic sni: name of 67 bytes is too long for a concatenation, at most 48 are "
		 "possible: '" LONG "'"},
		{IS(CONCAT(Q(alpn), Q(sni) "," SADDR), "'@s'"),
		 "quic: concatenation of 68 bytes is too long, at most 64 are possible: " CONCAT(
			 Q(alpn), Q(sni) "," SADDR)},
		{IS(CONCAT(SADDR, SADDR "," SADDR "," SADDR "," Q(type)), "'@s'"),
		 "quic: concatenation of 5 parts, at most 4 are possible: " CONCAT(
			 SADDR, SADDR "," SADDR "," SADDR "," Q(type))},
		{IS(SID, "'0x123'"), "quic server-id: expected 0x and two hex digits for each "
				     "byte, or a number up to 65535, "
				     "not '0x123': '0x123'"},
		{IS(PART("server-id", 32), "8443"),
		 "quic server-id: '8443' has 2 bytes, 4 are compared: 8443"},
		{IS(PART("server-id", 33), "1"),
		 "quic: impossible 'len', bits of a part of an ID are expected: " PART("server-id",
										       33)},
		{OBJ("rule", ",'expr':[" FOUR "," IS(SID, "'@s'") "]"),
		 "quic server-id: cannot stand for a port in a rule that compares all four ports "
		 "of "
		 "ct original and ct reply: " SID},
		/* masks of a length that no part of an ID has */
		{IS("{'&':[" SID ",'0xfff']}", "'@s'"),
		 "quic: an impossible mask: {'&':[" SID ",'0xfff']}"},
		{IS("{'&':[" SID ",65536]}", "'@s'"),
		 "quic: an impossible mask: {'&':[" SID ",65536]}"},
		{IS("{'&':[" SID ",'']}", "'@s'"), "quic: an impossible mask: {'&':[" SID ",'']}"},
		{IS("{'&':[" Q(dcid) ",'0x" Z16 "']}", "'@s'"),
		 "quic: an impossible mask: {'&':[" Q(dcid) ",'0x" Z16 "']}"},
		{IS("{'&':[" Q(sni) ",1]}", "1"), "quic: a name cannot be computed with: " Q(sni)},
		/* nft aborts at these, or lists the rule without them */
		{"[" OBJ("set", ",'type':{'typeof':" CONCAT(SADDR, Q(alpn)) "}") "," OBJ(
			 "rule", ",'expr':[" IS(CONCAT(SADDR, Q(sni)), "'@s'") "]") "]",
		 "quic: the set is of another key: " Q(sni)},
		{"[" OBJ("set", ",'type':{'typeof':" Q(sni) "}") "," OBJ(
			 "rule", ",'expr':[" IS(Q(alpn), "'@s'") "]") "]",
		 "quic: the set is of another key: " Q(alpn)},
		{"{'meter':{'name':'m','key':" Q(sni) ",'stmt':{'counter':null}}}",
		 "quic: not possible in a meter, use a dynamic set: {'name':'m','key':" Q(
			 sni) ",'stmt':{'counter':null}}"},
		{"{'mangle':{'key':" MARK ",'value':{'jhash':{'expr':" Q(sni) ",'mod':2}}}}",
		 "quic: 64 bytes are too long beside another value, at most 48 are possible: " Q(
			 sni)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_slots slots = {0};
		struct jpass p = {.lang = {.dir = NX_IN, .slots = &slots}, .w.typeof_in = true};
		struct nx_buf said = NX_BUF_INIT;

		jpass(&p, cases[i].user);
		nx_buf_str(&said, "Error: ");
		nx_buf_str(&said, cases[i].error);
		nx_buf_str(&said, "\n");
		for (char *c = said.p; *c; c++) {
			if (*c == '\'')
				*c = '"';
		}
		assert_string_equal(nx_buf_cstr(&p.lang.errors), said.p);
		assert_int_equal(p.lang.nerrs, 1);
		nx_buf_free(&said);
		jpass_free(&p);
		nx_slots_free(&slots);
	}
}

/* A libnftables before 1.0.9 reads no typeof in JSON. */
static void test_no_typeof(void **state)
{
	struct nx_slots slots = {0};
	struct jpass p = {.lang = {.dir = NX_IN, .slots = &slots}};

	(void)state;
	jpass(&p, OBJ("set", ",'type':{'typeof':" Q(sni) "}"));
	assert_string_equal(nx_buf_cstr(&p.lang.errors),
			    "Error: this libnftables does not take typeof in JSON; make the set "
			    "with text: {\"typeof\":{\"quic\":{\"key\":\"sni\"}}}\n");
	jpass_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),  cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_output), cmocka_unit_test(test_known),
		cmocka_unit_test(test_errors), cmocka_unit_test(test_no_typeof),
		cmocka_unit_test(test_ports),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("nft JSON in and out", tests, NULL, NULL);
}
