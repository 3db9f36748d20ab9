/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of datagrams to an earlier process, which this one has replaced and which still has
 * connections. Only the newest process reads from the UDP sockets; what belongs to an earlier
 * one goes to it over a socket pair for each of its workers, with the addresses and ECN bits that
 * came with it. All processes send by themselves.
 *
 * A datagram belongs to an earlier process if its DCID has that one's generation, or is one
 * that a client chose for a connection there.
 */
#ifndef QUICD_LINK_H
#define QUICD_LINK_H

#include <stdatomic.h>
#include <stdbool.h>

#include "../common/loop.h"
#include "../common/udp.h"
#include "handmsg.h"

/* Each process that still runs has a generation of its own; one is the newest's. */
#define LINKS_MAX (CID_GENERATIONS - 1)

struct links;

struct link {
	struct links *links;
	struct cid_format cid;
	int fd[HAND_FDS_MAX]; /* the main thread's, then the workers'; open until links_free() */
	size_t nfds;
	struct io io; /* fd[0], in the loop of the main thread */
	struct hand_cid *cids;
	size_t ncids;
	atomic_bool dead; /* the process has ended */
};

/* Constant while workers run, but for what is atomic. */
struct links {
	struct link link[LINKS_MAX];
	size_t n;
	atomic_uint live;
	struct loop *loop;		 /* of the main thread */
	void (*on_end)(struct links *l); /* one process has ended */
};

/* Where a datagram goes. */
struct link_to {
	struct link *link; /* NULL: it belongs to no earlier process */
	unsigned int worker;
};

/* Takes over the descriptors. Returns 0 or -errno. */
int links_add(struct links *l, const struct cid_format *cid, struct hand_fds *fds);
/* Adds IDs to the link added last; links_sort() must follow. */
int links_add_cids(struct links *l, const struct hand_cid *cid, size_t n);
void links_sort(struct links *l);
/* Notices the end of processes. Returns 0 or -errno. */
int links_watch(struct links *l, struct loop *loop);
/* Of the main thread: closes all; the workers must not use them any more. */
void links_free(struct links *l);
/* Tells all earlier processes something. */
void links_tell(const struct links *l, enum hand_type type);
/* True if a process that still runs has this generation. */
bool links_have(const struct links *l, unsigned int generation);

/*
 * The process that the datagram belongs to, which came to @port (in host order): IDs that an
 * earlier process made have the port that it arrives at. Any worker.
 */
struct link_to links_find(struct links *l, const uint8_t *data, size_t len, uint16_t port);
/*
 * Passes @len octets at @data, one or more datagrams of @m, on; @bound is the address of
 * the socket. Returns false if they are lost.
 */
bool link_pass(struct link_to to, const struct udp_sock *s, const struct udp_msg *m,
	       const uint8_t *data, size_t len);

/* The other end, in the earlier process: reads one message into @b as if from a socket. */
struct link_from {
	union addr bound; /* of the socket that it came from */
	struct udp_msg msg;
};

/* Makes the socket pair of a worker: @fds[0] is the end to read from. Returns 0 or -errno. */
int link_pair(int fds[2], int bytes);
/* Returns 1, 0 if there is nothing to read, or -EPIPE: the newest process has ended. */
int link_read(int fd, struct link_from *f, uint8_t *buf, size_t size);

#endif
