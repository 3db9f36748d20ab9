/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream socket whose clients ask for the state of the service and get one answer: by a line
 * ("status", "metrics") or an HTTP request at the control socket, by HTTP/1.1 alone over TCP.
 */
#ifndef QUICD_QUERY_H
#define QUICD_QUERY_H

#include "../common/list.h"
#include "../common/loop.h"
#include "server.h"

struct query {
	struct io io;
	struct server *server;
	struct loop *loop;
	struct timer retry; /* of accepting, when there are no descriptors */
	struct list clients;
	size_t nclients;
	bool http_only;
};

#define QUERY_BACKLOG 16

/* Takes over @fd, which listens. 0 or -errno; @fd is then still the caller's. */
int query_open(struct query *q, struct server *s, struct loop *l, int fd, bool http_only);
/* Closes all. */
void query_close(struct query *q);

#endif
