// SPDX-License-Identifier: GPL-2.0-or-later
/* A libnftables that makes none of the calls that are hooked: it hands all on to the
 * distribution's. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct nft_ctx;

#ifndef REAL
#define REAL "/usr/lib/libnftables.so.1" /* the Makefile has the multiarch path */
#endif

#define PASS(ret, name, params, args)                                                              \
	ret name params;                                                                           \
	ret name params                                                                            \
	{                                                                                          \
		return ((ret(*) params)real(#name))args;                                           \
	}

static void *real(const char *name)
{
	static void *lib;

	if (!lib)
		lib = dlopen(REAL, RTLD_NOW | RTLD_LOCAL);
	return dlsym(lib, name);
}

PASS(struct nft_ctx *, nft_ctx_new, (uint32_t flags), (flags))
PASS(void, nft_ctx_free, (struct nft_ctx * ctx), (ctx))
PASS(FILE *, nft_ctx_set_output, (struct nft_ctx * ctx, FILE *fp), (ctx, fp))
PASS(FILE *, nft_ctx_set_error, (struct nft_ctx * ctx, FILE *fp), (ctx, fp))
PASS(int, nft_ctx_buffer_output, (struct nft_ctx * ctx), (ctx))
PASS(int, nft_ctx_unbuffer_output, (struct nft_ctx * ctx), (ctx))
PASS(const char *, nft_ctx_get_output_buffer, (struct nft_ctx * ctx), (ctx))
PASS(int, nft_ctx_buffer_error, (struct nft_ctx * ctx), (ctx))
PASS(int, nft_ctx_unbuffer_error, (struct nft_ctx * ctx), (ctx))
PASS(const char *, nft_ctx_get_error_buffer, (struct nft_ctx * ctx), (ctx))
PASS(unsigned int, nft_ctx_output_get_flags, (struct nft_ctx * ctx), (ctx))
PASS(void, nft_ctx_output_set_flags, (struct nft_ctx * ctx, unsigned int flags), (ctx, flags))
PASS(unsigned int, nft_ctx_output_get_debug, (struct nft_ctx * ctx), (ctx))
PASS(void, nft_ctx_output_set_debug, (struct nft_ctx * ctx, unsigned int mask), (ctx, mask))
PASS(bool, nft_ctx_get_dry_run, (struct nft_ctx * ctx), (ctx))
PASS(void, nft_ctx_set_dry_run, (struct nft_ctx * ctx, bool dry), (ctx, dry))
PASS(int, nft_ctx_add_include_path, (struct nft_ctx * ctx, const char *path), (ctx, path))
PASS(int, nft_run_cmd_from_buffer, (struct nft_ctx * ctx, const char *buf), (ctx, buf))
PASS(int, nft_run_cmd_from_filename, (struct nft_ctx * ctx, const char *name), (ctx, name))
PASS(void, nft_ctx_clear_include_paths, (struct nft_ctx * ctx), (ctx))
PASS(int, nft_ctx_add_var, (struct nft_ctx * ctx, const char *var), (ctx, var))
PASS(void, nft_ctx_clear_vars, (struct nft_ctx * ctx), (ctx))
