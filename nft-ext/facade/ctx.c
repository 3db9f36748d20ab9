// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/types.h>

#include "ctx.h"
#include "real.h"

static struct nx_map table; /* handle to struct nx_ctx */
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t cookie_write(void *cookie, const char *text, size_t len)
{
	struct nx_stream *s = cookie;
	struct nx_run *run = s->ctx->run;

	if (!run || !s->ctx->diverted)
		nx_stream_put(s, text, len);
	else if (s->pass)
		s->pass(run, text, len);
	else
		nx_buf_add(&s->raw, text, len);
	return s->raw.oom ? 0 : len;
}

static void stream_init(struct nx_stream *s, struct nx_ctx *ctx, FILE *user)
{
	s->ctx = ctx;
	s->user = user;
}

/* Have the real library write to where it must. */
static int bind_stream(struct nx_stream *s)
{
	static const cookie_io_functions_t io = {.write = cookie_write};
	const struct nx_real *real = nx_real();
	struct nx_ctx *ctx = s->ctx;
	bool to_us = ctx->diverted || s->buffered;
	FILE *fp;

	if (to_us && !s->cookie) {
		s->cookie = fopencookie(s, "w", io);
		if (!s->cookie)
			return -ENOMEM;
		/* output is flushed after each print; of errors each call counts, as on stderr */
		if (s == &ctx->err)
			setvbuf(s->cookie, NULL, _IONBF, 0);
	}
	fp = to_us ? s->cookie : s->user;
	if (s == &ctx->out)
		real->nft_ctx_set_output(ctx->real, fp);
	else
		real->nft_ctx_set_error(ctx->real, fp);
	return 0;
}

int nx_ctx_divert(struct nx_ctx *ctx)
{
	if (ctx->diverted)
		return 0;
	ctx->diverted = true;
	if (!bind_stream(&ctx->out) && !bind_stream(&ctx->err))
		return 0;
	ctx->diverted = false;
	return -ENOMEM;
}

void nx_ctx_flush(struct nx_ctx *ctx)
{
	if (ctx->out.cookie)
		fflush(ctx->out.cookie);
	if (ctx->err.cookie)
		fflush(ctx->err.cookie);
}

FILE *nx_stream_user(struct nx_stream *s, FILE *fp)
{
	FILE *old = s->user;

	if (!fp || ferror(fp))
		return NULL;
	s->user = fp;
	bind_stream(s);
	return old;
}

static void stream_free(struct nx_stream *s)
{
	if (s->cookie)
		fclose(s->cookie);
	nx_buf_free(&s->raw);
	nx_buf_free(&s->kept);
}

static void ctx_free(struct nx_ctx *ctx)
{
	stream_free(&ctx->out);
	stream_free(&ctx->err);
	nx_map_clear(&ctx->layouts, free);
	nx_slots_free(&ctx->slots);
	nx_buf_free(&ctx->vars);
	nx_buf_free(&ctx->paths);
	free(ctx);
}

struct nx_ctx *nx_ctx_add(struct nft_ctx *real)
{
	struct nx_ctx *ctx = calloc(1, sizeof(*ctx));
	int rc;

	if (!ctx)
		return NULL;
	ctx->real = real;
	stream_init(&ctx->out, ctx, stdout);
	stream_init(&ctx->err, ctx, stderr);
	pthread_mutex_lock(&table_lock);
	rc = nx_map_put(&table, &real, sizeof(real), ctx, NULL);
	pthread_mutex_unlock(&table_lock);
	if (rc) {
		ctx_free(ctx);
		return NULL;
	}
	return ctx;
}

struct nx_ctx *nx_ctx_find(struct nft_ctx *real)
{
	struct nx_ctx *ctx;

	pthread_mutex_lock(&table_lock);
	ctx = nx_map_get(&table, &real, sizeof(real));
	pthread_mutex_unlock(&table_lock);
	return ctx;
}

void nx_ctx_remove(struct nft_ctx *real)
{
	struct nx_ctx *ctx;
	void *old;

	pthread_mutex_lock(&table_lock);
	nx_map_put(&table, &real, sizeof(real), NULL, &old);
	pthread_mutex_unlock(&table_lock);
	ctx = old;
	if (ctx)
		ctx_free(ctx);
}

void nx_stream_put(struct nx_stream *s, const char *text, size_t len)
{
	if (s->buffered) {
		if (s->fetched)
			nx_buf_reset(&s->kept);
		s->fetched = false;
		nx_buf_add(&s->kept, text, len);
	} else if (len) {
		fwrite(text, 1, len, s->user);
		if (s == &s->ctx->out)
			fflush(s->user);
	}
}

const char *nx_stream_fetch(struct nx_stream *s)
{
	if (s->fetched)
		nx_buf_reset(&s->kept);
	s->fetched = true;
	return nx_buf_cstr(&s->kept);
}

int nx_stream_keep(struct nx_stream *s, bool on)
{
	/* stock nft's value for a failure */
	if (!on && !s->buffered)
		return 1;
	s->buffered = on;
	s->fetched = false;
	nx_buf_reset(&s->kept);
	if (!bind_stream(s))
		return 0;
	s->buffered = false;
	return 1;
}
