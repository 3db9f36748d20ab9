// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "access.h"
#include "control.h"
#include "expiry.h"
#include "metrics.h"
#include "mode.h"
#include "privilege.h"
#include "qlog.h"
#include "worker.h"

#define MAIN_TICK   NS_PER_S
#define STOP_MARGIN (10 * NS_PER_S) /* to say good-bye after drain-timeout */

struct process {
	struct server server;
	struct loop loop;
	struct io signals;
	struct control *control;
	struct metrics *metrics;
	unsigned int nworkers; /* initialised */
	unsigned int nrunning;
	bool draining, stopping;
	uint64_t drain_deadline;
	uint64_t expiry_next; /* clock_wall(): when certificates are looked at again */
	/* systemd's watchdog: fed only while every worker's loop turns. */
	uint64_t watchdog_ns, watchdog_next;
	uint64_t *last_beat;
};

static void reload(struct process *p)
{
	struct tls *fresh;

	access_reopen(p->server.access);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_now() / 1000);
	fresh = tls_load(p->server.config, p->server.tls_shared);
	if (fresh) {
		for (unsigned int i = 0; i < p->nworkers; i++)
			worker_post_tls(p->server.workers[i], tls_ref(fresh));
		tls_unref(p->server.tls);
		p->server.tls = fresh;
		log_info("certificates reloaded");
		p->expiry_next = expiry_warn(p->server.tls);
	} else {
		log_err("reload failed; the old certificates stay");
	}
	sd_notify(0, "READY=1");
}

static void begin_drain(struct process *p)
{
	/* A second signal ends it at once. */
	if (p->draining) {
		p->drain_deadline = clock_now();
		return;
	}
	p->draining = true;
	p->drain_deadline = clock_now() + p->server.config->drain_timeout;
	/* The unit's TimeoutStopSec may be shorter, and systemd would kill us while we drain. */
	sd_notifyf(0, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64,
		   (p->server.config->drain_timeout + STOP_MARGIN) / 1000);
	log_info("draining %u connections", atomic_load(&p->server.conns));
	for (unsigned int i = 0; i < p->nworkers; i++)
		worker_post_drain(p->server.workers[i]);
}

static void on_signal(struct io *io, uint32_t events)
{
	struct process *p = container_of(io, struct process, signals);
	struct signalfd_siginfo si;

	(void)events;
	while (read(io->fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGHUP)
			reload(p);
		else
			begin_drain(p);
	}
}

static int open_signals(struct process *p)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	p->signals.fn = on_signal;
	return loop_add(&p->loop, &p->signals, fd, EPOLLIN);
}

/*
 * The steps that can fail for lack of files or permissions, before any socket is open. A mere
 * check creates no files: they would belong to the user who checks, not to the service.
 */
static int load(struct process *p, const struct config *c, bool may_create)
{
	int err;

	p->server.config = c;
	if (c->qlog_dir && !qlog_safe()) {
		config_err(c, config_line(c, "debug", "qlog-dir"),
			   "qlog-dir: ngtcp2 %s writes past a buffer there (CVE-2026-40170); "
			   "1.22.1 or Debian's 1.11.0-1+deb13u1 is needed",
			   ngtcp2_version(0)->version_str);
		return -EOPNOTSUPP;
	}
	err = secret_load(&p->server.secret, c, may_create);
	if (err)
		return err;
	if (gnutls_rnd(GNUTLS_RND_NONCE, p->server.map_key, sizeof(p->server.map_key)))
		return -EIO;
	p->server.tls_shared = tls_shared_new(c, may_create);
	if (!p->server.tls_shared)
		return -ENOMEM;
	p->server.tls = tls_load(c, p->server.tls_shared);
	return p->server.tls ? 0 : -EINVAL;
}

static void unload(struct process *p)
{
	tls_unref(p->server.tls);
	tls_shared_free(p->server.tls_shared);
	gnutls_memset(&p->server.secret, 0, sizeof(p->server.secret));
}

/*
 * Complains about a file to be created at the start if its directory does not exist.
 * Directories that systemd may create before that (RuntimeDirectory, StateDirectory) need not
 * exist.
 */
static int check_directory(const struct config *c, const char *section, const char *key,
			   const char *path)
{
	static const char *const later[] = {"/run/", "/var/run/", "/var/lib/", "/var/log/"};
	const char *slash = path ? strrchr(path, '/') : NULL;
	char *dir;
	int err;

	for (size_t i = 0; slash && i < sizeof(later) / sizeof(later[0]); i++)
		if (!strncmp(path, later[i], strlen(later[i])))
			slash = NULL;
	if (!slash || slash == path || !access(path, F_OK))
		return 0;
	dir = strndup(path, (size_t)(slash - path));
	if (!dir)
		return -ENOMEM;
	err = access(dir, W_OK | X_OK) ? -errno : 0;
	if (err)
		config_err(c, config_line(c, section, key), "%s = %s: %s: %s", key, path, dir,
			   strerror(-err));
	free(dir);
	return err;
}

int run_check(const struct config *c)
{
	/* The other places of an access log are no files: syslog, journal. */
	const char *log = c->access.log && c->access.log[0] == '/' ? c->access.log : NULL;
	struct process p = {0};
	int err = load(&p, c, false);
	uid_t uid;
	gid_t gid;

	if (!err && c->user)
		err = privilege_find(c, &uid, &gid);
	if (check_directory(c, "service", "control", c->control) |
	    check_directory(c, "service", "secret-file", c->secret_file) |
	    check_directory(c, "access", "log", log) |
	    check_directory(c, "debug", "keylog", c->keylog))
		err = -ENOENT;
	unload(&p);
	return err;
}

static int start_workers(struct process *p)
{
	const struct config *c = p->server.config;
	int err;

	p->server.workers = calloc(c->workers, sizeof(*p->server.workers));
	p->last_beat = calloc(c->workers, sizeof(*p->last_beat));
	if (!p->server.workers || !p->last_beat)
		return -ENOMEM;
	for (uint64_t i = 0; i < c->workers; i++) {
		struct worker *w = calloc(1, sizeof(*w));

		if (!w)
			return -ENOMEM;
		p->server.workers[i] = w;
		p->nworkers++;
		err = worker_init(w, &p->server, (unsigned int)i, p->server.tls);
		if (err)
			return err;
	}
	if (c->control) {
		p->control = control_open(&p->server, &p->loop);
		if (!p->control)
			return -EIO;
	}
	if (c->nmetrics) {
		p->metrics = metrics_open(&p->server, &p->loop);
		if (!p->metrics)
			return -EIO;
	}
	if (c->access.log) {
		p->server.access = access_open(c);
		if (!p->server.access)
			return -EIO;
	}
	if (c->user) {
		err = privilege_drop(c);
		if (err)
			return err;
	}
	if (p->server.access) {
		err = access_start(p->server.access);
		if (err) {
			log_err("access log: %s", strerror(-err));
			return err;
		}
	}
	for (unsigned int i = 0; i < p->nworkers; i++) {
		err = worker_start(p->server.workers[i]);
		if (err) {
			log_err("worker %u: %s", i, strerror(-err));
			return err;
		}
		p->nrunning++;
	}
	return 0;
}

/* An idle worker turns its loop only now and then: make it do so before the next check. */
static void wake_workers(const struct process *p)
{
	for (unsigned int i = 0; i < p->nworkers; i++)
		worker_wake(p->server.workers[i]);
}

static uint64_t main_tick(const struct process *p)
{
	/* While draining, the workers end one by one: look more often. */
	uint64_t tick = p->draining ? 20 * NS_PER_MS : MAIN_TICK;

	return p->watchdog_ns && p->watchdog_ns / 8 < tick ? p->watchdog_ns / 8 : tick;
}

static void feed_watchdog(struct process *p)
{
	uint64_t now = clock_now();

	if (!p->watchdog_ns || now < p->watchdog_next)
		return;
	for (unsigned int i = 0; i < p->nworkers; i++) {
		struct worker *w = p->server.workers[i];
		uint64_t beat = atomic_load_explicit(&w->heartbeat, memory_order_relaxed);

		/* One worker that hangs starves the watchdog: systemd restarts the service. */
		if (beat == p->last_beat[i] && !atomic_load(&w->done))
			return;
	}
	for (unsigned int i = 0; i < p->nworkers; i++)
		p->last_beat[i] = atomic_load_explicit(&p->server.workers[i]->heartbeat,
						       memory_order_relaxed);
	sd_notify(0, "WATCHDOG=1");
	p->watchdog_next = now + p->watchdog_ns / 2;
	wake_workers(p);
}

static bool all_done(const struct process *p)
{
	for (unsigned int i = 0; i < p->nworkers; i++)
		if (!atomic_load(&p->server.workers[i]->done))
			return false;
	return true;
}

static void stop_workers(struct process *p)
{
	p->stopping = true;
	for (unsigned int i = 0; i < p->nworkers; i++)
		worker_post_stop(p->server.workers[i]);
}

static void main_loop(struct process *p)
{
	while (!all_done(p)) {
		int err = loop_once(&p->loop, main_tick(p));

		if (err)
			log_err("main loop: %s", strerror(-err));
		feed_watchdog(p);
		if (clock_wall() >= p->expiry_next)
			p->expiry_next = expiry_warn(p->server.tls);
		if (p->draining && !p->stopping && clock_now() >= p->drain_deadline)
			stop_workers(p);
	}
}

static void announce(const struct process *p)
{
	const struct config *c = p->server.config;
	char id[2 * CID_SERVER_ID_MAX + 1];

	for (size_t i = 0; i < c->nlisten; i++) {
		const struct cid_format *f = &p->server.workers[0]->endpoint[i].cid;

		cid_server_id_text(f, id);
		log_info("%s: listening on %s, mode %s, %" PRIu64 " worker%s, server ID %s",
			 c->name, c->listen[i].text, c->mode->name, c->workers,
			 c->workers > 1 ? "s" : "", id[0] ? id : "none");
	}
	sd_notifyf(0, "READY=1\nSTATUS=mode %s, %zu addresses", c->mode->name, c->nlisten);
}

static void free_workers(struct process *p)
{
	for (unsigned int i = 0; i < p->nworkers; i++) {
		struct worker *w = p->server.workers[i];

		if (i < p->nrunning) {
			worker_post_stop(w);
			pthread_join(w->thread, NULL);
		}
	}
	for (unsigned int i = 0; i < p->nworkers; i++) {
		worker_free(p->server.workers[i]);
		free(p->server.workers[i]);
	}
	free(p->server.workers);
	free(p->last_beat);
}

int run_service(const struct config *c)
{
	struct process p = {.signals.fd = -1};
	uint64_t usec;
	int err;

	privilege_raise_nofile();
	err = loop_init(&p.loop);
	if (!err)
		err = open_signals(&p);
	if (!err)
		err = load(&p, c, true);
	if (!err)
		err = start_workers(&p);
	if (!err) {
		if (sd_watchdog_enabled(0, &usec) > 0)
			p.watchdog_ns = usec * 1000;
		announce(&p);
		wake_workers(&p);
		main_loop(&p);
		log_info("%s: ended", c->name);
	}
	free_workers(&p);
	access_close(p.server.access);
	control_close(p.control);
	metrics_close(p.metrics);
	unload(&p);
	if (p.signals.fd >= 0)
		close(p.signals.fd);
	loop_free(&p.loop);
	return err;
}
