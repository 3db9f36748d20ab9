/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two samples of the counters in /run, so that status can say what came in the last minutes. */
#ifndef NA_HISTORY_H
#define NA_HISTORY_H

#include "host.h"

/* @at in seconds since boot; 0 if there is no sample. */
struct na_sample {
	double at;
	struct na_counts counts;
};

/* [0] is the older one. */
struct na_history {
	struct na_sample sample[2];
};

#define NA_HISTORY_STEP 300 /* seconds between samples */
#define NA_HISTORY_MAX	900 /* an older one is of no use */

/** na_history_parse() - both samples from a file's text */
void na_history_parse(struct na_history *hist, const char *text);

/** na_history_print() - the text that na_history_parse() reads; the caller frees it */
char *na_history_print(const struct na_history *hist);

/** na_history_base() - the sample to compare @now with; NULL if there is none that fits */
const struct na_sample *na_history_base(const struct na_history *hist, const struct na_sample *now);

/** na_history_add() - remember @now, if the newest sample is old enough; false if it is not */
bool na_history_add(struct na_history *hist, const struct na_sample *now);

/** na_history_recent() - how long ago the sample was that is now in @then; 0 if there is none. Adds
 * this one. */
double na_history_recent(const struct na_counts *counts, struct na_counts *then);

#endif
