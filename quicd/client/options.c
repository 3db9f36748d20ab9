// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../include/module_version.h"
#include "../common/addr.h"
#include "../common/clock.h"
#include "../common/log.h"
#include "../common/quicver.h"

#define LISTEN_STREAMS 1000 /* TCP connections at once, if --streams does not say it */

static void usage(FILE *f)
{
	fputs("usage: quicc [options] HOST:PORT\n"
	      "Sends standard input on a QUIC stream and writes the answer to standard output.\n"
	      "  -a, --alpn LIST     protocols to offer, separated by commas\n"
	      "  -s, --sni NAME      server name to ask for and to verify (default: HOST);\n"
	      "                      each further --alpn or --sni is a connection of its own\n"
	      "      --connections N N connections on one socket; lines of output are labelled\n"
	      "      --in-turn       each connection begins when the one before has ended\n"
	      "      --ca FILE       trust these certificates instead of the system's\n"
	      "  -k, --insecure      accept any certificate\n"
	      "      --cert FILE     client certificate, with --key FILE\n"
	      "      --version 1|2   QUIC version of the first packet\n"
	      "      --streams N     open N streams and send the input on each of them;\n"
	      "                      the answer of the first is written\n"
	      "      --0rtt          fetch a session ticket first, then send the input early\n"
	      "      --bind ADDRESS:PORT[,...]  local addresses, the next one after each move\n"
	      "      --rebind WHEN[,...]   change the port, as a NAT does it: at hello,\n"
	      "                      handshake or a number of bytes received (k, M)\n"
	      "      --migrate BYTES[,...] change the port by QUIC's migration\n"
	      "      --listen ADDRESS:PORT  make each TCP connection that comes there a stream\n"
	      "  -n, --no-input      send no data: the end of the stream at once\n"
	      "  -t, --timeout SECS  give up on the handshake (default 10)\n"
	      "      --keylog FILE   append TLS secrets for a packet analyser\n"
	      "  -v, --verbose       show version, ALPN, certificate, RTT\n"
	      "  -V                  print versions, exit\n"
	      "  -h, --help          this text\n"
	      "Exit status: 0 ok, 1 local error, 2 handshake or transport error, 3 TLS error,\n"
	      "4 timeout, 5 stream reset or connection closed with an error.\n",
	      f);
}

static int complain(const char *what, const char *value)
{
	log_err("%s: %s", what, value);
	return QUICC_LOCAL;
}

static int parse_number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	*out = strtoul(text, &end, 10);
	return text[0] < '0' || text[0] > '9' || *end || *out < 1 || *out > max ? -1 : 0;
}

static int parse_alpn(struct options *o, char *list)
{
	struct alpn_list *a = &o->alpn[o->nalpn];

	if (o->nalpn++ == CONNECTIONS_MAX)
		return complain("--alpn: given more than 64 times, again for", list);
	for (char *p = strtok(list, ","); p; p = strtok(NULL, ",")) {
		if (a->n == ALPN_MAX)
			return complain("--alpn: more than 8 protocols, beginning with", p);
		if (strlen(p) > ALPN_NAME_MAX)
			return complain("--alpn: longer than 31 octets", p);
		a->name[a->n++] = p;
	}
	return a->n ? -1 : complain("--alpn", "empty list");
}

static int parse_sni(struct options *o, const char *name)
{
	if (o->nsni == CONNECTIONS_MAX)
		return complain("--sni: given more than 64 times, again for", name);
	if (strlen(name) > 255)
		return complain("--sni: a name has at most 255 octets", name);
	o->sni[o->nsni++] = name;
	return -1;
}

/* A number of bytes, with k or M. */
static int parse_bytes(const char *text, uint64_t *out)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);
	unsigned int shift = *end == 'k' ? 10 : *end == 'M' ? 20 : 0;

	if (text[0] < '0' || text[0] > '9' || end[shift > 0] || n > UINT64_MAX >> 21)
		return -1;
	*out = (uint64_t)n << shift;
	return 0;
}

static int parse_moves(struct options *o, bool migrate, char *list)
{
	for (char *p = strtok(list, ","); p; p = strtok(NULL, ",")) {
		struct move m = {.kind = migrate ? MOVE_MIGRATE : MOVE_REBIND,
				 .when = MOVE_AT_BYTES};

		if (!migrate && !strcmp(p, "hello"))
			m.when = MOVE_AT_HELLO;
		else if (!migrate && !strcmp(p, "handshake"))
			m.when = MOVE_AT_HANDSHAKE;
		else if (parse_bytes(p, &m.bytes))
			return complain(migrate ? "--migrate takes a number of bytes, not"
						: "--rebind takes hello, handshake or a number "
						  "of bytes, not",
					p);
		if (o->nmoves == MOVES_MAX)
			return complain(
				"--rebind and --migrate: more than 16 moves, beginning with", p);
		o->move[o->nmoves++] = m;
	}
	return -1;
}

static int parse_address(union addr *out, char *text, const char *what)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				 .ai_socktype = SOCK_DGRAM},
			*res;
	char copy[ADDR_TEXT_MAX], *host, *port;

	if (strlen(text) >= sizeof(copy) || addr_split(strcpy(copy, text), &host, &port) || !host ||
	    getaddrinfo(host, port, &hints, &res))
		return complain(what, text);
	*out = (union addr){0};
	memcpy(out, res->ai_addr, res->ai_addrlen);
	freeaddrinfo(res);
	return -1;
}

static int parse_bind(struct options *o, char *list)
{
	int rc = -1;

	for (char *p = strtok(list, ","); p && rc < 0; p = strtok(NULL, ",")) {
		if (o->nbind > MOVES_MAX)
			return complain("--bind: more than 17 addresses, beginning with", p);
		rc = parse_address(&o->bind[o->nbind++], p,
				   "--bind takes addresses with a port or :0, not");
	}
	return rc;
}

const struct alpn_list *options_alpn(const struct options *o, unsigned int i)
{
	return o->nalpn ? &o->alpn[i % o->nalpn] : NULL;
}

const char *options_sni(const struct options *o, unsigned int i)
{
	return o->nsni ? o->sni[i % o->nsni] : NULL;
}

enum {
	OPT_CA = 256,
	OPT_CERT,
	OPT_KEY,
	OPT_VERSION,
	OPT_STREAMS,
	OPT_0RTT,
	OPT_KEYLOG,
	OPT_CONNECTIONS,
	OPT_IN_TURN,
	OPT_BIND,
	OPT_REBIND,
	OPT_MIGRATE,
	OPT_LISTEN,
};

static const struct option long_options[] = {
	{"alpn", required_argument, NULL, 'a'},
	{"sni", required_argument, NULL, 's'},
	{"ca", required_argument, NULL, OPT_CA},
	{"insecure", no_argument, NULL, 'k'},
	{"cert", required_argument, NULL, OPT_CERT},
	{"key", required_argument, NULL, OPT_KEY},
	{"version", required_argument, NULL, OPT_VERSION},
	{"streams", required_argument, NULL, OPT_STREAMS},
	{"0rtt", no_argument, NULL, OPT_0RTT},
	{"connections", required_argument, NULL, OPT_CONNECTIONS},
	{"in-turn", no_argument, NULL, OPT_IN_TURN},
	{"bind", required_argument, NULL, OPT_BIND},
	{"rebind", required_argument, NULL, OPT_REBIND},
	{"migrate", required_argument, NULL, OPT_MIGRATE},
	{"listen", required_argument, NULL, OPT_LISTEN},
	{"no-input", no_argument, NULL, 'n'},
	{"timeout", required_argument, NULL, 't'},
	{"keylog", required_argument, NULL, OPT_KEYLOG},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int parse_one(struct options *o, int opt)
{
	unsigned long n;

	switch (opt) {
	case 'a':
		return parse_alpn(o, optarg);
	case 's':
		return parse_sni(o, optarg);
	case 'k':
		o->insecure = true;
		return -1;
	case OPT_CA:
		o->ca = optarg;
		return -1;
	case OPT_CERT:
		o->cert = optarg;
		return -1;
	case OPT_KEY:
		o->key = optarg;
		return -1;
	case OPT_KEYLOG:
		o->keylog = optarg;
		return -1;
	case OPT_VERSION:
		if (parse_number(optarg, 2, &n))
			return complain("--version is 1 or 2, not", optarg);
		o->version = n == 1 ? NGTCP2_PROTO_VER_V1 : NGTCP2_PROTO_VER_V2;
		return -1;
	case OPT_STREAMS:
		if (parse_number(optarg, 10000, &n))
			return complain("--streams is 1 to 10000, not", optarg);
		o->streams = (unsigned int)n;
		return -1;
	case OPT_CONNECTIONS:
		if (parse_number(optarg, CONNECTIONS_MAX, &n))
			return complain("--connections is 1 to 64, not", optarg);
		o->connections = (unsigned int)n;
		return -1;
	case OPT_IN_TURN:
		o->in_turn = true;
		return -1;
	case OPT_BIND:
		return parse_bind(o, optarg);
	case OPT_REBIND:
	case OPT_MIGRATE:
		return parse_moves(o, opt == OPT_MIGRATE, optarg);
	case OPT_LISTEN:
		return parse_address(&o->listen, optarg, "--listen takes ADDRESS:PORT, not");
	case OPT_0RTT:
		o->early_data = true;
		return -1;
	case 'n':
		o->quiet_stdin = true;
		return -1;
	case 't':
		if (parse_number(optarg, 3600, &n))
			return complain("--timeout is 1 to 3600 seconds, not", optarg);
		o->timeout = n * NS_PER_S;
		return -1;
	case 'v':
		o->verbose++;
		return -1;
	case 'V':
		fputs("quicc " NFT_QUIC_VERSION "; ", stdout);
		module_version_put(stdout, NFT_QUIC_VERSION);
		putchar('\n');
		return QUICC_OK;
	case 'h':
		usage(stdout);
		return QUICC_OK;
	default:
		usage(stderr);
		return QUICC_LOCAL;
	}
}

/* --listen has one connection for as long as it runs, and streams as they come. */
static int check_listen(struct options *o)
{
	if (!o->listen.sa.sa_family)
		return -1;
	if (o->connections > 1 || o->nmoves || o->early_data || o->quiet_stdin || o->verbose)
		return complain("--listen",
				"not with --connections, several --alpn or --sni, --rebind, "
				"--migrate, --0rtt, --no-input or --verbose");
	if (!o->streams)
		o->streams = LISTEN_STREAMS;
	return -1;
}

/* Options that need or contradict each other. */
static int check(struct options *o)
{
	unsigned int lists = o->nalpn > o->nsni ? o->nalpn : o->nsni;
	int rc;

	if (!o->cert != !o->key)
		return complain("--cert and --key", "one needs the other");
	if (o->ca && o->insecure)
		return complain("--ca and --insecure", "contradict each other");
	if (!o->connections)
		o->connections = lists > 1 ? lists : 1;
	if (o->connections < lists)
		return complain("--connections", "fewer than --alpn or --sni are given");
	if (o->connections > 1 && o->early_data)
		return complain("--0rtt", "only with one connection");
	if (o->in_turn && o->connections == 1)
		return complain("--in-turn", "needs several connections");
	rc = check_listen(o);
	if (!o->streams)
		o->streams = 1;
	return rc;
}

int options_parse(struct options *o, int argc, char **argv)
{
	unsigned long port;
	int opt, rc;

	*o = (struct options){.timeout = 10 * NS_PER_S};
	while ((opt = getopt_long(argc, argv, "a:s:knt:vVh", long_options, NULL)) != -1) {
		rc = parse_one(o, opt);
		if (rc >= 0)
			return rc;
	}
	if (optind != argc - 1) {
		usage(stderr);
		return QUICC_LOCAL;
	}
	rc = check(o);
	if (rc >= 0)
		return rc;
	if (addr_split(argv[optind], &o->host, &o->port) || !o->host)
		return complain("not HOST:PORT or [v6 address]:PORT", argv[optind]);
	/* A service's name may stand there, too; but getaddrinfo() cuts numbers to 16 bits. */
	if (o->port[0] >= '0' && o->port[0] <= '9' && parse_number(o->port, 65535, &port))
		return complain("a port is 1 to 65535, not", o->port);
	return -1;
}
