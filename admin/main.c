// SPDX-License-Identifier: GPL-2.0-or-later
/* nft-quic COMMAND: what the rules with quic do on this host, and what is wrong. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "../include/module_version.h"
#include "admin.h"
#include "nft.h"
#include "text.h"

static const char usage[] =
	"nft-quic COMMAND [OPTIONS]\n"
	"\n"
	"  status [--json] [--all]\n"
	"                         which names go where, and the module's counters\n"
	"  doctor [--json | --report] [--only CHECK,...] [--all]\n"
	"                         what is wrong, with remedies; writes nothing\n"
	"  watch [-i S] [-n N]    status each second, with rates\n"
	"  try [DIR]              two services, rules and clients in a namespace of their own;\n"
	"                         their files stay in DIR (./nft-quic-try)\n"
	"  explain CAPTURE | --alpn A --sni N [--json] [--dport P] [--daddr A] [--saddr A]\n"
	"          [--iif DEV] [-4 | -6]\n"
	"                         what the live rules would do with this first flight, step by\n"
	"                         step; nothing live is touched\n"
	"  metrics [--http]       the module's counters as OpenMetrics\n"
	"\n"
	"  -V, --version          versions of this program, nft and the module\n"
	"  -h, --help\n"
	"\n"
	"Exit status: 0 all is well, 1 warnings, 2 errors. nft-quic(8) says more.\n";

static const struct command {
	const char *name;
	int (*run)(const struct na_options *o);
	const char *takes; /* the short names of its options */
} commands[] = {
	{"status", na_status, "ja"}, {"doctor", na_doctor, "jora"},
	{"watch", na_watch, "in"},   {"metrics", na_metrics, "H"},
	{"try", na_try, "d"},	     {"explain", na_explain, "jdASPDFI46"},
};

/* clang-format off */
static const struct option longs[] = {
	{"json", no_argument, NULL, 'j'},
	{"all", no_argument, NULL, 'a'},
	{"only", required_argument, NULL, 'o'},
	{"report", no_argument, NULL, 'r'},
	{"interval", required_argument, NULL, 'i'},
	{"count", required_argument, NULL, 'n'},
	{"http", no_argument, NULL, 'H'},
	{"alpn", required_argument, NULL, 'A'},
	{"sni", required_argument, NULL, 'S'},
	{"dport", required_argument, NULL, 'P'},
	{"daddr", required_argument, NULL, 'D'},
	{"saddr", required_argument, NULL, 'F'},
	{"iif", required_argument, NULL, 'I'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{0},
};
/* clang-format on */

static int version(void)
{
	json_t *meta = na_nft_json("list tables", 0, NULL);
	const char *facade = na_nft_facade();
	const char *nft = json_string_value(
		json_object_get(json_object_get(json_array_get(meta, 0), "metainfo"), "version"));

	fputs("nft-quic " NFT_QUIC_VERSION "; ", stdout);
	module_version_put(stdout, NFT_QUIC_VERSION);
	printf("; nft %s %s%s\n", nft ? nft : "unknown",
	       na_nft_knows_quic() ? "with quic" : "without quic",
	       facade && strcmp(facade, NFT_QUIC_VERSION)
		       ? ", its libnftables of another version than this"
		       : "");
	json_decref(meta);
	return NA_OK;
}

static bool number(const char *text, unsigned int *n)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	*n = (unsigned int)v;
	return *text >= '0' && *text <= '9' && !*end && v >= 1 && v <= 86400;
}

static int wrong(const char *text, const char *what)
{
	fprintf(stderr, "nft-quic: %s%s\nTry nft-quic --help.\n", text, what);
	return NA_ERRORS;
}

/* An option of explain; false if its value is wrong. */
static bool explain_option(struct na_options *o, int opt, char *value)
{
	switch (opt) {
	case 'A':
		for (char *one; (one = strsep(&value, ",")) != NULL; o->alpn[o->n_alpn++] = one)
			if (o->n_alpn == NA_NAMES_ASKED)
				return false;
		return true;
	case 'S':
		if (o->n_sni == NA_NAMES_ASKED)
			return false;
		o->sni[o->n_sni++] = value;
		return true;
	case 'P':
		return number(value, &o->dport) && o->dport <= 65535;
	case 'D':
		o->daddr = value;
		return true;
	case 'F':
		o->saddr = value;
		return true;
	case 'I':
		o->iif = value;
		return true;
	case '4':
	case '6':
		o->net = opt == '6' ? QI_NET_IPV6 : QI_NET_IPV4;
		return true;
	default:
		return true;
	}
}

/* The reason for which explain_option() has refused a value. */
static int explain_wrong(int opt, const char *value)
{
	return wrong(opt == 'P' ? "no port: " : "too many names: ", value);
}

static int run(const struct command *c, int argc, char **argv)
{
	struct na_options o = {.interval_s = 1};
	int opt, net = 0;

	/* in getopt()'s messages */
	argv[0] = program_invocation_short_name;
	optind = 1;
	while ((opt = getopt_long(argc, argv, "i:n:Vh46", longs, NULL)) != -1) {
		if (opt == 'h') {
			fputs(usage, stdout);
			return NA_OK;
		}
		if (opt == 'V')
			return version();
		if (opt == '?') {
			/* getopt() has said what is wrong */
			fputs("Try nft-quic --help.\n", stderr);
			return NA_ERRORS;
		}
		if (!strchr(c->takes, opt))
			return wrong(c->name, " does not take this option");
		if (opt == 'i' && !number(optarg, &o.interval_s))
			return wrong("no number of seconds: ", optarg);
		if (opt == 'n' && !number(optarg, &o.count))
			return wrong("no number: ", optarg);
		if (!explain_option(&o, opt, optarg))
			return explain_wrong(opt, optarg);
		if (strchr("46", opt) && net && net != opt)
			return wrong("-4 and -6", " exclude each other");
		net = strchr("46", opt) ? opt : net;
		o.json |= opt == 'j';
		o.all |= opt == 'a';
		o.report |= opt == 'r';
		o.http |= opt == 'H';
		if (opt == 'o')
			o.only = o.only ? na_printf("%s,%s", o.only, optarg) : optarg;
	}
	if (o.json && o.report)
		return wrong("--report", " is no JSON");
	if (optind < argc && strchr(c->takes, 'd'))
		o.dir = argv[optind++];
	if (optind < argc)
		return wrong("too many words: ", argv[optind]);
	return c->run(&o);
}

/* Lost output must not look as if it had been written, by the exit status either. */
static int written(int rc)
{
	if (!fflush(stdout) && !ferror(stdout))
		return rc;
	fprintf(stderr, "nft-quic: the output cannot be written: %s\n", strerror(errno));
	return NA_ERRORS;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (!strcmp(word, "-h") || !strcmp(word, "--help")) {
		fputs(usage, stdout);
		return written(NA_OK);
	}
	if (!strcmp(word, "-V") || !strcmp(word, "--version"))
		return argc > 2 ? wrong("too many words: ", argv[2]) : written(version());
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, word))
			return written(run(&commands[i], argc - 1, argv + 1));
	if (*word)
		return wrong("no such command: ", word);
	fputs(usage, stderr);
	return NA_ERRORS;
}
