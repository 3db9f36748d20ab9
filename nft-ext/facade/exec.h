/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands from their text to their end: translate in, let the real library work, translate out.
 *
 * An element command may be on a set that only the kernel knows. The text is then
 * translated with the types known so far, and the real library's own look at the kernel is
 * watched: if a set turns out to be different, nothing is sent and the run starts anew. So
 * stock nft would send the same netlink messages, unless `quic` is in play.
 */
#ifndef NX_EXEC_H
#define NX_EXEC_H

#include "ctx.h"

/** nx_exec_buffer - nft_run_cmd_from_buffer for a known context */
int nx_exec_buffer(struct nx_ctx *ctx, const char *cmd);
/** nx_exec_file - nft_run_cmd_from_filename for a known context */
int nx_exec_file(struct nx_ctx *ctx, const char *name);
/** nx_exec_blind - nft_run_cmd_from_filename where the library could not be hooked */
int nx_exec_blind(struct nft_ctx *real, const char *name);

#endif /* NX_EXEC_H */
