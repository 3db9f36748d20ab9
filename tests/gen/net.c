// SPDX-License-Identifier: GPL-2.0-or-later
#include "net.h"
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

union addr addr_parse(const char *text, uint16_t port)
{
	union addr a = {0};

	if (inet_pton(AF_INET, text, &a.in.sin_addr) == 1)
		a.sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a.in6.sin6_addr) == 1)
		a.sa.sa_family = AF_INET6;
	else
		errx(2, "'%s' is no address", text);
	addr_set_port(&a, port);
	return a;
}

socklen_t addr_len(const union addr *a)
{
	return a->sa.sa_family == AF_INET ? sizeof(a->in) : sizeof(a->in6);
}

uint16_t addr_port(const union addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port);
}

void addr_set_port(union addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET)
		a->in.sin_port = htons(port);
	else
		a->in6.sin6_port = htons(port);
}

const char *addr_text(const union addr *a)
{
	static char texts[8][INET6_ADDRSTRLEN + 10];
	static unsigned int next;
	char host[INET6_ADDRSTRLEN], *text = texts[next++ % 8];

	if (a->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->in.sin_addr, host, sizeof(host));
		snprintf(text, sizeof(texts[0]), "%s:%u", host, addr_port(a));
	} else {
		inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof(host));
		snprintf(text, sizeof(texts[0]), "[%s]:%u", host, addr_port(a));
	}
	return text;
}

union addr addr_plain(const union addr *a)
{
	union addr plain = {0};

	if (a->sa.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
		return *a;
	plain.in.sin_family = AF_INET;
	plain.in.sin_port = a->in6.sin6_port;
	memcpy(&plain.in.sin_addr, &a->in6.sin6_addr.s6_addr[12], 4);
	return plain;
}

bool addr_same(const union addr *a, const union addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family || addr_port(a) != addr_port(b))
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr));
}

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

uint64_t datagram_id(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t h = 0xcbf29ce484222325;

	while (len--)
		h = (h ^ *p++) * 0x100000001b3;
	return h;
}
