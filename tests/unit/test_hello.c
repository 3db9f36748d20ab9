// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"
#include "chello.h"
#include "hello.h"

static struct qt_buf m;
static struct nq_hello hello;

static enum nq_verdict parse(void)
{
	return nq_hello_parse(m.p, m.len, &hello);
}

static void names_of(const struct qt_chello *h)
{
	m.len = 0;
	qt_chello(&m, h);
	memset(&hello, 0xff, sizeof(hello));
	assert_int_equal(parse(), NQ_DONE);
}

static void check_sni(const char *want)
{
	assert_int_equal(hello.sni_len, strlen(want));
	assert_memory_equal(m.p + hello.sni_off, want, strlen(want));
}

/* The list, with commas between. */
static void check_alpn(const char *want)
{
	char got[1024];
	unsigned int pos = 0, len, n = 0;
	const u8 *name;

	while ((len = nq_alpn_next(m.p + hello.alpn_off, hello.alpn_len, &pos, &name))) {
		if (n)
			got[n++] = ',';
		memcpy(got + n, name, len);
		n += len;
	}
	got[n] = 0;
	assert_string_equal(got, want);
}

static void names(void **state)
{
	(void)state;
	names_of(&(struct qt_chello){.sni = "fs.example.com", .alpn = "h3,h3-29,smb"});
	check_sni("fs.example.com");
	check_alpn("h3,h3-29,smb");
	assert_false(hello.ech);
	names_of(&(struct qt_chello){.sni = "A.Example.COM.",
				     .alpn = "doq",
				     .ech = true,
				     .names_last = true,
				     .size = 1800});
	check_sni("A.Example.COM.");
	check_alpn("doq");
	assert_true(hello.ech);
	assert_int_equal(m.len, 1800);
}

static void missing_names(void **state)
{
	(void)state;
	names_of(&(struct qt_chello){.alpn = "h3"});
	check_sni("");
	check_alpn("h3");
	names_of(&(struct qt_chello){.sni = "x"});
	check_sni("x");
	check_alpn("");
	names_of(&(struct qt_chello){.sni = ""});
	check_sni("");
	names_of(&(struct qt_chello){.alpn = ""});
	check_alpn("");
	assert_int_equal(hello.alpn_len, 0);
}

/* As a proper prefix it wants more, at every byte; bytes behind it do not matter. */
static void cut_at_every_byte(void **state)
{
	(void)state;
	names_of(&(struct qt_chello){.sni = "fs.example.com", .alpn = "h3,smb", .ech = true});
	for (size_t len = 0; len < m.len; len++) {
		struct nq_hello before = hello;

		assert_int_equal(nq_hello_parse(m.p, len, &hello), NQ_MORE);
		assert_memory_equal(&before, &hello, sizeof(hello));
	}
	qt_fill(&m, 0xff, 30);
	assert_int_equal(parse(), NQ_DONE);
}

static void not_a_client_hello(void **state)
{
	(void)state;
	for (unsigned int type = 0; type < 256; type++) {
		u8 byte = type;

		assert_int_equal(nq_hello_parse(&byte, 1, &hello),
				 type == 1 ? NQ_MORE : NQ_NOT_OURS);
	}
	/* Longer than what is kept of a flight: seen from its header. */
	assert_int_equal(nq_hello_parse((const u8 *)"\1\0\x3f\xfc", 4, &hello), NQ_MORE);
	assert_int_equal(nq_hello_parse((const u8 *)"\1\0\x3f\xfd", 4, &hello), NQ_NOT_OURS);
	assert_int_equal(nq_hello_parse((const u8 *)"\1\1\0\0", 4, &hello), NQ_NOT_OURS);
}

/*
 * A hello put together from hex: body up to the extensions, then extensions. @fix sets the
 * lengths of the message and of the extension block from what is there.
 */
static const char good_body[] =
	"0303 0102030405060708090a0b0c0d0e0f10111213141516171819 1a1b1c1d1e1f20"
	"00 0002 1301 0100";
static const char good_exts[] = "0000 0006 0004 00 0001 61" /* server_name a */
				"0010 0005 0003 02 6833"    /* ALPN h3 */
				"002b 0003 020304";

static enum nq_verdict parse_hex(const char *body, const char *exts)
{
	size_t msg, block;

	m.len = 0;
	qt_put_u8(&m, 1);
	msg = qt_len_begin(&m, 3);
	qt_put_hex(&m, body);
	if (exts) {
		block = qt_len_begin(&m, 2);
		qt_put_hex(&m, exts);
		qt_len_end(&m, block, 2);
	}
	qt_len_end(&m, msg, 3);
	return parse();
}

static void malformed_body(void **state)
{
#define RANDOM "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
	static const struct {
		const char *body;
		enum nq_verdict want;
	} cases[] = {
		{"0303" RANDOM "00 0002 1301 0100", NQ_DONE},
		{"0302" RANDOM "00 0002 1301 0100", NQ_NOT_OURS}, /* legacy_version */
		{"0304" RANDOM "00 0002 1301 0100", NQ_NOT_OURS},
		{"0303" RANDOM "20" RANDOM "0002 1301 0100", NQ_DONE}, /* legacy_session_id */
		{"0303" RANDOM "21" RANDOM "aa 0002 1301 0100", NQ_NOT_OURS},
		{"0303" RANDOM "00 0000 0100", NQ_NOT_OURS}, /* cipher_suites */
		{"0303" RANDOM "00 0003 130113 0100", NQ_NOT_OURS},
		{"0303" RANDOM "00 ffff 1301 0100", NQ_NOT_OURS},
		{"0303" RANDOM "00 0002 1301 00", NQ_NOT_OURS}, /* legacy_compression_methods */
		{"0303" RANDOM "00 0002 1301 0101", NQ_NOT_OURS},
		{"0303" RANDOM "00 0002 1301 020001", NQ_NOT_OURS},
		{"0303" RANDOM "00 0002 1301", NQ_NOT_OURS},
		{"0303" RANDOM, NQ_NOT_OURS},
		{"0303", NQ_NOT_OURS},
		{"", NQ_NOT_OURS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(parse_hex(cases[i].body, good_exts), cases[i].want);
	/* Extensions left out. */
	assert_int_equal(parse_hex(good_body, NULL), NQ_DONE);
	assert_int_equal(hello.sni_len, 0);
	assert_int_equal(hello.alpn_len, 0);
#undef RANDOM
}

static void malformed_extensions(void **state)
{
	static const struct {
		const char *exts;
		enum nq_verdict want;
	} cases[] = {
		{good_exts, NQ_DONE},
		{"", NQ_DONE},
		{"00", NQ_NOT_OURS},
		{"0000 00", NQ_NOT_OURS},
		{"002b 0004 020304", NQ_NOT_OURS},    /* longer than the block */
		{"002b 0002 020304", NQ_NOT_OURS},    /* leaves a byte */
		{"002b 0000 002b 0000", NQ_NOT_OURS}, /* twice */
		{"0a0a 0000 1a1a 0001 00", NQ_DONE},  /* unknown ones */
		{"0000 0000", NQ_DONE},		      /* server_name: empty */
		{"0000 0001 00", NQ_NOT_OURS},
		{"0000 0002 0000", NQ_DONE},
		{"0000 0005 0003 00 0000", NQ_DONE},	    /* an empty name */
		{"0000 0006 0003 00 0001 61", NQ_NOT_OURS}, /* list shorter than the extension */
		{"0000 0006 0005 00 0001 61", NQ_NOT_OURS}, /* and longer */
		{"0000 0006 0004 00 0002 61", NQ_NOT_OURS}, /* name longer than the list */
		{"0000 0005 0004 00 0001 61", NQ_NOT_OURS},
		{"0000 000a 0008 00 0001 61 00 0001 62", NQ_NOT_OURS}, /* two host names */
		{"0000 000a 0008 01 0001 61 00 0001 62", NQ_DONE},     /* another type in front */
		{"0000 0006 0004 00 0001 00", NQ_NOT_OURS},	       /* NUL */
		{"0000 0006 0004 00 0001 20", NQ_NOT_OURS},	       /* space */
		{"0000 0006 0004 00 0001 7f", NQ_NOT_OURS},
		{"0000 0006 0004 00 0001 e4", NQ_NOT_OURS}, /* not ASCII */
		{"0000 0007 0005 00 0002 6100", NQ_NOT_OURS},
		{"0010 0000", NQ_NOT_OURS}, /* ALPN */
		{"0010 0001 00", NQ_NOT_OURS},
		{"0010 0002 0000", NQ_DONE},
		{"0010 0003 0001 00", NQ_NOT_OURS}, /* an empty protocol */
		{"0010 0005 0003 02 6833", NQ_DONE},
		{"0010 0005 0002 02 6833", NQ_NOT_OURS},
		{"0010 0005 0004 02 6833", NQ_NOT_OURS},
		{"0010 0005 0003 03 6833", NQ_NOT_OURS},   /* longer than the list */
		{"0010 0006 0004 03 683300", NQ_NOT_OURS}, /* NUL in a protocol */
		{"0010 0006 0004 03 6833e4", NQ_DONE},	   /* any other byte may be */
		{"0010 0005 0003 02 6833 0010 0005 0003 02 6833", NQ_NOT_OURS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum nq_verdict got = parse_hex(good_body, cases[i].exts);

		if (got != cases[i].want)
			fail_msg("%s: %d, want %d", cases[i].exts, got, cases[i].want);
	}
}

static void wrong_lengths_of_blocks(void **state)
{
	size_t block_at = 4 + 2 + 32 + 1 + 4 + 2;

	(void)state;
	assert_int_equal(parse_hex(good_body, good_exts), NQ_DONE);
	m.p[block_at + 1]++; /* one past the message */
	assert_int_equal(parse(), NQ_NOT_OURS);
	m.p[block_at + 1] -= 2; /* leaves a byte behind, cuts an extension */
	assert_int_equal(parse(), NQ_NOT_OURS);
	m.p[block_at + 1]++;
	m.p[3]++; /* the message continues after its extensions: seen before that byte comes */
	assert_int_equal(parse(), NQ_NOT_OURS);
}

/* An early error shows before the rest is there. */
static void wrong_before_the_end(void **state)
{
	(void)state;
	assert_int_equal(parse_hex(good_body, "0000 0006 0004 00 0001 00 0033 0100"), NQ_NOT_OURS);
	m.p[3] += 0x80;
	m.p[4 + 2 + 32 + 1 + 4 + 2 + 1] += 0x80;
	assert_int_equal(parse(), NQ_NOT_OURS);
	assert_int_equal(nq_hello_parse((const u8 *)"\1\0\1\0\3\2", 6, &hello), NQ_NOT_OURS);
}

static void long_names(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'n', sizeof(name));
	for (size_t len = 253; len < 258; len++) {
		struct qt_chello h = {.sni = name, .sni_len = len};

		m.len = 0;
		qt_chello(&m, &h);
		assert_int_equal(parse(), len <= NQ_SNI_MAX ? NQ_DONE : NQ_NOT_OURS);
		if (len <= NQ_SNI_MAX)
			assert_int_equal(hello.sni_len, len);
	}
	name[255] = 0;
	names_of(&(struct qt_chello){.alpn = name});
	check_alpn(name);
}

static void many_protocols(void **state)
{
	char list[4096], got[16];
	unsigned int n = 0, pos = 0, len;
	const u8 *name;

	(void)state;
	for (int i = 0; i < 300; i++)
		n += snprintf(list + n, sizeof(list) - n, "%sp%d", i ? "," : "", i);
	names_of(&(struct qt_chello){.alpn = list});
	for (int i = 0; i < 300; i++) {
		len = nq_alpn_next(m.p + hello.alpn_off, hello.alpn_len, &pos, &name);
		snprintf(got, sizeof(got), "p%d", i);
		assert_int_equal(len, strlen(got));
		assert_memory_equal(name, got, len);
	}
	assert_int_equal(nq_alpn_next(m.p + hello.alpn_off, hello.alpn_len, &pos, &name), 0);
}

static void many_extensions(void **state)
{
	(void)state;
	for (unsigned int n = NQ_EXTENSIONS_MAX - 1; n < NQ_EXTENSIONS_MAX + 2; n++) {
		char exts[8 * (NQ_EXTENSIONS_MAX + 2) + 1] = "";

		for (unsigned int i = 0; i < n; i++)
			sprintf(exts + 8 * i, "%04x0000", 0x1000 + i);
		assert_int_equal(parse_hex(good_body, exts),
				 n <= NQ_EXTENSIONS_MAX ? NQ_DONE : NQ_NOT_OURS);
	}
}

static void broken_list(void **state)
{
	unsigned int pos = 0;
	const u8 *name;

	(void)state;
	assert_int_equal(nq_alpn_next((const u8 *)"\2h", 2, &pos, &name), 0);
	assert_int_equal(nq_alpn_next((const u8 *)"\0h", 2, &pos, &name), 0);
	assert_int_equal(nq_alpn_next(NULL, 0, &pos, &name), 0);
}

/* A ClientHello with nothing but these transport parameters. */
static u32 idle_of(u16 type, const char *hex)
{
	size_t msg, exts, ext;

	m.len = 0;
	qt_put_u8(&m, 1);
	msg = qt_len_begin(&m, 3);
	qt_put_u16(&m, 0x0303);
	qt_fill(&m, 0xa5, 32);
	qt_put_u8(&m, 0);
	qt_put_u16(&m, 2);
	qt_put_hex(&m, "1301 0100");
	exts = qt_len_begin(&m, 2);
	ext = qt_ext_begin(&m, type);
	qt_put_hex(&m, hex);
	qt_ext_end(&m, ext);
	qt_len_end(&m, exts, 2);
	qt_len_end(&m, msg, 3);
	assert_int_equal(parse(), NQ_DONE);
	/* And not before it is whole. */
	for (size_t len = 0; len < m.len; len++)
		assert_int_equal(nq_hello_parse(m.p, len, &hello), NQ_MORE);
	return hello.idle_ms;
}

static void idle_timeout(void **state)
{
	(void)state;
	names_of(&(struct qt_chello){.sni = "a.example"});
	assert_int_equal(hello.idle_ms, 30000);
	assert_int_equal(idle_of(57, "010245dc"), 0x5dc);
	assert_int_equal(idle_of(0xffa5, "010245dc"), 0x5dc);
	assert_int_equal(idle_of(58, "010245dc"), 0);
	assert_int_equal(idle_of(57, ""), 0);
	assert_int_equal(idle_of(57, "010100"), 0);
	assert_int_equal(idle_of(57, "0f04aabbccdd 0104 80007530"), 30000);
	assert_int_equal(idle_of(57, "0108 ffffffffffffffff"), NQ_IDLE_MAX);
	/* A broken list tells nothing. */
	assert_int_equal(idle_of(57, "0102 40"), 0);
	assert_int_equal(idle_of(57, "0101 40"), 0);
	assert_int_equal(idle_of(57, "0100"), 0);
	assert_int_equal(idle_of(57, "0f ffffffffffffffff 0104 80007530"), 0);
	assert_int_equal(idle_of(57, "01"), 0);
}

UNIT_MAIN("hello", cmocka_unit_test(idle_timeout), cmocka_unit_test(names),
	  cmocka_unit_test(missing_names), cmocka_unit_test(cut_at_every_byte),
	  cmocka_unit_test(not_a_client_hello), cmocka_unit_test(malformed_body),
	  cmocka_unit_test(malformed_extensions), cmocka_unit_test(wrong_lengths_of_blocks),
	  cmocka_unit_test(wrong_before_the_end), cmocka_unit_test(long_names),
	  cmocka_unit_test(many_protocols), cmocka_unit_test(many_extensions),
	  cmocka_unit_test(broken_list))
