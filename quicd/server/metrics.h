/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters over TCP, for a monitoring system: HTTP/1.1, path /metrics. */
#ifndef QUICD_METRICS_H
#define QUICD_METRICS_H

#include "../common/loop.h"
#include "server.h"

struct loader;
struct metrics;

/* Listens at the addresses of config->metrics. Logs the reason and returns NULL on failure. */
struct metrics *metrics_open(struct server *s, struct loop *l);
void metrics_close(struct metrics *m);

/* For keytab.c and confcheck(). */
int metrics_parse(void *cfg, const char *value, int line, char *why);
void metrics_check(struct loader *l);

#endif
