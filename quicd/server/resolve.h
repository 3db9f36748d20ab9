/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses in the configuration file. */
#ifndef QUICD_RESOLVE_H
#define QUICD_RESOLVE_H

#include <stddef.h>

#include "../common/addr.h"

#define BACKEND_ADDRS_MAX 4

/* Addresses of one backend, to be tried in this order. */
struct backend_addrs {
	union addr addr[BACKEND_ADDRS_MAX];
	int n;
};

/*
 * "1.2.3.4:443", "[::1]:443"; "*:443" and ":443" give two addresses, one of each
 * family that the kernel knows. Returns how many, or -EINVAL with the reason in @why.
 */
int resolve_listen(const char *text, union addr out[2], char *why, size_t why_len);

/* "host:port", "/path" or "unix:/path". Returns 0, or -EINVAL with the reason in @why. */
int resolve_backend(const char *text, struct backend_addrs *out, char *why, size_t why_len);

#endif
