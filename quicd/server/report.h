/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_REPORT_H
#define QUICD_REPORT_H

#include <stdio.h>

#include "server.h"

/* The sum of all workers as OpenMetrics, or as text to read. */
void report_metrics(FILE *f, const struct server *s);
void report_status(FILE *f, const struct server *s);

/*
 * A label's value (OpenMetrics, ABNF: escaped-string). Octets that are no UTF-8, for which a
 * reader refuses all of the metrics, become \\xHH.
 */
void report_label(FILE *f, const char *text);

#endif
