// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts of /proc, quicd's configurations, names from the wire, a certificate's date. */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin.h"
#include "doctor.h"
#include "history.h"
#include "host.h"
#include "parts.h"

static void wire_names(void **state)
{
	char *name;

	(void)state;
	name = na_name("a\x1b[2J\\\xff", 7, NA_NAME_MAX);
	assert_string_equal(name, "a\\x1b[2J\\x5c\\xff");
	free(name);
	name = na_name("abcdef", 6, 3);
	assert_string_equal(name, "abc...");
	free(name);
	name = na_name("", 0, 3);
	assert_string_equal(name, "");
	free(name);
}

static void counters(void **state)
{
	struct na_counts c;

	(void)state;
	na_counts_parse(&c, "initials held \n0000000a ffffffffff \n");
	assert_int_equal(c.n, 2);
	assert_int_equal(na_count(&c, "initials"), 10);
	assert_int_equal(na_count(&c, "held"), 0xffffffffffULL);
	assert_int_equal(na_count(&c, "nothing"), 0);
	na_counts_parse(&c, "a b c\n1 2\n");
	assert_int_equal(c.n, 2);
	na_counts_parse(&c, "");
	assert_int_equal(c.n, 0);
}

static void sockets(void **state)
{
	static const char text[] = "   sl  local_address rem_address   st tx_queue rx_queue tr "
				   "tm->when retrnsmt   uid  timeout "
				   "inode ref pointer drops\n"
				   "  100: 00000000:20FB 00000000:0000 07 00000000:00000000 "
				   "00:00000000 00000000  0 0 1234 2 "
				   "0000000000000000 7\n"
				   "  101: 0100007F:0035 0100007F:9999 01 00000000:00000000 "
				   "00:00000000 00000000  0 0 1235 2 "
				   "0000000000000000 0\n"
				   "  102: 0100007F:0035 00000000:0000 07 00000000:00000000 "
				   "00:00000000 00000000  0 0 1236 2 "
				   "0000000000000000 0\n"
				   "  103: 00000000000000000000000001000000:0036 "
				   "00000000000000000000000000000000:0000 07 00000000:00000000 "
				   "00:00000000 00000000  0 0 1237 2 "
				   "0000000000000000 0\n";
	struct na_host h = {0};

	(void)state;
	na_listeners_parse(&h, text);
	na_listeners_parse(&h, "");
	assert_int_equal(h.n_listeners, 3);
	assert_int_equal(h.listener[0].port, 8443);
	assert_int_equal(h.listener[0].inode, 1234);
	assert_int_equal(h.listener[0].drops, 7);
	assert_non_null(na_host_listener(&h, 8443));
	assert_null(na_host_listener(&h, 99));
	assert_false(na_host_only_loopback(&h, 8443));
	assert_true(na_host_only_loopback(&h, 53));
	assert_true(na_host_only_loopback(&h, 54));
	assert_false(na_host_only_loopback(&h, 99));
	free(h.listener);
}

/* The socket that gets a datagram: by its address and family, not by the port alone. */
static void reached(void **state)
{
#define SOCKET(addr, inode)                                                                        \
	"  1: " addr ":20FB 00000000:0000 07 00000000:00000000 00:00000000 00000000  0 0 " inode   \
	" 2 0000000000000000 0\n"
#define ZERO "00000000000000000000000000000000"
	/* 127.0.0.1, ::1, ::ffff:10.9.1.1, [::], 0.0.0.0 */
	static const char *const text[] = {"\n" SOCKET("0100007F", "1"),
					   "\n" SOCKET("00000000000000000000000001000000", "2"),
					   "\n" SOCKET("0000000000000000FFFF00000101090A", "3"),
					   "\n" SOCKET(ZERO, "4"), "\n" SOCKET("00000000", "5")};
	static const struct {
		enum qi_net net;
		uint8_t dst[16];
		unsigned long inode[5]; /* after the first, second, ... of these lines */
	} cases[] = {
		{QI_NET_IPV4, {127, 0, 0, 1}, {1, 1, 1, 1, 1}},
		{QI_NET_IPV4, {10, 9, 1, 1}, {0, 0, 3, 3, 3}},
		{QI_NET_IPV4, {10, 9, 1, 2}, {0, 0, 0, 4, 5}},
		{QI_NET_IPV6, {[15] = 1}, {0, 2, 2, 2, 2}},
		{QI_NET_IPV6, {0xfd, [15] = 1}, {0, 0, 0, 4, 4}},
		{QI_NET_IPV6, {10, 9, 1, 1}, {0, 0, 0, 4, 4}},
	};
	struct na_host h = {0};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		na_listeners_parse(&h, text[i]);
		for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
			struct qi_tuple t = {.dport = 8443, .net = cases[k].net};
			const struct na_listener *l;

			memcpy(t.dst, cases[k].dst, sizeof(t.dst));
			l = na_host_reached(&h, &t);
			assert_int_equal(l ? l->inode : 0, cases[k].inode[i]);
			t.dport = 8444;
			assert_null(na_host_reached(&h, &t));
		}
		assert_int_equal(na_host_only_loopback(&h, 8443), i < 2);
	}
	free(h.listener);
}

/* A number of a process may come again, and its name have anything in it. */
static void youngest(void **state)
{
	static struct na_listener l;
	struct na_host h = {.listener = &l, .n_listeners = 1};

	(void)state;
	assert_int_equal(na_stat_since("7 (a) b) 1) S 1 7 7 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 "
				       "4711 99 1\n"),
			 4711);
	assert_int_equal(na_stat_since("7 (a) S 1\n"), 0);
	assert_int_equal(na_stat_since(""), 0);
	l.inode = 3;
	na_listener_owner(&h, 3, 32000, 100);
	na_listener_owner(&h, 3, 300, 200);
	na_listener_owner(&h, 3, 31000, 150);
	na_listener_owner(&h, 4, 9, 300);
	assert_int_equal(l.pid, 300);
	na_listener_owner(&h, 3, 301, 200);
	assert_int_equal(l.pid, 301);
	free(l.comm);
}

static void configuration(void **state)
{
	struct na_service s = {0};

	(void)state;
	na_service_parse(
		&s, "; comment\n[service]\nlisten = *:8443, [::1]:8444 ; two\nlisten=1.2.3.4:9\n"
		    "alpn = smb\nserver-id = 0101\n[tls]\ncert = /a, /b\nkey = /k\n"
		    "[transport]\nidle-timeout = 3m\n[stream]\nidle-timeout = 1s\n");
	assert_int_equal(s.n_ports, 3);
	assert_int_equal(s.port[0], 8443);
	assert_int_equal(s.port[2], 9);
	assert_string_equal(s.alpn, "smb");
	assert_string_equal(s.server_id, "0101");
	assert_int_equal(s.n_certs, 2);
	assert_string_equal(s.cert[1], "/b");
	assert_true(s.idle_s == 180);
	na_service_clear(&s);
	/* indented lines: two of a list, a comment, a key, a section */
	na_service_parse(&s, "[service]\nlisten = 1.2.3.4:443\n  [::]:8443\n\t*:9 ; nine\n  ; x:7\n"
			     "  server-id = AbC1\n  name = n\n  [tls]\ncert = /a\n  /b");
	assert_int_equal(s.n_ports, 3);
	assert_int_equal(s.port[1], 8443);
	assert_int_equal(s.port[2], 9);
	assert_string_equal(s.server_id, "abc1");
	assert_string_equal(s.name, "n");
	assert_int_equal(s.n_certs, 2);
	na_service_clear(&s);
	/* a byte order mark, comments behind a tab and behind a section */
	na_service_parse(&s, "\xef\xbb\xbf[service]\r\nlisten = *:8443\t; a\r\n  [tls] ; b\r\n"
			     "cert = /a;b\r\n");
	assert_int_equal(s.n_ports, 1);
	assert_int_equal(s.port[0], 8443);
	assert_int_equal(s.n_certs, 1);
	assert_string_equal(s.cert[0], "/a;b");
	na_service_clear(&s);
	na_service_parse(&s, "");
	assert_true(s.idle_s == 100);
	na_service_clear(&s);
	assert_true(na_seconds("250ms", 1) == 0.25);
	assert_true(na_seconds("soon", 7) == 7);
}

static const char pem[] = "text before\n-----BEGIN CERTIFICATE-----\n"
			  "MIIBbDCCAROgAwIBAgIUPy+Dw1fti/+uwt7Z8F8TCn4RY+EwCgYIKoZIzj0EAwIw\n"
			  "DDEKMAgGA1UEAwwBdDAeFw0yNjExMjgxNTU0MDVaFw0yNjEyMjgxNTU0MDVaMAwx\n"
			  "CjAIBgNVBAMMAXQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQnkn7lfC66qMHv\n"
			  "Cp3iq6yNLYAEogIxPEOzemm19MNY4dMkQtGkaz467diHSS7IrLuLHfyuCl8kS8aL\n"
			  "S4kFZ+P9o1MwUTAdBgNVHQ4EFgQUokXYlEoxkxRD3dV3dk79UNswrJgwHwYDVR0j\n"
			  "BBgwFoAUokXYlEoxkxRD3dV3dk79UNswrJgwDwYDVR0TAQH/BAUwAwEB/zAKBggq\n"
			  "hkjOPQQDAgNHADBEAiAmAoqV5RiKpUp6UXWFfkV0RtlijPPv6WvnNRhvgY7tXgIg\n"
			  "d74qAgFZj38ryKPLq67Sk7G7UkLandEeJmB+arNvzJ4=\n"
			  "-----END CERTIFICATE-----\n";

static time_t expires(const char *text, size_t len)
{
	char path[] = "/tmp/nft-quic-cert-XXXXXX";
	int fd = mkstemp(path);
	time_t when;

	assert_int_equal(write(fd, text, len), len);
	close(fd);
	when = na_cert_expires(path);
	unlink(path);
	return when;
}

static void certificate(void **state)
{
	char *cut;

	(void)state;
	assert_int_equal(expires(pem, strlen(pem)), 1798473245);
	assert_int_equal(expires("nothing", 7), -1);
	assert_int_equal(na_cert_expires("/nowhere"), -1);
	/* any part of it, with its end: no byte behind is read */
	for (size_t n = 40; n < 300; n += 7) {
		cut = na_printf("%.*s\n-----END CERTIFICATE-----\n", (int)n, pem);
		expires(cut, strlen(cut));
		free(cut);
	}
}

/* Paths that a stranger's process may name. */
static void strange_files(void **state)
{
	char dir[] = "/tmp/nft-quic-XXXXXX", *file, *text;

	(void)state;
	assert_non_null(mkdtemp(dir));
	file = na_printf("%s/f", dir);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_null(na_read_plain(file, NULL));
	unlink(file);
	close(open(file, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(truncate(file, NA_FILE_MAX + 1), 0);
	assert_null(na_read_config(file));
	assert_int_equal(truncate(file, 10), 0);
	text = na_read_config(file);
	assert_non_null(text);
	free(text);
	assert_int_equal(chmod(file, 0620), 0);
	assert_null(na_read_config(file));
	text = na_read_plain(file, NULL);
	assert_non_null(text);
	free(text);
	unlink(file);
	rmdir(dir);
	free(file);
	assert_null(na_read_plain("/dev/zero", NULL));
	assert_null(na_read_plain("/proc/self/status", NULL));
	assert_null(na_read_plain("/sys/kernel/profiling", NULL));
	assert_int_equal(na_cert_expires("/dev/zero"), -1);
}

static void strange_text(void **state)
{
	static const char *const texts[][2] = {
		{"a\xff", "a\\xff"}, {"\x1b[2J", "\\x1b[2J"}, {"\xc3\xa4\\", "\xc3\xa4\\"}};
	struct na_found f = {.list = json_array()};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		na_found_add(&f, NA_NOTE, "%s", texts[i][0]);
		assert_string_equal(
			json_string_value(json_object_get(json_array_get(f.list, i), "text")),
			texts[i][1]);
	}
	json_decref(f.list);
}

static struct na_sample sample(double at, const char *values)
{
	struct na_sample s = {.at = at};
	char *text = na_printf("initials unasked \n%s\n", values);

	na_counts_parse(&s.counts, text);
	free(text);
	return s;
}

static void history(void **state)
{
	struct na_sample now = sample(1000, "10 0");
	struct na_history h, again;
	char *text;

	(void)state;
	na_history_parse(&h, "");
	assert_null(na_history_base(&h, &now));
	assert_true(na_history_add(&h, &now));
	now = sample(1100, "20 0");
	assert_true(na_history_base(&h, &now)->at == 1000);
	assert_false(na_history_add(&h, &now));
	now = sample(1400, "30 0");
	assert_true(na_history_add(&h, &now));
	now = sample(1700, "40 0");
	assert_true(na_history_base(&h, &now)->at == 1000);
	assert_true(na_history_add(&h, &now));
	text = na_history_print(&h);
	na_history_parse(&again, text);
	free(text);
	assert_true(again.sample[0].at == 1400 && again.sample[1].at == 1700);
	assert_int_equal(na_count(&again.sample[1].counts, "initials"), 0x40);
	/* too old, and of another load of the module */
	now = sample(2500, "50 0");
	assert_true(na_history_base(&again, &now)->at == 1700);
	now = sample(1800, "1 0");
	assert_null(na_history_base(&again, &now));
	assert_true(na_history_add(&again, &now));
	assert_true(again.sample[0].at == 1800 && !(again.sample[1].at > 0));
	na_history_parse(&again, "1.5\ninitials \n");
	na_history_parse(&again, "x\n");
	assert_true(!(again.sample[0].at > 0));
}

static void metrics(void **state)
{
	struct na_counts c;
	struct na_buf b;
	char *text;

	(void)state;
	na_counts_parse(&c, "initials held holding_flows \nff 2 3 \n");
	na_buf_open(&b);
	na_metrics_write(b.f, &c, "0.1");
	text = na_take(&b);
	assert_non_null(strstr(text, "\nnft_quic_initials_total 255\n"));
	assert_non_null(strstr(text, "\nnft_quic_holding_flows 3\n"));
	assert_non_null(strstr(text, "module=\"0.1\"} 1\n"));
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	free(text);
	/* watch shows no rate of these */
	assert_true(na_is_gauge("holding_flows") && na_is_gauge("names_bytes") &&
		    na_is_gauge("conns") && na_is_gauge("conns_bytes"));
	assert_false(na_is_gauge("initials") || na_is_gauge("moved") || na_is_gauge("nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire_names),	cmocka_unit_test(counters),
		cmocka_unit_test(sockets),	cmocka_unit_test(reached),
		cmocka_unit_test(youngest),	cmocka_unit_test(configuration),
		cmocka_unit_test(certificate),	cmocka_unit_test(metrics),
		cmocka_unit_test(history),	cmocka_unit_test(strange_files),
		cmocka_unit_test(strange_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("admin host", tests, NULL, NULL);
}
