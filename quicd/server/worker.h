/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker: one thread with its own sockets, event loop and connections. Workers share
 * nothing that packets touch; other threads reach one only through its mailbox.
 */
#ifndef QUICD_WORKER_H
#define QUICD_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "../common/chunkq.h"
#include "../common/loop.h"
#include "../common/udp.h"
#include "cid.h"
#include "cidmap.h"
#include "server.h"
#include "stats.h"

struct worker;

/* A whole train, and room after it for a packet that turns out not to fit. */
#define TXBUF_LEN (2 * UDP_BUF)

/* One UDP socket of a worker, with the datagrams that it could not send yet. */
struct endpoint {
	struct io io;
	struct udp_sock sock;
	struct worker *worker;
	struct cid_format cid; /* of the connections that begin here */
	bool blocked;	       /* the train below waits for EPOLLOUT */
	struct {
		union addr local, remote;
		uint8_t ecn;
		size_t len, segment;
		uint8_t data[UDP_BUF];
	} train;
};

struct worker {
	unsigned int id;
	struct server *server;
	pthread_t thread;
	struct loop loop;
	struct endpoint *endpoint;
	size_t nendpoints;
	struct cidmap cids;
	struct list conns; /* struct conn.of_worker */
	struct list dirty; /* connections with something to write in this round */
	struct chunk_pool pool;
	struct tls *tls; /* of new connections */
	struct stats stats;
	struct udp_batch *batch;
	uint8_t *txbuf; /* TXBUF_LEN */
	bool draining;
	uint64_t serial;		    /* of the connection made last */
	void *mode_data;		    /* the mode's own */
	uint64_t reset_window, reset_count; /* rate limit of stateless resets */

	/* Mailbox: written by the main thread, taken by the worker after it was woken. */
	struct io wake;
	_Atomic(struct tls *) new_tls;
	atomic_bool drain, stop;
	/* Read by the main thread. */
	_Atomic uint64_t heartbeat; /* rounds of the loop */
	atomic_bool done;
};

/* Opens the sockets of worker @id. Logs the reason and returns -errno on failure. */
int worker_init(struct worker *w, struct server *s, unsigned int id, struct tls *tls);
int worker_start(struct worker *w);
/* The worker must have stopped. Frees all its connections. */
void worker_free(struct worker *w);

/* From the main thread: turn the loop once. */
void worker_wake(struct worker *w);
/* From the main thread: new certificates (takes over the reference), drain, stop. */
void worker_post_tls(struct worker *w, struct tls *tls);
void worker_post_drain(struct worker *w);
void worker_post_stop(struct worker *w);

#endif
