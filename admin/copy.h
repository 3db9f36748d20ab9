/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A copy of this network namespace: devices of the same names, addresses, routes and
 * sysctls. It ends with this process.
 */
#ifndef NA_COPY_H
#define NA_COPY_H

#include <stdbool.h>
#include <stddef.h>

#include "../inspect/packet.h"

struct na_device {
	int index;	  /* in the live namespace */
	int inner, outer; /* in the copy, and of the other end, by which datagrams come */
	char name[16];
	unsigned char mac[6]; /* in the copy */
	bool up;
	unsigned int group;
};

/* A list of netlink messages, one behind the other; @lost are not in it, or not in the copy. */
struct na_dump {
	char *msg;
	size_t len, lost;
};

struct na_copy {
	struct na_device *device;
	size_t n_devices;
	struct na_dump addrs, routes, rules;
	char *sysctl[32][2]; /* path and value */
	size_t n_sysctls, lost_sysctls;
	int packet; /* AF_PACKET, at the other ends of the devices */
	int raw[2]; /* IPv4, IPv6: for clients on this host itself */
	char *wrong;
};

/** na_copy_read() - read this namespace; 0, or -errno with na_copy.wrong */
int na_copy_read(struct na_copy *c);

/** na_copy_device() - a device by its name, or NULL */
const struct na_device *na_copy_device(const struct na_copy *c, const char *name);

/** na_copy_local() - a device's first address, or of any device but lo if @d is NULL; false if
 * there is none */
bool na_copy_local(const struct na_copy *c, enum qi_net net, const struct na_device *d,
		   unsigned char addr[16]);

/** na_copy_towards() - the device by which this namespace would send to @addr; lo if that is an
 * address of its own, NULL if there is no route. Before na_copy_enter(). */
const struct na_device *na_copy_towards(const struct na_copy *c, enum qi_net net,
					const unsigned char addr[16]);

/** na_copy_enter() - make the copy and go there, for good; 0, or -errno with na_copy.wrong */
int na_copy_enter(struct na_copy *c);

/**
 * na_copy_send() - a datagram comes in by @d
 * @number:	1 or more: IPv4's identification, IPv6's flow label
 *
 * 0 or -errno.
 */
int na_copy_send(const struct na_copy *c, const struct na_device *d, const struct qi_tuple *t,
		 const unsigned char *data, size_t len, unsigned int number);

void na_copy_free(struct na_copy *c);

#endif
