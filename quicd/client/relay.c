// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/list.h"
#include "../common/log.h"

#define AHEAD_MAX (1u << 20) /* input read but not yet acknowledged, per stream */
#define WRITE_MAX (1u << 20) /* output not yet written, beyond which there is no credit */
#define LINE_LEN  65536	     /* a longer line is cut */

static void end_all(const struct relay *r, int status)
{
	for (unsigned int i = 0; i < r->net->nclients; i++)
		client_end(&r->net->client[i], status);
}

static bool streams_have_room(const struct client *c)
{
	for (unsigned int i = 0; i < c->nstreams; i++)
		if (!c->stream[i].shut && c->stream[i].q.len >= AHEAD_MAX)
			return false;
	return true;
}

/* A connection whose turn has not come keeps all input until then. */
static bool room(const struct relay *r)
{
	for (unsigned int i = 0; i < r->net->nclients; i++) {
		const struct client *c = &r->net->client[i];

		if (c->started && !c->done && !streams_have_room(c))
			return false;
	}
	return true;
}

static void end_input(struct relay *r)
{
	r->eof = true;
	if (r->in.polled)
		loop_del(r->in.loop, &r->in.io);
	r->in.polled = false;
	for (unsigned int i = 0; i < r->net->nclients; i++) {
		struct client *c = &r->net->client[i];

		for (unsigned int k = 0; k < c->nstreams; k++)
			c->stream[k].fin = true;
	}
}

static void put_input(struct relay *r, struct client *c, const uint8_t *data, size_t len)
{
	for (unsigned int i = 0; i < c->nstreams && !c->done; i++) {
		if (c->stream[i].shut)
			continue;
		if (chunkq_append(&c->stream[i].q, &c->pool, data, len)) {
			log_err("out of memory");
			end_all(r, QUICC_LOCAL);
		}
	}
}

static void read_input(struct relay *r)
{
	uint8_t buf[65536];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		/* Half of the input must not look like all of it. */
		log_err("standard input: %s", strerror(errno));
		end_all(r, QUICC_LOCAL);
		return;
	}
	if (n == 0) {
		end_input(r);
		return;
	}
	for (unsigned int i = 0; i < r->net->nclients; i++)
		put_input(r, &r->net->client[i], buf, (size_t)n);
}

/* Several connections: credit for what was received is given when little waits for stdout. */
static void pay_credit(struct relay *r)
{
	for (unsigned int i = 0; i < r->net->nclients && r->outq.len < WRITE_MAX; i++) {
		struct client *c = &r->net->client[i];

		if (r->line[i].owed && c->quic && !c->done)
			client_credit(c, &c->stream[0], r->line[i].owed);
		r->line[i].owed = 0;
	}
}

static void write_output(struct relay *r)
{
	while (r->outq.len) {
		struct iovec iov[16];
		ssize_t n = writev(STDOUT_FILENO, iov, (int)chunkq_peek(&r->outq, iov, 16));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			log_err("standard output: %s", strerror(errno));
			end_all(r, QUICC_LOCAL);
			chunkq_clear(&r->outq, &r->pool);
			return;
		}
		chunkq_drop(&r->outq, &r->pool, (size_t)n);
		if (!r->line)
			client_credit(&r->net->client[0], &r->net->client[0].stream[0], (size_t)n);
	}
	if (r->line)
		pay_credit(r);
}

static void put_output(struct relay *r, const void *data, size_t len)
{
	if (len && chunkq_append(&r->outq, &r->pool, data, len)) {
		log_err("out of memory");
		end_all(r, QUICC_LOCAL);
	}
}

static void put_line(struct relay *r, const struct client *c)
{
	struct relay_line *l = &r->line[c->index];

	put_output(r, c->label, strlen(c->label));
	put_output(r, l->data, l->len);
	put_output(r, "\n", 1);
	l->len = 0;
}

static void put_labelled(struct relay *r, const struct client *c, const uint8_t *data, size_t len)
{
	struct relay_line *l = &r->line[c->index];

	l->owed += len;
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\n')
			l->data[l->len++] = data[i];
		if (data[i] == '\n' || l->len == LINE_LEN)
			put_line(r, c);
	}
}

/* A first stream's data waits for stdout and earns credit when written; the others' is counted. */
static size_t on_data(struct client *c, struct client_stream *s, const uint8_t *data, size_t len)
{
	struct relay *r = c->user;

	if (s != &c->stream[0])
		return len;
	if (r->line)
		put_labelled(r, c, data, len);
	else
		put_output(r, data, len);
	return 0;
}

static void on_input(struct io *io, uint32_t events)
{
	(void)events;
	read_input(container_of(io, struct relay, in.io));
}

static void on_output(struct io *io, uint32_t events)
{
	(void)events;
	write_output(container_of(io, struct relay, out.io));
}

static void set_polled(struct stdio_end *e, bool want, uint32_t events)
{
	if (want == e->polled || e->plain)
		return;
	if (want) {
		if (loop_add(e->loop, &e->io, e->io.fd, events))
			return;
	} else {
		loop_del(e->loop, &e->io);
	}
	e->polled = want;
}

static void end_init(struct stdio_end *e, struct loop *loop, int fd,
		     void (*fn)(struct io *io, uint32_t events))
{
	struct stat st;

	e->loop = loop;
	e->io.fd = fd;
	e->io.fn = fn;
	/* epoll takes neither files, directories nor some devices (/dev/null): they never block. */
	e->plain = fstat(fd, &st) || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd));
	e->old_flags = fcntl(fd, F_GETFL);
	/*
	 * A terminal is shared with the shell, which may get it back by Ctrl-C, so its
	 * flags are left alone. Reads happen only when there is input, and only Ctrl-S can
	 * make a write wait.
	 */
	e->shared = e->plain || isatty(fd);
	if (!e->shared)
		fcntl(fd, F_SETFL, e->old_flags | O_NONBLOCK);
}

int relay_init(struct relay *r, struct net *net)
{
	memset(r, 0, sizeof(*r));
	r->net = net;
	chunk_pool_init(&r->pool, 256);
	end_init(&r->in, &net->loop, STDIN_FILENO, on_input);
	end_init(&r->out, &net->loop, STDOUT_FILENO, on_output);
	if (net->nclients > 1)
		r->line = calloc(net->nclients, sizeof(*r->line));
	for (unsigned int i = 0; i < net->nclients; i++) {
		net->client[i].on_data = on_data;
		net->client[i].user = r;
		if (r->line)
			r->line[i].data = malloc(LINE_LEN);
		if (net->nclients > 1 && (!r->line || !r->line[i].data))
			return -ENOMEM;
	}
	return 0;
}

static void finish_if_done(struct relay *r, struct client *c)
{
	if (!c->connected || c->done || (!r->line && r->outq.len))
		return;
	/* Otherwise a user at a terminal would have to end the input by hand. */
	if (!client_all_closed(c) && !(client_all_ended(c) && isatty(STDIN_FILENO)))
		return;
	if (r->line && r->line[c->index].len)
		put_line(r, c);
	client_end(c, QUICC_OK);
}

bool relay_ready(const struct relay *r)
{
	bool connected = false;

	for (unsigned int i = 0; i < r->net->nclients; i++)
		connected |= r->net->client[i].connected;
	return r->in.plain && !r->eof && connected && room(r);
}

bool relay_empty(const struct relay *r)
{
	return !r->line || !r->outq.len;
}

static bool all_done(const struct net *n)
{
	for (unsigned int i = 0; i < n->nclients; i++)
		if (!n->client[i].done)
			return false;
	return true;
}

void relay_turn(struct relay *r)
{
	bool can_read = room(r);

	if (!all_done(r->net)) {
		if (!r->eof && r->net->o->quiet_stdin)
			end_input(r);
		if (!r->eof && r->in.plain && can_read)
			read_input(r);
		if (!r->eof)
			set_polled(&r->in, can_read, EPOLLIN);
	}
	write_output(r);
	set_polled(&r->out, r->outq.len > 0, EPOLLOUT);
	for (unsigned int i = 0; i < r->net->nclients; i++) {
		client_write(&r->net->client[i]);
		finish_if_done(r, &r->net->client[i]);
	}
}

void relay_free(struct relay *r)
{
	/* In reverse order: both may be the same pipe or socket. */
	struct stdio_end *ends[] = {&r->out, &r->in};

	for (int i = 0; i < 2; i++)
		if (!ends[i]->shared)
			fcntl(ends[i]->io.fd, F_SETFL, ends[i]->old_flags);
	chunkq_clear(&r->outq, &r->pool);
	chunk_pool_free(&r->pool);
	for (unsigned int i = 0; r->line && i < r->net->nclients; i++)
		free(r->line[i].data);
	free(r->line);
}
