/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Upgrade, the side of the running process: starts the new program, hands it the sockets and
 * keys, and gives way when it is ready. If anything goes wrong before, this process continues.
 * handmsg.h has the order of messages. All of this is for the main thread.
 */
#ifndef QUICD_HANDOVER_H
#define QUICD_HANDOVER_H

#include <stdbool.h>

#include "../common/loop.h"
#include "control.h"
#include "metrics.h"
#include "server.h"

struct handover;

/* Calls of the process, whose pointer is @arg. */
struct handover_events {
	void (*state)(void *arg, const char *text); /* for systemd's status line */
	void (*replaced)(void *arg, int pid);	    /* the new process serves */
	void (*drain)(void *arg);		    /* the newest process drains */
	void (*reopen)(void *arg);		    /* it opens its log again */
	void (*gone)(void *arg);		    /* it has ended: no packets will come */
	void *arg;
};

/* @argv: the command line, to start the new program by. Returns NULL without memory. */
struct handover *handover_new(struct server *s, struct loop *l, char *const *argv,
			      const struct handover_events *events);
/* For a process that does not run: gives up what is under way. @h may be NULL. */
void handover_free(struct handover *h);

/* Starts the new program. The log has the outcome. */
void handover_begin(struct handover *h, const struct control *control,
		    const struct metrics *metrics);
/* Gives up what is under way, if anything is. */
void handover_cancel(struct handover *h, const char *why);

#endif
