// SPDX-License-Identifier: GPL-2.0-or-later
#include "pump_log.h"

#include "../common/clock.h"
#include "../server/access.h"
#include "../server/worker.h"

void pump_log(const struct pump *p, enum access_end end)
{
	const struct backend_addrs *a = p->addrs;
	struct hist_set *h = &p->conn->worker->stats.hist;
	uint64_t duration = clock_now() - p->begin;
	struct access_entry e = {
		.wall = clock_wall() - duration,
		.duration = duration,
		.end = end,
		.code = p->code,
		.sent = p->acked + p->tx.q.len - p->tx.q.unsent,
		.received = p->received,
		.stream = p->tx.id,
		.backend = a ? &a->addr[p->addr_next < a->n ? p->addr_next : a->n - 1] : NULL,
	};

	hist_add(h, end, HIST_DURATION, e.duration);
	hist_add(h, end, HIST_SENT, e.sent);
	hist_add(h, end, HIST_RECEIVED, e.received);
	if (access_wanted(p->conn, end == ACCESS_RESET))
		access_add(p->conn, &e);
}
