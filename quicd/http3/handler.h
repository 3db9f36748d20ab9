/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A handler answers requests. Connections and requests know it only by this structure; the
 * table of all handlers is in handlers.c. It answers by the functions of h3.h.
 */
#ifndef QUICD_HANDLER_H
#define QUICD_HANDLER_H

#include "h3.h"

struct loader;
struct worker;

struct h3_handler {
	/* The file has been read: reports mistakes in its keys (h3conf.h). */
	void (*check)(struct loader *l);

	/* Its state of a worker: h3_req.state. Returns 0 or -errno. Both may be NULL. */
	int (*worker_init)(struct worker *w, void **state);
	/* After all connections of the worker were freed. @state may be NULL. */
	void (*worker_free)(void *state);

	/*
	 * True if the request is this handler's. NULL in the last of the table, which takes
	 * all others.
	 */
	bool (*takes)(const struct h3_req *r);
	/*
	 * The header is there, and perhaps a part of the body. Returns 0, or -1 to end the
	 * connection. With h3_req.work set the handler is told of all that follows.
	 */
	int (*start)(struct h3_req *r);
	/* More of the request body is in r->in, or its end. NULL: the body is not wanted. */
	void (*input)(struct h3_req *r);
	/* nghttp3 asks for bytes: adds to r->body those that there is room for. May be NULL. */
	void (*fill)(struct h3_req *r);
	/* The client acknowledged bytes of r->body: there is room again. */
	void (*room)(struct h3_req *r);
	/* The request is gone or was reset: frees h3_req.work and clears it. */
	void (*cancel)(struct h3_req *r);
};

/* Over the table of handlers. */
void h3_handlers_check(struct loader *l);
int h3_worker_init(struct worker *w);
void h3_worker_free(struct worker *w);
/* Finds the handler of a request whose header is there. */
void h3_choose(struct h3_req *r);

#endif
