// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/clock.h"
#include "report.h"

#define CLIENTS_MAX    QUERY_BACKLOG
#define REQUEST_MAX    4096
#define CLIENT_TIMEOUT (5 * NS_PER_S)
#define ACCEPT_PAUSE   (100 * NS_PER_MS)

struct client {
	struct io io;
	struct list of_query;
	struct timer timer;
	struct query *query;
	char request[REQUEST_MAX];
	size_t got;
	char *answer;
	size_t len, sent;
};

static void client_free(struct client *cl)
{
	struct query *q = cl->query;

	timer_cancel(&q->loop->timers, &cl->timer);
	loop_del(q->loop, &cl->io);
	close(cl->io.fd);
	list_del(&cl->of_query);
	free(cl->answer);
	free(cl);
	q->nclients--;
}

static void on_timeout(struct timer *t)
{
	client_free(container_of(t, struct client, timer));
}

/* Returns true if there is such a thing. */
static bool report(FILE *f, const struct server *s, const char *word)
{
	if (!strcmp(word, "metrics"))
		report_metrics(f, s);
	else if (!strcmp(word, "status"))
		report_status(f, s);
	else
		return false;
	return true;
}

static void answer_line(struct client *cl)
{
	FILE *f = open_memstream(&cl->answer, &cl->len);

	if (!f)
		return;
	cl->request[strcspn(cl->request, " \r\n")] = '\0';
	if (!report(f, cl->query->server, cl->request))
		fprintf(f, "unknown command; there are: status, metrics\n");
	fclose(f);
}

/* The connection ends after each answer, so the rest of the request does not matter. */
static void answer_http(struct client *cl)
{
	const char *method = cl->request, *status = "200 OK", *type = "text/plain; charset=utf-8";
	char *path = strchr(cl->request, ' '), *body = NULL;
	bool head = !strncmp(method, "HEAD ", 5);
	size_t len = 0;
	FILE *f = open_memstream(&body, &len);

	if (!f)
		return;
	if (path) {
		*path++ = '\0';
		path[strcspn(path, " ?\r\n")] = '\0';
	}
	if (!path || path[0] != '/')
		status = "400 Bad Request";
	else if (strcmp(method, "GET") && !head)
		status = "405 Method Not Allowed";
	else if (!report(f, cl->query->server, path + 1))
		status = "404 Not Found";
	else if (!strcmp(path, "/metrics"))
		type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
	if (status[0] != '2')
		fprintf(f, "%s; there are: /status, /metrics\n", status);
	fclose(f);
	f = open_memstream(&cl->answer, &cl->len);
	if (f) {
		fprintf(f,
			"HTTP/1.%d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
			"Connection: close\r\n\r\n",
			cl->query->http_only, status, type, len,
			!strncmp(status, "405", 3) ? "Allow: GET, HEAD\r\n" : "");
		fwrite(body, 1, head ? 0 : len, f);
		fclose(f);
	}
	free(body);
}

/*
 * Over TCP the whole header must have been read: with some of it left in the socket, close()
 * would break the answer off.
 */
static bool complete(const struct client *cl)
{
	if (cl->query->http_only)
		return strstr(cl->request, "\r\n\r\n") || strstr(cl->request, "\n\n");
	return strchr(cl->request, '\n');
}

/* Returns false if the client is gone or has not asked yet. */
static bool read_request(struct client *cl)
{
	ssize_t n = recv(cl->io.fd, cl->request + cl->got, REQUEST_MAX - 1 - cl->got, 0);
	bool http = cl->query->http_only;

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			client_free(cl);
		return false;
	}
	cl->got += (size_t)n;
	cl->request[cl->got] = '\0';
	if (!complete(cl)) {
		if (cl->got == REQUEST_MAX - 1)
			client_free(cl);
		return false;
	}
	if (http || !strncmp(cl->request, "GET ", 4) || !strncmp(cl->request, "HEAD ", 5))
		answer_http(cl);
	else
		answer_line(cl);
	if (!cl->answer) {
		client_free(cl);
		return false;
	}
	loop_mod(cl->query->loop, &cl->io, EPOLLOUT);
	return true;
}

static void on_client(struct io *io, uint32_t events)
{
	struct client *cl = container_of(io, struct client, io);
	ssize_t n;

	if (!cl->answer) {
		if (!read_request(cl))
			return;
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
	struct query *q = container_of(io, struct query, io);
	int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *cl;

	(void)events;
	if (fd < 0) {
		/* The client stays in the backlog, and epoll would report it endlessly. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			loop_mod(q->loop, io, 0);
			timer_set(&q->loop->timers, &q->retry, clock_now() + ACCEPT_PAUSE);
		}
		return;
	}
	cl = q->nclients < CLIENTS_MAX ? calloc(1, sizeof(*cl)) : NULL;
	if (!cl || loop_add(q->loop, &cl->io, fd, EPOLLIN)) {
		close(fd);
		free(cl);
		return;
	}
	cl->io.fn = on_client;
	cl->timer.fn = on_timeout;
	cl->query = q;
	list_init(&cl->of_query);
	list_add_tail(&q->clients, &cl->of_query);
	q->nclients++;
	timer_set(&q->loop->timers, &cl->timer, clock_now() + CLIENT_TIMEOUT);
}

static void on_retry(struct timer *t)
{
	struct query *q = container_of(t, struct query, retry);

	loop_mod(q->loop, &q->io, EPOLLIN);
}

int query_open(struct query *q, struct server *s, struct loop *l, int fd, bool http_only)
{
	q->io.fn = on_accept;
	q->retry.fn = on_retry;
	q->server = s;
	q->loop = l;
	q->http_only = http_only;
	list_init(&q->clients);
	return loop_add(l, &q->io, fd, EPOLLIN);
}

void query_close(struct query *q)
{
	while (!list_empty(&q->clients))
		client_free(container_of(q->clients.next, struct client, of_query));
	timer_cancel(&q->loop->timers, &q->retry);
	loop_del(q->loop, &q->io);
	close(q->io.fd);
}
