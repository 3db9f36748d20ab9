// SPDX-License-Identifier: GPL-2.0-or-later
/* Two services behind one port, in a network namespace of their own: a first success to look at. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin.h"
#include "nft.h"
#include "text.h"

#define WAIT_MS 10000

static const struct site {
	const char *name, *host;
	int port, backend;
} sites[] = {
	{"files", "files.example.org", 8443, 8001},
	{"www", "www.example.org", 4433, 8002},
};

#define N_SITES (sizeof(sites) / sizeof(sites[0]))

static const char rules[] =
	"# Names decide where a connection begins, server IDs where it belongs from then on.\n"
	"# For /etc/nftables.d; docs/moving.md has the reasons.\n"
	"\n"
	"table inet quic\n"
	"delete table inet quic\n"
	"\n"
	"table inet quic {\n"
	"\tmap port_of {\n"
	"\t\ttypeof quic sni : udp dport\n"
	"\t\telements = { \"files.example.org\" : 8443, \"www.example.org\" : 4433 }\n"
	"\t}\n"
	"\tset private {\n"
	"\t\ttype inet_service\n"
	"\t\telements = { 8443, 4433 }\n"
	"\t}\n"
	"\tchain in {\n"
	"\t\ttype filter hook prerouting priority raw; policy accept;\n"
	"\t\t# other hosts' port 443, if this host forwards\n"
	"\t\tudp dport 443 fib daddr type != local accept\n"
	"\t\tudp dport 443 quic server-id @private counter udp dport set quic server-id notrack "
	"accept\n"
	"\t\tudp dport 443 counter udp dport set quic sni map @port_of notrack accept\n"
	"\t\tudp dport 443 drop\n"
	"\t}\n"
	"\tchain out {\n"
	"\t\ttype filter hook output priority raw; policy accept;\n"
	"\t\tudp sport @private notrack udp sport set 443\n"
	"\t}\n"
	"}\n";

/* The processes that are started here end with this one. */
static pid_t children[2 * N_SITES];
static size_t n_children;

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "nft-quic try: %s%s%s\n", what, why ? ": " : "", why ? why : "");
	return -1;
}

static int write_file(const char *dir, const char *name, const char *text)
{
	char *path = na_printf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	int rc = 0;

	if (!f || fputs(text, f) < 0)
		rc = -1;
	if (f && fclose(f))
		rc = -1;
	if (rc)
		fail(path, strerror(errno));
	free(path);
	return rc;
}

static int certificate(const char *dir)
{
	char *pem = na_printf("%s/cert.pem", dir), *key = na_printf("%s/key.pem", dir), *out;

	out = na_run((const char *[]){"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
				      "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
				      "/CN=nft-quic try", "-addext",
				      "subjectAltName=DNS:files.example.org,DNS:www.example.org",
				      "-keyout", key, "-out", pem, NULL});
	free(pem);
	free(key);
	if (!out)
		return fail("no certificate could be made", "is openssl installed?");
	free(out);
	return 0;
}

static int config(const char *dir, const struct site *s)
{
	char *name = na_printf("%s.conf", s->name);
	char *text = na_printf(
		"; One service of quicd(8), quicd.conf(5). For /etc/quicd, with a certificate\n"
		"; and key of its own: systemctl enable --now quicd@%s\n"
		"[service]\nlisten = *:%d\nalpn = try\nmode = stream\n\n"
		"[tls]\ncert = %s/cert.pem\nkey = %s/key.pem\n\n"
		"[stream]\nbackend = 127.0.0.1:%d\n",
		s->name, s->port, dir, dir, s->backend);
	int rc = write_file(dir, name, text);

	free(name);
	free(text);
	return rc;
}

static pid_t child(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	else if (pid > 0)
		children[n_children++] = pid;
	return pid;
}

/* A service behind quicd: it says its name to whoever connects. */
static int backend(const struct site *s)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)s->backend),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), conn;

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) || listen(fd, 8))
		return fail("no socket for the service", strerror(errno));
	if (child() == 0) {
		for (;;) {
			conn = accept(fd, NULL, NULL);
			if (conn < 0)
				_exit(1);
			dprintf(conn, "this is %s\n", s->host);
			close(conn);
		}
	}
	close(fd);
	return 0;
}

static int start_quicd(const char *dir, const struct site *s)
{
	char *conf = na_printf("%s/%s.conf", dir, s->name),
	     *log = na_printf("%s/%s.log", dir, s->name);

	if (child() == 0) {
		int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);

		dup2(out, 1);
		dup2(out, 2);
		/* su(1) leaves a path without sbin */
		setenv("PATH", NA_PATH, 1);
		execlp("quicd", "quicd", "-c", conf, NULL);
		dprintf(2, "quicd: %s\n", strerror(errno));
		_exit(127);
	}
	free(conf);
	free(log);
	return 0;
}

static bool all_listen(void)
{
	struct na_host h = {0};
	char *text;
	size_t n = 0;

	for (int i = 0; i < 2; i++) {
		text = na_read_file(i ? "/proc/thread-self/net/udp6" : "/proc/thread-self/net/udp",
				    NULL);
		if (text)
			na_listeners_parse(&h, text);
		free(text);
	}
	for (size_t i = 0; i < N_SITES; i++)
		n += na_host_listener(&h, sites[i].port) != NULL;
	free(h.listener);
	return n == N_SITES;
}

static bool one_ended(void)
{
	siginfo_t child = {.si_pid = 0};

	return waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0 && child.si_pid != 0;
}

static int start(const char *dir)
{
	char *path = na_printf("%s/rules.nft", dir), *err;

	for (size_t i = 0; i < N_SITES; i++)
		if (backend(&sites[i]) || start_quicd(dir, &sites[i]))
			return -1;
	if (na_nft_file(path, false, &err)) {
		fail("the rules do not load", err);
		free(err);
		free(path);
		return -1;
	}
	free(path);
	for (int ms = 0; !all_listen(); ms += 50) {
		if (ms >= WAIT_MS || one_ended())
			return fail("quicd does not start, its log is there", dir);
		usleep(50000);
	}
	return 0;
}

/* One client; whether the service of that name answered. */
static bool ask(const char *dir, const struct site *s)
{
	char *ca = na_printf("%s/cert.pem", dir), *want = na_printf("this is %s\n", s->host), *got;
	bool good;

	got = na_run((const char *[]){"quicc", "--ca", ca, "--alpn", "try", "--sni", s->host, "-n",
				      "127.0.0.1:443", NULL});
	good = got && !strcmp(got, want);
	printf("  a client asks UDP 443 for %-18s %s\n", s->host,
	       good  ? "and that service answers"
	       : got ? "and ANOTHER answers"
		     : "and gets NO answer");
	free(ca);
	free(want);
	free(got);
	return good;
}

static int loopback_up(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	rc = fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &ifr);
	if (fd >= 0)
		close(fd);
	return rc ? fail("the loopback does not come up", strerror(errno)) : 0;
}

static int need_programs(void)
{
	static const char *const needed[][3] = {
		{"quicd", "-V"}, {"quicc", "-V"}, {"openssl", "version"}};
	char *out;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		out = na_run(needed[i]);
		if (!out)
			return fail(needed[i][0], "it is not installed here; the packages are "
						  "quicd and openssl");
		free(out);
	}
	return 0;
}

/* All that can be refused comes before the first file. */
static int prepare(const char *dir)
{
	if (strpbrk(dir, " \t\n,;"))
		return fail(dir, "a configuration takes no path with a blank, comma or semicolon");
	if (need_programs())
		return -1;
	if (unshare(CLONE_NEWNET))
		return fail("no network namespace, are you root?", strerror(errno));
	if (loopback_up())
		return -1;
	if (mkdir(dir, 0755))
		return fail(dir, strerror(errno));
	for (size_t i = 0; i < N_SITES; i++)
		if (config(dir, &sites[i]))
			return -1;
	return write_file(dir, "rules.nft", rules) || certificate(dir) ? -1 : 0;
}

int na_try(const struct na_options *o)
{
	char *dir = o->dir ? realpath(o->dir, NULL) : NULL, *cwd;
	int rc = NA_ERRORS;
	struct na_host *h;

	if (dir) {
		fail(o->dir, "it exists already; name another folder");
		free(dir);
		return rc;
	}
	cwd = na_need(get_current_dir_name());
	if (o->dir && *o->dir == '/')
		dir = na_printf("%s", o->dir);
	else
		dir = na_printf("%s/%s", cwd, o->dir ? o->dir : "nft-quic-try");
	free(cwd);
	if (!prepare(dir) && !start(dir)) {
		printf("Two services in a network namespace of their own, and two clients:\n");
		rc = NA_OK;
		for (size_t i = 0; i < N_SITES; i++)
			if (!ask(dir, &sites[i]))
				rc = NA_ERRORS;
		putchar('\n');
		h = na_host_read(0);
		na_status_text(stdout, h);
		na_host_free(h);
		printf("\nThe namespace is gone now; the rules, configurations and certificate are "
		       "in %s.\n",
		       dir);
	}
	for (size_t i = 0; i < n_children; i++)
		kill(children[i], SIGTERM);
	for (size_t i = 0; i < n_children; i++)
		waitpid(children[i], NULL, 0);
	free(dir);
	return rc;
}
