/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, time and names of datagrams, for all of quicgen. */
#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>

/** union addr - an IPv4 or IPv6 address with a port */
union addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/** addr_parse - from numeric text; ends the program if it is not one */
union addr addr_parse(const char *text, uint16_t port);

/** addr_len - for bind, sendto and the like */
socklen_t addr_len(const union addr *a);

/** addr_port - its port in host order */
uint16_t addr_port(const union addr *a);

void addr_set_port(union addr *a, uint16_t port);

/** addr_text - "192.0.2.1:443" or "[2001:db8::1]:443"; the last eight results stay valid */
const char *addr_text(const union addr *a);

/** addr_plain - the IPv4 address of an IPv4-mapped one, others as they are */
union addr addr_plain(const union addr *a);

/** addr_same - same family, address and port? */
bool addr_same(const union addr *a, const union addr *b);

/** now_ms - milliseconds of a clock that does not jump */
uint64_t now_ms(void);

/** datagram_id - what both ends call a datagram: a hash of its bytes (FNV-1a) */
uint64_t datagram_id(const void *data, size_t len);

#endif /* NET_H */
