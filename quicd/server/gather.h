/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that come one by one are answered several at a time: waking and each system call cost as
 * much as a small answer. So a worker's round with little to do makes the next one begin a
 * little later. No clock, no system call: a worker has the time, and sleeps.
 */
#ifndef QUICD_GATHER_H
#define QUICD_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/clock.h"

/* From the beginning of a round to that of the next one, in nanoseconds. */
#define GATHER_ROUND (300 * NS_PER_US)
/* Most bytes of a round, both ways, after which the next one waits. */
#define GATHER_BYTES 16384
/* Most rounds without waiting, when it was in vain again and again. */
#define GATHER_SELDOM 1023

struct gather {
	bool waited;	      /* the round before has let this one wait */
	unsigned int in_vain; /* grows with each time that nothing was found */
	unsigned int skip;    /* rounds that will not wait */
};

struct gather_round {
	uint64_t begin, end; /* before it waited for events, and when all was done */
	uint64_t bytes;	     /* of datagrams, both ways */
	uint64_t streams;    /* that clients have opened */
	bool pressed;	     /* some connection has more to send than it may */
};

/* A round is over. Returns how many nanoseconds are to pass before the next one. */
uint64_t gather_wait(struct gather *g, const struct gather_round *r);

#endif
