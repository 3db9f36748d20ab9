// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "resolve.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int parse_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || n < 1 || n > 65535)
		return -EINVAL;
	*port = htons((uint16_t)n);
	return 0;
}

/* A kernel without IPv6 serves "*" all the same. */
static bool have_v6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != EAFNOSUPPORT;
}

int resolve_listen(const char *text, union addr out[2], char *why, size_t why_len)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_PASSIVE,
				 .ai_socktype = SOCK_DGRAM},
			*res;
	char copy[ADDR_TEXT_MAX], *host, *port_text;
	uint16_t port;

	if (strlen(text) >= sizeof(copy) || addr_split(strcpy(copy, text), &host, &port_text)) {
		snprintf(why, why_len, "not address:port, [v6 address]:port or *:port");
		return -EINVAL;
	}
	if (parse_port(port_text, &port)) {
		snprintf(why, why_len, "\"%.20s\" is not a port", port_text);
		return -EINVAL;
	}
	if (!host) {
		int n = 0;

		if (have_v6())
			out[n++] =
				(union addr){.in6 = {.sin6_family = AF_INET6, .sin6_port = port}};
		out[n++] = (union addr){.in = {.sin_family = AF_INET, .sin_port = port}};
		return n;
	}
	if (getaddrinfo(host, NULL, &hints, &res)) {
		snprintf(why, why_len, "\"%.60s\" is not an IP address", host);
		return -EINVAL;
	}
	out[0] = (union addr){0};
	memcpy(&out[0], res->ai_addr, res->ai_addrlen);
	freeaddrinfo(res);
	if (out[0].sa.sa_family == AF_INET)
		out[0].in.sin_port = port;
	else
		out[0].in6.sin6_port = port;
	return 1;
}

int resolve_backend(const char *text, struct backend_addrs *out, char *why, size_t why_len)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *res;
	char copy[512], *host, *port;
	uint16_t number;
	int err;

	memset(out, 0, sizeof(*out));
	if (text[0] == '/' || !strncmp(text, "unix:", 5)) {
		struct sockaddr_un *un = &out->addr[0].un;
		const char *path = text[0] == '/' ? text : text + 5;

		if (!path[0] || strlen(path) >= sizeof(un->sun_path)) {
			snprintf(why, why_len, "a socket's path has 1 to %zu characters",
				 sizeof(un->sun_path) - 1);
			return -EINVAL;
		}
		un->sun_family = AF_UNIX;
		strcpy(un->sun_path, path);
		out->n = 1;
		return 0;
	}
	if (strlen(text) >= sizeof(copy) || addr_split(strcpy(copy, text), &host, &port) || !host) {
		snprintf(why, why_len, "not host:port, [v6 address]:port or the path of a socket");
		return -EINVAL;
	}
	/* A service's name may stand there, too; but getaddrinfo() cuts numbers to 16 bits. */
	if (port[0] >= '0' && port[0] <= '9' && parse_port(port, &number)) {
		snprintf(why, why_len, "\"%.20s\" is not a port", port);
		return -EINVAL;
	}
	err = getaddrinfo(host, port, &hints, &res);
	if (err) {
		snprintf(why, why_len, "%s",
			 err == EAI_SYSTEM ? strerror(errno) : gai_strerror(err));
		return -EINVAL;
	}
	for (struct addrinfo *ai = res; ai && out->n < BACKEND_ADDRS_MAX; ai = ai->ai_next)
		if (ai->ai_family == AF_INET || ai->ai_family == AF_INET6)
			memcpy(&out->addr[out->n++], ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(res);
	return 0;
}
