// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests that the file sends to another place. */
#include "../server/worker.h"
#include "h3conf.h"
#include "h3rules.h"
#include "handler.h"

static const struct h3_rules *rules_of(const struct h3_req *r)
{
	const struct h3_conf *conf = r->hc->conn->worker->server->config->mode_conf;

	return &conf->rules;
}

static bool takes(const struct h3_req *r)
{
	return h3_redirect_find(rules_of(r), r->path) != NULL;
}

static int start(struct h3_req *r)
{
	const struct redirect *d = h3_redirect_find(rules_of(r), r->path);

	return h3_moved(r, d->status, h3_redirect_to(d, r->path));
}

const struct h3_handler h3_redirect = {
	.check = h3_rules_check,
	.takes = takes,
	.start = start,
};
