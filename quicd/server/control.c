// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/list.h"
#include "../common/log.h"
#include "privilege.h"
#include "report.h"

#define CLIENTS_MAX    16
#define REQUEST_MAX    1024
#define CLIENT_TIMEOUT (5 * NS_PER_S)
#define ACCEPT_PAUSE   (100 * NS_PER_MS)
#define ANSWER_TIMEOUT 5 /* seconds that --status waits for a service that hangs */

struct client {
	struct io io;
	struct timer timer;
	struct control *control;
	char request[REQUEST_MAX];
	size_t got;
	char *answer;
	size_t len, sent;
};

struct control {
	struct io io;
	struct server *server;
	struct loop *loop;
	struct timer retry; /* of accepting, when there are no descriptors */
	const char *path;
	size_t nclients;
};

static void client_free(struct client *cl)
{
	struct control *c = cl->control;

	timer_cancel(&c->loop->timers, &cl->timer);
	loop_del(c->loop, &cl->io);
	close(cl->io.fd);
	free(cl->answer);
	free(cl);
	c->nclients--;
}

static void on_timeout(struct timer *t)
{
	client_free(container_of(t, struct client, timer));
}

static void make_answer(struct client *cl)
{
	bool http = !strncmp(cl->request, "GET ", 4);
	char *word = cl->request + (http ? 4 : 0), *body = NULL;
	size_t body_len = 0;
	FILE *f = open_memstream(&body, &body_len);
	bool found = true;

	if (!f)
		return;
	word[strcspn(word, " \r\n")] = '\0';
	if (!strcmp(word, http ? "/metrics" : "metrics"))
		report_metrics(f, cl->control->server);
	else if (!strcmp(word, http ? "/status" : "status"))
		report_status(f, cl->control->server);
	else
		found = false;
	if (!found)
		fprintf(f, "unknown command; there are: status, metrics\n");
	fclose(f);
	if (!http) {
		cl->answer = body;
		cl->len = body_len;
		return;
	}
	f = open_memstream(&cl->answer, &cl->len);
	if (f) {
		fprintf(f,
			"HTTP/1.0 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			"Connection: close\r\n\r\n",
			found ? "200 OK" : "404 Not Found",
			found && !strcmp(word, "/metrics")
				? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				: "text/plain; charset=utf-8",
			body_len);
		fwrite(body, 1, body_len, f);
		fclose(f);
	}
	free(body);
}

static void on_client(struct io *io, uint32_t events)
{
	struct client *cl = container_of(io, struct client, io);
	ssize_t n;

	if (!cl->answer) {
		n = recv(io->fd, cl->request + cl->got, REQUEST_MAX - 1 - cl->got, 0);
		if (n <= 0) {
			if (n == 0 || (errno != EAGAIN && errno != EINTR))
				client_free(cl);
			return;
		}
		cl->got += (size_t)n;
		cl->request[cl->got] = '\0';
		if (!strchr(cl->request, '\n')) {
			if (cl->got == REQUEST_MAX - 1)
				client_free(cl);
			return;
		}
		make_answer(cl);
		if (!cl->answer) {
			client_free(cl);
			return;
		}
		loop_mod(cl->control->loop, io, EPOLLOUT);
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		client_free(cl);
		return;
	}
	n = send(io->fd, cl->answer + cl->sent, cl->len - cl->sent, MSG_NOSIGNAL);
	if (n > 0)
		cl->sent += (size_t)n;
	if (cl->sent == cl->len || (n < 0 && errno != EAGAIN && errno != EINTR))
		client_free(cl);
}

static void on_accept(struct io *io, uint32_t events)
{
	struct control *c = container_of(io, struct control, io);
	int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *cl;

	(void)events;
	if (fd < 0) {
		/* The client stays in the backlog, and epoll would report it endlessly. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			loop_mod(c->loop, io, 0);
			timer_set(&c->loop->timers, &c->retry, clock_now() + ACCEPT_PAUSE);
		}
		return;
	}
	cl = c->nclients < CLIENTS_MAX ? calloc(1, sizeof(*cl)) : NULL;
	if (!cl || loop_add(c->loop, &cl->io, fd, EPOLLIN)) {
		close(fd);
		free(cl);
		return;
	}
	cl->io.fn = on_client;
	cl->timer.fn = on_timeout;
	cl->control = c;
	c->nclients++;
	timer_set(&c->loop->timers, &cl->timer, clock_now() + CLIENT_TIMEOUT);
}

static void on_retry(struct timer *t)
{
	struct control *c = container_of(t, struct control, retry);

	loop_mod(c->loop, &c->io, EPOLLIN);
}

static int make_addr(const char *path, union addr *a)
{
	memset(a, 0, sizeof(*a));
	a->un.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(a->un.sun_path))
		return -ENAMETOOLONG;
	strcpy(a->un.sun_path, path);
	return 0;
}

/* A socket file with no listener is left over from a crash and may be removed. */
static void remove_stale(const union addr *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0)
		return;
	if (!stat(a->un.sun_path, &st) && S_ISSOCK(st.st_mode) &&
	    connect(fd, &a->sa, addr_len(a)) && errno == ECONNREFUSED)
		unlink(a->un.sun_path);
	close(fd);
}

/* The account that runs the service may query it, and so may its group. */
static int give_away(const struct config *config)
{
	uid_t uid;
	gid_t gid;
	int err;

	if (!config->user)
		return 0;
	err = privilege_find(config, &uid, &gid);
	if (err)
		return err;
	return chown(config->control, uid, gid) ? -errno : 0;
}

struct control *control_open(struct server *s, struct loop *l)
{
	struct control *c = calloc(1, sizeof(*c));
	const char *path = s->config->control;
	union addr a;
	mode_t mask;
	int fd, err = make_addr(path, &a);

	if (!c)
		return NULL;
	fd = err ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (!err && fd < 0)
		err = -errno;
	if (!err) {
		remove_stale(&a);
		mask = umask(0117); /* owner and group */
		if (bind(fd, &a.sa, addr_len(&a)) || listen(fd, CLIENTS_MAX))
			err = -errno;
		umask(mask);
	}
	if (!err)
		err = give_away(s->config);
	if (!err) {
		c->io.fn = on_accept;
		c->retry.fn = on_retry;
		c->server = s;
		c->loop = l;
		c->path = path;
		err = loop_add(l, &c->io, fd, EPOLLIN);
	}
	if (err) {
		config_err(s->config, config_line(s->config, "service", "control"),
			   "control %s: %s", path, strerror(-err));
		if (fd >= 0)
			close(fd);
		free(c);
		return NULL;
	}
	return c;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	timer_cancel(&c->loop->timers, &c->retry);
	loop_del(c->loop, &c->io);
	close(c->io.fd);
	unlink(c->path);
	free(c);
}

int control_ask(const struct config *config, const char *command)
{
	static const struct timeval patience = {.tv_sec = ANSWER_TIMEOUT};
	char buf[4096];
	bool answered = false;
	union addr a;
	ssize_t n;
	int fd, err;

	if (!config->control) {
		config_err(config, 0, "\"control\" is not set in section [service]");
		return -EINVAL;
	}
	err = make_addr(config->control, &a);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)); /* and connect() */
	if (connect(fd, &a.sa, addr_len(&a)) || dprintf(fd, "%s\n", command) < 0) {
		err = -errno;
		log_err("control %s: %s", config->control, strerror(-err));
		close(fd);
		return err;
	}
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		fwrite(buf, 1, (size_t)n, stdout);
		answered = true;
	}
	/* The service hangs up when it has too many clients. */
	err = n < 0 ? -errno : answered ? 0 : -EAGAIN;
	close(fd);
	if (err) {
		log_err("control %s: %s", config->control,
			err == -EAGAIN ? "no answer" : strerror(-err));
		return err;
	}
	return fflush(stdout) ? -errno : 0;
}
