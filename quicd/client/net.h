/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets below the connections: one for all of them, and another after each move. */
#ifndef QUICC_NET_H
#define QUICC_NET_H

#include <netdb.h>

#include "../common/loop.h"
#include "../common/udp.h"
#include "options.h"

struct client;
struct net;

struct net_sock {
	struct io io;
	struct udp_sock sock;
	union addr told; /* what the connections take for its address */
	struct net *net;
};

struct net {
	const struct options *o;
	struct loop loop;
	struct addrinfo *addrs, *addr_next; /* of the host; to be tried in turn */
	union addr remote;
	struct net_sock *sock[MOVES_MAX + 1]; /* the one in use is the last */
	unsigned int nsocks;
	unsigned int bound;	 /* how many of --bind were used */
	unsigned int moved;	 /* how many of the moves are done */
	unsigned int migrations; /* those among them that the connections must follow */
	uint64_t received;	 /* on all streams of all connections */
	bool sent, answered;	 /* a first flight, and anything that came back */
	struct client *client;
	unsigned int nclients;
	uint8_t key; /* hides the connection's number in its IDs */
	struct udp_batch *batch;
};

/*
 * Finds the host's addresses and opens a socket to the first that has a route. Returns -1, or an
 * exit status after saying why. net_free() is needed in either case.
 */
int net_init(struct net *n, const struct options *o, struct client *client, unsigned int nclients);
void net_free(struct net *n);
/* The same in two steps: what lasts, and a socket to the host, which net_close() closes. */
int net_setup(struct net *n, const struct options *o, struct client *client, unsigned int nclients);
int net_open(struct net *n);
void net_close(struct net *n);

/* The address that the connections take for theirs. */
const union addr *net_local(const struct net *n);
/* The first octet of the IDs of connection @i, where there are several: packets find it by that. */
uint8_t net_cid_octet(const struct net *n, unsigned int i);

/* Sends from the socket of @local, as udp_send(). */
void net_send(struct net *n, const union addr *local, uint8_t ecn, const uint8_t *data, size_t len,
	      size_t segment);
/* Changes the address if it is time for it. */
void net_move(struct net *n);
/* Complains if the connections ended before all moves were made; returns true then. */
bool net_moves_left(const struct net *n);

#endif
