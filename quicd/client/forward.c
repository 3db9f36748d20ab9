// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "forward.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/list.h"
#include "../common/log.h"
#include "../common/sock.h"
#include "client.h"

#define AHEAD_MAX   (1u << 20) /* read from a TCP connection and not yet acknowledged */
#define KEEP_ALIVE  (20 * NS_PER_S)
#define IDLE_TIME   (30 * NS_PER_S) /* without any TCP connection, then the QUIC connection ends */
#define BACKLOG	    128
#define TICK	    NS_PER_S
#define RETRY_PAUSE (100 * NS_PER_MS)

struct forward;

static volatile sig_atomic_t ended; /* by a signal */

/* A TCP connection. */
struct pipe {
	struct io io; /* fd < 0: gone, the stream has not ended yet */
	struct list of_forward;
	struct forward *forward;
	struct client_stream *s; /* NULL: waits until one may be opened */
	struct chunkq out;	 /* received, not yet written */
	bool watched;
	bool eof;      /* it has finished */
	bool told;     /* it was told that the server has */
	bool wait_out; /* its buffer is full */
};

struct forward {
	const struct options *o;
	struct ctls *tls;
	struct io listener;
	bool accepting;
	uint64_t accept_at; /* not before: there were no descriptors */
	struct net net;
	struct client client;
	bool live; /* there is a QUIC connection */
	struct list pipes;
	size_t npipes;
	uint64_t idle_since; /* 0: there are pipes */
	uint64_t done_since; /* 0: the QUIC connection has not ended */
};

static struct loop *loop_of(struct pipe *p)
{
	return &p->forward->net.loop;
}

static void watch(struct pipe *p)
{
	uint32_t want = 0;

	if (p->io.fd < 0)
		return;
	if (p->s && !p->eof && (p->s->shut || p->s->q.len < AHEAD_MAX))
		want |= EPOLLIN;
	if (p->wait_out)
		want |= EPOLLOUT;
	if (want && p->watched)
		loop_mod(loop_of(p), &p->io, want);
	else if (want)
		p->watched = !loop_add(loop_of(p), &p->io, p->io.fd, want);
	else if (p->watched)
		loop_del(loop_of(p), &p->io);
	p->watched &= want != 0;
}

static void close_socket(struct pipe *p, bool broken)
{
	if (p->io.fd < 0)
		return;
	if (p->watched)
		loop_del(loop_of(p), &p->io);
	p->watched = false;
	sock_close(p->io.fd, broken);
	p->io.fd = -1;
}

static void pipe_free(struct pipe *p)
{
	struct client *c = &p->forward->client;

	chunkq_clear(&p->out, &c->pool);
	if (p->s) {
		chunkq_clear(&p->s->q, &c->pool);
		*p->s = (struct client_stream){.id = -1};
	}
	list_del(&p->of_forward);
	p->forward->npipes--;
	free(p);
}

/* The TCP connection breaks off, and its stream with it, in both directions. */
static void break_off(struct pipe *p)
{
	struct client *c = &p->forward->client;
	size_t held = p->out.len;

	close_socket(p, true);
	chunkq_clear(&p->out, &c->pool);
	if (!p->s || p->s->closed || !c->quic)
		return;
	client_credit(c, p->s, held);
	p->s->shut = true;
	ngtcp2_conn_shutdown_stream(c->quic, 0, p->s->id, 0);
}

static void write_socket(struct pipe *p)
{
	struct client *c = &p->forward->client;

	p->wait_out = false;
	while (p->out.len && p->io.fd >= 0) {
		struct iovec iov[16];
		struct msghdr h = {.msg_iov = iov};
		ssize_t n;

		h.msg_iovlen = chunkq_peek(&p->out, iov, 16);
		n = sendmsg(p->io.fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			p->wait_out = true;
			return;
		}
		if (n < 0) {
			break_off(p);
			return;
		}
		chunkq_drop(&p->out, &c->pool, (size_t)n);
		if (c->quic && !p->s->closed)
			client_credit(c, p->s, (size_t)n);
	}
	if (p->s->ended && !p->told && p->io.fd >= 0) {
		shutdown(p->io.fd, SHUT_WR);
		p->told = true;
	}
}

static void read_socket(struct pipe *p)
{
	struct client *c = &p->forward->client;
	uint8_t buf[65536];
	ssize_t n = recv(p->io.fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		break_off(p);
		return;
	}
	if (n == 0) {
		p->eof = p->s->fin = true;
		return;
	}
	/* The server stopped reading: what still comes is thrown away. */
	if (!p->s->shut && chunkq_append(&p->s->q, &c->pool, buf, (size_t)n)) {
		log_err("out of memory");
		break_off(p);
	}
}

static void on_pipe(struct io *io, uint32_t events)
{
	struct pipe *p = container_of(io, struct pipe, io);

	if (events & EPOLLOUT)
		write_socket(p);
	else if (!p->eof)
		read_socket(p);
	else
		break_off(p); /* a reset after its end */
}

/* Both ends are done with it: it goes. Only here, and when the QUIC connection ends. */
static bool finish(struct pipe *p)
{
	if (p->s ? !p->s->closed : p->io.fd >= 0)
		return false;
	if (p->io.fd >= 0 && (p->out.len || !p->told))
		return false;
	close_socket(p, false);
	pipe_free(p);
	return true;
}

static struct client_stream *free_stream(struct client *c)
{
	for (unsigned int i = 0; i < c->nstreams; i++)
		if (c->stream[i].id < 0)
			return &c->stream[i];
	return NULL;
}

static void open_stream(struct pipe *p)
{
	struct client *c = &p->forward->client;
	struct client_stream *s = free_stream(c);

	if (!s || !c->connected || c->done || ngtcp2_conn_open_bidi_stream(c->quic, &s->id, s))
		return;
	s->user = p;
	p->s = s;
}

static size_t on_data(struct client *c, struct client_stream *s, const uint8_t *data, size_t len)
{
	struct pipe *p = s->user;

	if (p->io.fd < 0 || chunkq_append(&p->out, &c->pool, data, len))
		return len; /* nobody wants it */
	return 0;
}

/* Looks after all pipes, once a round. */
static void turn(struct forward *f)
{
	struct list *l, *tmp;

	list_for_each_safe(l, tmp, &f->pipes)
	{
		struct pipe *p = container_of(l, struct pipe, of_forward);

		if (!p->s)
			open_stream(p);
		if (p->s && p->s->reset && p->io.fd >= 0)
			break_off(p);
		if (p->s && !p->wait_out && p->io.fd >= 0)
			write_socket(p);
		if (!finish(p))
			watch(p);
	}
}

/* Data that the server finished in good order is still written, though its connection has ended. */
static bool flushing(const struct forward *f)
{
	for (const struct list *l = f->pipes.next; l != &f->pipes; l = l->next) {
		const struct pipe *p = container_of(l, struct pipe, of_forward);

		if (p->io.fd >= 0 && p->s && p->s->ended && !p->s->reset && !p->told)
			return true;
	}
	return false;
}

static void disconnect(struct forward *f)
{
	while (!list_empty(&f->pipes)) {
		struct pipe *p = container_of(f->pipes.next, struct pipe, of_forward);

		close_socket(p, !p->told);
		pipe_free(p);
	}
	client_free(&f->client);
	memset(&f->client, 0, sizeof(f->client));
	net_close(&f->net);
	f->live = false;
	f->done_since = 0;
}

static void connect_out(struct forward *f)
{
	struct client *c = &f->client;

	f->live = true;
	f->net.nclients = 1;
	if (net_open(&f->net) >= 0 || client_init(c, &f->net, 0, f->tls) >= 0) {
		disconnect(f);
		return;
	}
	c->on_data = on_data;
	c->keeps = true;
	c->opened = c->nstreams; /* each place may have a stream */
	client_start(c);
}

static void on_accept(struct io *io, uint32_t events)
{
	struct forward *f = container_of(io, struct forward, listener);
	int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
	struct pipe *p = fd < 0 ? NULL : calloc(1, sizeof(*p));

	(void)events;
	if (!p) {
		/* It would be reported endlessly; accept_or_not() tries again. */
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED))
			f->accept_at = clock_now() + RETRY_PAUSE;
		if (fd >= 0)
			close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	p->io.fd = fd;
	p->io.fn = on_pipe;
	p->forward = f;
	list_init(&p->of_forward);
	list_add_tail(&f->pipes, &p->of_forward);
	f->npipes++;
	if (!f->live)
		connect_out(f);
}

/*
 * Connections that cannot have a place stay in the backlog, as do those that come while a QUIC
 * connection has ended and its last data is written: the next one is for them.
 */
static void accept_or_not(struct forward *f)
{
	bool want = f->npipes < f->o->streams && !(f->live && f->client.done) &&
		    clock_now() >= f->accept_at;

	if (want != f->accepting)
		loop_mod(&f->net.loop, &f->listener, want ? EPOLLIN : 0);
	f->accepting = want;
}

/* True when there has been no TCP connection for a while. */
static bool idle(struct forward *f)
{
	if (f->npipes)
		f->idle_since = 0;
	else if (!f->idle_since)
		f->idle_since = clock_now();
	return f->idle_since && clock_now() >= f->idle_since + IDLE_TIME;
}

/* A server may end an idle connection earlier than usual. */
static uint64_t keep_alive(const struct client *c)
{
	const ngtcp2_transport_params *p =
		c->connected ? ngtcp2_conn_get_remote_transport_params(c->quic) : NULL;
	uint64_t idle = p ? p->max_idle_timeout : 0;

	return idle && idle / 2 < KEEP_ALIVE ? idle / 2 : KEEP_ALIVE;
}

static void round_of(struct forward *f)
{
	struct client *c = &f->client;

	turn(f);
	if (!c->done && c->quic)
		ngtcp2_conn_set_keep_alive_timeout(c->quic, keep_alive(c));
	client_write(c);
	if (!c->done && idle(f))
		client_end(c, QUICC_OK);
	if (!c->done)
		return;
	if (!f->done_since)
		f->done_since = clock_now();
	if (!flushing(f) || clock_now() >= f->done_since + IDLE_TIME)
		disconnect(f);
}

static void on_signal(int sig)
{
	(void)sig;
	ended = 1;
}

static int listen_at(const union addr *a)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &a->sa, addr_len(a)) || listen(fd, BACKLOG)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static void forward_free(struct forward *f, int fd)
{
	disconnect(f);
	if (fd >= 0)
		close(fd);
	net_free(&f->net);
	free(f);
}

int forward_run(const struct options *o, struct ctls *tls)
{
	const struct sigaction end = {.sa_handler = on_signal};
	struct forward *f = calloc(1, sizeof(*f));
	char text[ADDR_TEXT_MAX];
	int fd, err;

	if (!f)
		return QUICC_LOCAL;
	f->o = o;
	f->tls = tls;
	list_init(&f->pipes);
	f->listener.fn = on_accept;
	if (net_setup(&f->net, o, &f->client, 0) >= 0) {
		forward_free(f, -1);
		return QUICC_LOCAL;
	}
	fd = listen_at(&o->listen);
	err = fd < 0 ? fd : loop_add(&f->net.loop, &f->listener, fd, EPOLLIN);
	if (err) {
		log_err("--listen %s: %s", addr_format(&o->listen, text), strerror(-err));
		forward_free(f, fd);
		return QUICC_LOCAL;
	}
	f->accepting = true;
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	log_info("listening on %s", addr_format(&o->listen, text));
	while (!ended) {
		/* A signal in between is seen after the pause. */
		loop_once(&f->net.loop, f->accepting ? TICK : RETRY_PAUSE);
		if (f->live)
			round_of(f);
		accept_or_not(f);
	}
	forward_free(f, fd);
	return QUICC_OK;
}
