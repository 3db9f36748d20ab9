/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Section [http3] of the configuration. */
#ifndef QUICD_H3CONF_H
#define QUICD_H3CONF_H

#include <stdint.h>

#include "../server/mode.h"
#include "../modes/backends.h"
#include "h3rules.h"

struct mime;

struct h3_conf {
	/* Files. */
	char *root, *index; /* root: NULL: no files are served */
	int root_fd;
	char *mime_types;
	bool precompressed;
	struct mime *mime; /* NULL: only the built-in types */

	struct h3_rules rules;

	/* The reverse proxy. */
	struct backends backends; /* n == 0: no proxy */
	char *upstream_path;
	uint64_t upstream_timeout, connect_timeout, idle_timeout; /* ns */
};

extern const struct mode_conf h3_section;

#endif
