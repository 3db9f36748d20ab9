/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_CLOCK_H
#define QUICD_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_DAY (24 * 3600 * NS_PER_S)
#define NS_PER_S   UINT64_C(1000000000)
#define NS_PER_MS  UINT64_C(1000000)
#define NS_PER_US  UINT64_C(1000)

/* Monotonic time in nanoseconds, the clock of ngtcp2 and of all timers. */
static inline uint64_t clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* Wall-clock time in nanoseconds: for tokens, which outlive a restart. */
static inline uint64_t clock_wall(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

#endif
