// SPDX-License-Identifier: GPL-2.0-or-later
/* quicgen: sends and receives QUIC first flights of any shape, for the tests of the module. */
#include <stdio.h>
#include <string.h>
#include "quicgen.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage;
} commands[] = {
	{"send", cmd_send,
	 "send [CLIENT...] [--source ADDR] [--sport PORT] [--clients N] [--interval MS] [--gso]\n"
	 "       [--fragment] [--hopopts] [--dstopts] [--timeout MS] [--pto MS] [--tries N] "
	 "[--quiet]\n"
	 "       [--to PORT | --silent] [--any-order] ADDR PORT [DATAGRAM...]"},
	{"recv", cmd_recv,
	 "recv [--address ADDR] [--gro] [--server-initial] [--mute] [--quiet] [--for MS] PORT..."},
	{"flood", cmd_flood,
	 "flood [CLIENT...] --from NET/LEN --count N [--for MS] [--rate N] [--seed N] "
	 "[--keep-dcid]\n"
	 "       ADDR PORT [DATAGRAM]"},
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "%s quicgen %s\n", i ? "      " : "usage:", commands[i].usage);
	fprintf(stderr, "CLIENT: --version V --sni NAME --sni-hex HEX --alpn A,B --ech --size N "
			"--names-last\n"
			"        --patch OFFSET=HEX --dcid HEX --scid HEX --datagram N --split N "
			"--order 2,1,3\n"
			"DATAGRAM: see shape.h\n");
	return 2;
}
