/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From datagrams to connections, and the answers that need no connection. */
#ifndef QUICD_ENDPOINT_H
#define QUICD_ENDPOINT_H

#include "worker.h"

/* Opens socket number @index of the configuration for worker @w. Returns 0 or -errno. */
int endpoint_init(struct endpoint *ep, struct worker *w, size_t index);
/* A socket of earlier processes, which it takes over also on failure: their packets come in there.
 */
int endpoint_init_extra(struct endpoint *ep, struct worker *w, int fd);
/* Closes such a one before the end. */
void endpoint_drop_extra(struct endpoint *ep);
void endpoint_free(struct endpoint *ep);

/* Stops reading, or begins again. */
void endpoint_hold(struct endpoint *ep, bool held);
/* Reads what the newest process passes on. Returns false at its end. */
bool endpoint_read_link(struct worker *w, int fd);

/*
 * Sends a train of datagrams, or keeps it until the socket takes more; while
 * ep->blocked is set nothing may be sent.
 */
void endpoint_send(struct endpoint *ep, const union addr *local, const union addr *remote,
		   uint8_t ecn, const uint8_t *data, size_t len, size_t segment);

#endif
