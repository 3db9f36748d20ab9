// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "access.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "conn.h"
#include "privilege.h"
#include "worker.h"

#define JOURNAL "/run/systemd/journal/socket"
#define BUF_MAX (512 * 1024) /* of one worker, at least */

/* The lines of one worker. */
struct lines {
	pthread_mutex_t lock; /* held for a copy of one line, and for an exchange of buffers */
	char *data;
	size_t len;
	uint64_t seen; /* only the worker: requests so far, for sampling */
	char line[ACCESS_LINE_MAX];
};

struct access_log {
	const struct config *config;
	const char *daemon; /* path of syslog's or the journal's socket; NULL: to a file */
	int fd;		    /* of the file or the socket; -1: none */
	bool journal;
	bool hung;	      /* the daemon took nothing for a while in this round */
	bool cut;	      /* the file ends in the midst of a line */
	bool failing;	      /* lines are lost at present, and that has been told */
	int error;	      /* why the last one was lost */
	struct lines *worker; /* config->workers of them */
	char *spare;	      /* the writer's: exchanged for a worker's buffer */

	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* of what is below */
	pthread_cond_t wake;
	bool hurry, reopen, stop;

	_Atomic uint64_t lost;
};

/*
 * A file that did not exist belongs to the account that is to open it again. Before root becomes
 * that account, a symbolic link may be the account's, and is not followed.
 */
static int open_file(const struct config *c)
{
	bool for_other = c->user && !geteuid();
	int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | (for_other ? O_NOFOLLOW : 0);
	int fd = open(c->access.log, flags | O_CREAT | O_EXCL, 0640);
	uid_t uid;
	gid_t gid;

	if (fd < 0 && errno == EEXIST)
		return open(c->access.log, flags | O_NONBLOCK);
	if (fd >= 0 && for_other && !privilege_find(c, &uid, &gid) && fchown(fd, uid, gid)) {
		close(fd);
		return -1;
	}
	return fd;
}

struct access_log *access_open(const struct config *c)
{
	struct access_log *a = calloc(1, sizeof(*a));
	pthread_condattr_t monotonic;

	if (!a)
		return NULL;
	a->config = c;
	a->fd = -1;
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&a->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	a->spare = malloc(BUF_MAX);
	a->worker = calloc(c->workers, sizeof(*a->worker));
	if (!a->spare || !a->worker)
		goto fail;
	for (uint64_t i = 0; i < c->workers; i++) {
		pthread_mutex_init(&a->worker[i].lock, NULL);
		a->worker[i].data = malloc(BUF_MAX);
		if (!a->worker[i].data)
			goto fail;
	}
	a->journal = !strcmp(c->access.log, "journal");
	if (a->journal)
		a->daemon = JOURNAL;
	if (!strncmp(c->access.log, "syslog", 6))
		a->daemon = c->access.log[6] ? c->access.log + 7 : "/dev/log";
	if (c->access.log[0] == '/') {
		a->fd = open_file(c);
		if (a->fd < 0) {
			config_err(c, config_line(c, "access", "log"), "log = %s: %s",
				   c->access.log, strerror(errno));
			goto fail;
		}
	}
	return a;
fail:
	access_close(a);
	return NULL;
}

/* Returns what is lost, in lines. */
static uint64_t write_file(struct access_log *a, const char *data, size_t len)
{
	const char *begin = data;
	uint64_t lost = 0;

	if (a->cut && write(a->fd, "\n", 1) == 1)
		a->cut = false;
	while (len && !a->cut) {
		ssize_t n = write(a->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			a->error = errno;
			a->cut = data > begin && data[-1] != '\n';
			break;
		}
		data += n;
		len -= (size_t)n;
	}
	for (size_t i = 0; i < len; i++)
		lost += data[i] == '\n';
	return lost;
}

/* A daemon that hangs must not hold up the end of the service. */
static int open_daemon(const char *path)
{
	const struct timeval patience = {.tv_sec = 1};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	union addr a = {.un.sun_family = AF_UNIX};

	snprintf(a.un.sun_path, sizeof(a.un.sun_path), "%s", path);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (fd >= 0 && connect(fd, &a.sa, addr_len(&a))) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/* RFC 3164, as syslog(3) writes to the local socket. */
static int put_syslog(char *line, size_t max, const char *text)
{
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &tm);
	return snprintf(line, max, "<%d>%s quicd[%d]: %s", LOG_DAEMON | LOG_INFO, stamp,
			(int)getpid(), text);
}

/* The journal's own protocol, as sd_journal_send(3) speaks it, which may wait without end. */
static int put_journal(char *line, size_t max, const char *service, const char *text)
{
	return snprintf(line, max,
			"PRIORITY=%d\nSYSLOG_IDENTIFIER=quicd\nQUICD_SERVICE=%s\nMESSAGE=%s\n",
			LOG_INFO, service, text);
}

/* Tries a daemon that was restarted again. */
static bool send_line(struct access_log *a, const char *text)
{
	char line[ACCESS_LINE_MAX + 512];
	int n = a->journal ? put_journal(line, sizeof(line), a->config->name, text)
			   : put_syslog(line, sizeof(line), text);

	a->error = EMSGSIZE;
	if ((size_t)n >= sizeof(line))
		return false;
	for (int i = 0; i < 2; i++) {
		if (a->fd < 0)
			a->fd = open_daemon(a->daemon);
		a->error = errno;
		if (a->fd < 0)
			break;
		if (send(a->fd, line, (size_t)n, MSG_NOSIGNAL) >= 0)
			return true;
		a->error = errno;
		if (errno == EAGAIN) {
			a->hung = true;
			break;
		}
		close(a->fd);
		a->fd = -1;
	}
	return false;
}

static uint64_t write_lines(struct access_log *a, char *data, size_t len)
{
	uint64_t lost = 0;

	for (char *end = data + len, *next; data < end; data = next) {
		next = memchr(data, '\n', (size_t)(end - data));
		*next++ = '\0';
		lost += a->hung || !send_line(a, data);
	}
	return lost;
}

/* Once when lines begin to be lost, and once when they are no longer. */
static void tell(struct access_log *a, uint64_t lost)
{
	const char *where = a->config->access.log;

	if (lost && !a->failing)
		log_warn("access log %s: lines are lost: %s", where, strerror(a->error));
	else if (!lost && a->failing)
		log_info("access log %s: lines are written again", where);
	a->failing = lost > 0;
}

static void take_lines(struct access_log *a)
{
	uint64_t all_lost = 0;
	bool any = false;

	a->hung = false;
	for (uint64_t i = 0; i < a->config->workers; i++) {
		struct lines *w = &a->worker[i];
		char *data;
		uint64_t lost;
		size_t len;

		pthread_mutex_lock(&w->lock);
		data = w->data;
		len = w->len;
		w->data = a->spare;
		w->len = 0;
		pthread_mutex_unlock(&w->lock);
		a->spare = data;
		if (!len)
			continue;
		lost = a->daemon ? write_lines(a, data, len) : write_file(a, data, len);
		if (lost)
			atomic_fetch_add(&a->lost, lost);
		all_lost += lost;
		any = true;
	}
	if (any)
		tell(a, all_lost);
}

static void open_again(struct access_log *a)
{
	int fd;

	if (a->daemon)
		return;
	fd = open_file(a->config);
	if (fd < 0) {
		log_err("access log %s: %s; the old file stays", a->config->access.log,
			strerror(errno));
		return;
	}
	close(a->fd);
	a->fd = fd;
	a->cut = false;
}

static void *writer_main(void *arg)
{
	struct access_log *a = arg;
	bool stop = false, reopen;

	while (!stop) {
		struct timespec at;

		clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_sec++;
		pthread_mutex_lock(&a->lock);
		while (!a->hurry && !a->reopen && !a->stop)
			if (pthread_cond_timedwait(&a->wake, &a->lock, &at))
				break;
		stop = a->stop;
		reopen = a->reopen;
		a->hurry = a->reopen = false;
		pthread_mutex_unlock(&a->lock);
		/* Lines from before the signal go to the file that was there before it. */
		take_lines(a);
		if (reopen)
			open_again(a);
	}
	return NULL;
}

int access_start(struct access_log *a)
{
	sigset_t all, old;
	int err;

	/* Signals belong to the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&a->thread, NULL, writer_main, a);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	a->running = !err;
	return -err;
}

static void wake_writer(struct access_log *a, bool *why)
{
	pthread_mutex_lock(&a->lock);
	*why = true;
	pthread_cond_signal(&a->wake);
	pthread_mutex_unlock(&a->lock);
}

void access_reopen(struct access_log *a)
{
	if (a)
		wake_writer(a, &a->reopen);
}

uint64_t access_lost(const struct access_log *a)
{
	return a ? atomic_load(&((struct access_log *)a)->lost) : 0;
}

void access_close(struct access_log *a)
{
	if (!a)
		return;
	if (a->running) {
		wake_writer(a, &a->stop);
		pthread_join(a->thread, NULL);
		take_lines(a); /* of connections that were freed meanwhile */
	}
	for (uint64_t i = 0; a->worker && i < a->config->workers; i++)
		free(a->worker[i].data);
	if (a->fd >= 0)
		close(a->fd);
	pthread_cond_destroy(&a->wake);
	pthread_mutex_destroy(&a->lock);
	free(a->worker);
	free(a->spare);
	free(a);
}

static struct lines *lines_of(const struct conn *c)
{
	const struct worker *w = c->worker;

	return w->server->access ? &w->server->access->worker[w->id] : NULL;
}

bool access_wanted(struct conn *c, bool error)
{
	struct lines *l = lines_of(c);

	if (!l)
		return false;
	return l->seen++ % c->worker->server->config->access.sample == 0 || error;
}

static void add_line(struct access_log *a, struct lines *l, size_t len)
{
	bool fits, half;

	pthread_mutex_lock(&l->lock);
	fits = l->len + len <= BUF_MAX;
	half = l->len < BUF_MAX / 2 && l->len + len >= BUF_MAX / 2;
	if (fits) {
		memcpy(l->data + l->len, l->line, len);
		l->len += len;
	}
	pthread_mutex_unlock(&l->lock);
	if (!fits)
		atomic_fetch_add(&a->lost, 1);
	if (half)
		wake_writer(a, &a->hurry);
}

void access_add(struct conn *c, struct access_entry *e)
{
	const struct access_conf *conf = &c->worker->server->config->access;
	struct lines *l = lines_of(c);
	union addr local;
	char user[256];

	conn_addrs(c, &local, &e->client);
	if (conf->addresses)
		access_shorten(&e->client);
	/* The certificate is parsed each time. */
	if (c->worker->server->config->client_cert != CLIENT_CERT_NONE) {
		tls_client_cn(&c->tls, user);
		e->user = user;
	}
	e->alpn = c->alpn;
	e->sni = c->sni;
	e->connection = c->serial;
	add_line(c->worker->server->access, l,
		 conf->format == ACCESS_JSON ? access_json(e, &conf->fields, l->line)
					     : access_combined(e, l->line));
}
