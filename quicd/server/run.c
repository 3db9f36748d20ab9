// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <stdarg.h>
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
#include "handover.h"
#include "metrics.h"
#include "mode.h"
#include "privilege.h"
#include "qlog.h"
#include "takeover.h"
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
	int takeover; /* socket to the process that this one replaces, or -1 */
	struct handover *handover;
	bool replaced; /* by a newer process, which alone talks to systemd */
	bool draining, stopping;
	unsigned int terms;   /* signals to end */
	uint64_t deadline;    /* of a process that drains or was replaced */
	uint64_t expiry_next; /* clock_wall(): when certificates are looked at again */
	/* systemd's watchdog: fed only while every worker's loop turns. */
	uint64_t watchdog_ns, watchdog_next;
	uint64_t *last_beat;
};

__attribute__((format(printf, 2, 3))) static void tell_systemd(const struct process *p,
							       const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (p->replaced)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sd_notify(0, text);
}

static void reload(struct process *p)
{
	struct tls *fresh;

	access_reopen(p->server.access);
	links_tell(&p->server.links, HAND_REOPEN);
	if (p->replaced)
		return; /* no handshake will need a certificate */
	tell_systemd(p, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_now() / 1000);
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
	tell_systemd(p, "READY=1");
}

static void begin_drain(struct process *p)
{
	if (p->draining)
		return;
	handover_cancel(p->handover, "the running process was told to end");
	links_tell(&p->server.links, HAND_DRAIN);
	p->draining = true;
	p->deadline = clock_now() + p->server.config->drain_timeout;
	/* The unit's TimeoutStopSec may be shorter, and systemd would kill us while we drain. */
	tell_systemd(p, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64,
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
		if (si.ssi_signo == SIGHUP) {
			reload(p);
		} else if (si.ssi_signo == SIGUSR2) {
			if (!p->draining)
				handover_begin(p->handover, p->control, p->metrics);
		} else {
			begin_drain(p);
			/* A second signal ends it at once. */
			if (++p->terms > 1)
				p->deadline = clock_now();
		}
	}
}

static void on_state(void *arg, const char *text)
{
	const struct process *p = arg;

	tell_systemd(p, "STATUS=mode %s, %zu addresses; %s", p->server.config->mode->name,
		     p->server.config->nlisten, text);
}

static void on_replaced(void *arg, int pid)
{
	struct process *p = arg;

	tell_systemd(p, "MAINPID=%d", pid);
	p->replaced = true;
	p->watchdog_ns = 0;
	p->expiry_next = UINT64_MAX;
	control_leave(p->control);
	metrics_leave(p->metrics);
	p->deadline = clock_now() + p->server.config->upgrade_timeout;
	log_info("replaced by process %d; %u connections stay here", pid,
		 atomic_load(&p->server.conns));
}

static void on_drain(void *arg)
{
	begin_drain(arg);
}

static void on_reopen(void *arg)
{
	reload(arg);
}

static void stop_workers(struct process *p)
{
	p->stopping = true;
	for (unsigned int i = 0; i < p->nworkers; i++)
		worker_post_stop(p->server.workers[i]);
}

static void on_gone(void *arg)
{
	struct process *p = arg;

	if (p->stopping)
		return;
	log_info("the newest process has ended, and no packet comes here without it");
	stop_workers(p);
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
	sigaddset(&set, SIGUSR2);
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

/* The last step before the workers run: no socket may be read before that. */
static int steer(struct process *p)
{
	const struct inherited *in = &p->server.inherited;
	bool several = p->server.config->workers > 1;

	for (size_t i = 0; i < in->nudp; i++)
		several |= in->udp[i].slot > 0;
	return several ? worker_steer(p->server.workers[p->nworkers - 1]) : 0;
}

static int run_workers(struct process *p)
{
	int err = 0;

	if (p->takeover >= 0)
		err = takeover_go(p->takeover, &p->server);
	if (!err)
		err = steer(p);
	for (unsigned int i = 0; !err && i < p->nworkers; i++) {
		err = worker_start(p->server.workers[i]);
		if (err)
			log_err("worker %u: %s", i, strerror(-err));
		else
			p->nrunning++;
	}
	if (!err && p->takeover >= 0) {
		err = takeover_done(p->takeover);
		if (!err)
			control_own(p->control);
	}
	return err ? err : links_watch(&p->server.links, &p->loop);
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
		err = worker_give_sockets(p->server.workers, p->nworkers);
		if (!err)
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
	return run_workers(p);
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
	uint64_t tick = p->draining || p->replaced ? 20 * NS_PER_MS : MAIN_TICK;

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
	tell_systemd(p, "WATCHDOG=1");
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

static void main_loop(struct process *p)
{
	while (!all_done(p)) {
		int err = loop_once(&p->loop, main_tick(p));

		if (err)
			log_err("main loop: %s", strerror(-err));
		feed_watchdog(p);
		if (clock_wall() >= p->expiry_next)
			p->expiry_next = expiry_warn(p->server.tls);
		if ((p->draining || p->replaced) && !p->stopping && clock_now() >= p->deadline)
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
	tell_systemd(p, "READY=1\nSTATUS=mode %s, %zu addresses", c->mode->name, c->nlisten);
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

/* An earlier process has ended: a worker that drains may have waited for that. */
static void on_link_end(struct links *l)
{
	const struct server *s = container_of(l, struct server, links);

	log_info("an earlier process has ended; %u are left", atomic_load(&l->live));
	for (uint64_t i = 0; i < s->config->workers; i++)
		worker_wake(s->workers[i]);
}

/* Sockets and state that others hand to this process. */
static int inherit(struct process *p)
{
	p->server.links.on_end = on_link_end;
	if (p->takeover >= 0)
		return takeover_receive(p->takeover, &p->server);
	return inherit_from_systemd(&p->server.inherited, p->server.config);
}

static int prepare_handover(struct process *p, char *const *argv)
{
	const struct handover_events events = {
		.state = on_state,
		.replaced = on_replaced,
		.drain = on_drain,
		.reopen = on_reopen,
		.gone = on_gone,
		.arg = p,
	};

	p->handover = handover_new(&p->server, &p->loop, argv, &events);
	return p->handover ? 0 : -ENOMEM;
}

int run_service(const struct config *c, char *const *argv)
{
	struct process p = {.signals.fd = -1, .takeover = takeover_socket()};
	uint64_t usec;
	int err;

	inherit_init(&p.server.inherited);
	privilege_raise_nofile();
	err = loop_init(&p.loop);
	if (!err)
		err = open_signals(&p);
	if (!err)
		err = load(&p, c, true);
	if (!err)
		err = inherit(&p);
	if (!err)
		err = prepare_handover(&p, argv);
	if (!err)
		err = start_workers(&p);
	inherit_free(&p.server.inherited, err ? NULL : c);
	if (!err) {
		if (sd_watchdog_enabled(0, &usec) > 0)
			p.watchdog_ns = usec * 1000;
		announce(&p);
		wake_workers(&p);
		main_loop(&p);
		log_info("%s: ended", c->name);
	}
	free_workers(&p);
	handover_free(p.handover);
	links_free(&p.server.links);
	access_close(p.server.access);
	control_close(p.control);
	metrics_close(p.metrics);
	unload(&p);
	if (p.signals.fd >= 0)
		close(p.signals.fd);
	loop_free(&p.loop);
	return err;
}
