// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "errmap.h"
#include "messages.h"
#include "run.h"

/* Hints for the admin when the kernel refuses a rule with quic. */
static void explain(const struct nx_run *run, struct nx_buf *err, bool blamed)
{
	bool unsupported = memmem(err->p, err->len, "Operation not supported", 23);
	bool no_module;

	if (unsupported && run->wide_interval) {
		nx_buf_str(err, "Error: in a concatenation with intervals or prefixes the kernel "
				"takes parts of at most 16 bytes, so quic alpn but not quic sni\n");
		return;
	}
	if (!run->nquic)
		return;
	/* the kernel points at an expression that it does not know, not at one in a wrong place */
	no_module = memmem(err->p, err->len, "No such file or directory", 25) &&
		    access("/sys/module/nft_quic", F_OK);
	if (no_module && run->json_in)
		nx_buf_str(err, "Error: the module nft_quic is not loaded: without it the kernel "
				"does not know quic (see modprobe nft_quic)\n");
	else if (no_module && blamed)
		nx_buf_str(err, "Error: the kernel does not know quic: its module nft_quic is not "
				"loaded and could not be loaded (see modprobe nft_quic)\n");
	if (unsupported)
		nx_buf_str(err, "Error: quic works in tables of the families ip, ip6 and inet and "
				"in chains that are reached from the hooks prerouting, input, "
				"forward, output or postrouting; if that is so here, something "
				"else in the rule is not supported\n");
}

/* Bytes of whole lines. */
static size_t lines(const struct nx_buf *b)
{
	const char *nl = memrchr(b->p, '\n', b->len);

	return nl ? nl + 1 - b->p : 0;
}

void nx_messages_out(struct nx_run *run, bool last)
{
	struct nx_stream *s = &run->ctx->err;
	struct nx_buf err = NX_BUF_INIT;

	if (last && run->lang.errors.len)
		nx_buf_add(&err, run->lang.errors.p, run->lang.errors.len);
	if (last && run->lang.oom)
		nx_buf_str(&err, "Error: quic: out of memory\n");
	if (s->raw.len) {
		/* what the library has begun to say, it may end behind some output */
		size_t len = last ? s->raw.len : lines(&s->raw);
		bool blamed = nx_errmap(s->raw.p, len, run->text, run->ntext, &run->lang, &err);

		nx_buf_add(&err, s->raw.p + len, s->raw.len - len);

		if (last)
			explain(run, &err, blamed);
	}
	if (last && run->notes.len)
		nx_buf_add(&err, run->notes.p, run->notes.len);
	nx_buf_reset(&s->raw);
	nx_stream_put(s, nx_buf_cstr(&err), err.len);
	nx_buf_free(&err);
}

void nx_messages_warn(struct nx_run *run)
{
	const struct nx_buf *w = &run->lang.warnings;
	struct nx_stream *s = &run->ctx->err;

	/* other programs take any message for an error */
	if (w->len && !w->oom && !s->buffered && !strcmp(program_invocation_short_name, "nft"))
		nx_stream_put(s, w->p, w->len);
}
