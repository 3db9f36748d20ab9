/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event loop of one thread: epoll for descriptors, a heap for timers. */
#ifndef QUICD_LOOP_H
#define QUICD_LOOP_H

#include <stdint.h>
#include <sys/epoll.h>

#include "timer.h"

#define LOOP_BATCH 64

struct io {
	int fd;
	uint32_t events; /* EPOLLIN, EPOLLOUT; level triggered */
	void (*fn)(struct io *io, uint32_t events);
};

struct loop {
	int epfd;
	struct timerq timers;
	/* Events of the round in progress: loop_del() strikes out what it removes. */
	struct epoll_event batch[LOOP_BATCH];
	int nbatch;
};

/* Each returns 0 or -errno. */
int loop_init(struct loop *l);
void loop_free(struct loop *l);
int loop_add(struct loop *l, struct io *io, int fd, uint32_t events);
int loop_mod(struct loop *l, struct io *io, uint32_t events);
/* Stops watching; the descriptor stays open. No event of @io is delivered after this. */
void loop_del(struct loop *l, struct io *io);

/* Waits for events or the next timer, at most @max_wait nanoseconds, and runs what is due. */
int loop_once(struct loop *l, uint64_t max_wait);

#endif
