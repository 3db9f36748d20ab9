// SPDX-License-Identifier: GPL-2.0-or-later
/* mode = stream: each bidirectional stream of the client is a connection to the backend. */
#include <string.h>

#include "proxyv2.h"
#include "pump.h"

static int put_proxy_header(struct conn *c, struct pump *p)
{
	uint8_t header[PROXYV2_MAX];
	union addr client, local;
	char common_name[256];
	struct proxyv2_info info = {
		.client = &client,
		.local = &local,
		.alpn = c->alpn,
		.alpn_len = c->alpn_len,
		.sni = c->sni,
		.client_verified = tls_client_verified(&c->tls),
		.client_cn = common_name,
	};

	tls_client_cn(&c->tls, common_name);
	conn_addrs(c, &local, &client);
	return pump_header(p, header, proxyv2_build(&info, header));
}

static int open_stream(struct conn *c, int64_t id)
{
	const struct config *cfg = c->worker->server->config;
	struct pump *p = pump_new(c, id);

	if (!p || (cfg->proxy_protocol && put_proxy_header(c, p)))
		return -1;
	pump_dial(p, &cfg->backend_addrs);
	return 0;
}

const struct mode mode_stream = {
	.name = "stream",
	.start = pump_start,
	.stop = pump_stop,
	.open = open_stream,
	.recv = pump_recv,
	.acked = pump_acked,
	.reset = pump_reset,
	.closed = pump_closed,
	.unblocked = sendq_unblocked,
	.flush = pump_flush,
	.next = sendq_next,
	.sent = sendq_sent,
	.blocked = sendq_blocked,
	.shut = pump_shut,
	.idle = pump_idle,
};
