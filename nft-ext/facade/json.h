/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON in nft's schema: {"quic": {"key": "alpn"}} to raw payloads, and back. */
#ifndef NX_JSON_H
#define NX_JSON_H

#include "run.h"

/**
 * nx_json_in - translate JSON commands
 * @run:	the run; errors go to its lang
 * @src:	text
 * @len:	its length
 * @out:	the translated JSON
 *
 * Return: 1 if @out is to be used, 0 if @src is no JSON or has nothing to translate,
 * -EINVAL after an error.
 */
int nx_json_in(struct nx_run *run, const char *src, size_t len, struct nx_buf *out);

/** nx_json_out - translate JSON output: one value a line; false without memory */
bool nx_json_out(struct nx_run *run, const char *raw, size_t len, struct nx_buf *out);

#endif /* NX_JSON_H */
