// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "../common/quicver.h"
#include "../common/udp.h"
#include "../http3/mime.h"
#include "../http3/pool.h"
#include "confkey.h"
#include "resolve.h"

/* Longest line of a file; libinih would silently cut a longer one in two. */
#define CONF_LINE_MAX 4096

static const char *const mode_names[] = {"", "stream", "echo", "handoff", "http3", NULL};
static const char *const level_names[] = {"error", "warning", "info", "debug", NULL};
static const char *const client_cert_names[] = {"none", "request", "require", NULL};
static const char *const cc_names[] = {"cubic", "reno", "bbr", NULL};
static const char *const proxy_names[] = {"off", "v2", NULL};

const char *config_mode_name(const struct config *c)
{
	return mode_names[c->mode];
}

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
		if (strlen(c->alpn.item[i]) > 255) {
			snprintf(why, CONF_WHY_MAX, "a protocol has at most 255 octets");
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
static const struct conf_key keys[] = {
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

#define NKEYS (sizeof(keys) / sizeof(keys[0]))

struct loader {
	struct config *c;
	const char *path;
	FILE *file;
	int line;	  /* of the line read last */
	int given[NKEYS]; /* line of each key, 0 if it is not there */
	int errors;
};

__attribute__((format(printf, 3, 4))) static void complain(struct loader *l, int line,
							   const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (line)
		log_err("%s:%d: %s", l->path, line, text);
	else
		log_err("%s: %s", l->path, text);
	l->errors++;
}

static const struct conf_key *find_key(const char *section, const char *name)
{
	for (size_t i = 0; i < NKEYS; i++)
		if (!strcmp(keys[i].section, section) && !strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

/* Line of a key, for messages; 0 if it was not given. */
static int line_of(const struct loader *l, const char *section, const char *name)
{
	return l->given[find_key(section, name) - keys];
}

static bool section_known(const char *section)
{
	for (size_t i = 0; i < NKEYS; i++)
		if (!strcmp(keys[i].section, section))
			return true;
	return false;
}

static int on_value(void *user, const char *section, const char *name, const char *value)
{
	struct loader *l = user;
	const struct conf_key *k = find_key(section, name);
	char why[CONF_WHY_MAX] = "";
	int err;

	if (!k) {
		if (!section[0])
			complain(l, l->line, "key \"%s\" stands before the first section", name);
		else if (!section_known(section))
			complain(l, l->line, "unknown section [%s]", section);
		else
			complain(l, l->line, "unknown key \"%s\" in section [%s]", name, section);
		return 1;
	}
	if (l->given[k - keys] && !k->repeat) {
		complain(l, l->line, "\"%s\" was given before, in line %d", name,
			 l->given[k - keys]);
		return 1;
	}
	l->given[k - keys] = l->line;
	if (k->type == CONF_CUSTOM)
		err = k->parse(l->c, value, l->line, why);
	else
		err = conf_value(k, (char *)l->c + k->offset, value, why);
	if (err == -ENOMEM)
		complain(l, l->line, "out of memory");
	else if (err)
		complain(l, l->line, "%s = %s: %s", name, value, why);
	return 1;
}

/* libinih's reader: one call a line. It counts, for libinih does not tell the handler. */
static char *read_line(char *buf, int size, void *user)
{
	struct loader *l = user;
	size_t len;

	if (!fgets(buf, size, l->file)) {
		if (ferror(l->file))
			complain(l, 0, "cannot be read: %s", strerror(errno));
		return NULL;
	}
	l->line++;
	len = strlen(buf);
	if (len + 1 == (size_t)size && buf[len - 1] != '\n' && !feof(l->file)) {
		complain(l, l->line, "line longer than %d characters", size - 2);
		return NULL;
	}
	return buf;
}

static void set_defaults(struct config *c)
{
	c->workers = 1;
	c->max_connections = 10000;
	c->max_streams = 100;
	c->retry_threshold = 1000;
	c->idle_timeout = 120 * NS_PER_S;
	c->handshake_timeout = 10 * NS_PER_S;
	c->drain_timeout = 30 * NS_PER_S;
	c->log_level = LOG_LEVEL_INFO;
	c->cid_rotation = UINT64_MAX;
	c->cid.nonce_len = 10;
	c->versions[0] = NGTCP2_PROTO_VER_V1;
	c->versions[1] = NGTCP2_PROTO_VER_V2;
	c->nversions = 2;
	c->stream_window = 1 << 20;
	c->connection_window = 8 << 20;
	c->gso = c->gro = c->ecn = c->pmtud = true;
	c->max_udp_payload = UDP_SEND_MAX;
	c->receive_buffer = c->send_buffer = 2 << 20;
	c->connect_timeout = 10 * NS_PER_S;
	c->root_fd = -1;
	c->upstream_timeout = 60 * NS_PER_S;
}

static void need(struct loader *l, const char *section, const char *name)
{
	if (!line_of(l, section, name))
		complain(l, 0, "\"%s\" is missing in section [%s]", name, section);
}

/* Keys of a mode's own section have no meaning in another mode: say so instead of ignoring them. */
static void check_sections(struct loader *l)
{
	for (size_t i = 0; i < NKEYS; i++) {
		bool is_mode = false;

		for (int m = 1; mode_names[m]; m++)
			is_mode |= !strcmp(keys[i].section, mode_names[m]);
		if (is_mode && l->given[i] && strcmp(keys[i].section, mode_names[l->c->mode]))
			complain(l, l->given[i], "section [%s] has no meaning with mode = %s",
				 keys[i].section, mode_names[l->c->mode]);
	}
}

static void check_backend(struct loader *l, const char *section, const char *name,
			  const char *value, struct backend_addrs *addrs)
{
	char why[CONF_WHY_MAX];

	if (!value)
		need(l, section, name);
	else if (resolve_backend(value, addrs, why, sizeof(why)))
		complain(l, line_of(l, section, name), "%s = %s: %s", name, value, why);
}

static void check_http3(struct loader *l)
{
	struct config *c = l->c;

	for (size_t i = 0; i < c->alpn.n; i++)
		if (strcmp(c->alpn.item[i], "h3") && strncmp(c->alpn.item[i], "h3-", 3))
			complain(l, line_of(l, "service", "alpn"),
				 "alpn = %s: mode http3 serves only h3 and its drafts",
				 c->alpn.item[i]);
	if (!c->root && !c->upstream)
		complain(l, 0, "\"root\" or \"backend\" is missing in section [http3]");
	if (c->upstream && !upstream_available())
		complain(l, line_of(l, "http3", "backend"),
			 "backend = %s: this quicd was built without llhttp and has no reverse proxy",
			 c->upstream);
	else if (c->upstream)
		check_backend(l, "http3", "backend", c->upstream, &c->upstream_addrs);
	if (c->root) {
		c->root_fd = open(c->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (c->root_fd < 0)
			complain(l, line_of(l, "http3", "root"), "root = %s: %s", c->root,
				 strerror(errno));
	}
	if (c->root) {
		c->mime = mime_load(c->mime_types ? c->mime_types : MIME_FILE);
		if (!c->mime && c->mime_types)
			complain(l, line_of(l, "http3", "mime-types"), "mime-types = %s: %s",
				 c->mime_types, strerror(errno));
	} else if (c->mime_types || c->index) {
		const char *key = c->index ? "index" : "mime-types";

		complain(l, line_of(l, "http3", key), "%s needs a root", key);
	}
	if (!line_of(l, "http3", "idle-timeout"))
		c->stream_idle_timeout = 300 * NS_PER_S;
	if (!c->index)
		c->index = strdup("index.html");
	else if (strchr(c->index, '/'))
		complain(l, line_of(l, "http3", "index"), "index = %s: not a file's name",
			 c->index);
	if (c->root && c->upstream && !c->upstream_path)
		complain(l, line_of(l, "http3", "backend"),
			 "backend beside root needs a backend-path");
	if (c->upstream_path && (!c->upstream || !c->root))
		complain(l, line_of(l, "http3", "backend-path"),
			 "backend-path needs both root and backend");
	if (c->upstream_path && c->upstream_path[0] != '/')
		complain(l, line_of(l, "http3", "backend-path"),
			 "backend-path = %s: does not begin with a slash", c->upstream_path);
}

static void check_cids(struct loader *l)
{
	struct config *c = l->c;

	c->cid.workers = (uint8_t)c->workers;
	if (!c->cid.server_id_len) {
		c->cid.rotation = CID_UNROUTABLE;
		if (c->cid_rotation != UINT64_MAX)
			complain(l, line_of(l, "service", "server-id-rotation"),
				 "server-id-rotation needs a server-id");
		return;
	}
	c->cid.rotation = c->cid_rotation == UINT64_MAX ? 0 : (uint8_t)c->cid_rotation;
	/* A long server ID takes from the nonce: an ID has 20 octets. */
	if (cid_len(&c->cid) > CID_LEN_MAX)
		c->cid.nonce_len = (uint8_t)(CID_LEN_MAX - 1 - c->cid.server_id_len);
}

static void check(struct loader *l)
{
	struct config *c = l->c;

	need(l, "service", "listen");
	need(l, "service", "alpn");
	need(l, "service", "mode");
	need(l, "tls", "cert");
	need(l, "tls", "key");
	if (l->errors)
		return;
	check_sections(l);
	check_cids(l);
	/*
	 * A resumed handshake saves a browser's many short connections something. Other
	 * clients may not even survive a ticket: smbclient 4.24 has freed its TLS session
	 * by the time that one arrives.
	 */
	if (!line_of(l, "tls", "tickets"))
		c->tickets = c->mode == MODE_HTTP3 || c->early_data;
	if (c->cert.n != c->key.n)
		complain(l, line_of(l, "tls", "key"),
			 "%zu certificates but %zu keys: each cert needs the key of the same place",
			 c->cert.n, c->key.n);
	if (c->connection_window < c->stream_window)
		complain(l,
			 line_of(l, "transport", "connection-window")
				 ? line_of(l, "transport", "connection-window")
				 : line_of(l, "transport", "stream-window"),
			 "connection-window is smaller than stream-window");
	if (c->keep_alive && c->keep_alive >= c->idle_timeout)
		complain(l, line_of(l, "service", "keep-alive"),
			 "keep-alive is not shorter than idle-timeout");
	if (c->client_cert != CLIENT_CERT_NONE && !c->client_ca)
		complain(l, line_of(l, "tls", "client-cert"), "client-cert needs a client-ca");
	if (c->client_cert == CLIENT_CERT_NONE && c->client_ca)
		complain(l, line_of(l, "tls", "client-ca"),
			 "client-ca needs client-cert = request or require");
	if (c->early_data && !c->tickets)
		complain(l, line_of(l, "tls", "early-data"), "early-data needs tickets");
	if (c->group && !c->user)
		complain(l, line_of(l, "service", "group"), "group needs a user");
	if (c->mode == MODE_STREAM)
		check_backend(l, "stream", "backend", c->backend, &c->backend_addrs);
	if (c->mode == MODE_HANDOFF) {
		check_backend(l, "handoff", "socket", c->handoff_socket, &c->handoff_addr);
		if (c->handoff_socket && c->handoff_addr.n &&
		    c->handoff_addr.addr[0].sa.sa_family != AF_UNIX)
			complain(l, line_of(l, "handoff", "socket"),
				 "socket = %s: not the path of a Unix socket", c->handoff_socket);
	}
	if (c->mode == MODE_HTTP3)
		check_http3(l);
}

/* The service's name, if none is given: the file's name without its ending. */
static char *name_from_path(const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	const char *dot = strrchr(base, '.');

	return dot && dot != base ? strndup(base, (size_t)(dot - base)) : strdup(base);
}

struct config *config_load(const char *path)
{
	struct loader l = {.path = path};
	int bad;

	l.c = calloc(1, sizeof(*l.c));
	if (!l.c)
		return NULL;
	set_defaults(l.c);
	l.c->path = strdup(path);
	l.c->name = name_from_path(path);
	l.file = fopen(path, "re");
	if (!l.file) {
		log_err("%s: %s", path, strerror(errno));
		goto fail;
	}
	ini_max_line = CONF_LINE_MAX;
	bad = ini_parse_stream(read_line, &l, on_value, &l);
	fclose(l.file);
	if (bad > 0)
		complain(&l, bad, "neither [section] nor key = value");
	else if (bad < 0)
		complain(&l, 0, "out of memory");
	if (!l.errors)
		check(&l);
	if (!l.errors && l.c->path && l.c->name)
		return l.c;
fail:
	config_free(l.c);
	return NULL;
}

static void free_list(struct string_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->item[i]);
	free(l->item);
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < NKEYS; i++)
		if (keys[i].type == CONF_STRING)
			free(*(char **)((char *)c + keys[i].offset));
	free_list(&c->alpn);
	free_list(&c->cert);
	free_list(&c->key);
	if (c->root_fd >= 0)
		close(c->root_fd);
	mime_free(c->mime);
	free(c->listen);
	free(c->path);
	free(c);
}
