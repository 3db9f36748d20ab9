/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real library's output, translated and passed on. */
#ifndef NX_OUTPUT_H
#define NX_OUTPUT_H

#include <stdbool.h>

struct nx_run;

/** nx_output_all - pass on all that is left of a run; false if it could not be translated */
bool nx_output_all(struct nx_run *run);

/** nx_output_lines - pass on the complete lines of a run that does not end, as of `monitor` */
void nx_output_lines(struct nx_run *run);

#endif /* NX_OUTPUT_H */
