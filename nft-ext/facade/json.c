// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nftables/libnftables.h>

#include "json.h"
#include "jwalk.h"
#include "probe.h"
#include "real.h"

int nx_json_in(struct nx_run *run, const char *src, size_t len, struct nx_buf *out)
{
	struct nx_jwalk w = {.lang = &run->lang, .typeof_in = nx_real()->can.json_typeof};
	json_t *root;
	char *dump;

	if (!memmem(src, len, "quic", 4) && !memmem(src, len, "element", 7))
		return 0;
	root = json_loadb(src, len, 0, NULL);
	if (!root)
		return 0; /* text, or JSON that the real library will complain about */
	if (json_is_object(root))
		nx_jwalk(&w, root);
	if (run->lang.nerrs || run->lang.oom) {
		json_decref(root);
		return -EINVAL;
	}
	dump = w.changed ? json_dumps(root, 0) : NULL;
	json_decref(root);
	if (!w.changed)
		return 0;
	if (dump)
		nx_buf_str(out, dump);
	free(dump);
	if (!dump || out->oom) {
		run->lang.oom = true;
		return -EINVAL;
	}
	return 1;
}

static bool put_value(struct nx_run *run, struct nx_lang *lang, json_t *v, const char *raw,
		      size_t len, struct nx_buf *out)
{
	/* a monitor cannot be asked in between */
	struct nx_jwalk w = {.lang = lang,
			     .typeof_in = true,
			     .arg = run,
			     .typeof_text = run->monitor ? NULL : nx_probe_typeof};
	char *dump;

	nx_jwalk(&w, v);
	if (!w.changed) {
		nx_buf_add(out, raw, len);
		return true;
	}
	dump = json_dumps(v, 0);
	if (!dump)
		return false;
	nx_buf_str(out, dump);
	free(dump);
	return true;
}

bool nx_json_out(struct nx_run *run, const char *raw, size_t len, struct nx_buf *out)
{
	struct nx_ctx *ctx = run->ctx;
	unsigned int flags = nx_real()->nft_ctx_output_get_flags(ctx->real);
	struct nx_lang lang = {.dir = NX_OUT,
			       .slots = &ctx->slots,
			       .known = &ctx->layouts,
			       .numeric = flags & NFT_CTX_OUTPUT_NUMERIC_SYMBOL};
	size_t at = 0;
	bool ok = true;

	if (!memmem(raw, len, "\"ih\"", 4) && !ctx->layouts.n) {
		nx_buf_add(out, raw, len);
		return !out->oom;
	}
	while (ok && at < len) {
		const char *open = memchr(raw + at, '{', len - at);
		size_t next = open ? (size_t)(open - raw) : len;
		json_error_t err;
		json_t *v;

		/* newlines, and the generation comments of a monitor */
		nx_buf_add(out, raw + at, next - at);
		at = next;
		if (at == len)
			break;
		v = json_loadb(raw + at, len - at, JSON_DISABLE_EOF_CHECK, &err);
		if (!v) {
			nx_buf_add(out, raw + at, len - at);
			break;
		}
		ok = put_value(run, &lang, v, raw + at, err.position, out);
		at += err.position;
		json_decref(v);
	}
	ok = ok && !lang.oom && !out->oom;
	nx_lang_free(&lang);
	return ok;
}
