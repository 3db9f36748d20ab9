/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The service's long-lived secret, for stateless resets and address tokens. */
#ifndef QUICD_SECRET_H
#define QUICD_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

#define SECRET_LEN 32

struct secret {
	uint8_t reset[SECRET_LEN]; /* stateless reset tokens (RFC 9000, 10.3.2) */
	uint8_t token[SECRET_LEN]; /* Retry and NEW_TOKEN tokens (RFC 9000, 8.1) */
};

/*
 * Reads the secret-file of @c, or makes it (mode 0600) if @may_create. Without one the
 * secret lives as long as the process. Logs the reason and returns -errno on failure.
 */
int secret_load(struct secret *s, const struct config *c, bool may_create);
/* False if it lives only in the process. */
bool secret_has_file(const struct config *c);

#endif
