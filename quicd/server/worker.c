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
#include "steer.h"

/* The loop turns at least this often, so that the watchdog sees it alive. */
#define WORKER_TICK NS_PER_S
#define POOL_CHUNKS 256

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
	if (atomic_load(&w->drain) && !w->draining) {
		struct list *l, *tmp;

		w->draining = true;
		list_for_each_safe(l, tmp, &w->conns)
			conn_drain(container_of(l, struct conn, of_worker));
	}
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
	w->wake.fn = take_mail;
	err = loop_init(&w->loop);
	if (!err)
		err = cidmap_init(&w->cids, s->map_key);
	w->batch = malloc(sizeof(*w->batch));
	w->txbuf = malloc(TXBUF_LEN);
	w->endpoint = calloc(s->config->nlisten, sizeof(*w->endpoint));
	if (!err && s->config->mode->worker_init)
		err = s->config->mode->worker_init(w);
	if (!err && (!w->batch || !w->txbuf || !w->endpoint))
		err = -ENOMEM;
	if (err)
		goto fail;
	fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	err = fd < 0 ? -errno : loop_add(&w->loop, &w->wake, fd, EPOLLIN);
	if (err)
		goto fail;
	for (size_t i = 0; i < s->config->nlisten; i++) {
		err = endpoint_init(&w->endpoint[i], w, i);
		if (err)
			return err; /* has said why */
		w->nendpoints++;
	}
	if (s->config->workers > 1 && id == s->config->workers - 1) {
		for (size_t i = 0; !err && i < w->nendpoints; i++)
			err = steer_attach(w->endpoint[i].sock.fd, &s->config->cid);
		if (err) {
			log_err("steering packets to workers: %s", strerror(-err));
			return err;
		}
	}
	return 0;
fail:
	log_err("worker %u: %s", id, strerror(-err));
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

	return w->draining && STAT_GET(&w->stats, conns) == 0 &&
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

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&w->stop) && !drained(w)) {
		int err = loop_once(&w->loop, WORKER_TICK);

		if (err)
			log_err("worker %u: %s", w->id, strerror(-err));
		flush_dirty(w);
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
