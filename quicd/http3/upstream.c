// SPDX-License-Identifier: GPL-2.0-or-later
#include "upstream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "../modes/backend.h"
#include "../server/worker.h"
#include "h3conf.h"

#define IDLE_MAX      32 /* connections kept for a worker */
#define IDLE_TIME     (30 * NS_PER_S)
#define READS_A_ROUND 4

static const struct h3_conf *conf_of(const struct upstream *u)
{
	return u->pool->worker->server->config->mode_conf;
}

static struct loop *loop_of(const struct upstream *u)
{
	return &u->pool->worker->loop;
}

static void unwatch(struct upstream *u)
{
	if (u->watched)
		loop_del(loop_of(u), &u->io);
	u->watched = false;
}

static void close_socket(struct upstream *u)
{
	unwatch(u);
	if (u->io.fd >= 0)
		close(u->io.fd);
	u->io.fd = -1;
}

void upstream_close(struct upstream *u)
{
	if (list_linked(&u->idle)) {
		list_del(&u->idle);
		u->pool->nidle--;
	}
	timer_cancel(&loop_of(u)->timers, &u->timer);
	close_socket(u);
	if (u->req)
		u->req->work = NULL;
	chunkq_clear(&u->out, &u->pool->worker->pool);
	upparse_free(&u->answer);
	free(u);
}

/* It is the client's turn: the rest of the request is to come, or the answer is not taken. */
static bool waits_for_client(const struct upstream *u)
{
	if (!h3_body_room(u->req))
		return true;
	return !u->request_done && !u->out.len;
}

/* How long silence may last; 0: forever. */
static uint64_t patience(const struct upstream *u)
{
	const struct h3_conf *c = conf_of(u);

	if (!u->req)
		return IDLE_TIME;
	if (!u->connected)
		return c->connect_timeout;
	return waits_for_client(u) ? c->idle_timeout : c->upstream_timeout;
}

/*
 * Activity only notes the time; the timer catches up when it fires. It fires at least as often
 * as the shorter limit, since the side whose turn it is may change at any time.
 */
static void set_timer(struct upstream *u)
{
	uint64_t limit = patience(u), shorter = conf_of(u)->upstream_timeout;
	uint64_t at = u->last_active + limit, now = clock_now();

	if (u->req && u->io.fd < 0)
		at = now + BACKLOG_PAUSE;
	else if (!limit || (u->req && u->connected && at > now + shorter))
		at = now + shorter;
	timer_set(&loop_of(u)->timers, &u->timer, at);
}

static int dial_next(struct upstream *u, int err);

static unsigned int status_of(int err)
{
	switch (err) {
	case -ETIMEDOUT:
		return 504;
	case -EMFILE:
	case -ENFILE:
		return 503;
	default:
		return 502;
	}
}

/* No room in the backlog yet, or no answer in time: try the same address again, or the next. */
static void dial_again(struct upstream *u)
{
	int err;

	if (clock_now() >= u->last_active + patience(u)) {
		close_socket(u);
		u->addr_next++;
		upstream_touch(u);
	}
	err = dial_next(u, -ETIMEDOUT);
	if (err)
		proxy_failed(u, status_of(err));
	else
		set_timer(u);
}

static void on_timer(struct timer *t)
{
	struct upstream *u = container_of(t, struct upstream, timer);
	uint64_t limit = patience(u);
	bool over = limit && clock_now() >= u->last_active + limit;

	if (u->failed) {
		proxy_failed(u, u->failed);
		return;
	}
	if (u->req && !u->connected && (over || u->io.fd < 0)) {
		dial_again(u);
		return;
	}
	if (!over) {
		set_timer(u);
		return;
	}
	if (!u->req) {
		upstream_close(u);
		return;
	}
	if (waits_for_client(u)) {
		log_info("%s: stream %lld idle", u->req->hc->conn->peer, (long long)u->req->id);
		h3_abort(u->req, NGHTTP3_H3_REQUEST_CANCELLED);
		return;
	}
	proxy_failed(u, 504);
}

void upstream_touch(struct upstream *u)
{
	u->last_active = clock_now();
}

/*
 * With nothing to wait for, the socket leaves the loop: epoll would report a hang-up endlessly.
 */
void upstream_watch(struct upstream *u)
{
	uint32_t want = 0;

	if (u->io.fd < 0)
		return;
	/* An idle connection is watched, too: the upstream may close it. */
	if (u->connected && (!u->req || h3_body_room(u->req)))
		want |= EPOLLIN;
	if (!u->connected || u->write_blocked)
		want |= EPOLLOUT;
	if (!want)
		unwatch(u);
	else if (u->watched)
		loop_mod(loop_of(u), &u->io, want);
	else
		u->watched = !loop_add(loop_of(u), &u->io, u->io.fd, want);
}

/*
 * Connects to an address, from the present one on, then to the next backend's. Returns 0, also
 * when there is no room in its backlog now (no socket then, and the timer tries again), or -errno
 * when none is left.
 */
static int dial_next(struct upstream *u, int err)
{
	for (; u->addr_next < u->addrs->n; u->addr_next++) {
		int fd = backend_connect(&u->addrs->addr[u->addr_next]);

		if (fd == -EAGAIN)
			return 0;
		if (fd < 0) {
			err = fd;
			continue;
		}
		u->io.fd = fd;
		u->req->backend = u->addrs->addr[u->addr_next];
		upstream_watch(u); /* writable means connected, or failed */
		if (u->watched)
			return 0;
		err = -ENOMEM;
		close_socket(u);
	}
	errno = -err;
	if (!backends_failed(u->req->hc->conn, &u->pick))
		return err;
	u->addrs = backends_addrs(&u->pick);
	u->addr_next = 0;
	upstream_touch(u);
	return dial_next(u, err);
}

static void write_out(struct upstream *u)
{
	struct worker *w = u->pool->worker;
	struct iovec iov[16];

	for (;;) {
		struct msghdr h = {.msg_iov = iov};
		ssize_t n;

		proxy_refill(u);
		if (!u->out.len)
			break;
		h.msg_iovlen = chunkq_peek(&u->out, iov, 16);
		n = sendmsg(u->io.fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			u->write_blocked = true;
			return;
		}
		if (n < 0) {
			/*
			 * It stopped reading but may have answered already: an answer still
			 * counts, and reading will show whether there is one.
			 */
			chunkq_clear(&u->out, &w->pool);
			h3_discard_input(u->req);
			u->request_done = u->broken = true;
			break;
		}
		upstream_touch(u);
		STAT_ADD(&w->stats, backend_tx, (uint64_t)n);
		chunkq_drop(&u->out, &w->pool, (size_t)n);
	}
	u->write_blocked = false;
}

void upstream_push(struct upstream *u)
{
	if (u->connected && !u->write_blocked)
		write_out(u);
	upstream_watch(u);
}

static void finish_connect(struct upstream *u)
{
	int err = 0;
	socklen_t len = sizeof(err);

	getsockopt(u->io.fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err) {
		close_socket(u);
		u->addr_next++;
		upstream_touch(u);
		err = dial_next(u, -err);
		if (err)
			proxy_failed(u, status_of(err));
		else
			set_timer(u);
		return;
	}
	u->connected = true;
	upstream_touch(u);
	set_timer(u);
	STAT_INC(&u->pool->worker->stats, backend_ok);
	backends_worked(u->req->hc->conn, &u->pick);
	upstream_push(u);
}

static void read_in(struct upstream *u)
{
	struct worker *w = u->pool->worker;

	for (int i = 0; i < READS_A_ROUND; i++) {
		ssize_t n;
		int err;

		if (u->req && !h3_body_room(u->req))
			return;
		n = recv(u->io.fd, w->txbuf, UDP_BUF, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		/* An idle connection has nothing to say: it was closed, or is not to be trusted. */
		if (!u->req) {
			upstream_close(u);
			return;
		}
		if (n > 0) {
			u->any_answer = true;
			upstream_touch(u);
			STAT_ADD(&w->stats, backend_rx, (uint64_t)n);
			err = upparse_feed(&u->answer, (const char *)w->txbuf, (size_t)n);
		} else {
			err = n < 0 ? -errno : upparse_eof(&u->answer);
			u->answer.keep = false;
		}
		if (u->answer.complete) {
			proxy_complete(u);
			return;
		}
		if (u->req->body.unsent)
			h3_body_more(u->req);
		if (err || n <= 0) {
			/* That is no answer: on a kept connection it may be the last one's rest. */
			if (!u->answer.header_done)
				u->any_answer = false;
			proxy_failed(u, 502);
			return;
		}
	}
}

static void on_event(struct io *io, uint32_t events)
{
	struct upstream *u = container_of(io, struct upstream, io);
	struct h3_req *r = u->req;

	if (!u->connected) {
		finish_connect(u);
		return;
	}
	if (events & EPOLLOUT) {
		u->write_blocked = false;
		upstream_push(u);
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_in(u);
	/* Reading may have ended the connection; the request knows. */
	if (r && r->work == u)
		upstream_watch(u);
}

static int on_header(struct upparse *p, unsigned int status)
{
	return proxy_header(container_of(p, struct upstream, answer), status);
}

static int on_body(struct upparse *p, const char *at, size_t len)
{
	struct upstream *u = container_of(p, struct upstream, answer);

	return chunkq_append(&u->req->body, &u->pool->worker->pool, at, len) ? -1 : 0;
}

/* Still open, and silent? It may have closed since the loop looked last. */
static bool usable(const struct upstream *u)
{
	char byte;

	return recv(u->io.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static struct upstream *from_pool(struct upstream_pool *p, const struct backend_addrs *addrs)
{
	/* The youngest is the most likely to be still open. */
	for (struct list *l = p->idle.prev, *before; l != &p->idle; l = before) {
		struct upstream *u = container_of(l, struct upstream, idle);

		before = l->prev;
		if (u->addrs != addrs)
			continue;
		if (usable(u)) {
			list_del(&u->idle);
			p->nidle--;
			u->reused = true;
			return u;
		}
		upstream_close(u);
	}
	return NULL;
}

static struct upstream *new_upstream(struct upstream_pool *p)
{
	struct upstream *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->io.fd = -1;
	u->io.fn = on_event;
	u->timer.fn = on_timer;
	u->answer.on_header = on_header;
	u->answer.on_body = on_body;
	u->pool = p;
	list_init(&u->idle);
	return u;
}

struct upstream *upstream_get(struct upstream_pool *p, struct h3_req *r)
{
	struct h3_conf *conf = p->worker->server->config->mode_conf;
	struct backend_pick pick;
	struct upstream *u;
	int err;

	backends_pick(&conf->backends, &pick, clock_now());
	u = from_pool(p, backends_addrs(&pick));
	if (!u)
		u = new_upstream(p);
	if (!u)
		return NULL;
	u->pick = pick;
	u->addrs = backends_addrs(&pick);
	u->req = r;
	r->work = u;
	upparse_init(&u->answer, !strcmp(r->method, "HEAD"));
	upstream_touch(u);
	if (u->connected)
		r->backend = u->addrs->addr[u->addr_next];
	err = u->connected ? 0 : dial_next(u, -EHOSTUNREACH);
	if (!err) {
		set_timer(u);
	} else {
		u->failed = status_of(err);
		timer_set(&loop_of(u)->timers, &u->timer, 0);
	}
	return u;
}

void upstream_release(struct upstream *u)
{
	struct upstream_pool *p = u->pool;

	u->req->work = NULL;
	u->req = NULL;
	if (!u->answer.keep || u->broken || !u->request_done || u->out.len ||
	    p->nidle >= IDLE_MAX) {
		upstream_close(u);
		return;
	}
	u->request_done = u->body_begun = u->any_answer = false;
	u->write_blocked = false;
	fields_free(&u->answer.fields);
	list_add_tail(&p->idle, &u->idle);
	p->nidle++;
	upstream_touch(u);
	set_timer(u);
	upstream_watch(u);
}

struct upstream_pool *upstream_pool_new(struct worker *w)
{
	struct upstream_pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->worker = w;
	list_init(&p->idle);
	return p;
}

void upstream_pool_free(void *pool)
{
	struct upstream_pool *p = pool;

	if (!p)
		return;
	while (!list_empty(&p->idle))
		upstream_close(container_of(p->idle.next, struct upstream, idle));
	free(p);
}
