// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "takeover.h"
#include "worker.h"

#define START_TIMEOUT (90 * NS_PER_S) /* as systemd has it by default */
#define DONE_TIMEOUT  (5 * NS_PER_S)  /* while nobody reads */
#define SEND_TIMEOUT  5		      /* seconds */

enum state {
	IDLE,
	STARTED,  /* waits for HELLO */
	SENT,	  /* waits for READY */
	HELD,	  /* no process reads; waits for DONE */
	REPLACED, /* for good */
};

struct handover {
	struct server *server;
	struct loop *loop;
	char *const *argv;
	struct handover_events events;
	const struct control *control;
	const struct metrics *metrics;
	enum state state;
	struct io io; /* the socket to the new process */
	struct timer timer;
	int pid;		   /* of the new process, if it has told */
	int pair[HAND_FDS_MAX][2]; /* links of the workers: our end, and the new process's */
	size_t npairs, nheld;
};

static void close_pairs(struct handover *h)
{
	for (size_t i = 0; i < h->npairs; i++) {
		/* The worker closes the end that it has got. */
		if (i >= h->nheld)
			close(h->pair[i][0]);
		if (h->pair[i][1] >= 0)
			close(h->pair[i][1]);
	}
	h->npairs = h->nheld = 0;
}

/* The new process sees the end of its socket, and ends. */
static void give_up(struct handover *h)
{
	timer_cancel(&h->loop->timers, &h->timer);
	loop_del(h->loop, &h->io);
	close(h->io.fd);
	for (size_t i = 0; i < h->nheld; i++)
		worker_release(h->server->workers[i], HOLD_OFF);
	/* The new process may have changed the program for its own number of workers. */
	if (h->nheld && h->server->config->workers > 1)
		worker_steer(h->server->workers[h->server->config->workers - 1]);
	close_pairs(h);
	h->state = IDLE;
}

static void failed(struct handover *h, const char *why)
{
	char text[128];

	atomic_fetch_add(&h->server->upgrades_failed, 1);
	log_err("upgrade: %s; process %d serves as before", why, (int)getpid());
	snprintf(text, sizeof(text), "upgrade failed: %s", why);
	h->events.state(h->events.arg, text);
}

void handover_cancel(struct handover *h, const char *why)
{
	if (!h || h->state == IDLE || h->state == REPLACED)
		return;
	give_up(h);
	failed(h, why);
}

static void on_timeout(struct timer *t)
{
	struct handover *h = container_of(t, struct handover, timer);

	handover_cancel(h, h->state == HELD ? "the new program was ready, but did not take over"
					    : "the new program takes too long to start");
}

/* The sockets of all workers: those of the configuration, and those that earlier processes need. */
static int send_sockets(struct handover *h)
{
	struct server *s = h->server;
	struct hand_msg m = {.type = HAND_UDP};
	bool extra = atomic_load(&s->links.live);
	int err = 0, fd;

	for (uint64_t i = 0; i < s->config->workers; i++) {
		struct worker *w = s->workers[i];
		size_t n = extra ? w->nendpoints : s->config->nlisten;

		for (size_t j = 0; !err && j < n; j++) {
			m.udp.addr = w->endpoint[j].key;
			m.udp.slot = w->endpoint[j].slot;
			err = hand_send(h->io.fd, &m, &w->endpoint[j].sock.fd, 1);
		}
	}
	fd = control_fd(h->control);
	if (!err && fd >= 0) {
		m = (struct hand_msg){.type = HAND_CONTROL};
		strcpy(m.control.path, s->config->control); /* confcheck() has seen to its length */
		err = hand_send(h->io.fd, &m, &fd, 1);
	}
	for (int i = 0; !err && i < s->config->nmetrics; i++) {
		fd = metrics_fd(h->metrics, i);
		m = (struct hand_msg){.type = HAND_METRICS};
		m.metrics.addr = s->config->metrics[i];
		err = hand_send(h->io.fd, &m, &fd, 1);
	}
	return err;
}

/* The ways to earlier processes, and to this one. */
static int send_links(struct handover *h)
{
	struct server *s = h->server;
	struct hand_msg m = {.type = HAND_LINK};
	int fds[HAND_FDS_MAX], err = 0;

	for (size_t i = 0; !err && i < s->links.n; i++) {
		const struct link *k = &s->links.link[i];

		if (atomic_load(&k->dead))
			continue;
		m.link.cid = k->cid;
		m.link.workers = k->cid.workers;
		err = hand_send(h->io.fd, &m, k->fd, k->nfds);
		if (!err)
			err = hand_send_cids(h->io.fd, k->cids, k->ncids);
	}
	for (uint64_t i = 0; !err && i < s->config->workers; i++) {
		err = link_pair(h->pair[i], (int)s->config->receive_buffer);
		if (err)
			return err;
		fds[i] = h->pair[i][1];
		h->npairs++;
	}
	m.link.cid = s->workers[0]->endpoint[0].cid;
	m.link.cid.workers = (uint8_t)s->config->workers;
	m.link.workers = (uint32_t)s->config->workers;
	return err ? err : hand_send(h->io.fd, &m, fds, h->npairs);
}

/* The next one that no process has which still runs. */
static int next_generation(const struct server *s, unsigned int *next)
{
	for (unsigned int i = 1; i < CID_GENERATIONS; i++) {
		*next = s->generation + i;
		if (!links_have(&s->links, *next % CID_GENERATIONS))
			return 0;
	}
	return -EBUSY;
}

static int send_all(struct handover *h)
{
	struct server *s = h->server;
	gnutls_datum_t key = tls_shared_key(s->tls_shared);
	struct hand_msg m = {.type = HAND_STATE};
	unsigned int next;
	int err = next_generation(s, &next);

	if (err)
		return err;
	m.state.generation = next;
	m.state.secret = s->secret;
	if (key.size <= sizeof(m.state.key)) {
		m.state.key_len = key.size;
		if (key.size)
			memcpy(m.state.key, key.data, key.size);
	}
	err = hand_send(h->io.fd, &m, NULL, 0);
	gnutls_memset(&m, 0, sizeof(m));
	if (!err)
		err = send_sockets(h);
	if (!err)
		err = send_links(h);
	return err ? err : hand_tell(h->io.fd, HAND_END);
}

/* No worker reads any more; what comes from now on, the new process gets. */
static int hold(struct handover *h)
{
	int err = 0;

	h->state = HELD;
	for (size_t i = 0; !err && i < h->npairs; i++) {
		close(h->pair[i][1]);
		h->pair[i][1] = -1;
		h->nheld++;
		err = worker_hold(h->server->workers[i], h->pair[i][0]);
	}
	for (size_t i = 0; !err && i < h->npairs; i++)
		err = hand_send_cids(h->io.fd, h->server->workers[i]->chosen,
				     h->server->workers[i]->nchosen);
	if (!err)
		err = hand_tell(h->io.fd, HAND_GO);
	if (!err)
		timer_set(&h->loop->timers, &h->timer, clock_now() + DONE_TIMEOUT);
	return err;
}

static void finish(struct handover *h)
{
	timer_cancel(&h->loop->timers, &h->timer);
	for (size_t i = 0; i < h->npairs; i++)
		worker_release(h->server->workers[i], HOLD_GONE);
	h->npairs = h->nheld = 0;
	h->state = REPLACED;
	/* The new process has them. */
	links_free(&h->server->links);
	h->events.replaced(h->events.arg, h->pid);
	hand_tell(h->io.fd, HAND_MAIN);
}

/* Only HELLO has more to say than its type. */
static int on_hello(struct handover *h, const struct hand_msg *m)
{
	if (m->hello.version != HAND_VERSION) {
		log_err("upgrade: the new program hands over by version %u, this one by %d: it "
			"needs a "
			"restart",
			m->hello.version, HAND_VERSION);
		return -EPROTONOSUPPORT;
	}
	h->pid = m->hello.pid;
	h->state = SENT;
	return send_all(h);
}

static int on_message(struct handover *h, const struct hand_msg *m)
{
	if (h->state == STARTED && m->type == HAND_HELLO)
		return on_hello(h, m);
	if (h->state == SENT && m->type == HAND_READY)
		return hold(h);
	if (h->state == HELD && m->type == HAND_DONE)
		finish(h);
	else if (h->state == REPLACED && m->type == HAND_DRAIN)
		h->events.drain(h->events.arg);
	else if (h->state == REPLACED && m->type == HAND_REOPEN)
		h->events.reopen(h->events.arg);
	else
		return -EPROTO;
	return 0;
}

static void on_event(struct io *io, uint32_t events)
{
	struct handover *h = container_of(io, struct handover, io);
	struct hand_msg m;
	int err = hand_recv(io->fd, &m, NULL, false);

	(void)events;
	if (err == -EAGAIN)
		return;
	if (!err)
		err = on_message(h, &m);
	if (!err)
		return;
	if (h->state == REPLACED) {
		loop_del(h->loop, io);
		h->events.gone(h->events.arg);
	} else {
		handover_cancel(h, err == -EPIPE || err == -ECONNRESET
					   ? "the new program has ended before it was ready"
				   : err == -EBUSY
					   ? "too many earlier processes still have connections"
					   : strerror(-err));
	}
}

/* The environment without what was for this process alone. Not to be freed but for the array. */
static char **environment(void)
{
	static const char *const drop[] = {
		"LISTEN_FDS=", "LISTEN_FDNAMES=", "LISTEN_PID=", "WATCHDOG_PID=", TAKEOVER_ENV "="};
	static char ours[] = TAKEOVER_ENV "=" TAKEOVER_FD_TEXT;
	size_t n = 0, kept = 0;
	char **env;

	while (environ[n])
		n++;
	env = calloc(n + 2, sizeof(*env));
	for (size_t i = 0; env && i < n; i++) {
		bool keep = true;

		for (size_t j = 0; j < sizeof(drop) / sizeof(drop[0]); j++)
			if (!strncmp(environ[i], drop[j], strlen(drop[j])))
				keep = false;
		if (keep)
			env[kept++] = environ[i];
	}
	if (env)
		env[kept] = ours;
	return env;
}

/* In the child, where only functions that are safe in a signal handler may be called. */
static void become(char *const *argv, char *const *env, int fd)
{
	if (fd == TAKEOVER_FD ? fcntl(fd, F_SETFD, 0) : dup2(fd, TAKEOVER_FD) < 0)
		_exit(127);
	/* Signals stay blocked: the new program waits for them by itself. */
	execvpe(argv[0], argv, env);
	_exit(127);
}

/*
 * Twice a child, so that systemd, which adopts orphans, hears of the end of the new process even
 * while this one still runs.
 */
static int spawn(char *const *argv, int fd)
{
	char **env = environment();
	pid_t child;
	int status = 0;

	if (!env)
		return -ENOMEM;
	child = fork();
	if (child == 0) {
		pid_t grandchild = fork();

		if (grandchild == 0)
			become(argv, env, fd);
		_exit(grandchild < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	free(env);
	if (child < 0)
		return -errno;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status ? -EAGAIN : 0;
}

void handover_begin(struct handover *h, const struct control *control,
		    const struct metrics *metrics)
{
	static const struct timeval patience = {.tv_sec = SEND_TIMEOUT};
	int fds[2], err;

	if (h->state != IDLE) {
		log_info("upgrade: %s", h->state == REPLACED ? "this process was replaced before"
							     : "is under way");
		return;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds)) {
		err = -errno;
		goto fail;
	}
	setsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	err = spawn(h->argv, fds[1]);
	close(fds[1]);
	if (!err)
		err = loop_add(h->loop, &h->io, fds[0], EPOLLIN);
	if (err) {
		close(fds[0]);
		goto fail;
	}
	h->control = control;
	h->metrics = metrics;
	h->pid = 0;
	h->state = STARTED;
	timer_set(&h->loop->timers, &h->timer, clock_now() + START_TIMEOUT);
	log_info("upgrade: starting %s", h->argv[0]);
	h->events.state(h->events.arg, "upgrade under way");
	return;
fail:
	failed(h, strerror(-err));
}

struct handover *handover_new(struct server *s, struct loop *l, char *const *argv,
			      const struct handover_events *events)
{
	struct handover *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->server = s;
	h->loop = l;
	h->argv = argv;
	h->events = *events;
	h->io.fn = on_event;
	h->timer.fn = on_timeout;
	return h;
}

void handover_free(struct handover *h)
{
	if (!h)
		return;
	if (h->state == REPLACED) {
		loop_del(h->loop, &h->io);
		close(h->io.fd);
	} else if (h->state != IDLE) {
		give_up(h);
	}
	free(h);
}
