// SPDX-License-Identifier: GPL-2.0-or-later
/* mode = stream: each bidirectional stream of the client is a connection to the backend. */
#include <errno.h>
#include <string.h>

#include "../common/clock.h"
#include "../server/loader.h"
#include "../server/worker.h"
#include "proxyv2.h"
#include "stream.h"

static const char *const proxy_names[] = {"off", "v2", NULL};

static int parse_proxy(void *values, const char *value, int line, char *why)
{
	static const struct conf_key names = {.type = CONF_ENUM, .names = proxy_names};
	struct stream_conf *conf = values;
	int v;

	(void)line;
	if (conf_value(&names, &v, value, why))
		return -EINVAL;
	conf->proxy_protocol = v == 1;
	return 0;
}

static int parse_backend(void *values, const char *value, int line, char *why)
{
	return backends_parse(&((struct stream_conf *)values)->backends, value, line, why);
}

#define AT(field) .offset = offsetof(struct stream_conf, field)

/* clang-format off */
static const struct conf_key stream_keys[] = {
	{ "backend", CONF_CUSTOM, .parse = parse_backend, .repeat = 1 },
	{ "balance", CONF_ENUM, AT(backends.balance), .names = balance_names },
	{ "proxy-protocol", CONF_CUSTOM, .parse = parse_proxy },
	{ "server-stream", CONF_BOOL, AT(server_stream) },
	{ "connect-timeout", CONF_DURATION, AT(pump.connect_timeout), NS_PER_MS, 600 * NS_PER_S },
	{ "idle-timeout", CONF_DURATION, AT(pump.idle_timeout), 0, NS_PER_DAY },
};
/* clang-format on */

static const struct stream_conf default_conf = {.pump = PUMP_CONF_DEFAULT};

static void check(struct loader *l)
{
	struct stream_conf *conf = l->c->mode_conf;

	if (!conf->backends.n)
		loader_need(l, "stream", "backend");
	backends_check(l, "stream", &conf->backends);
}

static void free_conf(void *values)
{
	backends_free(&((struct stream_conf *)values)->backends);
}

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
	struct stream_conf *conf = c->worker->server->config->mode_conf;
	struct pump *p = pump_new(c, id);

	if (!p || (conf->proxy_protocol && put_proxy_header(c, p)))
		return -1;
	pump_dial(p, &conf->backends);
	return 0;
}

/*
 * For a backend that speaks first, to a client that waits for it. One that does not allow such a
 * stream must open its own.
 */
static int start(struct conn *c)
{
	const struct stream_conf *conf = c->worker->server->config->mode_conf;
	int64_t id;

	if (pump_start(c))
		return -1;
	if (!conf->server_stream || ngtcp2_conn_open_bidi_stream(c->quic, &id, NULL))
		return 0;
	STAT_INC(&c->worker->stats, streams);
	STAT_INC(&c->worker->stats, open_streams);
	if (open_stream(c, id)) {
		pump_stop(c);
		return -1;
	}
	return 0;
}

static const struct mode_conf stream_section = {
	.keys = stream_keys,
	.nkeys = sizeof(stream_keys) / sizeof(stream_keys[0]),
	.values = &default_conf,
	.size = sizeof(default_conf),
	.check = check,
	.free = free_conf,
};

const struct mode mode_stream = {
	.name = "stream",
	.access_log = true,
	.conf = &stream_section,
	.worker_init = pump_worker_init,
	.worker_idle = pump_worker_idle,
	.worker_free = pump_worker_free,
	.start = start,
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
