// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <linux/netfilter/nf_tables.h>
#include <nftables/libnftables.h>

#include "debug.h"
#include "json.h"
#include "output.h"
#include "real.h"
#include "run.h"
#include "walk.h"

/* `describe quic KEY`: stock nft has described the placeholder. */
static bool describe_line(struct nx_run *run, const char *line, size_t len, struct nx_buf *out)
{
	static const char tag[] = " expression, datatype ";
	struct nx_lang *lang = &run->lang;
	const struct nx_key *k;

	if (!memmem(line, len, tag, sizeof(tag) - 1) || lang->describe_at >= lang->describe.len)
		return false;
	k = nx_key_by_id((unsigned char)lang->describe.p[lang->describe_at++]);
	if (!k)
		return false;
	if (k->kind == NX_ID)
		nx_buf_fmt(
			out,
			"quic expression, datatype quic_%s (%s) (basetype integer), %u bits, or as "
			"many as it is compared with\n",
			k->name, k->what, k->width * 8u);
	else if (k->kind == NX_NUM)
		nx_buf_fmt(out,
			   "quic expression, datatype quic_%s (%s) (basetype integer), %u bits\n"
			   "\nvalues: %s\n",
			   k->name, k->what, k->width * 8u, nx_num_symbols(k));
	else
		nx_buf_fmt(out,
			   "quic expression, datatype quic_%s (%s) (basetype %s), %u characters\n",
			   k->name, k->what, k->kind == NX_NAME ? "string" : "integer", k->width);
	return true;
}

static void put_described(struct nx_run *run, const char *s, size_t len, struct nx_buf *out)
{
	const char *end = s + len, *nl;

	for (; s < end; s = nl) {
		nl = memchr(s, '\n', end - s);
		nl = nl ? nl + 1 : end;
		if (!describe_line(run, s, nl - s, out))
			nx_buf_add(out, s, nl - s);
	}
}

static bool translate_text(struct nx_run *run, const char *raw, size_t len, struct nx_buf *out)
{
	struct nx_ctx *ctx = run->ctx;
	unsigned int flags = nx_real()->nft_ctx_output_get_flags(ctx->real);
	struct nx_lang lang = {.dir = NX_OUT,
			       .slots = &ctx->slots,
			       .known = &ctx->layouts,
			       .made = &run->lang.sets,
			       .numeric = flags & NFT_CTX_OUTPUT_NUMERIC_SYMBOL};
	struct nx_text *text;
	char *copy;
	bool ok;

	if (!memmem(raw, len, "@ih,", 4) &&
	    !((ctx->layouts.n || run->lang.sets.n) && memmem(raw, len, "element", 7)) &&
	    !(run->lang.sets.n && memmem(raw, len, "type integer", 12))) {
		nx_buf_add(out, raw, len);
		return !out->oom;
	}
	copy = malloc(len + 1);
	if (!copy)
		return false;
	memcpy(copy, raw, len);
	copy[len] = '\0';
	text = nx_text_new(NULL, copy, len);
	if (!text)
		return false;
	nx_translate(&lang, text, NULL);
	raw = nx_text_result(text, &len);
	nx_buf_add(out, raw, len);
	ok = !lang.oom && !out->oom;
	nx_text_free(text);
	nx_lang_free(&lang);
	return ok;
}

/* `get element` prints text even where JSON was asked for, in every nft so far. */
static bool is_json(const struct nx_run *run, const char *raw, size_t len)
{
	while (run->json && len && strchr(" \t\n", *raw))
		raw++, len--;
	return run->json && len && (*raw == '{' || *raw == '#');
}

/* Does this libnftnl print the bytes of a register in their order? */
static bool words_as_sent(void)
{
	static const unsigned char one[4] = {0, 0, 0, 1};
	struct nftnl_expr *cmp = nftnl_expr_alloc("cmp");
	char text[128] = "";

	if (!cmp)
		return false;
	nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
	nftnl_expr_set(cmp, NFTNL_EXPR_CMP_DATA, one, sizeof(one));
	nftnl_expr_snprintf(text, sizeof(text), cmp, NFTNL_OUTPUT_DEFAULT, 0);
	nftnl_expr_free(cmp);
	return strstr(text, "0x00000001");
}

static bool put(struct nx_run *run, const char *raw, size_t len)
{
	unsigned int debug = nx_real()->nft_ctx_output_get_debug(run->ctx->real);
	struct nx_buf out = NX_BUF_INIT, shown = NX_BUF_INIT;
	bool ok = true;

	if (!len)
		return true;
	if (debug & NFT_DEBUG_NETLINK) {
		nx_debug_out(raw, len, &run->ctx->slots, words_as_sent(), &shown);
		ok = !shown.oom;
		raw = nx_buf_cstr(&shown);
		len = shown.len;
	}
	if (!ok)
		;
	else if (is_json(run, raw, len))
		ok = nx_json_out(run, raw, len, &out);
	else if (run->lang.describe.len)
		put_described(run, raw, len, &out);
	else
		ok = translate_text(run, raw, len, &out);
	if (ok && !out.oom)
		nx_stream_put(&run->ctx->out, nx_buf_cstr(&out), out.len);
	else
		nx_run_note(run, "quic: the output could not be translated");
	nx_buf_free(&out);
	nx_buf_free(&shown);
	return ok;
}

bool nx_output_all(struct nx_run *run)
{
	struct nx_buf raw = run->ctx->out.raw;
	bool ok;

	/* on the way there may be further runs, for details that JSON leaves out */
	run->ctx->out.raw = (struct nx_buf)NX_BUF_INIT;
	ok = put(run, nx_buf_cstr(&raw), raw.len);
	nx_buf_free(&raw);
	return ok;
}

/* Up to the last line end outside of braces. */
static size_t complete(const struct nx_buf *raw)
{
	size_t done = 0;
	int depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < raw->len; i++) {
		char c = raw->p[i];

		if (c == '"')
			quoted = !quoted;
		else if (!quoted && c == '{')
			depth++;
		else if (!quoted && c == '}')
			depth--;
		else if (c == '\n' && depth <= 0) {
			done = i + 1;
			depth = 0;
			quoted = false;
		}
	}
	return done;
}

void nx_output_lines(struct nx_run *run)
{
	struct nx_stream *s = &run->ctx->out;
	size_t n = complete(&s->raw);

	if (!n)
		return;
	put(run, s->raw.p, n);
	memmove(s->raw.p, s->raw.p + n, s->raw.len - n + 1);
	s->raw.len -= n;
	if (!s->buffered)
		fflush(s->user);
}
