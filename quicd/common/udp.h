/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UDP sockets set up for QUIC: GSO, GRO, ECN, pktinfo, no fragmentation. */
#ifndef QUICD_UDP_H
#define QUICD_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define UDP_BATCH   16
#define UDP_BUF	    65535
#define UDP_GSO_MAX 64 /* UDP_MAX_SEGMENTS of kernels before 6.9 */
/* Most bytes in one send, as one datagram or many: 65535 less the headers of UDP and IPv6. */
#define UDP_SEND_MAX 65487

struct udp_options {
	int rcvbuf, sndbuf; /* bytes, 0: the system's default */
	bool gso, gro, ecn;
	bool share; /* a further socket of a SO_REUSEPORT group */
};

struct udp_sock {
	int fd;
	union addr local; /* as bound, with the real port */
	bool gso, ecn;	  /* gso becomes false when a device refuses it */
};

/* One received message: one datagram, or several of segment bytes each (GRO). */
struct udp_msg {
	union addr remote, local;
	uint8_t *data;
	size_t len;
	size_t segment; /* size of each datagram but the last */
	uint8_t ecn;	/* the two ECN bits */
};

struct udp_batch {
	struct udp_msg msg[UDP_BATCH];
	uint8_t buf[UDP_BATCH][UDP_BUF];
};

/*
 * Opens and binds. The first socket binds the port exclusively and only then opens it to its
 * SO_REUSEPORT group, so that a port in use is always an error. Returns 0 or -errno.
 */
int udp_open(struct udp_sock *s, const union addr *local, const struct udp_options *o);
/* Makes a socket of a bound one, which it takes over also on failure. Returns 0 or -errno. */
int udp_adopt(struct udp_sock *s, int fd, const struct udp_options *o);
void udp_close(struct udp_sock *s);

/* Size of the receive buffer that the kernel granted, in bytes. */
int udp_rcvbuf(const struct udp_sock *s);

/* Fills @b. Returns the number of messages, 0 if there is nothing to read, or -errno. */
int udp_recv(struct udp_sock *s, struct udp_batch *b);

/*
 * Sends @len bytes as datagrams of @segment bytes each (the last may be shorter); @local
 * chooses the source address and may be NULL. Returns 0, or -EAGAIN when the socket is full
 * (nothing was sent). Other failures count as loss on the way and are not reported.
 */
int udp_send(struct udp_sock *s, const union addr *local, const union addr *remote, uint8_t ecn,
	     const uint8_t *data, size_t len, size_t segment);

#endif
