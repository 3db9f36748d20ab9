/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State that the process and its workers share. */
#ifndef QUICD_SERVER_H
#define QUICD_SERVER_H

#include <stdatomic.h>
#include <stdint.h>

#include "config.h"
#include "secret.h"
#include "stats.h"
#include "tls.h"

struct access_log;
struct worker;

struct server {
	const struct config *config;
	struct secret secret;
	struct tls_shared *tls_shared;
	struct tls *tls;	   /* loaded last; of the main thread */
	struct access_log *access; /* NULL: none is written */
	struct worker **workers;   /* config->workers of them; constant once they run */
	uint8_t map_key[16];	   /* of the connection tables */

	/* Counted by all workers, compared with the limits. */
	atomic_uint conns, half_open;
	/*
	 * The backend was unreachable at the last try: only changes are logged, not every
	 * stream.
	 */
	atomic_bool backend_down;
};

#endif
