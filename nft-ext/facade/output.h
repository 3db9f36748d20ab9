/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output of the real library once quic is in play, translated and passed on.
 *
 * Output leaves in pieces, as soon as one is complete. Errors wait for their last line. Neither
 * overtakes the other: who writes lets the other out first.
 */
#ifndef NX_OUTPUT_H
#define NX_OUTPUT_H

#include <stdbool.h>

struct nx_run;

/** nx_output_begin - take what the library writes in this run */
void nx_output_begin(struct nx_run *run);

/** nx_output_end - pass on all that is left, if @good; false if it could not be translated */
bool nx_output_end(struct nx_run *run, bool good);

#endif /* NX_OUTPUT_H */
