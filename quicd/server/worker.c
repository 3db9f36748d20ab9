// SPDX-License-Identifier: GPL-2.0-or-later
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "codes.h"
#include "conn.h"
#include "privilege.h"
#include "steer.h"

/* The loop turns at least this often, so that the watchdog sees it alive. */
#define WORKER_TICK NS_PER_S
#define POOL_CHUNKS 256
/* Seconds that a worker may take to stop reading. */
#define HOLD_PATIENCE 5

static bool is_ours(const struct conn *c, const struct cid_entry *e)
{
	return e->len == cid_len(c->cid) && cid_fits(c->cid, e->id) &&
	       !memcmp(e->id + 1, c->cid->server_id, c->cid->server_id_len);
}

/* The IDs by which a newer process cannot know what is ours. */
static void collect_chosen(struct worker *w)
{
	size_t room = 0;
	struct list *l, *e, *tmp, *tmp2;

	free(w->chosen);
	w->chosen = NULL;
	w->nchosen = 0;
	list_for_each_safe(l, tmp, &w->conns)
	{
		struct conn *c = container_of(l, struct conn, of_worker);

		list_for_each_safe(e, tmp2, &c->cids)
		{
			struct cid_entry *id = container_of(e, struct cid_entry, of_conn);

			if (is_ours(c, id))
				continue;
			if (w->nchosen == room) {
				size_t more = room ? 2 * room : 64;
				struct hand_cid *all =
					realloc(w->chosen, more * sizeof(*w->chosen));

				/* Handshakes that clients begin again are all that it costs. */
				if (!all)
					return;
				w->chosen = all;
				room = more;
			}
			w->chosen[w->nchosen] = (struct hand_cid){.len = id->len};
			memcpy(w->chosen[w->nchosen++].id, id->id, id->len);
		}
	}
}

static void on_link(struct io *io, uint32_t events)
{
	struct worker *w = container_of(io, struct worker, link);

	(void)events;
	/* The main thread sees the same end, and decides. */
	if (!endpoint_read_link(w, io->fd))
		loop_del(&w->loop, io);
}

static void drop_link(struct worker *w)
{
	if (w->link.fd < 0)
		return;
	loop_del(&w->loop, &w->link);
	close(w->link.fd);
	w->link.fd = -1;
}

/* Reads from the sockets or not, as the main thread wants it. */
static void obey_hold(struct worker *w)
{
	/* First: with the link of worker_hold() its HOLD_ON is seen, too, or what came after. */
	int fd = atomic_exchange(&w->new_link, -1);
	enum worker_hold hold = atomic_load(&w->hold);
	bool held = hold != HOLD_OFF;

	if (hold == HOLD_GONE)
		w->replaced = true;
	/* Of a handover that failed; the next one may have begun already. */
	if (!held || fd >= 0)
		drop_link(w);
	if (held != w->endpoint[0].held)
		for (size_t i = 0; i < w->nendpoints; i++)
			if (w->endpoint[i].sock.fd >= 0)
				endpoint_hold(&w->endpoint[i], held);
	if (fd < 0)
		return;
	if (!held) {
		close(fd);
		return;
	}
	collect_chosen(w);
	w->link.fd = fd;
	if (loop_add(&w->loop, &w->link, fd, EPOLLIN))
		log_err("worker %u: link: %s", w->id, strerror(errno));
	sem_post(&w->held);
}

static void take_mail(struct io *io, uint32_t events)
{
	struct worker *w = container_of(io, struct worker, wake);
	struct tls *tls;
	uint64_t n;

	(void)events;
	if (read(io->fd, &n, sizeof(n)) < 0)
		return;
	tls = atomic_exchange(&w->new_tls, NULL);
	if (tls) {
		tls_unref(w->tls);
		w->tls = tls;
	}
	obey_hold(w);
	if (atomic_load(&w->drain) && !w->draining) {
		struct list *l, *tmp;

		w->draining = true;
		list_for_each_safe(l, tmp, &w->conns)
			conn_drain(container_of(l, struct conn, of_worker));
	}
}

static bool is_extra(const struct worker *w, const struct inherited_socket *in)
{
	const struct config *c = w->server->config;

	return in->fd >= 0 && in->slot % c->workers == w->id && !inherit_wanted(in, c);
}

/* The sockets of the configuration, and those of earlier processes beyond them. */
static int open_endpoints(struct worker *w)
{
	struct server *s = w->server;
	struct inherited *in = &s->inherited;
	size_t n = s->config->nlisten;
	int err = 0;

	for (size_t i = 0; i < in->nudp; i++)
		n += is_extra(w, &in->udp[i]);
	w->endpoint = calloc(n, sizeof(*w->endpoint));
	if (!w->endpoint)
		return -ENOMEM;
	for (size_t i = 0; !err && i < s->config->nlisten; i++) {
		err = endpoint_init(&w->endpoint[i], w, i); /* says why */
		w->nendpoints += !err;
	}
	for (size_t i = 0; !err && i < in->nudp; i++) {
		if (!is_extra(w, &in->udp[i]))
			continue;
		err = endpoint_init_extra(&w->endpoint[w->nendpoints], w, in->udp[i].fd);
		in->udp[i].fd = -1;
		w->endpoint[w->nendpoints].slot = in->udp[i].slot;
		w->endpoint[w->nendpoints].key = in->udp[i].addr;
		w->nendpoints += !err;
	}
	return err;
}

int worker_init(struct worker *w, struct server *s, unsigned int id, struct tls *tls)
{
	int err, fd;

	w->id = id;
	w->server = s;
	w->tls = tls_ref(tls);
	list_init(&w->conns);
	list_init(&w->dirty);
	chunk_pool_init(&w->pool, POOL_CHUNKS);
	w->wake.fd = -1;
	w->link.fd = -1;
	atomic_init(&w->new_link, -1);
	w->link.fn = on_link;
	sem_init(&w->held, 0, 0);
	w->wake.fn = take_mail;
	err = loop_init(&w->loop);
	if (!err)
		err = cidmap_init(&w->cids, s->map_key);
	w->batch = malloc(sizeof(*w->batch));
	w->txbuf = malloc(TXBUF_LEN);
	if (!err && s->config->mode->worker_init)
		err = s->config->mode->worker_init(w);
	if (!err && (!w->batch || !w->txbuf))
		err = -ENOMEM;
	if (err)
		goto fail;
	fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	err = fd < 0 ? -errno : loop_add(&w->loop, &w->wake, fd, EPOLLIN);
	if (err)
		goto fail;
	return open_endpoints(w);
fail:
	log_err("worker %u: %s", id, strerror(-err));
	return err;
}

int worker_give_sockets(struct worker *const *workers, unsigned int n)
{
	uid_t uid;
	gid_t gid;
	int err = privilege_find(workers[0]->server->config, &uid, &gid);

	/* Only root can, and who is not root has them already. */
	for (unsigned int i = 0; !err && !geteuid() && i < n; i++)
		for (size_t j = 0; !err && j < workers[i]->nendpoints; j++)
			if (fchown(workers[i]->endpoint[j].sock.fd, uid, gid))
				err = -errno;
	if (err)
		log_err("giving the sockets to the user: %s", strerror(-err));
	return err;
}

int worker_steer(struct worker *w)
{
	int err = 0;

	for (size_t i = 0; !err && i < w->server->config->nlisten; i++)
		err = steer_attach(w->endpoint[i].sock.fd, &w->server->config->cid);
	if (err)
		log_err("steering packets to workers: %s", strerror(-err));
	return err;
}

static void flush_dirty(struct worker *w)
{
	struct list now;

	list_take(&now, &w->dirty);
	while (!list_empty(&now)) {
		struct conn *c = container_of(now.next, struct conn, dirty);

		list_del(&c->dirty);
		conn_flush(c);
	}
	STAT_ADD(&w->stats, buffers,
		 w->pool.in_use * sizeof(struct chunk) - STAT_GET(&w->stats, buffers));
}

/*
 * True when no connection is alive and everything has been delivered. Connections that only
 * wait for stray packets do not count.
 */
static bool drained(const struct worker *w)
{
	const struct mode *m = w->server->config->mode;

	/* The ID of its Retry leads a client here, and nowhere else while the process runs. */
	if (!w->draining && clock_now() < w->retry_until)
		return false;
	/* Earlier processes get their packets from here. */
	return (w->draining || w->replaced) && STAT_GET(&w->stats, conns) == 0 &&
	       (w->replaced || !atomic_load(&w->server->links.live)) &&
	       (!m->worker_idle || m->worker_idle(w));
}

static void close_all(struct worker *w)
{
	struct list *l, *tmp;

	list_for_each_safe(l, tmp, &w->conns)
	{
		struct conn *c = container_of(l, struct conn, of_worker);

		conn_close(c, c->mode->no_error ? c->mode->no_error : QUICD_SHUTDOWN,
			   "shutting down");
	}
}

/* A client may keep a connection open for ever that it does not use: not that of an old process. */
static void close_quiet(struct worker *w)
{
	uint64_t now = clock_now();
	struct list *l, *tmp;

	if (!w->replaced || now < w->quiet_next)
		return;
	w->quiet_next = now + WORKER_TICK;
	list_for_each_safe(l, tmp, &w->conns)
		conn_close_quiet(container_of(l, struct conn, of_worker), now);
}

/* No earlier process is left: neither are packets for it, nor is its port ours. */
static void drop_extra(struct worker *w)
{
	if (atomic_load_explicit(&w->server->links.live, memory_order_relaxed))
		return;
	for (size_t i = w->server->config->nlisten; i < w->nendpoints; i++)
		endpoint_drop_extra(&w->endpoint[i]);
}

static uint64_t bytes_moved(const struct worker *w)
{
	return STAT_GET(&w->stats, rx_bytes) + STAT_GET(&w->stats, tx_bytes);
}

/* One turn of the loop, and what it left to do. */
static void do_round(struct worker *w)
{
	struct gather_round r = {.begin = clock_now()};
	uint64_t bytes = bytes_moved(w), streams = STAT_GET(&w->stats, streams);
	struct timespec wait = {0};
	int err = loop_once(&w->loop, WORKER_TICK);

	if (err)
		log_err("worker %u: %s", w->id, strerror(-err));
	flush_dirty(w);
	if (!w->server->config->mode->gathers)
		return;
	r.end = clock_now();
	r.bytes = bytes_moved(w) - bytes;
	r.streams = STAT_GET(&w->stats, streams) - streams;
	r.pressed = w->pressed > 0;
	wait.tv_nsec = (long)gather_wait(&w->gather, &r);
	/* Timers, those of pacing included, may be late by as much. */
	if (wait.tv_nsec)
		nanosleep(&wait, NULL);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&w->stop) && !drained(w)) {
		do_round(w);
		close_quiet(w);
		drop_extra(w);
		atomic_fetch_add_explicit(&w->heartbeat, 1, memory_order_relaxed);
	}
	close_all(w);
	atomic_store(&w->done, true);
	return NULL;
}

int worker_start(struct worker *w)
{
	sigset_t all, old;
	int err;

	/* Signals belong to the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&w->thread, NULL, worker_main, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}

void worker_free(struct worker *w)
{
	while (!list_empty(&w->conns))
		conn_free(container_of(w->conns.next, struct conn, of_worker));
	if (w->mode_data)
		w->server->config->mode->worker_free(w);
	for (size_t i = 0; i < w->nendpoints; i++)
		endpoint_free(&w->endpoint[i]);
	free(w->endpoint);
	free(w->batch);
	free(w->txbuf);
	if (w->wake.fd >= 0)
		close(w->wake.fd);
	if (w->link.fd >= 0)
		close(w->link.fd);
	if (w->new_link >= 0)
		close(w->new_link);
	sem_destroy(&w->held);
	free(w->chosen);
	loop_free(&w->loop);
	cidmap_free(&w->cids);
	chunk_pool_free(&w->pool);
	tls_unref(atomic_exchange(&w->new_tls, NULL));
	tls_unref(w->tls);
}

void worker_wake(struct worker *w)
{
	uint64_t one = 1;

	if (write(w->wake.fd, &one, sizeof(one)) < 0)
		log_err("waking worker %u: %s", w->id, strerror(errno));
}

void worker_post_tls(struct worker *w, struct tls *tls)
{
	tls_unref(atomic_exchange(&w->new_tls, tls));
	worker_wake(w);
}

void worker_post_drain(struct worker *w)
{
	atomic_store(&w->drain, true);
	worker_wake(w);
}

void worker_post_stop(struct worker *w)
{
	atomic_store(&w->stop, true);
	worker_wake(w);
}

int worker_hold(struct worker *w, int link_fd)
{
	struct timespec until;
	int old;

	while (!sem_trywait(&w->held))
		; /* late, of a time before */
	atomic_store(&w->hold, HOLD_ON);
	old = atomic_exchange(&w->new_link, link_fd);
	if (old >= 0)
		close(old); /* the worker hung */
	worker_wake(w);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += HOLD_PATIENCE;
	while (sem_timedwait(&w->held, &until))
		if (errno != EINTR)
			return -errno;
	return 0;
}

void worker_release(struct worker *w, enum worker_hold hold)
{
	atomic_store(&w->hold, hold);
	worker_wake(w);
}
