// SPDX-License-Identifier: GPL-2.0-or-later
#include "pump_dial.h"

#include <errno.h>
#include <sys/socket.h>

#include "../common/clock.h"
#include "../server/codes.h"
#include "../server/worker.h"
#include "backend.h"

static void try_next(struct pump *p)
{
	int err = ECONNREFUSED;

	for (; p->addr_next < p->addrs->n; p->addr_next++) {
		int fd = backend_connect(&p->addrs->addr[p->addr_next]);

		if (fd == -EAGAIN) {
			timer_set(&p->conn->worker->loop.timers, &p->timer,
				  clock_now() + BACKLOG_PAUSE);
			return;
		}
		if (fd < 0) {
			err = -fd;
			continue;
		}
		p->io.fd = fd;
		timer_set(&p->conn->worker->loop.timers, &p->timer, p->deadline);
		pump_watch(p); /* writable means connected, or failed */
		return;
	}
	errno = err;
	backend_failed(p->conn, p->addrs);
	pump_abort(p,
		   err == EMFILE || err == ENFILE ? QUICD_NO_RESOURCES : QUICD_BACKEND_UNREACHABLE);
}

static void start_patience(struct pump *p)
{
	const struct pump_conf *conf = p->conn->worker->server->config->mode_conf;

	p->deadline = clock_now() + conf->connect_timeout;
	timer_set(&p->conn->worker->loop.timers, &p->timer, p->deadline);
}

void pump_dial_timeout(struct pump *p)
{
	bool handoff = list_linked(&p->waiting);

	if (!handoff && p->io.fd < 0 && clock_now() < p->deadline) {
		try_next(p);
		return;
	}
	if (!handoff && p->addr_next + 1 < p->addrs->n) {
		pump_drop(p, false);
		p->addr_next++;
		start_patience(p);
		try_next(p);
		return;
	}
	errno = ETIMEDOUT;
	backend_failed(p->conn, p->addrs);
	pump_abort(p, QUICD_BACKEND_TIMEOUT);
}

void pump_dial_done(struct pump *p)
{
	int err = 0;
	socklen_t len = sizeof(err);

	getsockopt(p->io.fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (!err) {
		pump_connected(p);
		return;
	}
	pump_drop(p, false);
	if (++p->addr_next < p->addrs->n) {
		start_patience(p);
		try_next(p);
		return;
	}
	errno = err;
	backend_failed(p->conn, p->addrs);
	pump_abort(p, err == ETIMEDOUT ? QUICD_BACKEND_TIMEOUT : QUICD_BACKEND_UNREACHABLE);
}

void pump_wait(struct pump *p, const struct backend_addrs *addrs)
{
	p->addrs = addrs;
	start_patience(p);
}

void pump_dial(struct pump *p, const struct backend_addrs *addrs)
{
	pump_wait(p, addrs);
	try_next(p);
}
