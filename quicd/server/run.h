/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of the process. */
#ifndef QUICD_RUN_H
#define QUICD_RUN_H

#include "config.h"

/* Runs the service until it is told to end. Returns 0, or -errno after saying why. */
int run_service(const struct config *c, char *const *argv);

/* Loads all that a start would load, and frees it. Returns the same. */
int run_check(const struct config *c);

#endif
