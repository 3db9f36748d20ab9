// SPDX-License-Identifier: GPL-2.0-or-later
#include "pump_dial.h"

#include <errno.h>
#include <sys/socket.h>

#include "../common/clock.h"
#include "../server/codes.h"
#include "../server/worker.h"
#include "backend.h"

static void start_patience(struct pump *p)
{
	const struct pump_conf *conf = p->conn->worker->server->config->mode_conf;

	p->deadline = clock_now() + conf->connect_timeout;
	timer_set(&p->conn->worker->loop.timers, &p->timer, p->deadline);
}

static void try_next(struct pump *p);

/* No address is left. The next backend, or the end of the stream. */
static void fail(struct pump *p, int err)
{
	uint64_t code = QUICD_BACKEND_UNREACHABLE;

	errno = err;
	if (!p->pick.of) {
		backend_failed(p->conn, p->addrs);
	} else if (backends_failed(p->conn, &p->pick)) {
		p->addrs = backends_addrs(&p->pick);
		p->addr_next = 0;
		start_patience(p);
		try_next(p);
		return;
	}
	if (err == ETIMEDOUT)
		code = QUICD_BACKEND_TIMEOUT;
	else if (err == EMFILE || err == ENFILE)
		code = QUICD_NO_RESOURCES;
	pump_abort(p, code);
}

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
	fail(p, err);
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
	pump_drop(p, false);
	fail(p, ETIMEDOUT);
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
	fail(p, err);
}

void pump_wait(struct pump *p, const struct backend_addrs *addrs)
{
	p->addrs = addrs;
	start_patience(p);
}

void pump_dial(struct pump *p, struct backends *b)
{
	backends_pick(b, &p->pick, clock_now());
	pump_wait(p, backends_addrs(&p->pick));
	try_next(p);
}
