// SPDX-License-Identifier: GPL-2.0-or-later
#include "programs.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUND_NS    200e6      /* runs of one round, so that a clock of ticks is fine enough */
#define PCAP_MAGIC  0xa1b2c3d4 /* times in us */
#define PCAP_RAW_IP 101
#define NAME_FORMAT "host-%u.example.com"

static char dir[] = "/tmp/bench-core.XXXXXX";
static const char *inspect;

/* Suricata writes its events to a file, all others to standard output. */
static const char suricata_yaml[] = "%YAML 1.1\n---\n"
				    "outputs: [{eve-log: {enabled: yes, filetype: regular, "
				    "filename: out, types: [quic]}}]\n"
				    "app-layer: {protocols: {quic: {enabled: yes}}}\n";

/* Bytes in front of each packet of the capture, in this machine's byte order, and the headers. */
struct record {
	uint32_t sec, usec, captured, len;
	struct iphdr ip;
	struct udphdr udp;
};

const char *program_text(unsigned int program)
{
	static const char *const text[PROGRAMS] = {"quic-inspect", "tshark", "suricata"};

	return text[program];
}

bool program_version(unsigned int program, char version[80])
{
	static const char *const ask[PROGRAMS] = {NULL, "tshark -v 2>/dev/null",
						  "suricata -V 2>/dev/null"};
	FILE *f;

	version[0] = '\0';
	if (!ask[program])
		return true;
	f = popen(ask[program], "r");
	if (f && fgets(version, 80, f))
		version[strcspn(version, "\n")] = '\0';
	if (f)
		pclose(f);
	return version[0];
}

bool programs_start(const char *path)
{
	FILE *f;

	inspect = path;
	if (!mkdtemp(dir) || chdir(dir))
		return false;
	f = fopen("suricata.yaml", "w");
	if (!f)
		return false;
	fputs(suricata_yaml, f);
	return !fclose(f);
}

void programs_end(void)
{
	static const char *const files[] = {"suricata.yaml", "flows.pcap", "one.pcap", "out",
					    "suricata.log"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i]);
	if (!chdir("/"))
		rmdir(dir);
}

/* A client has an address of its own for each flow. */
static void write_flow(FILE *out, const struct flow *f, uint32_t nth)
{
	size_t len = sizeof(struct iphdr) + sizeof(struct udphdr) + f->len;
	struct record r = {
		.sec = 1000 + nth / 1000,
		.captured = len,
		.len = len,
		.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP},
		.udp = {.source = htons(50000), .dest = htons(443)},
	};

	r.ip.tot_len = htons(len);
	r.ip.saddr = htonl(0x0a000000 + nth);
	r.ip.daddr = htonl(0xc0000201);
	r.udp.len = htons(len - sizeof(r.ip));
	for (unsigned int i = 0; i < f->n; i++) {
		r.usec = nth % 1000 * 1000 + i;
		fwrite(&r, sizeof(r), 1, out);
		fwrite(f->d[i], f->len, 1, out);
	}
}

static bool write_capture(const char *name, const struct flow *flows, unsigned int n)
{
	const uint32_t head[] = {PCAP_MAGIC, 2 | 4 << 16, 0, 0, 65535, PCAP_RAW_IP};
	FILE *out = fopen(name, "wb");
	bool failed;

	if (!out)
		return false;
	fwrite(head, sizeof(head), 1, out);
	for (unsigned int i = 0; i < n; i++)
		write_flow(out, &flows[i], i);
	failed = ferror(out);
	return !fclose(out) && !failed;
}

bool programs_write(const struct flow *flows, unsigned int n)
{
	return write_capture("flows.pcap", flows, n) && write_capture("one.pcap", flows, 1);
}

/* In the child. */
static void run(unsigned int program, char *capture)
{
	int out = open(program == 2 ? "/dev/null" : "out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int null = open("/dev/null", O_RDWR);
	char *const argv[PROGRAMS][16] = {
		{"quic-inspect", capture},
		{"tshark", "-n", "-r", capture, "-Y",
		 "quic && tls.handshake.extensions_server_name", "-T", "fields", "-e",
		 "tls.handshake.extensions_server_name"},
		{"suricata", "-c", "suricata.yaml", "-r", capture, "-l", ".", "-S", "/dev/null",
		 "--runmode", "single", "-k", "none"},
	};

	if (out < 0 || null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
		_exit(127);
	execvp(program ? argv[program][0] : inspect, argv[program]);
	_exit(127);
}

/* Return: whether it ran; @t grows by its times. */
static bool measure_run(unsigned int program, bool one, struct program_time *t)
{
	struct rusage use;
	int status;
	pid_t pid;

	unlink("out"); /* Suricata would append */
	fflush(stdout);
	pid = fork();
	if (!pid)
		run(program, one ? "one.pcap" : "flows.pcap");
	if (pid < 0 || wait4(pid, &status, 0, &use) != pid || status)
		return false;
	t->user += use.ru_utime.tv_sec * 1e9 + use.ru_utime.tv_usec * 1e3;
	t->system += use.ru_stime.tv_sec * 1e9 + use.ru_stime.tv_usec * 1e3;
	return true;
}

struct program_time program_measure(unsigned int program, bool one)
{
	struct program_time t = {0};
	unsigned int runs;

	for (runs = 0; t.user + t.system < ROUND_NS; runs++)
		if (!measure_run(program, one, &t))
			return (struct program_time){.user = -1};
	t.user /= runs;
	t.system /= runs;
	return t;
}

long program_names(unsigned int program, unsigned int n)
{
	bool *seen = calloc(n, sizeof(*seen));
	struct program_time t = {0};
	static char line[65536];
	long found = -1;
	FILE *f;

	if (!seen || !measure_run(program, false, &t)) {
		free(seen);
		return -1;
	}
	f = fopen("out", "r");
	for (found = 0; f && fgets(line, sizeof(line), f);) {
		const char *p = strstr(line, "host-");
		unsigned int nth;
		char name[64];

		if (!p || sscanf(p, NAME_FORMAT, &nth) != 1 || nth >= n || seen[nth])
			continue;
		snprintf(name, sizeof(name), NAME_FORMAT, nth);
		seen[nth] = !strncmp(p, name, strlen(name));
		found += seen[nth];
	}
	if (f)
		fclose(f);
	free(seen);
	return found;
}
