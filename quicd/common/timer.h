/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timers in a binary heap: set and cancel in O(log n), next expiry in O(1). */
#ifndef QUICD_TIMER_H
#define QUICD_TIMER_H

#include <stdint.h>
#include <stddef.h>

#define TIMER_NEVER UINT64_MAX

struct timer {
	uint64_t at; /* clock_now() time of expiry */
	size_t pos;  /* place in the heap + 1; 0 when not set */
	void (*fn)(struct timer *t);
};

struct timerq {
	struct timer **heap;
	size_t n, cap;
};

void timerq_init(struct timerq *q);
void timerq_free(struct timerq *q);

/* Sets or moves @t to @at; TIMER_NEVER cancels. Returns 0 or -ENOMEM (the timer is then unset). */
int timer_set(struct timerq *q, struct timer *t, uint64_t at);
void timer_cancel(struct timerq *q, struct timer *t);

/* Expiry of the earliest timer, or TIMER_NEVER. */
uint64_t timerq_next(const struct timerq *q);

/* Runs every timer that is due at @now. A timer is unset before its function is called. */
void timerq_run(struct timerq *q, uint64_t now);

#endif
