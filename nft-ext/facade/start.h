/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The start: opens the real library, hooks it and finds out what it can do. */
#ifndef NX_START_H
#define NX_START_H

struct nx_real;

/** nx_start - the real library, made ready on the first call; safe in any thread */
const struct nx_real *nx_start(void);

#endif /* NX_START_H */
