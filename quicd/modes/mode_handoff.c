// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mode = handoff: one end of a socket pair goes to the service, with a description of the
 * stream (include/quicd_handoff.h); the other end is pumped.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <quicd_handoff.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "../server/codes.h"
#include "../server/loader.h"
#include "../server/worker.h"
#include "backend.h"
#include "pump.h"

struct handoff_conf {
	struct pump_conf pump; /* first */
	char *socket;
	struct backend_addrs addr;
};

#define AT(field) .offset = offsetof(struct handoff_conf, field)

/* clang-format off */
static const struct conf_key handoff_keys[] = {
	{ "socket", CONF_STRING, AT(socket) },
	{ "connect-timeout", CONF_DURATION, AT(pump.connect_timeout), NS_PER_MS, 600 * NS_PER_S },
	{ "idle-timeout", CONF_DURATION, AT(pump.idle_timeout), 0, NS_PER_DAY },
};
/* clang-format on */

static const struct handoff_conf default_conf = {.pump = PUMP_CONF_DEFAULT};

static void check(struct loader *l)
{
	struct handoff_conf *conf = l->c->mode_conf;

	loader_backend(l, "handoff", "socket", conf->socket, &conf->addr);
	if (conf->socket && conf->addr.n && conf->addr.addr[0].sa.sa_family != AF_UNIX)
		loader_complain(l, config_line(l->c, "handoff", "socket"),
				"socket = %s: not the path of a Unix socket", conf->socket);
}

/* A worker's connection to the service. */
struct handoff {
	struct pump_worker pump; /* first */
	struct io io;		 /* fd < 0: not connected */
	struct worker *worker;
	struct list waiting; /* struct pump.waiting: no room in the socket or the backlog yet */
	struct timer retry;  /* of a service that has not accepted us yet */
};

static const struct backend_addrs *service_of(const struct worker *w)
{
	const struct handoff_conf *conf = w->server->config->mode_conf;

	return &conf->addr;
}

static int connect_service(struct handoff *h)
{
	const union addr *a = &service_of(h->worker)->addr[0];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, &a->sa, addr_len(a)))
		err = -errno;
	else
		err = loop_add(&h->worker->loop, &h->io, fd, EPOLLIN);
	if (err) {
		close(fd);
		h->io.fd = -1;
	}
	return err;
}

static void disconnect_service(struct handoff *h)
{
	if (h->io.fd < 0)
		return;
	loop_del(&h->worker->loop, &h->io);
	close(h->io.fd);
	h->io.fd = -1;
}

static void describe(const struct pump *p, struct quicd_handoff *m)
{
	const struct conn *c = p->conn;
	union addr local, peer;

	memset(m, 0, sizeof(*m));
	conn_addrs(c, &local, &peer);
	m->version = QUICD_HANDOFF_VERSION;
	m->quic_version = ngtcp2_conn_get_negotiated_version(c->quic);
	m->connection = c->serial;
	m->stream = (uint64_t)p->tx.id;
	memcpy(&m->peer, &peer, addr_len(&peer));
	memcpy(&m->local, &local, addr_len(&local));
	m->alpn_len = (uint16_t)c->alpn_len;
	memcpy(m->alpn, c->alpn, c->alpn_len);
	strcpy(m->sni, c->sni);
	m->client_verified = tls_client_verified(&c->tls);
	tls_client_name(&c->tls, m->client_name);
}

static int send_message(struct handoff *h, const struct quicd_handoff *m, int fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {(void *)m, sizeof(*m)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(h->io.fd, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Sends, connecting first if need be, and once again if the service was restarted. */
static int deliver(struct handoff *h, const struct quicd_handoff *m, int fd)
{
	int err = -ENOTCONN;

	for (int i = 0; i < 2; i++) {
		if (h->io.fd < 0) {
			err = connect_service(h);
			if (err)
				return err;
		}
		err = send_message(h, m, fd);
		if (!err || err == -EAGAIN)
			return err;
		disconnect_service(h);
	}
	return err;
}

/* Returns 0, -EAGAIN when the service is behind, or another error after the reset. */
static int hand_over(struct handoff *h, struct pump *p)
{
	struct quicd_handoff m;
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		pump_abort(p, QUICD_NO_RESOURCES);
		return -errno;
	}
	/* Only our end is non-blocking: the service gets a plain socket. */
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	describe(p, &m);
	err = deliver(h, &m, pair[1]);
	close(pair[1]);
	if (!err) {
		p->addrs = service_of(h->worker);
		pump_attach(p, pair[0]);
		return 0;
	}
	close(pair[0]);
	if (err == -EAGAIN)
		return err;
	errno = -err;
	backend_failed(p->conn, service_of(h->worker));
	pump_abort(p, QUICD_BACKEND_UNREACHABLE);
	return err;
}

/* The service is behind. Its socket signals room, its backlog does not. */
static void wait_for_room(struct handoff *h)
{
	if (h->io.fd >= 0)
		loop_mod(&h->worker->loop, &h->io, EPOLLIN | EPOLLOUT);
	else
		timer_set(&h->worker->loop.timers, &h->retry, clock_now() + BACKLOG_PAUSE);
}

static void hand_over_waiting(struct handoff *h)
{
	struct list waiting;
	int err = 0;

	list_take(&waiting, &h->waiting);
	while (!list_empty(&waiting)) {
		struct pump *p = container_of(waiting.next, struct pump, waiting);

		list_del(&p->waiting);
		/* After the first one that finds no room, the others keep their places. */
		if (err != -EAGAIN)
			err = hand_over(h, p);
		if (err == -EAGAIN)
			list_add_tail(&h->waiting, &p->waiting);
	}
	if (!list_empty(&h->waiting))
		wait_for_room(h);
}

static void on_retry(struct timer *t)
{
	hand_over_waiting(container_of(t, struct handoff, retry));
}

/* There is room again, or the service has gone. */
static void on_service(struct io *io, uint32_t events)
{
	struct handoff *h = container_of(io, struct handoff, io);

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		disconnect_service(h);
	else
		loop_mod(&h->worker->loop, io, EPOLLIN);
	hand_over_waiting(h);
}

static int start_worker(struct worker *w)
{
	struct handoff *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	linger_init(&h->pump.lingering, w);
	h->io.fd = -1;
	h->io.fn = on_service;
	h->retry.fn = on_retry;
	h->worker = w;
	list_init(&h->waiting);
	w->mode_data = h;
	return 0;
}

static void end_worker(struct worker *w)
{
	struct handoff *h = w->mode_data;

	disconnect_service(h);
	timer_cancel(&w->loop.timers, &h->retry);
	pump_worker_free(w);
}

static int open_stream(struct conn *c, int64_t id)
{
	struct handoff *h = c->worker->mode_data;
	struct pump *p = pump_new(c, id);

	if (!p)
		return -1;
	if (hand_over(h, p) == -EAGAIN) {
		pump_wait(p, service_of(c->worker));
		list_add_tail(&h->waiting, &p->waiting);
		wait_for_room(h);
	}
	return 0;
}

static const struct mode_conf handoff_section = {
	.keys = handoff_keys,
	.nkeys = sizeof(handoff_keys) / sizeof(handoff_keys[0]),
	.values = &default_conf,
	.size = sizeof(default_conf),
	.check = check,
};

const struct mode mode_handoff = {
	.name = "handoff",
	.conf = &handoff_section,
	.worker_init = start_worker,
	.worker_idle = pump_worker_idle,
	.worker_free = end_worker,
	.start = pump_start,
	.stop = pump_stop,
	.open = open_stream,
	.recv = pump_recv,
	.acked = pump_acked,
	.reset = pump_reset,
	.closed = pump_closed,
	.unblocked = sendq_unblocked,
	.flush = pump_flush,
	.next = sendq_next,
	.sent = sendq_sent,
	.blocked = sendq_blocked,
	.shut = pump_shut,
	.idle = pump_idle,
};
