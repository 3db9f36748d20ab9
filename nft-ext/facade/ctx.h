/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The facade's state for each nft context.
 *
 * The handle that callers hold is the real library's own; what belongs to it is found in a
 * table. As with libnftables, one context is used by one thread at a time; only the table
 * is shared, under a lock of its own.
 */
#ifndef NX_CTX_H
#define NX_CTX_H

#include <stdbool.h>
#include <stdio.h>

#include "buf.h"
#include "map.h"
#include "slots.h"

struct nft_ctx;
struct nx_run;
struct nx_ctx;

/**
 * struct nx_stream - output or errors of a context
 * @ctx:	the context
 * @user:	where the caller wants the text
 * @cookie:	what the real library writes to, once the context is diverted or @buffered
 * @raw:	text that it has written and that is not translated yet
 * @pass:	of a run: takes what is written; NULL: @raw does
 * @kept:	what the caller will fetch, if @buffered
 * @buffered:	nft_ctx_buffer_output or _error is in force
 * @fetched:	the caller has fetched @kept: the next text begins anew
 */
struct nx_stream {
	struct nx_ctx *ctx;
	FILE *user;
	FILE *cookie;
	struct nx_buf raw;
	void (*pass)(struct nx_run *run, const char *text, size_t len);
	struct nx_buf kept;
	bool buffered;
	bool fetched;
};

/**
 * struct nx_ctx - a context
 * @real:	the real library's handle
 * @out:	output
 * @err:	errors
 * @diverted:	the real library has seen quic, and what it writes is translated. Until then it
 *writes to the caller's streams itself, as without us
 * @layouts:	sets with quic keys that the kernel has
 * @slots:	long literals
 * @vars:	"name=value", one after the other, each with its NUL
 * @paths:	include paths, likewise
 * @run:	the run that is under way, or NULL
 */
struct nx_ctx {
	struct nft_ctx *real;
	struct nx_stream out, err;
	bool diverted;
	struct nx_map layouts;
	struct nx_slots slots;
	struct nx_buf vars;
	struct nx_buf paths;
	struct nx_run *run;
};

/** nx_ctx_add - make the state of a new handle; NULL without memory */
struct nx_ctx *nx_ctx_add(struct nft_ctx *real);
/** nx_ctx_find - the state of a handle, or NULL */
struct nx_ctx *nx_ctx_find(struct nft_ctx *real);
/** nx_ctx_remove - free it, before the real library frees it */
void nx_ctx_remove(struct nft_ctx *real);

/** nx_ctx_divert - from now on all that the library writes is translated; 0 or -ENOMEM */
int nx_ctx_divert(struct nx_ctx *ctx);

/** nx_ctx_flush - have the library's prints pass, those that are under way */
void nx_ctx_flush(struct nx_ctx *ctx);

/** nx_stream_user - set where the caller wants the text; what was set before, NULL if @fp is bad */
FILE *nx_stream_user(struct nx_stream *s, FILE *fp);

/** nx_stream_put - pass translated text on to the caller, at once where stock nft does */
void nx_stream_put(struct nx_stream *s, const char *text, size_t len);
/** nx_stream_fetch - the text of a buffered stream, for the caller; valid until the next run */
const char *nx_stream_fetch(struct nx_stream *s);
/** nx_stream_keep - turn buffering on or off; 0, or -1 if it is off already */
int nx_stream_keep(struct nx_stream *s, bool on);

#endif /* NX_CTX_H */
