/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to rtnetlink. */
#ifndef NA_ROUTE_H
#define NA_ROUTE_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

/** na_route_open() - a socket in this network namespace, NULL with errno */
struct mnl_socket *na_route_open(void);

/** na_route_begin() - begin a request with @extra bytes behind its header; @buf is zeroed */
struct nlmsghdr *na_route_begin(char *buf, uint16_t type, uint16_t flags, size_t extra);

/** na_route_talk() - send, and hand answers to @cb until the acknowledgement, or the end of a dump,
 * or its only answer; 0 or -errno */
int na_route_talk(struct mnl_socket *s, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg);

#endif
