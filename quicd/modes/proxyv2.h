/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PROXY protocol header, version 2 (HAProxy's doc/proxy-protocol.txt). */
#ifndef QUICD_PROXYV2_H
#define QUICD_PROXYV2_H

#include <stddef.h>
#include <stdint.h>

#include "../common/addr.h"

/* Fixed part, IPv6 addresses, and TLVs of ALPN, authority and SSL with a name. */
#define PROXYV2_MAX (16 + 36 + 3 * (3 + 256) + 32)

struct proxyv2_info {
	const union addr *client, *local;
	const char *alpn;
	size_t alpn_len;
	const char *sni; /* empty: none */
	bool client_verified;
	const char *client_cn; /* common name of the client certificate; empty: none */
};

/* Writes the header to @out (PROXYV2_MAX bytes) and returns its length. */
size_t proxyv2_build(const struct proxyv2_info *info, uint8_t *out);

#endif
