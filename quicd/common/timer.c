// SPDX-License-Identifier: GPL-2.0-or-later
#include "timer.h"

#include <errno.h>
#include <stdlib.h>

void timerq_init(struct timerq *q)
{
	*q = (struct timerq){0};
}

void timerq_free(struct timerq *q)
{
	free(q->heap);
	timerq_init(q);
}

static void put(struct timerq *q, size_t i, struct timer *t)
{
	q->heap[i] = t;
	t->pos = i + 1;
}

static void sift_up(struct timerq *q, size_t i)
{
	struct timer *t = q->heap[i];

	while (i > 0) {
		size_t parent = (i - 1) / 2;

		if (q->heap[parent]->at <= t->at)
			break;
		put(q, i, q->heap[parent]);
		i = parent;
	}
	put(q, i, t);
}

static void sift_down(struct timerq *q, size_t i)
{
	struct timer *t = q->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= q->n)
			break;
		if (child + 1 < q->n && q->heap[child + 1]->at < q->heap[child]->at)
			child++;
		if (t->at <= q->heap[child]->at)
			break;
		put(q, i, q->heap[child]);
		i = child;
	}
	put(q, i, t);
}

void timer_cancel(struct timerq *q, struct timer *t)
{
	size_t i;

	if (!t->pos)
		return;
	i = t->pos - 1;
	t->pos = 0;
	if (i == --q->n)
		return;
	put(q, i, q->heap[q->n]);
	sift_up(q, i);
	sift_down(q, i);
}

int timer_set(struct timerq *q, struct timer *t, uint64_t at)
{
	if (at == TIMER_NEVER) {
		timer_cancel(q, t);
		return 0;
	}
	if (t->pos) {
		size_t i = t->pos - 1;

		if (t->at == at)
			return 0;
		t->at = at;
		sift_up(q, i);
		sift_down(q, t->pos - 1);
		return 0;
	}
	if (q->n == q->cap) {
		size_t cap = q->cap ? q->cap * 2 : 64;
		struct timer **heap = realloc(q->heap, cap * sizeof(*heap));

		if (!heap)
			return -ENOMEM;
		q->heap = heap;
		q->cap = cap;
	}
	t->at = at;
	put(q, q->n++, t);
	sift_up(q, q->n - 1);
	return 0;
}

uint64_t timerq_next(const struct timerq *q)
{
	return q->n ? q->heap[0]->at : TIMER_NEVER;
}

void timerq_run(struct timerq *q, uint64_t now)
{
	while (q->n && q->heap[0]->at <= now) {
		struct timer *t = q->heap[0];

		timer_cancel(q, t);
		t->fn(t);
	}
}
