/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real library's messages, in the user's words and places, with ours beside them. */
#ifndef NX_MESSAGES_H
#define NX_MESSAGES_H

#include <stdbool.h>

struct nx_run;

/**
 * nx_messages_out - pass on the messages that a run has so far
 * @run:	the run
 * @last:	it has ended: with the translator's errors, hints and notes
 */
void nx_messages_out(struct nx_run *run, bool last);

/** nx_messages_warn - print the warnings of a run that went well, if the program is nft itself */
void nx_messages_warn(struct nx_run *run);

#endif /* NX_MESSAGES_H */
