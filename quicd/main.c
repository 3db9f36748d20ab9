// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../include/module_version.h"
#include "common/log.h"
#include "common/quicver.h"
#include "modes/modes.h"
#include "server/config.h"
#include "server/control.h"
#include "server/run.h"

#define EXIT_USAGE 2

static void usage(FILE *f)
{
	fputs("usage: quicd -c FILE [--check-config | --status | --metrics]\n"
	      "  -c, --config FILE  the service's configuration, quicd.conf(5)\n"
	      "      --check-config read it and the certificates, report mistakes, exit\n"
	      "      --status       print the state of the running service\n"
	      "      --metrics      print its counters as OpenMetrics\n"
	      "  -V, --version      print versions, exit\n"
	      "  -h, --help         this text\n",
	      f);
}

enum action {
	RUN,
	CHECK,
	STATUS,
	METRICS,
};

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"check-config", no_argument, NULL, 'C'},
		{"status", no_argument, NULL, 's'},
		{"metrics", no_argument, NULL, 'm'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *path = NULL;
	enum action action = RUN;
	struct config *c;
	int opt, err = 0;

	log_init("quicd");
	/* GnuTLS would write secrets wherever this says; here only "keylog" may ask for that. */
	unsetenv("SSLKEYLOGFILE");
	while ((opt = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			path = optarg;
			break;
		case 'C':
			action = CHECK;
			break;
		case 's':
			action = STATUS;
			break;
		case 'm':
			action = METRICS;
			break;
		case 'V':
			printf("quicd " NFT_QUIC_VERSION " with ngtcp2 %s, GnuTLS %s; ",
			       ngtcp2_version(0)->version_str, gnutls_check_version(NULL));
			module_version_put(stdout, NFT_QUIC_VERSION);
			putchar('\n');
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (!path || optind != argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	c = config_load(path, modes);
	if (!c)
		return EXIT_FAILURE;
	switch (action) {
	case RUN:
		log_set_level((enum log_level)c->log_level);
		err = run_service(c);
		break;
	case CHECK:
		err = run_check(c);
		if (!err)
			printf("%s: ok\n", path);
		break;
	case STATUS:
		err = control_ask(c, "status");
		break;
	case METRICS:
		err = control_ask(c, "metrics");
		break;
	}
	config_free(c);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
