/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by quicgen's commands: entry points, and the options that describe a client. */
#ifndef QUICGEN_H
#define QUICGEN_H

#include <getopt.h>
#include "shape.h"

int cmd_send(int argc, char **argv);
int cmd_recv(int argc, char **argv);
int cmd_flood(int argc, char **argv);

/**
 * struct client_options - the options that say what a client's first flight looks like
 * @shape:	built by client_shape()
 * @hello:	names and size of the ClientHello
 * @patch:	"OFFSET=HEX" to write over it, or NULL
 * @split:	into so many datagrams, where none are given
 * @order:	"2,1,3": their order; NULL as they are
 */
struct client_options {
	struct shape *shape;
	struct qt_chello hello;
	const char *patch[8];
	unsigned int patches;
	unsigned int split;
	const char *order;
};

#define CLIENT_OPTS                                                                                \
	{"version", 1, NULL, 'V'}, {"sni", 1, NULL, 's'}, {"sni-hex", 1, NULL, 'S'},               \
		{"alpn", 1, NULL, 'a'}, {"ech", 0, NULL, 'e'}, {"size", 1, NULL, 'z'},             \
		{"names-last", 0, NULL, 'L'}, {"patch", 1, NULL, 'p'}, {"dcid", 1, NULL, 'd'},     \
		{"scid", 1, NULL, 'c'}, {"datagram", 1, NULL, 'D'}, {"split", 1, NULL, 'n'},       \
		{"order", 1, NULL, 'o'}

/** client_init - what stands where no option says otherwise */
void client_init(struct client_options *c, struct shape *shape);

/** client_option - take an option of CLIENT_OPTS; false if it is not one */
bool client_option(struct client_options *c, int opt, const char *arg);

/** client_shape - build the ClientHello; @nth client has a DCID of its own unless one was given */
void client_shape(struct client_options *c, unsigned int nth);

/**
 * client_datagrams - what a client sends
 * @c:		the client, after client_shape()
 * @texts:	the language of shape.h; if there are none, the hello in @c->split datagrams
 * @n:		how many texts
 * @out:	room for DATAGRAMS_MAX
 *
 * Return: how many datagrams. The caller frees their bytes.
 */
#define DATAGRAMS_MAX 64
unsigned int client_datagrams(const struct client_options *c, char **texts, unsigned int n,
			      struct datagram *out);

/** option_number - an option's number within limits; ends the program otherwise */
unsigned long option_number(const char *text, const char *name, unsigned long min,
			    unsigned long max);

#endif /* QUICGEN_H */
