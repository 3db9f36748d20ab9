// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/addr.h"
#include "../common/clock.h"
#include "../common/log.h"
#include "../common/quicver.h"

static void usage(FILE *f)
{
	fputs("usage: quicc [options] HOST:PORT\n"
	      "Sends standard input on a QUIC stream and writes the answer to standard output.\n"
	      "  -a, --alpn LIST     protocols to offer, separated by commas\n"
	      "  -s, --sni NAME      server name to ask for and to verify (default: HOST)\n"
	      "      --ca FILE       trust these certificates instead of the system's\n"
	      "  -k, --insecure      accept any certificate\n"
	      "      --cert FILE     client certificate, with --key FILE\n"
	      "      --version 1|2   QUIC version of the first packet\n"
	      "      --streams N     open N streams and send the input on each of them;\n"
	      "                      the answer of the first is written\n"
	      "      --0rtt          fetch a session ticket first, then send the input early\n"
	      "  -n, --no-input      send no data: the end of the stream at once\n"
	      "  -t, --timeout SECS  give up on the handshake (default 10)\n"
	      "      --keylog FILE   append TLS secrets for a packet analyser\n"
	      "  -v, --verbose       show version, ALPN, certificate, RTT\n"
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
	for (char *p = strtok(list, ","); p; p = strtok(NULL, ",")) {
		if (o->nalpn == ALPN_MAX)
			return complain("--alpn: more than 8 protocols, beginning with", p);
		if (strlen(p) > ALPN_NAME_MAX)
			return complain("--alpn: longer than 31 octets", p);
		o->alpn[o->nalpn++] = p;
	}
	return o->nalpn ? -1 : complain("--alpn", "empty list");
}

enum {
	OPT_CA = 256,
	OPT_CERT,
	OPT_KEY,
	OPT_VERSION,
	OPT_STREAMS,
	OPT_0RTT,
	OPT_KEYLOG,
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
		o->sni = optarg;
		return -1;
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
	case 'h':
		usage(stdout);
		return QUICC_OK;
	default:
		usage(stderr);
		return QUICC_LOCAL;
	}
}

int options_parse(struct options *o, int argc, char **argv)
{
	unsigned long port;
	int opt, rc;

	*o = (struct options){.streams = 1, .timeout = 10 * NS_PER_S};
	while ((opt = getopt_long(argc, argv, "a:s:knt:vh", long_options, NULL)) != -1) {
		rc = parse_one(o, opt);
		if (rc >= 0)
			return rc;
	}
	if (optind != argc - 1) {
		usage(stderr);
		return QUICC_LOCAL;
	}
	if (!o->cert != !o->key)
		return complain("--cert and --key", "one needs the other");
	if (o->ca && o->insecure)
		return complain("--ca and --insecure", "contradict each other");
	if (addr_split(argv[optind], &o->host, &o->port) || !o->host)
		return complain("not HOST:PORT or [v6 address]:PORT", argv[optind]);
	/* A service's name may stand there, too; but getaddrinfo() cuts numbers to 16 bits. */
	if (o->port[0] >= '0' && o->port[0] <= '9' && parse_number(o->port, 65535, &port))
		return complain("a port is 1 to 65535, not", o->port);
	if (o->sni && strlen(o->sni) > 255)
		return complain("--sni: a name has at most 255 octets", o->sni);
	return -1;
}
