// SPDX-License-Identifier: GPL-2.0-or-later
/* The functions of libnftables, as programs call them. */
#include <errno.h>
#include <string.h>

#include <nftables/libnftables.h>

#include "blind.h"
#include "ctx.h"
#include "exec.h"
#include "real.h"
#include "start.h"

#pragma GCC visibility push(default)

/* A mark by which another copy of the facade knows this one. */
const int nft_quic_facade = 1;
/* for programs that compare it with their own, and for strings(1) */
const char nft_quic_facade_version[] = "libnftables of nft-quic " NX_VERSION;

static struct nx_ctx *known(struct nft_ctx *ctx)
{
	return nx_start()->active ? nx_ctx_find(ctx) : NULL;
}

struct nft_ctx *nft_ctx_new(uint32_t flags)
{
	const struct nx_real *real = nx_start();
	struct nft_ctx *ctx = real->nft_ctx_new(flags);
	struct nx_ctx *c;

	if (!ctx || !real->active)
		return ctx;
	c = nx_ctx_add(ctx);
	if (!c) {
		real->nft_ctx_free(ctx);
		return NULL;
	}
	return ctx;
}

void nft_ctx_free(struct nft_ctx *ctx)
{
	const struct nx_real *real = nx_start();
	struct nx_ctx *c = known(ctx);

	if (c) {
		/* it must not write to a closed stream */
		real->nft_ctx_set_output(ctx, c->out.user);
		real->nft_ctx_set_error(ctx, c->err.user);
		nx_ctx_remove(ctx);
	}
	real->nft_ctx_free(ctx);
}

FILE *nft_ctx_set_output(struct nft_ctx *ctx, FILE *fp)
{
	struct nx_ctx *c = known(ctx);

	return c ? nx_stream_user(&c->out, fp) : nx_start()->nft_ctx_set_output(ctx, fp);
}

FILE *nft_ctx_set_error(struct nft_ctx *ctx, FILE *fp)
{
	struct nx_ctx *c = known(ctx);

	return c ? nx_stream_user(&c->err, fp) : nx_start()->nft_ctx_set_error(ctx, fp);
}

int nft_ctx_buffer_output(struct nft_ctx *ctx)
{
	struct nx_ctx *c = known(ctx);

	return c ? nx_stream_keep(&c->out, true) : nx_start()->nft_ctx_buffer_output(ctx);
}

int nft_ctx_unbuffer_output(struct nft_ctx *ctx)
{
	struct nx_ctx *c = known(ctx);

	return c ? nx_stream_keep(&c->out, false) : nx_start()->nft_ctx_unbuffer_output(ctx);
}

int nft_ctx_buffer_error(struct nft_ctx *ctx)
{
	struct nx_ctx *c = known(ctx);

	return c ? nx_stream_keep(&c->err, true) : nx_start()->nft_ctx_buffer_error(ctx);
}

int nft_ctx_unbuffer_error(struct nft_ctx *ctx)
{
	struct nx_ctx *c = known(ctx);

	return c ? nx_stream_keep(&c->err, false) : nx_start()->nft_ctx_unbuffer_error(ctx);
}

const char *nft_ctx_get_output_buffer(struct nft_ctx *ctx)
{
	struct nx_ctx *c = known(ctx);

	return c ? nx_stream_fetch(&c->out) : nx_start()->nft_ctx_get_output_buffer(ctx);
}

const char *nft_ctx_get_error_buffer(struct nft_ctx *ctx)
{
	struct nx_ctx *c = known(ctx);

	return c ? nx_stream_fetch(&c->err) : nx_start()->nft_ctx_get_error_buffer(ctx);
}

int nft_ctx_add_include_path(struct nft_ctx *ctx, const char *path)
{
	int rc = nx_start()->nft_ctx_add_include_path(ctx, path);
	struct nx_ctx *c = rc ? NULL : known(ctx);

	if (c)
		nx_buf_add(&c->paths, path, strlen(path) + 1);
	return rc;
}

void nft_ctx_clear_include_paths(struct nft_ctx *ctx)
{
	struct nx_ctx *c = known(ctx);

	if (c)
		nx_buf_reset(&c->paths);
	nx_start()->nft_ctx_clear_include_paths(ctx);
}

int nft_ctx_add_var(struct nft_ctx *ctx, const char *var)
{
	struct nx_ctx *c = known(ctx);
	size_t before = c ? c->vars.len : 0;
	int rc;

	if (!nx_start()->nft_ctx_add_var) {
		errno = ENOSYS;
		return -1;
	}
	/* first, since the real library cuts the string up */
	if (c)
		nx_buf_add(&c->vars, var, strlen(var) + 1);
	rc = nx_start()->nft_ctx_add_var(ctx, var);
	if (rc && c)
		c->vars.len = before;
	return rc;
}

void nft_ctx_clear_vars(struct nft_ctx *ctx)
{
	struct nx_ctx *c = known(ctx);

	if (c)
		nx_buf_reset(&c->vars);
	if (nx_start()->nft_ctx_clear_vars)
		nx_start()->nft_ctx_clear_vars(ctx);
}

int nft_run_cmd_from_buffer(struct nft_ctx *ctx, const char *buf)
{
	struct nx_ctx *c = known(ctx);

	if (c && !c->run)
		return nx_exec_buffer(c, buf);
	if (nx_start()->blind && nx_blind_refuses(buf, strlen(buf)))
		return -1;
	return nx_start()->nft_run_cmd_from_buffer(ctx, buf);
}

int nft_run_cmd_from_filename(struct nft_ctx *ctx, const char *filename)
{
	struct nx_ctx *c = known(ctx);

	if (c && !c->run)
		return nx_exec_file(c, filename);
	return nx_start()->blind ? nx_exec_blind(ctx, filename)
				 : nx_start()->nft_run_cmd_from_filename(ctx, filename);
}

/* The rest is passed on. */

bool nft_ctx_get_dry_run(struct nft_ctx *ctx)
{
	return nx_start()->nft_ctx_get_dry_run(ctx);
}

void nft_ctx_set_dry_run(struct nft_ctx *ctx, bool dry)
{
	nx_start()->nft_ctx_set_dry_run(ctx, dry);
}

uint32_t nft_ctx_get_optimize(struct nft_ctx *ctx)
{
	return nx_start()->nft_ctx_get_optimize ? nx_start()->nft_ctx_get_optimize(ctx) : 0;
}

void nft_ctx_set_optimize(struct nft_ctx *ctx, uint32_t flags)
{
	if (nx_start()->nft_ctx_set_optimize)
		nx_start()->nft_ctx_set_optimize(ctx, flags);
}

unsigned int nft_ctx_input_get_flags(struct nft_ctx *ctx)
{
	return nx_start()->nft_ctx_input_get_flags ? nx_start()->nft_ctx_input_get_flags(ctx) : 0;
}

unsigned int nft_ctx_input_set_flags(struct nft_ctx *ctx, unsigned int flags)
{
	return nx_start()->nft_ctx_input_set_flags ? nx_start()->nft_ctx_input_set_flags(ctx, flags)
						   : 0;
}

unsigned int nft_ctx_output_get_flags(struct nft_ctx *ctx)
{
	return nx_start()->nft_ctx_output_get_flags(ctx);
}

void nft_ctx_output_set_flags(struct nft_ctx *ctx, unsigned int flags)
{
	nx_start()->nft_ctx_output_set_flags(ctx, flags);
}

unsigned int nft_ctx_output_get_debug(struct nft_ctx *ctx)
{
	return nx_start()->nft_ctx_output_get_debug(ctx);
}

void nft_ctx_output_set_debug(struct nft_ctx *ctx, unsigned int mask)
{
	nx_start()->nft_ctx_output_set_debug(ctx, mask);
}
