// SPDX-License-Identifier: GPL-2.0-or-later
/* To be preloaded: a libnftables that abort()s when it is to make JSON, as some do for some names.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <stdlib.h>

#define OUTPUT_JSON (1u << 4) /* NFT_CTX_OUTPUT_JSON */

struct nft_ctx;

unsigned int nft_ctx_output_get_flags(struct nft_ctx *ctx);
int nft_run_cmd_from_buffer(struct nft_ctx *ctx, const char *cmd);

int nft_run_cmd_from_buffer(struct nft_ctx *ctx, const char *cmd)
{
	int (*next)(struct nft_ctx *, const char *) = dlsym(RTLD_NEXT, "nft_run_cmd_from_buffer");

	if (nft_ctx_output_get_flags(ctx) & OUTPUT_JSON)
		abort();
	return next(ctx, cmd);
}
