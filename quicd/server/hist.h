/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histograms of requests and streams: how long, how large, by outcome. */
#ifndef QUICD_HIST_H
#define QUICD_HIST_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

/* Requests: the status by 100, 0 without an answer. Streams: enum access_end. */
#define HIST_CLASSES 6
#define HIST_BUCKETS 16 /* at most, that without a bound included */

enum hist_kind {
	HIST_DURATION, /* ns */
	HIST_SENT,     /* bytes */
	HIST_RECEIVED,
	HIST_KINDS,
};

struct hist {
	_Atomic uint64_t bucket[HIST_BUCKETS]; /* each by itself, not added up */
	_Atomic uint64_t sum;
};

/* As struct stats: one thread writes. */
struct hist_set {
	struct hist of[HIST_CLASSES][HIST_KINDS];
};

void hist_add(struct hist_set *h, unsigned int class, enum hist_kind kind, uint64_t value);
void hist_sum(struct hist_set *to, const struct hist_set *from);
/* As OpenMetrics; @label is that of the service, as it stands in every sample. */
void hist_print(FILE *f, const struct hist_set *h, const char *label, int requests);

#endif
