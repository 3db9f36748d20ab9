/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Socket addresses as text and back. */
#ifndef QUICD_ADDR_H
#define QUICD_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

union addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

/* "[ffff:...:255.255.255.255%interface]:65535" or "unix:" and a path */
#define ADDR_TEXT_MAX 128

socklen_t addr_len(const union addr *a);
/* Same family, address and port (IPv6: and scope). */
bool addr_equal(const union addr *a, const union addr *b);
/* The port, in host order. */
uint16_t addr_port(const union addr *a);
/* Writes "1.2.3.4:443", "[::1]:443" or "unix:/path"; returns @buf. */
const char *addr_format(const union addr *a, char buf[ADDR_TEXT_MAX]);

/*
 * Splits "host:port", "[v6]:port" or ":port" in place. *@host is NULL for ":port" and
 * "*:port". Returns 0, or -EINVAL if there is no port or a v6 address lacks its brackets.
 */
int addr_split(char *text, char **host, char **port);

#endif
