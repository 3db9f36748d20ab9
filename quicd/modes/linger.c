// SPDX-License-Identifier: GPL-2.0-or-later
#include "linger.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/sock.h"

#define DELIVER_TIME (30 * NS_PER_S)
#define LINGER_TIME  (5 * NS_PER_S)
/* No connection answers for these sockets any more, so the worker bounds them by itself. */
#define SOCKETS_MAX 1024
#define WINDOWS_MAX 4 /* connection-window, each full of bytes */

struct linger_end {
	struct list of_set;
	struct io io;
	struct timer timer;
	struct linger_set *set;
	struct chunkq rest;
	bool delivered;
};

static void end(struct linger_end *e)
{
	struct linger_set *set = e->set;
	struct worker *w = set->worker;

	list_del(&e->of_set);
	set->n--;
	set->bytes -= e->rest.len;
	timer_cancel(&w->loop.timers, &e->timer);
	loop_del(&w->loop, &e->io);
	sock_close(e->io.fd, !e->delivered);
	chunkq_clear(&e->rest, &w->pool);
	free(e);
}

static void on_timer(struct timer *t)
{
	end(container_of(t, struct linger_end, timer));
}

/* Returns -1 when the backend takes no more. */
static int deliver(struct linger_end *e)
{
	struct worker *w = e->set->worker;

	while (e->rest.len) {
		struct iovec iov[16];
		struct msghdr h = {.msg_iov = iov};
		ssize_t n;

		h.msg_iovlen = chunkq_peek(&e->rest, iov, 16);
		n = sendmsg(e->io.fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -1;
		STAT_ADD(&w->stats, backend_tx, (uint64_t)n);
		chunkq_drop(&e->rest, &w->pool, (size_t)n);
		e->set->bytes -= (size_t)n;
	}
	e->delivered = true;
	shutdown(e->io.fd, SHUT_WR);
	loop_mod(&w->loop, &e->io, EPOLLIN);
	timer_set(&w->loop.timers, &e->timer, clock_now() + LINGER_TIME);
	return 0;
}

static void on_event(struct io *io, uint32_t events)
{
	struct linger_end *e = container_of(io, struct linger_end, io);
	struct worker *w = e->set->worker;
	ssize_t n;

	if (!e->delivered && events & (EPOLLOUT | EPOLLERR) && deliver(e)) {
		end(e);
		return;
	}
	if (!(events & (EPOLLIN | EPOLLHUP)))
		return;
	n = recv(io->fd, w->txbuf, UDP_BUF, MSG_DONTWAIT);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	if (n < 0 || e->delivered)
		end(e);
	else
		loop_mod(&w->loop, io, EPOLLOUT); /* its end is known; ours is to come */
}

void linger_init(struct linger_set *set, struct worker *w)
{
	*set = (struct linger_set){.worker = w};
	list_init(&set->ends);
}

void linger_close(struct linger_set *set, int fd, struct chunkq *rest)
{
	struct worker *w = set->worker;
	uint64_t bytes_max = WINDOWS_MAX * w->server->config->connection_window;
	struct linger_end *e = calloc(1, sizeof(*e));

	if (!e || loop_add(&w->loop, &e->io, fd, EPOLLIN | EPOLLOUT)) {
		free(e);
		sock_close(fd, rest && rest->len);
		return;
	}
	e->set = set;
	e->io.fn = on_event;
	e->timer.fn = on_timer;
	if (rest) {
		e->rest = *rest;
		*rest = (struct chunkq){0};
	}
	list_add_tail(&set->ends, &e->of_set);
	set->n++;
	set->bytes += e->rest.len;
	timer_set(&w->loop.timers, &e->timer, clock_now() + DELIVER_TIME);
	/*
	 * A working backend takes it all within a moment, so the one that waits longest
	 * goes first.
	 */
	while (set->n > SOCKETS_MAX || (set->n > 1 && set->bytes > bytes_max))
		end(container_of(set->ends.next, struct linger_end, of_set));
}

void linger_free(struct linger_set *set)
{
	while (!list_empty(&set->ends))
		end(container_of(set->ends.next, struct linger_end, of_set));
}
