/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a backend connection whose QUIC stream has gone. Data that the client finished in
 * good order is still delivered to the backend. Closing a socket with unread data would send a
 * RST, which may destroy data that the backend has not read yet; so the backend's output is
 * read and thrown away until it ends. Both last some seconds at most. The number and bytes of
 * such sockets are bounded for each worker: at the bound the one that waits longest is broken
 * off.
 */
#ifndef QUICD_LINGER_H
#define QUICD_LINGER_H

#include "../server/worker.h"

/* The lingering sockets of a worker. */
struct linger_set {
	struct worker *worker;
	struct list ends;
	size_t n, bytes;
};

void linger_init(struct linger_set *set, struct worker *w);
/*
 * Takes over @fd, which is in no loop and may still be connecting, and the bytes of @rest
 * (may be NULL), after which the socket's sending side is shut down.
 */
void linger_close(struct linger_set *set, int fd, struct chunkq *rest);
/* Closes all that still linger. */
void linger_free(struct linger_set *set);

#endif
