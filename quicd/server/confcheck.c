// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks across keys: missing ones, ones that contradict or need each other. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "access.h"
#include "config.h"
#include "confkey.h"
#include "loader.h"
#include "metrics.h"
#include "mode.h"

void loader_need(struct loader *l, const char *section, const char *name)
{
	if (!config_line(l->c, section, name))
		loader_complain(l, 0, "\"%s\" is missing in section [%s]", name, section);
}

/* Keys of one mode's section mean nothing in another mode: say so instead of ignoring them. */
static void check_sections(struct loader *l)
{
	for (size_t i = 0; i < l->c->nsections; i++) {
		const struct section *s = &l->c->section[i];

		for (size_t k = 0; s->mode && s->mode != l->c->mode && k < s->nkeys; k++)
			if (s->given[k])
				loader_complain(l, s->given[k],
						"section [%s] has no meaning with mode = %s",
						s->name, l->c->mode->name);
	}
}

static bool is_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void loader_backend(struct loader *l, const char *section, const char *name, const char *value,
		    struct backend_addrs *addrs)
{
	char why[CONF_WHY_MAX];

	if (!value)
		loader_need(l, section, name);
	else if (resolve_backend(value, addrs, why, sizeof(why)))
		loader_complain(l, config_line(l->c, section, name), "%s = %s: %s", name, value,
				why);
}

/* A service on port 443 alone is reached without rules: nobody routes its connections. */
static bool reached_directly(const struct config *c)
{
	for (size_t i = 0; i < c->nlisten; i++)
		if (addr_port(&c->listen[i].addr) != 443)
			return false;
	return true;
}

static void check_cids(struct loader *l)
{
	struct config *c = l->c;

	c->cid.workers = (uint8_t)c->workers;
	if (c->server_id == SERVER_ID_DEFAULT && !reached_directly(c))
		c->server_id = SERVER_ID_PORT;
	if (c->server_id == SERVER_ID_PORT)
		cid_set_port(&c->cid, addr_port(&c->listen[0].addr));
	if (!c->cid.server_id_len) {
		c->cid.rotation = CID_UNROUTABLE;
		if (c->cid_rotation != UINT64_MAX)
			loader_complain(l, config_line(l->c, "service", "server-id-rotation"),
					"server-id-rotation needs a server-id");
		return;
	}
	c->cid.rotation = c->cid_rotation == UINT64_MAX ? 0 : (uint8_t)c->cid_rotation;
	/* A long server ID leaves less for the nonce: a connection ID has 20 octets. */
	if (cid_len(&c->cid) > CID_LEN_MAX)
		c->cid.nonce_len = (uint8_t)(CID_LEN_MAX - 1 - c->cid.server_id_len);
}

static bool is_any(const union addr *a)
{
	return a->sa.sa_family == AF_INET ? a->in.sin_addr.s_addr == htonl(INADDR_ANY)
					  : IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

/* One of the two stands for all addresses of the other's family, with the same port. */
static bool overlap(const union addr *a, const union addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family || (!is_any(a) && !is_any(b)))
		return false;
	return a->sa.sa_family == AF_INET ? a->in.sin_port == b->in.sin_port
					  : a->in6.sin6_port == b->in6.sin6_port;
}

/* The second of two would find the port in use, but only when the service starts. */
static void check_listen(struct loader *l)
{
	struct config *c = l->c;

	for (size_t i = 0; i < c->nlisten; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(c->listen[i].text, c->listen[j].text)) {
				loader_complain(l, c->listen[i].line,
						"listen = %s: was given before, in line %d",
						c->listen[i].text, c->listen[j].line);
				break;
			} else if (overlap(&c->listen[i].addr, &c->listen[j].addr)) {
				loader_complain(l, c->listen[i].line,
						"listen = %s: the port is taken by %s, in line %d",
						c->listen[i].text, c->listen[j].text,
						c->listen[j].line);
				break;
			}
}

void confcheck(struct loader *l)
{
	struct config *c = l->c;

	loader_need(l, "service", "listen");
	loader_need(l, "service", "alpn");
	loader_need(l, "service", "mode");
	loader_need(l, "tls", "cert");
	loader_need(l, "tls", "key");
	if (l->errors)
		return;
	check_sections(l);
	check_listen(l);
	check_cids(l);
	/*
	 * Resumption helps browsers, which make many short connections. Other clients may
	 * not even survive a ticket: smbclient 4.24 has freed its TLS session by the time
	 * one arrives.
	 */
	if (!config_line(l->c, "tls", "tickets"))
		c->tickets = c->mode->tickets || c->early_data;
	if (c->cert.n != c->key.n)
		loader_complain(
			l, config_line(l->c, "tls", "key"),
			"%zu certificates but %zu keys: each cert needs the key of the same place",
			c->cert.n, c->key.n);
	if (c->ocsp.n && c->ocsp.n != c->cert.n)
		loader_complain(l, config_line(l->c, "tls", "ocsp"),
				"%zu certificates but %zu OCSP files: none stands for no file",
				c->cert.n, c->ocsp.n);
	if (c->connection_window < c->stream_window)
		loader_complain(l,
				config_line(l->c, "transport", "connection-window")
					? config_line(l->c, "transport", "connection-window")
					: config_line(l->c, "transport", "stream-window"),
				"connection-window is smaller than stream-window");
	if (c->keep_alive && c->keep_alive >= c->idle_timeout)
		loader_complain(l, config_line(l->c, "service", "keep-alive"),
				"keep-alive is not shorter than idle-timeout");
	if (c->client_cert != CLIENT_CERT_NONE && !c->client_ca)
		loader_complain(l, config_line(l->c, "tls", "client-cert"),
				"client-cert needs a client-ca");
	if (c->client_cert == CLIENT_CERT_NONE && c->client_ca)
		loader_complain(l, config_line(l->c, "tls", "client-ca"),
				"client-ca needs client-cert = request or require");
	if (c->early_data && !c->tickets)
		loader_complain(l, config_line(l->c, "tls", "early-data"),
				"early-data needs tickets");
	if (c->control && strlen(c->control) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		loader_complain(l, config_line(c, "service", "control"),
				"control = %s: a socket's path has 1 to %zu characters", c->control,
				sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	if (c->qlog_dir && !is_directory(c->qlog_dir))
		loader_complain(l, config_line(c, "debug", "qlog-dir"), "qlog-dir = %s: %s",
				c->qlog_dir, strerror(errno));
	if (c->group && !c->user)
		loader_complain(l, config_line(l->c, "service", "group"), "group needs a user");
	access_check(l);
	metrics_check(l);
	if (c->mode->conf)
		c->mode->conf->check(l);
}
