/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a backend connection whose QUIC stream has gone. What the client finished in
 * good order still reaches the backend; and since closing a socket with unread data sends
 * a RST, which may destroy what the backend has not read yet, its output is read and
 * thrown away until it ends. Both for some seconds at most, and bounded for each worker: then
 * the one that waits longest is broken off.
 */
#ifndef QUICD_LINGER_H
#define QUICD_LINGER_H

#include "../server/worker.h"

/* The sockets of a worker on their way out. */
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
