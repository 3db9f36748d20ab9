/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks for types of sets by a run of its own. */
#ifndef NX_PROBE_H
#define NX_PROBE_H

#include "ctx.h"
#include "jwalk.h"

/** nx_probe_typeof - nx_typeof_fn; @arg is a run whose commands are done */
bool nx_probe_typeof(void *arg, const struct nx_set_id *id, bool map, struct nx_buf *key,
		     struct nx_buf *data);

/** nx_probe_sets - have the types of all sets that the kernel has, by a run of their own */
void nx_probe_sets(struct nx_ctx *ctx);

#endif /* NX_PROBE_H */
