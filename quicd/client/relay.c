// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/list.h"
#include "../common/log.h"

#define AHEAD_MAX (1u << 20) /* input read but not yet acknowledged, per stream */

static bool streams_have_room(const struct client *c)
{
	for (unsigned int i = 0; i < c->nstreams; i++)
		if (!c->stream[i].shut && c->stream[i].q.len >= AHEAD_MAX)
			return false;
	return true;
}

static void end_input(struct relay *r)
{
	struct client *c = r->in.client;

	r->eof = true;
	if (r->in.polled)
		loop_del(&c->loop, &r->in.io);
	r->in.polled = false;
	for (unsigned int i = 0; i < c->nstreams; i++)
		c->stream[i].fin = true;
}

static void read_input(struct relay *r)
{
	struct client *c = r->in.client;
	uint8_t buf[65536];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		/* Half of the input must not look like all of it. */
		log_err("standard input: %s", strerror(errno));
		client_end(c, QUICC_LOCAL);
		return;
	}
	if (n == 0) {
		end_input(r);
		return;
	}
	for (unsigned int i = 0; i < c->nstreams; i++) {
		if (c->stream[i].shut)
			continue;
		if (chunkq_append(&c->stream[i].q, &c->pool, buf, (size_t)n)) {
			log_err("out of memory");
			client_end(c, QUICC_LOCAL);
		}
	}
}

static void write_output(struct relay *r)
{
	struct client *c = r->out.client;

	while (r->outq.len) {
		struct iovec iov[16];
		ssize_t n = writev(STDOUT_FILENO, iov, (int)chunkq_peek(&r->outq, iov, 16));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			log_err("standard output: %s", strerror(errno));
			client_end(c, QUICC_LOCAL);
			return;
		}
		chunkq_drop(&r->outq, &c->pool, (size_t)n);
		client_credit(c, &c->stream[0], (size_t)n);
	}
}

/* The first stream's data waits for stdout and earns credit when written; the others' is counted.
 */
static size_t on_data(struct client *c, struct client_stream *s, const uint8_t *data, size_t len)
{
	struct relay *r = c->user;

	if (s != &c->stream[0])
		return len;
	if (chunkq_append(&r->outq, &c->pool, data, len)) {
		log_err("out of memory");
		client_end(c, QUICC_LOCAL);
	}
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
		if (loop_add(&e->client->loop, &e->io, e->io.fd, events))
			return;
	} else {
		loop_del(&e->client->loop, &e->io);
	}
	e->polled = want;
}

static void end_init(struct stdio_end *e, struct client *c, int fd,
		     void (*fn)(struct io *io, uint32_t events))
{
	struct stat st;

	e->client = c;
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

int relay_init(struct relay *r, struct client *c)
{
	memset(r, 0, sizeof(*r));
	end_init(&r->in, c, STDIN_FILENO, on_input);
	end_init(&r->out, c, STDOUT_FILENO, on_output);
	c->on_data = on_data;
	c->user = r;
	return 0;
}

static void finish_if_done(struct relay *r)
{
	struct client *c = r->in.client;

	if (!c->connected || r->outq.len)
		return;
	/* Otherwise a user at a terminal would have to end the input by hand. */
	if (client_all_closed(c) || (client_all_ended(c) && isatty(STDIN_FILENO)))
		client_end(c, QUICC_OK);
}

void relay_turn(struct relay *r)
{
	struct client *c = r->in.client;
	bool room = streams_have_room(c);

	if (c->done)
		return;
	if (!r->eof && c->o->quiet_stdin)
		end_input(r);
	if (!r->eof && r->in.plain && room)
		read_input(r);
	if (!r->eof)
		set_polled(&r->in, room, EPOLLIN);
	write_output(r);
	set_polled(&r->out, r->outq.len > 0, EPOLLOUT);
	client_write(c);
	finish_if_done(r);
}

void relay_free(struct relay *r)
{
	/* In reverse order: both may be the same pipe or socket. */
	struct stdio_end *ends[] = {&r->out, &r->in};

	for (int i = 0; i < 2; i++)
		if (!ends[i]->shared)
			fcntl(ends[i]->io.fd, F_SETFL, ends[i]->old_flags);
	chunkq_clear(&r->outq, &r->in.client->pool);
}
