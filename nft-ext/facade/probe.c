// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include <nftables/libnftables.h>

#include "hooks.h"
#include "probe.h"
#include "real.h"
#include "run.h"
#include "walk.h"

/* Text that the real library prints for a command, translated; errors are not of interest. */
static bool list_text(struct nx_ctx *ctx, const char *cmd, struct nx_buf *out)
{
	const struct nx_real *real = nx_real();
	unsigned int flags = real->nft_ctx_output_get_flags(ctx->real);
	unsigned int debug = real->nft_ctx_output_get_debug(ctx->real);
	struct nx_run run = {.ctx = ctx}, *old;
	struct nx_lang lang = {.dir = NX_OUT, .slots = &ctx->slots};
	struct nx_text *text = NULL;
	const char *s;
	size_t len;
	int rc;

	run.lang.slots = &ctx->slots;
	real->nft_ctx_output_set_flags(ctx->real,
				       (flags & ~NFT_CTX_OUTPUT_JSON & ~NFT_CTX_OUTPUT_ECHO) |
					       NFT_CTX_OUTPUT_TERSE);
	real->nft_ctx_output_set_debug(ctx->real, 0);
	ctx->run = &run;
	old = nx_hooks_enter(&run);
	rc = real->nft_run_cmd_from_buffer(ctx->real, cmd);
	nx_hooks_enter(old);
	nx_ctx_flush(ctx);
	ctx->run = NULL;
	real->nft_ctx_output_set_flags(ctx->real, flags);
	real->nft_ctx_output_set_debug(ctx->real, debug);
	if (!rc && ctx->out.raw.p)
		text = nx_text_new(NULL, ctx->out.raw.p, ctx->out.raw.len);
	if (text) {
		ctx->out.raw = (struct nx_buf)NX_BUF_INIT;
		nx_translate(&lang, text, NULL);
		s = nx_text_result(text, &len);
		nx_buf_add(out, s, len);
	}
	nx_text_free(text);
	nx_lang_free(&lang);
	nx_buf_reset(&ctx->out.raw);
	nx_buf_reset(&ctx->err.raw);
	nx_buf_free(&run.notes);
	return !rc && !out->oom;
}

void nx_probe_sets(struct nx_ctx *ctx)
{
	struct nx_buf out = NX_BUF_INIT;

	list_text(ctx, "list sets", &out);
	nx_buf_free(&out);
}

bool nx_probe_typeof(void *arg, const struct nx_set_id *id, bool map, struct nx_buf *key,
		     struct nx_buf *data)
{
	struct nx_run *run = arg;
	struct nx_buf cmd = NX_BUF_INIT, out = NX_BUF_INIT;
	const char *p, *end, *colon;
	bool ok = false;

	nx_buf_fmt(&cmd, "list %s %s ", map ? "map" : "set", id->family);
	nx_buf_add(&cmd, id->table, id->table_len);
	nx_buf_str(&cmd, " ");
	nx_buf_add(&cmd, id->set, id->set_len);
	if (!cmd.oom && list_text(run->ctx, cmd.p, &out)) {
		p = strstr(nx_buf_cstr(&out), "typeof ");
		end = p ? strchr(p, '\n') : NULL;
		if (end) {
			p += strlen("typeof ");
			colon = memmem(p, end - p, " : ", 3);
			nx_buf_add(key, p, (colon ? colon : end) - p);
			if (colon)
				nx_buf_add(data, colon + 3, end - colon - 3);
			ok = !key->oom && !data->oom;
		}
	}
	nx_buf_free(&cmd);
	nx_buf_free(&out);
	return ok;
}
