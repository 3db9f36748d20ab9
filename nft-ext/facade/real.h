/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The distribution's libnftables, found by its path. */
#ifndef NX_REAL_H
#define NX_REAL_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "abilities.h"

struct nft_ctx;

#define NX_REAL_SONAME "libnftables.so.1"

/* NFT_CTX_INPUT_JSON, which headers before nftables 1.0.9 do not have */
#define NX_INPUT_JSON (1u << 1)

/* clang-format off */
/*
 * Every function of the API: return type, name, parameters. A library that is older than
 * a function leaves its pointer NULL.
 */
#define NX_API(F)                                                                      \
	F(struct nft_ctx *, nft_ctx_new, (uint32_t))                                   \
	F(void, nft_ctx_free, (struct nft_ctx *))                                      \
	F(bool, nft_ctx_get_dry_run, (struct nft_ctx *))                               \
	F(void, nft_ctx_set_dry_run, (struct nft_ctx *, bool))                         \
	F(uint32_t, nft_ctx_get_optimize, (struct nft_ctx *))                          \
	F(void, nft_ctx_set_optimize, (struct nft_ctx *, uint32_t))                    \
	F(unsigned int, nft_ctx_input_get_flags, (struct nft_ctx *))                   \
	F(unsigned int, nft_ctx_input_set_flags, (struct nft_ctx *, unsigned int))     \
	F(unsigned int, nft_ctx_output_get_flags, (struct nft_ctx *))                  \
	F(void, nft_ctx_output_set_flags, (struct nft_ctx *, unsigned int))            \
	F(unsigned int, nft_ctx_output_get_debug, (struct nft_ctx *))                  \
	F(void, nft_ctx_output_set_debug, (struct nft_ctx *, unsigned int))            \
	F(FILE *, nft_ctx_set_output, (struct nft_ctx *, FILE *))                      \
	F(int, nft_ctx_buffer_output, (struct nft_ctx *))                              \
	F(int, nft_ctx_unbuffer_output, (struct nft_ctx *))                            \
	F(const char *, nft_ctx_get_output_buffer, (struct nft_ctx *))                 \
	F(FILE *, nft_ctx_set_error, (struct nft_ctx *, FILE *))                       \
	F(int, nft_ctx_buffer_error, (struct nft_ctx *))                               \
	F(int, nft_ctx_unbuffer_error, (struct nft_ctx *))                             \
	F(const char *, nft_ctx_get_error_buffer, (struct nft_ctx *))                  \
	F(int, nft_ctx_add_include_path, (struct nft_ctx *, const char *))             \
	F(void, nft_ctx_clear_include_paths, (struct nft_ctx *))                       \
	F(int, nft_ctx_add_var, (struct nft_ctx *, const char *))                      \
	F(void, nft_ctx_clear_vars, (struct nft_ctx *))                                \
	F(int, nft_run_cmd_from_buffer, (struct nft_ctx *, const char *))              \
	F(int, nft_run_cmd_from_filename, (struct nft_ctx *, const char *))
/* clang-format on */

#define NX_API_POINTER(ret, name, args) ret(*name) args;

/**
 * struct nx_real - the library
 * @active:	translate; false leaves it pure stock
 * @blind:	it could not be hooked, though it should have been
 * @can:	abilities that not all versions have, valid if @active
 */
struct nx_real {
	NX_API(NX_API_POINTER)
	bool active;
	bool blind;
	struct nx_abilities can;
};

/** nx_real - the library; nx_start has been called, as every entry point does first */
const struct nx_real *nx_real(void);

/**
 * nx_real_open - open the library, for nx_start alone
 * @handle:	the library, as dlopen has it
 * @map:	the same, or NULL if that cannot be told
 *
 * Without a library to open it prints why and ends the process, as the dynamic linker would.
 * Return: what nx_real returns from now on, to be completed.
 */
struct nx_real *nx_real_open(void **handle, const struct link_map **map);

#endif /* NX_REAL_H */
