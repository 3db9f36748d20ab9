// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nftables/libnftables.h>

#include "blind.h"
#include "early.h"
#include "exec.h"
#include "heap.h"
#include "hooks.h"
#include "include.h"
#include "json.h"
#include "messages.h"
#include "output.h"
#include "probe.h"
#include "real.h"
#include "run.h"
#include "vars.h"
#include "walk.h"

/** struct source - the commands that a run executes */
struct source {
	const char *name; /* file name, NULL for a command */
	const char *cmd;  /* the command, or the content of the file */
	size_t len;
	bool once; /* the file cannot be read a second time */
	bool stdin_file;
};

static void run_free(struct nx_run *run)
{
	for (size_t i = 0; i < run->ntext; i++)
		nx_text_free(run->text[i]);
	free(run->text);
	nx_lang_free(&run->lang);
	nx_buf_free(&run->notes);
}

static void run_init(struct nx_run *run, struct nx_ctx *ctx, bool vars)
{
	const struct nx_real *real = nx_real();
	unsigned int flags = real->nft_ctx_output_get_flags(ctx->real);

	*run = (struct nx_run){.ctx = ctx};
	run->json = flags & NFT_CTX_OUTPUT_JSON;
	run->lang.dir = NX_IN;
	run->lang.per_rule = real->nft_ctx_get_optimize && real->nft_ctx_get_optimize(ctx->real);
	run->lang.short_names = real->can.short_names;
	run->lang.slots = &ctx->slots;
	run->lang.known = &ctx->layouts;
	run->lang.include = nx_include;
	run->lang.arg = run;
	for (size_t at = 0; vars && at < ctx->vars.len; at += strlen(ctx->vars.p + at) + 1)
		nx_lang_define(&run->lang, ctx->vars.p + at);
}

static bool takes_json(const struct nx_run *run)
{
	const struct nx_real *real = nx_real();

	return run->json || (real->nft_ctx_input_get_flags &&
			     real->nft_ctx_input_get_flags(run->ctx->real) & NX_INPUT_JSON);
}

/* Can there be anything to translate? Text without these words passes as it is. */
static bool worth_a_look(const struct source *src)
{
	return memmem(src->cmd, src->len, "quic", 4) || memmem(src->cmd, src->len, "include", 7) ||
	       memmem(src->cmd, src->len, "element", 7);
}

/* The first command is `monitor`: it does not end by itself. */
static bool is_monitor(const struct source *src)
{
	size_t i = 0;

	while (i < src->len && strchr(" \t\r\n;", src->cmd[i]))
		i++;
	return src->len - i >= 7 && !memcmp(src->cmd + i, "monitor", 7);
}

static bool translate(struct nx_run *run, const struct source *src)
{
	struct nx_text *text = nx_text_new(src->name, NULL, src->len);

	if (!text)
		return false;
	text->src = (char *)src->cmd;
	text->borrowed = true;
	if (!nx_run_add(run, text))
		return false;
	text->once = src->once;
	if (worth_a_look(src)) {
		run->lang.named_marks = !access("/etc/iproute2/rt_marks", F_OK) ||
					!access("/usr/share/iproute2/rt_marks", F_OK);
		nx_translate(&run->lang, text, NULL);
	}
	return !run->lang.oom;
}

/* Hand the translation to the real library. */
static int execute(struct nx_run *run, const struct source *src, const char *json)
{
	const struct nx_real *real = nx_real();
	struct nx_text *text = run->ntext ? run->text[0] : NULL;
	struct nx_run *old;
	size_t len, names = 0;
	int rc;

	for (size_t i = 0; run->lang.shorts.len && i < run->ntext; i++)
		names += run->text[i]->n;
	nx_heap_fill(names);
	run->tries++;
	run->ctx->run = run;
	nx_output_begin(run);
	old = nx_hooks_enter(run);
	if (json) {
		rc = real->nft_run_cmd_from_buffer(run->ctx->real, json);
	} else if (!src->name) {
		rc = real->nft_run_cmd_from_buffer(run->ctx->real,
						   text->n ? nx_text_result(text, &len) : src->cmd);
	} else {
		if (src->stdin_file)
			run->input = nx_text_result(text, &run->input_len);
		rc = real->nft_run_cmd_from_filename(run->ctx->real, src->name);
	}
	nx_hooks_enter(old);
	nx_ctx_flush(run->ctx);
	run->ctx->run = NULL;
	return rc;
}

/*
 * May elements go around the library? Not if it is to print them. Should it fail with them, all is
 * done once more without, for the message.
 */
static bool may_go_around(const struct nx_run *run)
{
	const struct nx_real *real = nx_real();

	return real->can.short_names && !run->lang.per_rule &&
	       !(real->nft_ctx_output_get_flags(run->ctx->real) & NFT_CTX_OUTPUT_ECHO) &&
	       !real->nft_ctx_output_get_debug(run->ctx->real);
}

/* JSON that the real library would read past the hooks, from what is read already. */
static bool read_by_jansson(const struct source *src)
{
	size_t i = 0;

	if (!src->once && !(src->stdin_file && !nx_real()->can.json_stdin))
		return false;
	while (i < src->len && strchr(" \t\r\n", src->cmd[i]))
		i++;
	return i < src->len && src->cmd[i] == '{';
}

/* Does the real library get anything of ours, or could its messages be about it? */
static bool touched(const struct nx_run *run, bool json)
{
	bool is = json || run->lang.describe.len || run->lang.suspects;

	for (size_t i = 0; i < run->ntext && !is; i++)
		is = run->text[i]->n;
	return is;
}

/*
 * Is the translation to be made anew, as the kernel's sets are not what was assumed? Only asked
 * before the first try, if the library may not be let find out by itself.
 */
static bool must_again(struct nx_run *run)
{
	if (run->tries || !run->lang.must_know || run->lang.oom || nx_ctx_divert(run->ctx))
		return false;
	nx_probe_sets(run->ctx);
	run->tries++;
	return nx_run_stale(run);
}

static int run_once(struct nx_run *run, const struct source *src, bool *again)
{
	struct nx_buf json = NX_BUF_INIT;
	bool changed;
	int rc = 0;

	*again = false;
	if (takes_json(run))
		rc = nx_json_in(run, src->cmd, src->len, &json);
	changed = rc > 0;
	if (!rc && takes_json(run) && read_by_jansson(src)) {
		nx_buf_add(&json, src->cmd, src->len);
		rc = json.oom ? -ENOMEM : 1;
	}
	if (!rc && !translate(run, src))
		run->lang.oom = true;
	if (must_again(run)) {
		nx_buf_reset(&run->lang.errors);
		*again = true;
	} else if (rc < 0 || run->lang.nerrs || run->lang.oom ||
		   (run->lang.bulk && run->lang.asks)) {
		rc = -1;
	} else {
		run->monitor = is_monitor(src);
		run->json_in = rc;
		if (touched(run, changed) && nx_ctx_divert(run->ctx))
			run->lang.oom = true;
		else
			rc = execute(run, src, rc ? json.p : NULL);
		*again = nx_run_stale(run);
		if (run->failed || run->lang.oom)
			rc = -1;
	}
	nx_buf_free(&json);
	return rc;
}

static int run_source(struct nx_ctx *ctx, const struct source *src)
{
	bool again = true, around = true;
	struct nx_pipes pipes = {0};
	unsigned int tries = 0;
	int rc = -1;

	while (again) {
		struct nx_run run;

		run_init(&run, ctx, src->name);
		run.tries = tries;
		run.pipes = &pipes;
		run.lang.bulk_min = around && may_go_around(&run) ? NX_BULK_MIN : 0;
		rc = run_once(&run, src, &again);
		tries = run.tries;
		/* with each element in its place for the message */
		if (rc && run.lang.bulk && around && !again) {
			around = false;
			again = true;
		}
		if (!nx_output_end(&run, !again))
			rc = -1;
		if (!again && !rc) {
			for (size_t i = 0; !run.json_in && run.lang.chains && i < run.ntext; i++)
				nx_early_warn(run.text[i], &run.lang.warnings);
			nx_messages_warn(&run);
		}
		run_free(&run);
	}
	for (size_t i = 0; i < pipes.n; i++)
		nx_buf_free(&pipes.text[i]);
	free(pipes.text);
	return rc;
}

int nx_exec_buffer(struct nx_ctx *ctx, const char *cmd)
{
	struct source src = {.cmd = cmd, .len = strlen(cmd)};

	return run_source(ctx, &src);
}

/* As the library does: the directory is searched from now on, for the life of the context. */
static void add_basedir(struct nx_ctx *ctx, const char *name)
{
	char *copy = strdup(name), *dir = copy ? realpath(dirname(copy), NULL) : NULL;

	for (size_t at = 0; dir && at < ctx->paths.len; at += strlen(ctx->paths.p + at) + 1) {
		if (!strcmp(ctx->paths.p + at, dir)) {
			free(dir);
			dir = NULL;
		}
	}
	if (dir)
		nx_buf_add(&ctx->paths, dir, strlen(dir) + 1);
	free(dir);
	free(copy);
}

int nx_exec_file(struct nx_ctx *ctx, const char *name)
{
	struct source src = {.name = name};
	bool regular = false;
	char *text;
	int rc;

	if (!strcmp(name, "-"))
		src.name = "/dev/stdin";
	src.stdin_file = !strcmp(src.name, "/dev/stdin");
	if (src.stdin_file)
		text = nx_read_fd(STDIN_FILENO, &src.len);
	else
		text = nx_read_file(name, &src.len, &regular);
	if (!text && src.stdin_file)
		return -1;
	/* a file that cannot be read: the real library says so */
	if (!text)
		text = strdup("");
	if (!text)
		return -1;
	nx_heap_keep(src.len);
	if (!src.stdin_file && nx_real()->can.basedir)
		add_basedir(ctx, name);
	src.cmd = text;
	src.once = !regular && src.len;
	rc = run_source(ctx, &src);
	free(text);
	return rc;
}

int nx_exec_blind(struct nft_ctx *ctx, const char *name)
{
	const struct nx_real *real = nx_real();
	bool regular = false;
	size_t len;
	char *text;
	int rc;

	if (!strcmp(name, "-") || !strcmp(name, "/dev/stdin"))
		text = nx_read_fd(STDIN_FILENO, &len);
	else
		text = nx_read_file(name, &len, &regular);
	/* a file that cannot be read: the library says so */
	if (!text)
		return real->nft_run_cmd_from_filename(ctx, name);
	if (nx_blind_refuses(text, len))
		rc = -1;
	else if (regular)
		rc = real->nft_run_cmd_from_filename(ctx, name);
	else
		rc = real->nft_run_cmd_from_buffer(ctx, text);
	free(text);
	return rc;
}
