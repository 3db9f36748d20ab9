// SPDX-License-Identifier: GPL-2.0-or-later
#include "addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

socklen_t addr_len(const union addr *a)
{
	switch (a->sa.sa_family) {
	case AF_INET:
		return sizeof(a->in);
	case AF_INET6:
		return sizeof(a->in6);
	default:
		return sizeof(a->un);
	}
}

bool addr_equal(const union addr *a, const union addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port &&
		       a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->in6.sin6_port == b->in6.sin6_port &&
	       a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
	       !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr));
}

uint16_t addr_port(const union addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port);
}

const char *addr_format(const union addr *a, char buf[ADDR_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN], scope[IF_NAMESIZE] = "";

	switch (a->sa.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &a->in.sin_addr, host, sizeof(host));
		snprintf(buf, ADDR_TEXT_MAX, "%s:%u", host, ntohs(a->in.sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof(host));
		if (a->in6.sin6_scope_id)
			if_indextoname(a->in6.sin6_scope_id, scope);
		snprintf(buf, ADDR_TEXT_MAX, "[%s%s%s]:%u", host, scope[0] ? "%" : "", scope,
			 ntohs(a->in6.sin6_port));
		break;
	case AF_UNIX:
		snprintf(buf, ADDR_TEXT_MAX, "unix:%.*s", (int)sizeof(a->un.sun_path),
			 a->un.sun_path);
		break;
	default:
		snprintf(buf, ADDR_TEXT_MAX, "unknown");
	}
	return buf;
}

int addr_split(char *text, char **host, char **port)
{
	char *colon;

	if (text[0] == '[') {
		char *end = strchr(text, ']');

		if (!end || end[1] != ':' || end == text + 1)
			return -EINVAL;
		*end = '\0';
		*host = text + 1;
		*port = end + 2;
	} else {
		colon = strrchr(text, ':');
		if (!colon || strchr(text, ':') != colon)
			return -EINVAL;
		*colon = '\0';
		*host = colon == text || !strcmp(text, "*") ? NULL : text;
		*port = colon + 1;
	}
	return **port ? 0 : -EINVAL;
}
