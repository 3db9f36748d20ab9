/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker: one thread with its own sockets, event loop and connections. Workers share
 * nothing that packets touch; other threads reach one only through its mailbox.
 */
#ifndef QUICD_WORKER_H
#define QUICD_WORKER_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "../common/chunkq.h"
#include "../common/loop.h"
#include "../common/udp.h"
#include "cid.h"
#include "cidmap.h"
#include "gather.h"
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
	union addr key;	       /* as configured, which may be port 0 */
	unsigned int slot;     /* its place among the sockets of that address */
	bool extra;	       /* of earlier processes: not of the configuration, or one too many */
	bool held;	       /* another process reads */
	bool blocked;	       /* the train below waits for EPOLLOUT */
	struct {
		union addr local, remote;
		uint8_t ecn;
		size_t len, segment;
		uint8_t data[UDP_BUF];
	} train;
};

/* The process that reads from the sockets. */
enum worker_hold {
	HOLD_OFF, /* this process */
	HOLD_ON,  /* nobody for now; datagrams wait in the kernel */
	HOLD_GONE /* a newer process, for good */
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
	size_t pressed; /* connections with more to send than could be */
	struct gather gather;
	bool replaced; /* a newer process has the sockets; what is left comes by @link */
	struct io link;
	uint64_t retry_until; /* clients may answer a Retry of this worker */
	uint64_t quiet_next;  /* when connections without a stream are looked for again */
	uint64_t serial;      /* of the connection made last */
	void *mode_data;      /* the mode's own */
	uint64_t reset_window, reset_count; /* rate limit of stateless resets */

	/* Mailbox: written by the main thread, taken by the worker after it was woken. */
	struct io wake;
	_Atomic(struct tls *) new_tls;
	atomic_bool drain, stop;
	_Atomic(enum worker_hold) hold;
	atomic_int new_link;	 /* to read from while held, or -1: taken */
	sem_t held;		 /* posted when HOLD_ON has been done */
	struct hand_cid *chosen; /* IDs that clients chose, when it was held */
	size_t nchosen;
	/* Read by the main thread. */
	_Atomic uint64_t heartbeat; /* rounds of the loop */
	atomic_bool done;
};

/* Opens the sockets of worker @id. Logs the reason and returns -errno on failure. */
int worker_init(struct worker *w, struct server *s, unsigned int id, struct tls *tls);
/* The account of the service gets the sockets, so that a later process may add to them. */
int worker_give_sockets(struct worker *const *workers, unsigned int n);
/* Of the last worker: lets the kernel steer packets to workers. Logs why it cannot. */
int worker_steer(struct worker *w);
int worker_start(struct worker *w);
/* The worker must have stopped. Frees all its connections. */
void worker_free(struct worker *w);

/* From the main thread: turn the loop once. */
void worker_wake(struct worker *w);
/* From the main thread: new certificates (takes over the reference), drain, stop. */
void worker_post_tls(struct worker *w, struct tls *tls);
void worker_post_drain(struct worker *w);
void worker_post_stop(struct worker *w);
/*
 * From the main thread: the worker stops reading from its sockets, fills in @chosen and reads
 * from @link_fd. Returns 0, or -ETIMEDOUT if the worker hangs.
 */
int worker_hold(struct worker *w, int link_fd);
/* It reads again as before, and closes its link; or it never will again. */
void worker_release(struct worker *w, enum worker_hold hold);

#endif
