// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys that every mode has, and the values that are more than a number or a word. */
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
#include "metrics.h"
#include "mode.h"
#include "resolve.h"

static const char *const level_names[] = {"error", "warning", "info", "debug", NULL};
static const char *const client_cert_names[] = {"none", "request", "require", NULL};
static const char *const cc_names[] = {"cubic", "reno", "bbr", NULL};

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
	if (!strcmp(value, "none") || !strcmp(value, "port")) {
		c->server_id = value[0] == 'n' ? SERVER_ID_NONE : SERVER_ID_PORT;
		return 0;
	}
	if (!len || len % 2 || len / 2 > CID_SERVER_ID_MAX ||
	    strspn(value, "0123456789abcdefABCDEF") != len) {
		snprintf(why, CONF_WHY_MAX,
			 "port, none, or 2 to %d hexadecimal digits, two for an octet",
			 2 * CID_SERVER_ID_MAX);
		return -EINVAL;
	}
	if (strspn(value, "0") == len) {
		snprintf(why, CONF_WHY_MAX, "all zero, as the IDs of nginx read");
		return -EINVAL;
	}
	c->server_id = SERVER_ID_GIVEN;
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

static int parse_mode(void *cfg, const char *value, int line, char *why)
{
	struct config *c = cfg;
	size_t n;

	(void)line;
	for (size_t i = 0; c->modes[i]; i++) {
		if (!strcmp(c->modes[i]->name, value)) {
			c->mode = c->modes[i];
			return 0;
		}
	}
	n = (size_t)snprintf(why, CONF_WHY_MAX, "not one of");
	for (size_t i = 0; c->modes[i] && n < CONF_WHY_MAX; i++)
		n += (size_t)snprintf(why + n, CONF_WHY_MAX - n, " %s", c->modes[i]->name);
	return -EINVAL;
}

#define AT(field) .offset = offsetof(struct config, field)

/* clang-format off */
static const struct conf_key service_keys[] = {
	{ "name", CONF_STRING, AT(name) },
	{ "listen", CONF_CUSTOM, .parse = parse_listen, .repeat = 1 },
	{ "alpn", CONF_CUSTOM, .parse = parse_alpn, .repeat = 1 },
	{ "mode", CONF_CUSTOM, .parse = parse_mode },
	{ "workers", CONF_CUSTOM, .parse = parse_workers },
	{ "max-connections", CONF_UINT, AT(max_connections), 1, 10000000 },
	{ "max-streams", CONF_UINT, AT(max_streams), 1, 65536 },
	{ "retry-threshold", CONF_CUSTOM, .parse = parse_retry },
	{ "idle-timeout", CONF_DURATION, AT(idle_timeout), NS_PER_S, NS_PER_DAY },
	{ "keep-alive", CONF_DURATION, AT(keep_alive), 0, NS_PER_DAY },
	{ "handshake-timeout", CONF_DURATION, AT(handshake_timeout), 100 * NS_PER_MS,
	  600 * NS_PER_S },
	{ "drain-timeout", CONF_DURATION, AT(drain_timeout), 0, NS_PER_DAY },
	{ "user", CONF_STRING, AT(user) },
	{ "group", CONF_STRING, AT(group) },
	{ "log-level", CONF_ENUM, AT(log_level), .names = level_names },
	{ "control", CONF_STRING, AT(control) },
	{ "metrics", CONF_CUSTOM, .parse = metrics_parse },
	{ "metrics-remote", CONF_BOOL, AT(metrics_remote) },
	{ "secret-file", CONF_STRING, AT(secret_file) },
	{ "server-id", CONF_CUSTOM, .parse = parse_server_id },
	{ "server-id-rotation", CONF_UINT, AT(cid_rotation), 0, 6 },
};

static const struct conf_key transport_keys[] = {
	{ "versions", CONF_CUSTOM, .parse = parse_versions },
	{ "stream-window", CONF_SIZE, AT(stream_window), 16 << 10, 1 << 30 },
	{ "connection-window", CONF_SIZE, AT(connection_window), 16 << 10,
	  UINT64_C(16) << 30 },
	{ "congestion-control", CONF_ENUM, AT(congestion), .names = cc_names },
	{ "gso", CONF_BOOL, AT(gso) },
	{ "gro", CONF_BOOL, AT(gro) },
	{ "ecn", CONF_BOOL, AT(ecn) },
	{ "pmtud", CONF_BOOL, AT(pmtud) },
	{ "max-udp-payload", CONF_UINT, AT(max_udp_payload), 1200, UDP_SEND_MAX },
	{ "receive-buffer", CONF_SIZE, AT(receive_buffer), 0, 1 << 30 },
	{ "send-buffer", CONF_SIZE, AT(send_buffer), 0, 1 << 30 },
};

static const struct conf_key tls_keys[] = {
	{ "cert", CONF_LIST, AT(cert), .repeat = 1 },
	{ "key", CONF_LIST, AT(key), .repeat = 1 },
	{ "ocsp", CONF_LIST, AT(ocsp), .repeat = 1 },
	{ "ciphers", CONF_STRING, AT(ciphers) },
	{ "client-ca", CONF_STRING, AT(client_ca) },
	{ "client-cert", CONF_ENUM, AT(client_cert), .names = client_cert_names },
	{ "early-data", CONF_BOOL, AT(early_data) },
	{ "tickets", CONF_BOOL, AT(tickets) },
};

static const struct conf_key debug_keys[] = {
	{ "keylog", CONF_STRING, AT(keylog) },
	{ "qlog-dir", CONF_STRING, AT(qlog_dir) },
};
/* clang-format on */

#define SECTION(name)                                                                              \
	&(const struct keytab_section)                                                             \
	{                                                                                          \
		#name, name##_keys, sizeof(name##_keys) / sizeof(name##_keys[0])                   \
	}

const struct keytab_section *const keytab[] = {
	SECTION(service), SECTION(transport), SECTION(tls), &access_section, SECTION(debug),
};
const size_t keytab_len = sizeof(keytab) / sizeof(keytab[0]);
