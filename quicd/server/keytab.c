// SPDX-License-Identifier: GPL-2.0-or-later
/* Every key of the configuration file, and the values that are more than a number or a word. */
#include "keytab.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/quicver.h"
#include "../common/udp.h"
#include "config.h"
#include "resolve.h"

const char *const mode_names[] = {"", "stream", "echo", "handoff", "http3", NULL};
static const char *const level_names[] = {"error", "warning", "info", "debug", NULL};
static const char *const client_cert_names[] = {"none", "request", "require", NULL};
static const char *const cc_names[] = {"cubic", "reno", "bbr", NULL};
static const char *const proxy_names[] = {"off", "v2", NULL};

static int parse_listen(void *cfg, const char *value, int line, char *why)
{
	struct config *c = cfg;
	struct string_list l = {0};
	int err = conf_list_add(&l, value);

	if (!err && !l.n) {
		snprintf(why, CONF_WHY_MAX, "empty");
		err = -EINVAL;
	}
	for (size_t i = 0; !err && i < l.n; i++) {
		union addr found[2];
		int n = resolve_listen(l.item[i], found, why, CONF_WHY_MAX);

		if (n < 0)
			err = n;
		for (int j = 0; !err && j < n; j++) {
			struct listen_addr *la = realloc(c->listen, (c->nlisten + 1) * sizeof(*la));

			if (!la) {
				err = -ENOMEM;
				break;
			}
			c->listen = la;
			la += c->nlisten++;
			la->addr = found[j];
			la->line = line;
			addr_format(&la->addr, la->text);
		}
	}
	for (size_t i = 0; i < l.n; i++)
		free(l.item[i]);
	free(l.item);
	return err;
}

static int parse_alpn(void *cfg, const char *value, int line, char *why)
{
	struct config *c = cfg;
	size_t from = c->alpn.n;
	int err = conf_list_add(&c->alpn, value);

	(void)line;
	if (err)
		return err;
	for (size_t i = from; i < c->alpn.n; i++) {
		if (!strcmp(c->alpn.item[i], "*"))
			c->alpn_any = true;
		if (strlen(c->alpn.item[i]) > ALPN_NAME_MAX) {
			snprintf(why, CONF_WHY_MAX,
				 "with GnuTLS a protocol has at most %d octets, not %.40s",
				 ALPN_NAME_MAX, c->alpn.item[i]);
			return -EINVAL;
		}
	}
	if (c->alpn_any && c->alpn.n > 1) {
		snprintf(why, CONF_WHY_MAX, "* accepts any protocol and stands alone");
		return -EINVAL;
	}
	if (c->alpn.n == from) {
		snprintf(why, CONF_WHY_MAX, "empty");
		return -EINVAL;
	}
	return 0;
}

static int parse_versions(void *cfg, const char *value, int line, char *why)
{
	struct config *c = cfg;
	struct string_list l = {0};
	int err = conf_list_add(&l, value);

	(void)line;
	c->nversions = 0;
	if (!err && (!l.n || l.n > 2))
		err = -EINVAL;
	for (size_t i = 0; !err && i < l.n; i++) {
		if (!strcmp(l.item[i], "v1"))
			c->versions[i] = NGTCP2_PROTO_VER_V1;
		else if (!strcmp(l.item[i], "v2"))
			c->versions[i] = NGTCP2_PROTO_VER_V2;
		else
			err = -EINVAL;
		if (i && c->versions[0] == c->versions[1])
			err = -EINVAL;
		c->nversions = i + 1;
	}
	if (err == -EINVAL)
		snprintf(why, CONF_WHY_MAX, "v1, v2 or both, the preferred one first");
	for (size_t i = 0; i < l.n; i++)
		free(l.item[i]);
	free(l.item);
	return err;
}

static int parse_server_id(void *cfg, const char *value, int line, char *why)
{
	struct config *c = cfg;
	size_t len = strlen(value);

	(void)line;
	if (!len || len % 2 || len / 2 > CID_SERVER_ID_MAX ||
	    strspn(value, "0123456789abcdefABCDEF") != len) {
		snprintf(why, CONF_WHY_MAX, "2 to %d hexadecimal digits, two for an octet",
			 2 * CID_SERVER_ID_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < len / 2; i++) {
		unsigned int octet;

		sscanf(value + 2 * i, "%2x", &octet);
		c->cid.server_id[i] = (uint8_t)octet;
	}
	c->cid.server_id_len = (uint8_t)(len / 2);
	return 0;
}

static int parse_retry(void *cfg, const char *value, int line, char *why)
{
	static const struct conf_key number = {.type = CONF_UINT, .max = 1000000000};
	struct config *c = cfg;

	(void)line;
	if (!strcmp(value, "never")) {
		c->retry_threshold = UINT64_MAX;
		return 0;
	}
	if (!strcmp(value, "always")) {
		c->retry_threshold = 0;
		return 0;
	}
	if (conf_value(&number, &c->retry_threshold, value, why)) {
		snprintf(why, CONF_WHY_MAX, "a number of half-open handshakes, always or never");
		return -EINVAL;
	}
	return 0;
}

static int parse_workers(void *cfg, const char *value, int line, char *why)
{
	static const struct conf_key number = {.type = CONF_UINT, .min = 1, .max = 64};
	struct config *c = cfg;
	long cpus;

	(void)line;
	if (strcmp(value, "auto"))
		return conf_value(&number, &c->workers, value, why);
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	c->workers = cpus < 1 ? 1 : cpus > 64 ? 64 : (uint64_t)cpus;
	return 0;
}

static int parse_proxy(void *cfg, const char *value, int line, char *why)
{
	static const struct conf_key names = {.type = CONF_ENUM, .names = proxy_names};
	struct config *c = cfg;
	int v;

	(void)line;
	if (conf_value(&names, &v, value, why))
		return -EINVAL;
	c->proxy_protocol = v == 1;
	return 0;
}

#define AT(field) .offset = offsetof(struct config, field)
#define DAY	  (24 * 3600 * NS_PER_S)

/* clang-format off */
const struct conf_key keytab[] = {
	{ "service", "name", CONF_STRING, AT(name) },
	{ "service", "listen", CONF_CUSTOM, .parse = parse_listen, .repeat = 1 },
	{ "service", "alpn", CONF_CUSTOM, .parse = parse_alpn, .repeat = 1 },
	{ "service", "mode", CONF_ENUM, AT(mode), .names = mode_names },
	{ "service", "workers", CONF_CUSTOM, .parse = parse_workers },
	{ "service", "max-connections", CONF_UINT, AT(max_connections), 1, 10000000 },
	{ "service", "max-streams", CONF_UINT, AT(max_streams), 1, 65536 },
	{ "service", "retry-threshold", CONF_CUSTOM, .parse = parse_retry },
	{ "service", "idle-timeout", CONF_DURATION, AT(idle_timeout), NS_PER_S, DAY },
	{ "service", "keep-alive", CONF_DURATION, AT(keep_alive), 0, DAY },
	{ "service", "handshake-timeout", CONF_DURATION, AT(handshake_timeout), 100 * NS_PER_MS,
	  600 * NS_PER_S },
	{ "service", "drain-timeout", CONF_DURATION, AT(drain_timeout), 0, DAY },
	{ "service", "user", CONF_STRING, AT(user) },
	{ "service", "group", CONF_STRING, AT(group) },
	{ "service", "log-level", CONF_ENUM, AT(log_level), .names = level_names },
	{ "service", "control", CONF_STRING, AT(control) },
	{ "service", "secret-file", CONF_STRING, AT(secret_file) },
	{ "service", "server-id", CONF_CUSTOM, .parse = parse_server_id },
	{ "service", "server-id-rotation", CONF_UINT, AT(cid_rotation), 0, 6 },
	{ "transport", "versions", CONF_CUSTOM, .parse = parse_versions },
	{ "transport", "stream-window", CONF_SIZE, AT(stream_window), 16 << 10, 1 << 30 },
	{ "transport", "connection-window", CONF_SIZE, AT(connection_window), 16 << 10,
	  UINT64_C(16) << 30 },
	{ "transport", "congestion-control", CONF_ENUM, AT(congestion), .names = cc_names },
	{ "transport", "gso", CONF_BOOL, AT(gso) },
	{ "transport", "gro", CONF_BOOL, AT(gro) },
	{ "transport", "ecn", CONF_BOOL, AT(ecn) },
	{ "transport", "pmtud", CONF_BOOL, AT(pmtud) },
	{ "transport", "max-udp-payload", CONF_UINT, AT(max_udp_payload), 1200, UDP_SEND_MAX },
	{ "transport", "receive-buffer", CONF_SIZE, AT(receive_buffer), 0, 1 << 30 },
	{ "transport", "send-buffer", CONF_SIZE, AT(send_buffer), 0, 1 << 30 },
	{ "tls", "cert", CONF_LIST, AT(cert), .repeat = 1 },
	{ "tls", "key", CONF_LIST, AT(key), .repeat = 1 },
	{ "tls", "ciphers", CONF_STRING, AT(ciphers) },
	{ "tls", "client-ca", CONF_STRING, AT(client_ca) },
	{ "tls", "client-cert", CONF_ENUM, AT(client_cert), .names = client_cert_names },
	{ "tls", "early-data", CONF_BOOL, AT(early_data) },
	{ "tls", "tickets", CONF_BOOL, AT(tickets) },
	{ "stream", "backend", CONF_STRING, AT(backend) },
	{ "stream", "proxy-protocol", CONF_CUSTOM, .parse = parse_proxy },
	{ "stream", "connect-timeout", CONF_DURATION, AT(connect_timeout), NS_PER_MS,
	  600 * NS_PER_S },
	{ "stream", "idle-timeout", CONF_DURATION, AT(stream_idle_timeout), 0, DAY },
	{ "handoff", "socket", CONF_STRING, AT(handoff_socket) },
	{ "handoff", "connect-timeout", CONF_DURATION, AT(connect_timeout), NS_PER_MS,
	  600 * NS_PER_S },
	{ "handoff", "idle-timeout", CONF_DURATION, AT(stream_idle_timeout), 0, DAY },
	{ "http3", "root", CONF_STRING, AT(root) },
	{ "http3", "index", CONF_STRING, AT(index) },
	{ "http3", "backend", CONF_STRING, AT(upstream) },
	{ "http3", "backend-path", CONF_STRING, AT(upstream_path) },
	{ "http3", "backend-timeout", CONF_DURATION, AT(upstream_timeout), 100 * NS_PER_MS, DAY },
	{ "http3", "mime-types", CONF_STRING, AT(mime_types) },
	{ "http3", "idle-timeout", CONF_DURATION, AT(stream_idle_timeout), 0, DAY },
	{ "http3", "connect-timeout", CONF_DURATION, AT(connect_timeout), NS_PER_MS,
	  600 * NS_PER_S },
	{ "debug", "keylog", CONF_STRING, AT(keylog) },
	{ "debug", "qlog-dir", CONF_STRING, AT(qlog_dir) },
};
/* clang-format on */

const size_t keytab_len = sizeof(keytab) / sizeof(keytab[0]);
