// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <linux/netfilter/nf_tables.h>
#include <nftables/libnftables.h>

#include "debug.h"
#include "json.h"
#include "messages.h"
#include "output.h"
#include "real.h"
#include "run.h"

/* `describe quic KEY`: stock nft has described the placeholder. */
static bool describe_line(struct nx_run *run, const char *line, size_t len, struct nx_buf *out)
{
	static const char tag[] = " expression, datatype ";
	struct nx_lang *lang = &run->lang;
	const struct nx_key *k;
	uint8_t width;

	if (!memmem(line, len, tag, sizeof(tag) - 1) || lang->describe_at + 1 >= lang->describe.len)
		return false;
	k = nx_key_by_id((unsigned char)lang->describe.p[lang->describe_at++]);
	width = lang->describe.p[lang->describe_at++];
	if (!k)
		return false;
	if (k->width != width)
		nx_buf_fmt(out,
			   "quic expression, datatype quic_%s (%s) (basetype integer), %u bits\n",
			   k->name, k->what, width * 8u);
	else if (k->kind == NX_ID)
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

static void begin_pieces(struct nx_run *run)
{
	struct nx_ctx *ctx = run->ctx;
	unsigned int flags = nx_real()->nft_ctx_output_get_flags(ctx->real);

	run->pieces.lang = (struct nx_lang){.dir = NX_OUT,
					    .slots = &ctx->slots,
					    .known = &ctx->layouts,
					    .made = &run->lang.sets,
					    .numeric = flags & NFT_CTX_OUTPUT_NUMERIC_SYMBOL};
}

/* Text of the library; @all: a piece that has begun, too. */
static bool put_pieces(struct nx_run *run, const char *raw, size_t len, bool all)
{
	struct nx_buf out = NX_BUF_INIT;
	bool ok;

	if (run->pieces.lang.dir != NX_OUT)
		begin_pieces(run);
	ok = nx_pieces_add(&run->pieces, raw, len, &out) &&
	     (!all || nx_pieces_flush(&run->pieces, &out));
	if (ok && out.len)
		nx_stream_put(&run->ctx->out, out.p, out.len);
	nx_buf_free(&out);
	return ok;
}

/* Output that was kept; @all: nothing follows it. */
static bool put_held(struct nx_run *run, const char *raw, size_t len, bool all)
{
	unsigned int debug = nx_real()->nft_ctx_output_get_debug(run->ctx->real);
	struct nx_buf out = NX_BUF_INIT, shown = NX_BUF_INIT;
	bool ok = true;

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
		ok = put_pieces(run, raw, len, all);
	ok = ok && !out.oom;
	if (ok && out.len)
		nx_stream_put(&run->ctx->out, out.p, out.len);
	nx_buf_free(&out);
	nx_buf_free(&shown);
	return ok;
}

/* Let all output that can go now go. */
static bool output_out(struct nx_run *run)
{
	struct nx_buf raw = run->ctx->out.raw;
	bool ok = true;

	/* on the way there may be further runs, for details that JSON leaves out */
	run->ctx->out.raw = (struct nx_buf)NX_BUF_INIT;
	if (raw.len)
		ok = put_held(run, raw.p, raw.len, true);
	else if (run->pieces.raw.len)
		ok = put_pieces(run, "", 0, true);
	nx_buf_free(&raw);
	if (!ok)
		nx_run_note(run, "quic: the output could not be translated");
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

/* Output of a monitor so far: its end may never come. Each line of its JSON is a value. */
static void put_lines(struct nx_run *run)
{
	struct nx_buf *raw = &run->ctx->out.raw;
	size_t n = run->json ? complete(raw) : nx_debug_whole(raw->p, raw->len);

	if (!n)
		return;
	if (!put_held(run, raw->p, n, false))
		nx_run_note(run, "quic: the output could not be translated");
	memmove(raw->p, raw->p + n, raw->len - n + 1);
	raw->len -= n;
}

/* Does the output of a run that may start anew wait? */
static bool unsure(struct nx_run *run)
{
	if (run->lang.bulk)
		return true;
	if (!run->sure && run->lang.asked) {
		if (nx_run_stale(run))
			return true;
		/* some of these print before the kernel's sets are known */
		if (nx_real()->nft_ctx_output_get_debug(run->ctx->real))
			return true;
	}
	run->sure = true;
	return false;
}

static void out_write(struct nx_run *run, const char *text, size_t len)
{
	struct nx_stream *s = &run->ctx->out;

	if (unsure(run)) {
		nx_buf_add(&s->raw, text, len);
		return;
	}
	if (run->ctx->err.raw.len && !s->raw.len && !run->pieces.raw.len)
		nx_messages_out(run, false);
	if (run->hold || s->raw.len || (run->json && run->monitor)) {
		nx_buf_add(&s->raw, text, len);
		if (run->monitor && (run->json || run->hold) && !s->raw.oom)
			put_lines(run);
	} else if (!put_pieces(run, text, len, false)) {
		nx_run_note(run, "quic: the output could not be translated");
	}
}

static void err_write(struct nx_run *run, const char *text, size_t len)
{
	struct nx_stream *s = &run->ctx->err;

	/* what is held as JSON may need a look at the kernel, for which the run must have ended */
	if (!s->raw.len && run->sure && !run->json)
		output_out(run);
	nx_buf_add(&s->raw, text, len);
}

void nx_output_begin(struct nx_run *run)
{
	unsigned int debug = nx_real()->nft_ctx_output_get_debug(run->ctx->real);

	run->hold =
		debug & NFT_DEBUG_NETLINK || run->lang.describe.len || (run->json && !run->monitor);
	run->ctx->out.pass = out_write;
	run->ctx->err.pass = err_write;
}

bool nx_output_end(struct nx_run *run, bool good)
{
	struct nx_ctx *ctx = run->ctx;
	bool ok = true;

	ctx->out.pass = NULL;
	ctx->err.pass = NULL;
	if (good) {
		ok = output_out(run);
		nx_messages_out(run, true);
	}
	nx_buf_reset(&ctx->out.raw);
	nx_buf_reset(&ctx->err.raw);
	nx_pieces_free(&run->pieces);
	return ok;
}
