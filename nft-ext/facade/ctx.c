// SPDX-License-Identifier: GPL-2.0-or-later
#include <pthread.h>
#include <stdlib.h>
#include <sys/types.h>

#include "ctx.h"

static struct nx_map table; /* handle to struct nx_ctx */
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t cookie_write(void *cookie, const char *text, size_t len)
{
	struct nx_stream *s = cookie;

	nx_buf_add(&s->raw, text, len);
	if (s->raw.oom)
		return 0;
	if (!s->ctx->run) {
		/* between runs nothing is translated */
		nx_stream_put(s, nx_buf_cstr(&s->raw), s->raw.len);
		nx_buf_reset(&s->raw);
	} else if (s->pass) {
		s->pass(s->ctx->run);
	}
	return len;
}

static bool stream_init(struct nx_stream *s, struct nx_ctx *ctx, FILE *user)
{
	static const cookie_io_functions_t io = {.write = cookie_write};

	s->ctx = ctx;
	s->user = user;
	s->cookie = fopencookie(s, "w", io);
	if (s->cookie)
		setvbuf(s->cookie, NULL, _IOFBF, 1 << 16);
	return s->cookie;
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
	if (!stream_init(&ctx->out, ctx, stdout) || !stream_init(&ctx->err, ctx, stderr)) {
		ctx_free(ctx);
		return NULL;
	}
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
	if (!on && !s->buffered)
		return -1;
	s->buffered = on;
	s->fetched = false;
	nx_buf_reset(&s->kept);
	return 0;
}
