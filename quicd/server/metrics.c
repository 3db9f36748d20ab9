// SPDX-License-Identifier: GPL-2.0-or-later
#include "metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "confkey.h"
#include "loader.h"
#include "query.h"

struct metrics {
	struct query query[METRICS_ADDRS];
	int n;
};

int metrics_parse(void *cfg, const char *value, int line, char *why)
{
	struct config *c = cfg;
	int n = resolve_listen(value, c->metrics, why, CONF_WHY_MAX);

	(void)line;
	if (n < 0)
		return n;
	c->nmetrics = n;
	return 0;
}

static bool is_loopback(const union addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return ntohl(a->in.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
}

void metrics_check(struct loader *l)
{
	const struct config *c = l->c;
	int line = config_line(c, "service", "metrics");
	char text[ADDR_TEXT_MAX];

	if (!line && config_line(c, "service", "metrics-remote"))
		loader_complain(l, config_line(c, "service", "metrics-remote"),
				"metrics-remote needs metrics");
	for (int i = 0; i < c->nmetrics; i++)
		if (!is_loopback(&c->metrics[i]) && !c->metrics_remote) {
			loader_complain(l, line,
					"metrics = %s: other hosts can reach that address; "
					"metrics-remote = yes allows it",
					addr_format(&c->metrics[i], text));
			return;
		}
}

static int listen_at(const union addr *a)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1, err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (a->sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, &a->sa, addr_len(a)) || listen(fd, QUERY_BACKLOG)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

struct metrics *metrics_open(struct server *s, struct loop *l)
{
	struct metrics *m = calloc(1, sizeof(*m));
	const struct config *c = s->config;
	char text[ADDR_TEXT_MAX];

	for (int i = 0; m && i < c->nmetrics; i++) {
		int fd = listen_at(&c->metrics[i]), err = fd;

		if (fd >= 0)
			err = query_open(&m->query[i], s, l, fd, true);
		if (err >= 0) {
			m->n++;
			continue;
		}
		config_err(c, config_line(c, "service", "metrics"), "metrics %s: %s",
			   addr_format(&c->metrics[i], text), strerror(-err));
		if (fd >= 0)
			close(fd);
		metrics_close(m);
		return NULL;
	}
	return m;
}

void metrics_close(struct metrics *m)
{
	for (int i = 0; m && i < m->n; i++)
		query_close(&m->query[i]);
	free(m);
}
