/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The access log. A worker adds lines to a buffer of its own; a thread takes the buffers, once
 * a second or when one is half full, and writes them. So a slow disk costs lines, which are
 * counted, and never holds up a packet.
 */
#ifndef QUICD_ACCESS_H
#define QUICD_ACCESS_H

#include "accessfmt.h"
#include "config.h"

struct access_log;
struct conn;
struct loader;

/* Opens the log of @c. Returns NULL after saying why, also if it is out of memory. */
struct access_log *access_open(const struct config *c);
/* Starts the thread, when the process has the account that it keeps. 0 or -errno. */
int access_start(struct access_log *a);
/* Opens the file again under its name: it was moved away. */
void access_reopen(struct access_log *a);
/* Lines that could not be written. @a may be NULL. */
uint64_t access_lost(const struct access_log *a);
/* Writes what is left and ends. @a may be NULL. */
void access_close(struct access_log *a);

/* True if the request or stream that ends now, with an error or not, belongs into the log. */
bool access_wanted(struct conn *c, bool error);
/* Adds a line; fills in what the connection knows. */
void access_add(struct conn *c, struct access_entry *e);

/* For confcheck(). */
void access_check(struct loader *l);

#endif
