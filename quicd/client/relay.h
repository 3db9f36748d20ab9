/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Standard input to the streams, the first stream of each connection to standard output: as it
 * comes, or in lines with a label if there are several connections.
 */
#ifndef QUICC_RELAY_H
#define QUICC_RELAY_H

#include "client.h"

struct stdio_end {
	struct io io;
	bool polled; /* in the loop; a regular file never is, it is always ready */
	bool plain;  /* never blocks, as a file: not in the loop */
	bool shared; /* plain or a terminal: its flags are left alone */
	int old_flags;
	struct loop *loop;
};

struct relay {
	struct stdio_end in, out;
	struct net *net;
	struct relay_line {
		uint8_t *data; /* received, without an end so far */
		size_t len;
		size_t owed; /* credit to be given when the output was written */
	} *line;	     /* of each connection, if there are several */
	struct chunk_pool pool;
	struct chunkq outq; /* received, not yet written */
	bool eof;
};

/* Attaches to the connections before client_start(). Returns 0 or -ENOMEM. */
int relay_init(struct relay *r, struct net *net);
/* Some input can be read without waiting, and is wanted. */
bool relay_ready(const struct relay *r);
/* Several connections: all lines were written. A single one does not end before that. */
bool relay_empty(const struct relay *r);
/* Sends and writes as much as possible; called once per round of the loop. */
void relay_turn(struct relay *r);
/* Restores the descriptors' flags. */
void relay_free(struct relay *r);

#endif
