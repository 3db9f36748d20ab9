/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_REPORT_H
#define QUICD_REPORT_H

#include <stdio.h>

#include "server.h"

/* The sum of all workers as OpenMetrics, or as text to read. */
void report_metrics(FILE *f, const struct server *s);
void report_status(FILE *f, const struct server *s);

#endif
