// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../quicd/common/log.h"
#include "../../../quicd/modes/modes.h"
#include "../../../quicd/modes/stream.h"
#include "../../../quicd/server/config.h"

#define GOOD                                                                                       \
	"[service]\nlisten = 127.0.0.1:8443\nalpn = a\nmode = echo\n[tls]\ncert = c\n"             \
	"key = k\n"

#define GOOD_TLS "[tls]\ncert = c\nkey = k\n"

#define TEN "/234567890"

static char path[] = "/tmp/quicd-config-test-XXXXXX";

/* Loads @text as a file; what goes to the log lands in @said. */
static struct config *load(const char *text, char *said, size_t len)
{
	FILE *f = fopen(path, "w"), *err = tmpfile();
	int saved = dup(STDERR_FILENO);
	struct config *c;
	ssize_t n;

	fputs(text, f);
	fclose(f);
	fflush(stderr);
	dup2(fileno(err), STDERR_FILENO);
	c = config_load(path, modes);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = pread(fileno(err), said, len - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	fclose(err);
	return c;
}

static void good_file_and_defaults(void **state)
{
	char said[4096];
	struct config *c = load(GOOD, said, sizeof(said));

	(void)state;
	assert_non_null(c);
	assert_string_equal(said, "");
	assert_string_equal(c->mode->name, "echo");
	assert_int_equal(c->nlisten, 1);
	assert_string_equal(c->listen[0].text, "127.0.0.1:8443");
	assert_int_equal(c->workers, 1);
	assert_int_equal(c->cid.rotation, 0);
	assert_int_equal(c->cid.server_id_len, 2);
	assert_memory_equal(c->cid.server_id, "\x20\xfb", 2);
	assert_int_equal(cid_len(&c->cid), 13);
	/* Below what conntrack gives a stream by default, 120 s. */
	assert_true(c->idle_timeout == UINT64_C(100000000000));
	config_free(c);
}

/* The server ID that a file's keys make; the first port, if it is by port. */
static void server_ids(void **state)
{
#define FILE_OF(listen, more)                                                                      \
	"[service]\nlisten = " listen "\nalpn = a\nmode = echo\n" more GOOD_TLS
	static const struct {
		const char *text, *id;
		unsigned int rotation, len;
		bool by_port;
	} cases[] = {
		{FILE_OF("*:8443", ""), "20fb", 0, 13, true},
		{FILE_OF("*:8443 *:8444", ""), "20fb", 0, 13, true},
		{FILE_OF("*:8443", "server-id-rotation = 6\n"), "20fb", 6, 13, true},
		{FILE_OF("*:8443", "server-id = none\n"), "", CID_UNROUTABLE, 11, false},
		{FILE_OF("*:443", ""), "", CID_UNROUTABLE, 11, false},
		{FILE_OF("127.0.0.1:443 [::1]:443", ""), "", CID_UNROUTABLE, 11, false},
		{FILE_OF("*:443 *:8443", ""), "01bb", 0, 13, true},
		{FILE_OF("*:443", "server-id = port\n"), "01bb", 0, 13, true},
		{FILE_OF("*:443", "server-id = 07\n"), "07", 0, 12, false},
		{FILE_OF("*:8443", "server-id = 000100\n"), "000100", 0, 14, false},
		{FILE_OF("*:8443", "server-id = 0102030405060708090a0b0c0d0e0f\n"),
		 "0102030405060708090a0b0c0d0e0f", 0, 20, false},
	};
#undef FILE_OF
	char said[4096], id[2 * CID_SERVER_ID_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *c = load(cases[i].text, said, sizeof(said));

		assert_non_null(c);
		cid_server_id_text(&c->cid, id);
		assert_string_equal(id, cases[i].id);
		assert_int_equal(c->cid.rotation, cases[i].rotation);
		assert_int_equal(cid_len(&c->cid), cases[i].len);
		assert_true(c->cid.nonce_len >= CID_NONCE_MIN);
		assert_int_equal(c->cid.by_port, cases[i].by_port);
		config_free(c);
	}
}

static void values(void **state)
{
	char said[4096];
	struct config *c = load("  [service]\nlisten = *:1,\n\t[::1]:2\nlisten = 10.0.0.1:3\n"
				"alpn = h3, h3-29\nmode = stream\nidle-timeout = 90s\n"
				"keep-alive = 500ms\nserver-id = 0aFF\nserver-id-rotation = 5\n"
				"retry-threshold = always\n\t[transport]\n\tversions = v2\n"
				"stream-window = 64k\nconnection-window = 2M\ngso = off\n"
				"[tls]\ncert = a, b\nkey = c d\n[stream]\n"
				"backend = /run/x y\nproxy-protocol = v2 ; and a comment\n",
				said, sizeof(said));

	const struct stream_conf *conf;

	(void)state;
	assert_string_equal(said, "");
	assert_non_null(c);
	conf = c->mode_conf;
	assert_int_equal(c->nlisten, 4);
	assert_string_equal(c->listen[0].text, "[::]:1");
	assert_string_equal(c->listen[1].text, "0.0.0.0:1");
	assert_string_equal(c->listen[2].text, "[::1]:2");
	assert_int_equal(c->alpn.n, 2);
	assert_true(c->idle_timeout == UINT64_C(90000000000));
	assert_true(c->keep_alive == UINT64_C(500000000));
	assert_int_equal(c->cid.server_id_len, 2);
	assert_memory_equal(c->cid.server_id, "\x0a\xff", 2);
	assert_int_equal(c->cid.rotation, 5);
	assert_int_equal(c->retry_threshold, 0);
	assert_int_equal(c->nversions, 1);
	assert_int_equal(c->stream_window, 65536);
	assert_false(c->gso);
	assert_int_equal(c->cert.n, 2);
	assert_int_equal(conf->backends.one[0].addrs.addr[0].sa.sa_family, AF_UNIX);
	assert_string_equal(conf->backends.one[0].addrs.addr[0].un.sun_path, "/run/x y");
	assert_true(conf->proxy_protocol);
	config_free(c);
}

static void mistakes_name_file_and_line(void **state)
{
	static const struct {
		const char *text, *line, *what;
	} cases[] = {
		{GOOD "colour = red\n", ":8:", "unknown key \"colour\" in section [tls]"},
		{GOOD "[colour]\nx = 1\n", ":8:", "unknown section [colour]"},
		{GOOD "[colour]\n", ":8:", "unknown section [colour]"},
		{GOOD "[stream\nx = 1\n", ":8:", "neither [section] nor key = value"},
		{GOOD "[transport] gso = no\n", ":8:", "after [section] there is only room"},
		{GOOD "ocsp = none\n\t[transport] gso = no\n",
		 ":9:", "after [section] there is only room"},
		{GOOD "first\nsecond\n", ":9:", "neither [section] nor key = value"},
		{GOOD "  key = more\n", ":8:", "1 certificates but 2 keys"},
		{"x = 1\n" GOOD, ":1:", "before the first section"},
		{GOOD "cert\n", ":8:", "neither [section] nor key = value"},
		{GOOD "[service]\nmode = echo\n", ":9:", "given before, in line 4"},
		{GOOD "[service]\nworkers = 0\n", ":9:", "workers = 0: out of range, 1 to 64"},
		{GOOD "[service]\nworkers = many\n", ":9:", "not a number"},
		{GOOD "[service]\nworkers = -1\n", ":9:", "not a number"},
		{GOOD "[service]\nmax-streams = 99999999999999999999\n", ":9:", "out of range"},
		{GOOD "[service]\nidle-timeout = 5d\n", ":9:", "unknown unit \"d\""},
		{GOOD "[service]\nidle-timeout = 100h\n", ":9:", "out of range"},
		{GOOD "[service]\nlisten = 8443\n", ":9:", "not address:port"},
		{GOOD "[service]\nlisten = ::1:8443\n", ":9:", "not address:port"},
		{GOOD "[service]\nlisten = 1.2.3.4:99999\n", ":9:", "is not a port"},
		{GOOD "[service]\nlisten = 1.2.3.400:99\n", ":9:", "is not an IP address"},
		{GOOD "[service]\nlisten = [::]:1, 127.0.0.1:8443\n",
		 ":9:", "127.0.0.1:8443: was given before, in line 2"},
		{GOOD "[service]\nlisten = 127.0.0.1:1 0.0.0.0:1\n",
		 ":9:", "0.0.0.0:1: the port is taken by 127.0.0.1:1, in line 9"},
		{GOOD "[service]\nlisten = [::]:1 [::1]:1\n",
		 ":9:", "[::1]:1: the port is taken by [::]:1, in line 9"},
		{GOOD "[debug]\nqlog-dir = /nonexistent\n",
		 ":9:", "qlog-dir = /nonexistent: No such"},
		{"[service]\nworkers = x\n", "", "\"listen\" is missing"},
		{GOOD "[service]\ncontrol = " TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "\n",
		 ":9:", "1 to 107 characters"},
		{GOOD "[service]\nalpn = *\n", ":9:", "stands alone"},
		{GOOD "[service]\nalpn = b 12345678901234567890123456789012\n",
		 ":9:", "at most 31 octets, not 1234"},
		{GOOD "[service]\nserver-id = abc\n", ":9:", "hexadecimal"},
		{GOOD "[service]\nserver-id = 0000\n",
		 ":9:", "server-id = 0000: all zero, as the IDs of nginx read"},
		{GOOD "[service]\nserver-id = 0102030405060708090a0b0c0d0e0f10\n",
		 ":9:", "port, none, or 2 to 30 hexadecimal digits"},
		{GOOD "[service]\nserver-id-rotation = 7\n", ":9:", "out of range, 0 to 6"},
		{GOOD "[service]\nserver-id = none\nserver-id-rotation = 1\n",
		 ":10:", "needs a server-id"},
		{GOOD "[service]\nkeep-alive = 10m\n", ":9:", "not shorter than idle-timeout"},
		{GOOD "[service]\ngroup = x\n", ":9:", "group needs a user"},
		{GOOD "[transport]\ngso = maybe\n", ":9:", "neither yes nor no"},
		{GOOD "[transport]\nversions = v3\n", ":9:", "v1, v2 or both"},
		{GOOD "[transport]\nversions = v1 v1\n", ":9:", "v1, v2 or both"},
		{GOOD "[transport]\nconnection-window = 64k\n", ":9:", "smaller than"},
		{GOOD "[transport]\nstream-window = 1k\n", ":9:", "out of range, 16k to"},
		{GOOD "client-cert = require\n", ":8:", "needs a client-ca"},
		{GOOD "cert = more\n", ":7:", "2 certificates but 1 keys"},
		{GOOD "[stream]\nbackend = 1.2.3.4:5\n", ":9:", "no meaning with mode = echo"},
		{"[service]\nmode = stream\nlisten = *:1\nalpn = a\n[tls]\ncert = c\nkey = k\n"
		 "[stream]\nbackend = nowhere\n",
		 ":9:", "not host:port"},
		{"[service]\nmode = stream\nlisten = *:1\nalpn = a\n[tls]\ncert = c\nkey = k\n", "",
		 "\"backend\" is missing in section [stream]"},
		{"[service]\nmode = http3\nlisten = *:1\nalpn = smb\n[tls]\ncert = c\nkey = k\n"
		 "[http3]\nroot = /nonexistent\n",
		 ":9:", "No such file or directory"},
		{"[service]\nmode = http3\nlisten = *:1\nalpn = smb\n[tls]\ncert = c\nkey = k\n"
		 "[http3]\nroot = /tmp\n",
		 ":4:", "serves only h3"},
		{"[tls]\ncert = c\n", "", "\"listen\" is missing in section [service]"},
		{"[service]\nmode = smb\n",
		 ":2:", "mode = smb: not one of stream echo handoff http3\n"},
		{GOOD "[echo]\n", ":8:", "unknown section [echo]"},
		{GOOD "[http3]\nidle-timeout = 1\n[handoff]\nsocket = /x\n",
		 ":11:", "section [handoff] has no meaning with mode = echo"},
		{"", "", "\"mode\" is missing"},
	};
	char said[4096], at[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *c = load(cases[i].text, said, sizeof(said));

		if (c || !strstr(said, cases[i].what))
			fail_msg("case %zu: wanted \"%s\", got \"%s\"", i, cases[i].what, said);
		snprintf(at, sizeof(at), "%s%s", path, cases[i].line);
		if (!strstr(said, at))
			fail_msg("case %zu: wanted \"%s\", got \"%s\"", i, at, said);
	}
}

static void every_mistake_is_reported(void **state)
{
	char said[4096];
	struct config *c = load(GOOD "a = 1\nb = 2\n[service]\nworkers = x\n", said, sizeof(said));

	(void)state;
	assert_null(c);
	assert_non_null(strstr(said, ":8:"));
	assert_non_null(strstr(said, ":9:"));
	assert_non_null(strstr(said, ":11:"));
}

static void long_line_is_refused(void **state)
{
	char said[4096], *text = malloc(10000 + sizeof(GOOD));
	struct config *c;

	(void)state;
	strcpy(text, GOOD "ciphers = ");
	memset(text + strlen(text), 'x', 9000);
	text[sizeof(GOOD) + 9000] = '\0';
	c = load(text, said, sizeof(said));
	assert_null(c);
	assert_non_null(strstr(said, ":8: line longer than"));
	free(text);
}

static void missing_file(void **state)
{
	(void)state;
	assert_null(config_load("/nonexistent/x.conf", modes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_file_and_defaults),
		cmocka_unit_test(server_ids),
		cmocka_unit_test(values),
		cmocka_unit_test(mistakes_name_file_and_line),
		cmocka_unit_test(every_mistake_is_reported),
		cmocka_unit_test(long_line_is_refused),
		cmocka_unit_test(missing_file),
	};
	int fd = mkstemp(path), rc;

	if (fd < 0)
		return 1;
	close(fd);
	rc = RUN_TAP(tests);
	unlink(path);
	return rc;
}
