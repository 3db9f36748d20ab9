// SPDX-License-Identifier: GPL-2.0-or-later
/* quic-inspect: what nftables rules with `quic` will see in a capture. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../include/module_version.h"
#include "capture.h"
#include "inspect.h"
#include "output.h"

#define QI_EXIT_FAILURE 1
#define QI_EXIT_USAGE	2

/* At most some 70 MB of half ClientHellos, 10 MB of memories and 5 MB of fragments. */
#define QI_GATHERING_MAX  4096
#define QI_SETTLED_MAX	  65536
#define QI_FRAGMENTED_MAX 64

/*
 * Nobody who reads a file sees that a line is late, and who watches an interface waits a little if
 * no server answers. A Retry comes after one round trip.
 */
#define QI_PATIENCE_S	   3
#define QI_PATIENCE_LIVE_S 1

static const char qi_usage[] =
	"Usage: quic-inspect [-j] [-f FILTER] CAPTURE...\n"
	"       quic-inspect [-j] [-f FILTER] -i INTERFACE\n"
	"Show the version, server name and protocols of each QUIC connection.\n"
	"\n"
	"  CAPTURE                a pcap or pcapng file, - for standard input\n"
	"  -i, --interface=NAME   capture on this interface until SIGINT\n"
	"  -f, --filter=FILTER    only packets that match, see pcap-filter(7)\n"
	"  -j, --json             one JSON object a line\n"
	"  -h, --help             show this\n"
	"  -V, --version          show the version\n";

struct qi_options {
	const char *interface;
	const char *filter;
	bool json;
};

/* The running program: where frames go to and lines come from. */
struct qi_program {
	struct qi_flows *flows;
	struct qi_frags *frags;
	bool json, flush;
	int error; /* of the output */
};

/* Somebody may wait for a line while standard input is silent, and then no clock is looked at. */
static unsigned int qi_patience(const struct qi_options *options, char **files)
{
	if (options->interface)
		return QI_PATIENCE_LIVE_S;
	for (; *files; files++)
		if (!strcmp(*files, "-"))
			return 0;
	return QI_PATIENCE_S;
}

static void qi_on_signal(int number)
{
	(void)number;
	qi_capture_stop();
}

static void qi_on_flow(void *arg, const struct qi_flow *flow)
{
	struct qi_program *program = arg;

	if (program->error)
		return;
	program->error =
		program->json ? qi_output_json(stdout, flow) : qi_output_text(stdout, flow);
	if (!program->error && program->flush && fflush(stdout))
		program->error = -EIO;
}

static void qi_on_idle(void *arg)
{
	struct qi_program *program = arg;

	qi_flows_expire(program->flows, time(NULL));
}

static int qi_on_frame(void *arg, int dlt, const unsigned char *data, size_t len, time_t when)
{
	struct qi_program *program = arg;
	int err = qi_inspect_frame(program->flows, program->frags, dlt, data, len, when);

	return err ? err : program->error;
}

/* Return: -1 to continue, else the exit status. */
static int qi_parse_options(int argc, char **argv, struct qi_options *options)
{
	static const struct option known[] = {
		{"interface", required_argument, NULL, 'i'},
		{"filter", required_argument, NULL, 'f'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "i:f:jhV", known, NULL)) != -1) {
		switch (c) {
		case 'i':
			options->interface = optarg;
			break;
		case 'f':
			options->filter = optarg;
			break;
		case 'j':
			options->json = true;
			break;
		case 'h':
			fputs(qi_usage, stdout);
			return fflush(stdout) ? QI_EXIT_FAILURE : 0;
		case 'V':
			fputs("quic-inspect (nft-quic) " NFT_QUIC_VERSION "; ", stdout);
			module_version_put(stdout, NFT_QUIC_VERSION);
			putchar('\n');
			return fflush(stdout) ? QI_EXIT_FAILURE : 0;
		default: /* getopt_long() has said what is wrong */
			fputs("Try 'quic-inspect --help'.\n", stderr);
			return QI_EXIT_USAGE;
		}
	}
	if (options->interface ? optind < argc : optind == argc) {
		fprintf(stderr, "quic-inspect: %s\n%s",
			options->interface ? "a capture file and -i exclude each other"
					   : "no capture file and no interface given",
			"Try 'quic-inspect --help'.\n");
		return QI_EXIT_USAGE;
	}
	return -1;
}

/* Read one source. Return: false if there is no point in reading others. */
static bool qi_read(struct qi_program *program, const struct qi_source *source, int *status)
{
	int err = qi_capture_run(source, qi_on_frame, program);

	if (!err)
		return true;
	*status = QI_EXIT_FAILURE;
	if (err == -ENOMEM)
		fprintf(stderr, "quic-inspect: %s: %s\n", source->name, strerror(ENOMEM));
	return err != -ENOMEM && !program->error;
}

static int qi_run(struct qi_program *program, const struct qi_options *options, char **files)
{
	struct qi_source source = {
		.name = options->interface,
		.live = options->interface != NULL,
		.filter = options->filter,
		.idle = qi_on_idle,
	};
	int status = 0;

	program->flush = source.live;
	if (source.live) {
		qi_read(program, &source, &status);
	} else {
		for (; *files; files++) {
			source.name = *files;
			program->flush = !strcmp(source.name, "-");
			if (!qi_read(program, &source, &status))
				break;
		}
	}
	qi_flows_flush(program->flows);
	if (!program->error && fflush(stdout))
		program->error = -EIO;
	if (program->error) {
		fputs("quic-inspect: cannot write the output\n", stderr);
		status = QI_EXIT_FAILURE;
	}
	return status;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = qi_on_signal};
	struct qi_options options = {0};
	struct qi_program program = {0};
	int status = qi_parse_options(argc, argv, &options);

	if (status >= 0)
		return status;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);

	program.json = options.json;
	program.flows = qi_flows_new(QI_GATHERING_MAX, QI_SETTLED_MAX,
				     qi_patience(&options, argv + optind), qi_on_flow, &program);
	program.frags = qi_frags_new(QI_FRAGMENTED_MAX);
	if (program.flows && program.frags) {
		status = qi_run(&program, &options, argv + optind);
	} else {
		fprintf(stderr, "quic-inspect: %s\n", strerror(ENOMEM));
		status = QI_EXIT_FAILURE;
	}
	qi_frags_free(program.frags);
	qi_flows_free(program.flows);
	return status;
}
