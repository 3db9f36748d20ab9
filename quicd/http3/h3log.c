// SPDX-License-Identifier: GPL-2.0-or-later
#include "h3log.h"

#include "../common/clock.h"
#include "../server/access.h"
#include "../server/worker.h"
#include "h3.h"

static const char *value_of(const struct h3_req *r, const char *name)
{
	const struct field *f = fields_get(&r->fields, name);

	return f ? f->value : NULL;
}

static void count(struct hist_set *h, const struct access_entry *e)
{
	unsigned int class = e->status / 100;

	hist_add(h, class, HIST_DURATION, e->duration);
	hist_add(h, class, HIST_SENT, e->sent);
	hist_add(h, class, HIST_RECEIVED, e->received);
}

void h3_log(struct h3_req *r)
{
	uint64_t duration = clock_now() - r->begin;
	struct access_entry e = {
		.wall = clock_wall() - duration,
		.duration = duration,
		.method = r->method,
		.scheme = r->scheme,
		.host = r->authority,
		.path = r->path,
		.status = r->status,
		.code = r->code,
		.end = r->code			 ? ACCESS_RESET
		       : r->ended || r->answered ? ACCESS_OK
						 : ACCESS_CLOSED,
		.sent = r->acked + r->body.len - r->body.unsent,
		.received = r->received,
		.early = r->early,
		.stream = r->id,
		.backend = r->backend.sa.sa_family ? &r->backend : NULL,
		.is_request = true,
	};

	count(&r->hc->conn->worker->stats.hist, &e);
	if (!access_wanted(r->hc->conn, r->status >= 500 || e.end == ACCESS_RESET))
		return;
	if (!e.host)
		e.host = value_of(r, "host");
	e.referer = value_of(r, "referer");
	e.agent = value_of(r, "user-agent");
	access_add(r->hc->conn, &e);
}
