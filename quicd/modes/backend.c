// SPDX-License-Identifier: GPL-2.0-or-later
#include "backend.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/log.h"

int backend_connect(const union addr *a)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1, err;

	if (fd < 0)
		return -errno;
	/* Datagrams arrive in bursts and are written at once: Nagle would only delay. */
	if (a->sa.sa_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, &a->sa, addr_len(a)) && errno != EINPROGRESS) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

void backend_failed(struct conn *c, const struct backend_addrs *addrs)
{
	char text[ADDR_TEXT_MAX];
	int err = errno;

	STAT_INC(&c->worker->stats, backend_fail);
	addr_format(&addrs->addr[addrs->n - 1], text);
	if (!atomic_exchange(&c->worker->server->backend_down, true))
		log_warn("backend %s: %s; streams are reset until it answers", text, strerror(err));
	else
		log_debug("%s: backend %s: %s", c->peer, text, strerror(err));
}

void backend_worked(struct conn *c)
{
	struct server *s = c->worker->server;

	if (atomic_load_explicit(&s->backend_down, memory_order_relaxed) &&
	    atomic_exchange(&s->backend_down, false))
		log_info("backend answers again");
}
