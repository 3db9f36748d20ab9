/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Standard input to the streams, the first stream to standard output. */
#ifndef QUICC_RELAY_H
#define QUICC_RELAY_H

#include "client.h"

struct stdio_end {
	struct io io;
	bool polled; /* in the loop; a regular file never is, it is always ready */
	bool plain;  /* never blocks, as a file: not in the loop */
	bool shared; /* plain or a terminal: its flags are left alone */
	int old_flags;
	struct client *client;
};

struct relay {
	struct stdio_end in, out;
	struct chunkq outq; /* received, not yet written */
	bool eof;
};

/* Attaches to the client before client_start(). Returns 0 or -errno. */
int relay_init(struct relay *r, struct client *c);
/* Sends and writes as much as possible; called once per round of the loop. */
void relay_turn(struct relay *r);
/* Restores the descriptors' flags. */
void relay_free(struct relay *r);

#endif
