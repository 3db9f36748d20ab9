/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections to backends. */
#ifndef QUICD_BACKEND_H
#define QUICD_BACKEND_H

#include "../common/clock.h"
#include "../server/conn.h"
#include "../server/resolve.h"

/* Pause before another try at a Unix socket whose backlog is full: nothing signals room in it. */
#define BACKLOG_PAUSE (20 * NS_PER_MS)

/*
 * Begins to connect a stream socket to @a. Returns the non-blocking descriptor, which
 * becomes writable when the outcome is known, or -errno; -EAGAIN when there is no room in
 * the backlog of a Unix socket.
 */
int backend_connect(const union addr *a);

/* The outcome of a try, with the reason for a failure in errno. Only changes go to the log. */
void backend_failed(struct conn *c, const struct backend_addrs *addrs);
void backend_worked(struct conn *c);

#endif
