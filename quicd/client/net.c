// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "net.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/list.h"
#include "../common/log.h"
#include "client.h"

#define CID_AT_SHORT 1 /* RFC 8999, 5.2 */
#define CID_AT_LONG  6 /* RFC 8999, 5.1 */

static struct net_sock *current(const struct net *n)
{
	return n->sock[n->nsocks - 1];
}

const union addr *net_local(const struct net *n)
{
	return &current(n)->told;
}

uint8_t net_cid_octet(const struct net *n, unsigned int i)
{
	return (uint8_t)(n->key + i);
}

/* The connection that a datagram is for; a single one gets all. */
static struct client *find_client(const struct net *n, const uint8_t *data, size_t len)
{
	size_t at = len && data[0] & 0x80 ? CID_AT_LONG : CID_AT_SHORT;
	unsigned int i;

	if (n->nclients == 1)
		return &n->client[0];
	if (len <= at)
		return NULL;
	i = (uint8_t)(data[at] - n->key);
	return i < n->nclients ? &n->client[i] : NULL;
}

static void read_message(struct net_sock *s, const struct udp_msg *m)
{
	for (size_t off = 0; off < m->len; off += m->segment) {
		size_t len = m->len - off < m->segment ? m->len - off : m->segment;
		struct client *c = find_client(s->net, m->data + off, len);

		s->net->answered = true;
		if (c)
			client_read(c, &s->told, m->ecn, m->data + off, len);
	}
}

static void refused(struct net *n);

static void on_readable(struct io *io, uint32_t events)
{
	struct net_sock *s = container_of(io, struct net_sock, io);
	struct net *n = s->net;
	bool connected = false;

	(void)events;
	for (unsigned int i = 0; i < n->nclients; i++)
		connected |= n->client[i].connected;
	for (int round = 0; round < 4; round++) {
		int got = udp_recv(&s->sock, n->batch);

		if (got == -ECONNREFUSED && !connected) {
			refused(n);
			break;
		}
		for (int i = 0; i < got; i++)
			read_message(s, &n->batch->msg[i]);
		if (got < UDP_BATCH)
			break;
	}
	net_move(n);
	for (unsigned int i = 0; i < n->nclients; i++)
		client_write(&n->client[i]);
}

void net_send(struct net *n, const union addr *local, uint8_t ecn, const uint8_t *data, size_t len,
	      size_t segment)
{
	struct net_sock *s = current(n);

	for (unsigned int i = 0; i < n->nsocks; i++)
		if (addr_equal(&n->sock[i]->told, local))
			s = n->sock[i];
	udp_send(&s->sock, NULL, &n->remote, ecn, data, len, segment);
	n->sent = true;
}

static void close_sock(struct net *n, struct net_sock *s)
{
	if (s->sock.fd >= 0) {
		loop_del(&n->loop, &s->io);
		udp_close(&s->sock);
	}
	free(s);
}

/* The next address of --bind; behind the last one, that with a free port. */
static union addr next_bind(const struct net *n)
{
	union addr a = {.sa.sa_family = n->remote.sa.sa_family};

	if (!n->o->nbind)
		return a;
	if (n->bound < n->o->nbind)
		return n->o->bind[n->bound];
	a = n->o->bind[n->o->nbind - 1];
	if (a.sa.sa_family == AF_INET)
		a.in.sin_port = 0;
	else
		a.in6.sin6_port = 0;
	return a;
}

/* One more socket to the same remote address. Returns 0 or -errno. */
static int add_sock(struct net *n)
{
	struct udp_options uo = {
		.gso = true, .gro = true, .ecn = true, .rcvbuf = 2 << 20, .sndbuf = 1 << 20};
	union addr local = next_bind(n);
	struct net_sock *s = calloc(1, sizeof(*s));
	socklen_t len = sizeof(s->told);
	int err;

	if (!s)
		return -ENOMEM;
	s->net = n;
	s->io.fn = on_readable;
	err = udp_open(&s->sock, &local, &uo);
	if (!err && connect(s->sock.fd, &n->remote.sa, addr_len(&n->remote)))
		err = -errno;
	if (!err)
		err = loop_add(&n->loop, &s->io, s->sock.fd, EPOLLIN);
	if (err) {
		udp_close(&s->sock);
		free(s);
		return err;
	}
	getsockname(s->sock.fd, &s->told.sa, &len);
	s->sock.local = s->told;
	n->sock[n->nsocks++] = s;
	if (n->bound < n->o->nbind)
		n->bound++;
	return 0;
}

/* Opens a socket to the next address of the host that has a route. */
static int open_next(struct net *n)
{
	char text[ADDR_TEXT_MAX];
	int err = -ENOENT;

	while (n->nsocks)
		close_sock(n, n->sock[--n->nsocks]);
	n->bound = 0;
	while (err && n->addr_next) {
		struct addrinfo *ai = n->addr_next;

		n->addr_next = ai->ai_next;
		memset(&n->remote, 0, sizeof(n->remote));
		memcpy(&n->remote, ai->ai_addr, ai->ai_addrlen);
		err = n->o->nbind && n->o->bind[0].sa.sa_family != ai->ai_family ? -EAFNOSUPPORT
										 : add_sock(n);
	}
	if (err)
		log_err("%s: %s", addr_format(&n->remote, text), strerror(-err));
	return err;
}

/* Nobody answers at this address: try the next one. */
static void refused(struct net *n)
{
	char text[ADDR_TEXT_MAX];
	int status = QUICC_LOCAL;

	if (!n->addr_next) {
		log_err("%s: no UDP service", addr_format(&n->remote, text));
		status = QUICC_HANDSHAKE;
	} else if (!open_next(n)) {
		status = QUICC_OK;
	}
	for (unsigned int i = 0; i < n->nclients; i++)
		if (status)
			client_end(&n->client[i], status);
		else
			client_again(&n->client[i]);
}

int net_setup(struct net *n, const struct options *o, struct client *client, unsigned int nclients)
{
	*n = (struct net){.o = o, .client = client, .nclients = nclients};
	gnutls_rnd(GNUTLS_RND_NONCE, &n->key, 1);
	n->batch = malloc(sizeof(*n->batch));
	if (loop_init(&n->loop) || !n->batch) {
		log_err("%s", strerror(errno));
		return QUICC_LOCAL;
	}
	return -1;
}

int net_open(struct net *n)
{
	const struct options *o = n->o;
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	int rv = getaddrinfo(o->host, o->port, &hints, &n->addrs);

	if (rv) {
		log_err("%s:%s: %s", o->host, o->port, gai_strerror(rv));
		return QUICC_LOCAL;
	}
	n->addr_next = n->addrs;
	return open_next(n) ? QUICC_LOCAL : -1;
}

int net_init(struct net *n, const struct options *o, struct client *client, unsigned int nclients)
{
	int rv = net_setup(n, o, client, nclients);

	return rv < 0 ? net_open(n) : rv;
}

void net_close(struct net *n)
{
	while (n->nsocks)
		close_sock(n, n->sock[--n->nsocks]);
	if (n->addrs)
		freeaddrinfo(n->addrs);
	n->addrs = n->addr_next = NULL;
}

void net_free(struct net *n)
{
	net_close(n);
	free(n->batch);
	loop_free(&n->loop);
}

static bool due(const struct net *n, const struct move *m)
{
	bool connected = false;

	for (unsigned int i = 0; i < n->nclients; i++)
		connected |= n->client[i].connected;
	switch (m->when) {
	case MOVE_AT_HELLO:
		return n->sent;
	case MOVE_AT_HANDSHAKE:
		return n->answered;
	case MOVE_AT_BYTES:
		break;
	}
	return connected && n->received >= m->bytes;
}

/* A NAT's new port: the old one is gone, and the connections believe that they still have it. */
static void rebind(struct net *n)
{
	struct net_sock *now = current(n), *old = n->sock[n->nsocks - 2];

	now->told = old->told;
	n->sock[n->nsocks - 2] = now;
	n->nsocks--;
	close_sock(n, old);
}

static void make_move(struct net *n, const struct move *m)
{
	char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
	int err;

	addr_format(&current(n)->sock.local, from);
	err = add_sock(n);
	if (err) {
		log_err("%s: %s", m->kind == MOVE_REBIND ? "--rebind" : "--migrate",
			strerror(-err));
		for (unsigned int i = 0; i < n->nclients; i++)
			client_end(&n->client[i], QUICC_LOCAL);
		return;
	}
	addr_format(&current(n)->sock.local, to);
	if (m->kind == MOVE_REBIND)
		rebind(n);
	else
		n->migrations++;
	n->moved++;
	if (n->o->verbose)
		fprintf(stderr, "%s: %s to %s, after %" PRIu64 " bytes\n",
			m->kind == MOVE_REBIND ? "rebound" : "migrating", from, to, n->received);
	for (unsigned int i = 0; i < n->nclients; i++)
		client_moved(&n->client[i]);
}

void net_move(struct net *n)
{
	if (n->moved < n->o->nmoves && due(n, &n->o->move[n->moved]))
		make_move(n, &n->o->move[n->moved]);
}

bool net_moves_left(const struct net *n)
{
	bool left = n->moved < n->o->nmoves;

	for (unsigned int i = 0; i < n->nclients; i++)
		left |= n->client[i].connected && n->client[i].migrated < n->migrations;
	if (left)
		log_err("the end came before all moves of --rebind and --migrate");
	return left;
}
