/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection to the HTTP/1.1 upstream. It serves one request at a time and then, if
 * both sides keep it alive, waits in its worker's pool for the next.
 */
#ifndef QUICD_UPSTREAM_H
#define QUICD_UPSTREAM_H

#include "../common/loop.h"
#include "../modes/backends.h"
#include "h1req.h"
#include "h3.h"
#include "upparse.h"

struct upstream {
	struct io io;	  /* fd < 0: no socket (yet) */
	bool watched;	  /* io is in the loop */
	struct list idle; /* in the pool */
	struct upstream_pool *pool;
	struct timer timer;
	uint64_t last_active; /* a byte moved, on either side */
	struct backend_pick pick;
	const struct backend_addrs *addrs; /* of the backend that it is of, or that is tried */
	int addr_next;			   /* of these */
	struct h3_req *req;		   /* NULL while idle */
	bool connected;
	unsigned int failed; /* no address could be reached; the timer will give this status */
	bool reused;	     /* from the pool: it may have been closed meanwhile */

	struct chunkq out; /* the request as it goes to the wire */
	bool write_blocked;
	enum h1_framing framing; /* of the request body */
	uint64_t body_left;	 /* H1_LENGTH: bytes that are still to come */
	bool request_done;	 /* all of it is in out */
	bool body_begun;	 /* some of the request body was taken: no second try */
	bool broken;		 /* it stopped reading in the middle of the request */

	struct upparse answer;
	bool any_answer; /* at least one byte came back */
};

/* A worker's connections: those that wait for a request. */
struct upstream_pool {
	struct worker *worker;
	struct list idle;
	size_t nidle;
};

struct upstream_pool *upstream_pool_new(struct worker *w);
/* After all connections of the worker were freed. @pool may be NULL. */
void upstream_pool_free(void *pool);

/*
 * A connection for @r, from the pool or new; NULL: out of memory. If it cannot be made,
 * proxy_failed() is called later, from the loop.
 */
struct upstream *upstream_get(struct upstream_pool *p, struct h3_req *r);
/* Writes the bytes in out and those that proxy_refill() adds. */
void upstream_push(struct upstream *u);
/* A byte moved on the client's side: it may be the other side's turn now. */
void upstream_touch(struct upstream *u);
/* Tells the loop what to wait for, after anything that may change that. */
void upstream_watch(struct upstream *u);
/* The request is over: keeps the connection if it may be used again. */
void upstream_release(struct upstream *u);
void upstream_close(struct upstream *u);

/* In proxy.c. Fills out with the request body that has come so far. */
void proxy_refill(struct upstream *u);
/* The upstream is of no use any more: answers with @status, or breaks off. Frees @u. */
void proxy_failed(struct upstream *u, unsigned int status);
/* A header, interim or final, is complete. Returns 0, or -1 if it cannot be passed on. */
int proxy_header(struct upstream *u, unsigned int status);
/* The answer is complete. @u is back in the pool or gone. */
void proxy_complete(struct upstream *u);

#endif
