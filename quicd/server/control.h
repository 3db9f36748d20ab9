/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: a Unix stream socket that answers one line, "status" or "metrics",
 * or an HTTP GET of /metrics, and closes.
 */
#ifndef QUICD_CONTROL_H
#define QUICD_CONTROL_H

#include "../common/loop.h"
#include "server.h"

struct control;

/* Listens at config->control. Logs the reason and returns NULL on failure. */
struct control *control_open(struct server *s, struct loop *l);
/* The listening socket, for another process; -1 if there is none. */
int control_fd(const struct control *c);
/* The process that had it before has given way: the socket's file is this one's to remove. */
void control_own(struct control *c);
/* Another process has it now: accepts no more. */
void control_leave(struct control *c);
/* Removes the socket's file as far as the process may. */
void control_close(struct control *c);

/* Client side: sends @command to the service of @config, prints the answer. 0 or -errno. */
int control_ask(const struct config *config, const char *command);

#endif
