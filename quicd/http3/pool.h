/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A worker's state for mode http3: idle connections to the upstream. */
#ifndef QUICD_POOL_H
#define QUICD_POOL_H

#include <stdbool.h>

struct upstream_pool;
struct worker;

/* False if quicd was built without llhttp: there is no reverse proxy then. */
bool upstream_available(void);

struct upstream_pool *upstream_pool_new(struct worker *w);
/* After all connections of the worker have ended. */
void upstream_pool_free(struct upstream_pool *p);

#endif
