// SPDX-License-Identifier: GPL-2.0-or-later
#include "early.h"

#include <string.h>

#include "../common/clock.h"
#include "conncb.h"

#define EARLY_MOVES_MAX 4

static bool answers_go_to(const struct conn *c, const union addr *remote)
{
	return c->early.active && addr_equal(remote, &c->early.remote);
}

static void answer_to(struct conn *c, const union addr *remote, size_t received)
{
	c->early.active = true;
	c->early.remote = *remote;
	c->early.received = received;
	c->early.sent = 0;
}

/*
 * The first address is valid if a token says so, or if nobody else can have got the keys from us:
 * ngtcp2's own limit ends for it with a Handshake packet, wherever that came from.
 */
static bool first_is_valid(const struct conn *c)
{
	return c->early.token || !c->early.leaked;
}

/*
 * An address that is not valid when the handshake is over has a limit that nothing would end:
 * ngtcp2 validates new paths alone. So packets from there are read as if from port 0 of it, which
 * is new, and answers to that go to its true port.
 */
static union addr other_name(const union addr *first)
{
	union addr name = *first;

	if (name.sa.sa_family == AF_INET)
		name.in.sin_port = 0;
	else
		name.in6.sin6_port = 0;
	return name;
}

bool early_is_renamed(const struct conn *c, const union addr *remote)
{
	union addr name;

	if (!c->early.renamed)
		return false;
	name = other_name(&c->early.first);
	return addr_equal(remote, &name);
}

/* A valid first address gets what the other one may not: the client may have never left. */
const union addr *conn_remote(const struct conn *c, const ngtcp2_path *path)
{
	const union addr *remote = (const union addr *)path->remote.addr;

	if (early_is_renamed(c, remote))
		return &c->early.first;
	if (!c->early.active || !addr_equal(remote, &c->early.first))
		return remote;
	if (first_is_valid(c) && early_room(c, &c->early.remote) < EARLY_ROOM_MIN)
		return remote;
	return &c->early.remote;
}

/* The client is back at its first address: if that is not valid it has a limit, too. */
static void back(struct conn *c, size_t received)
{
	if (first_is_valid(c))
		c->early.active = false;
	else if (!addr_equal(&c->early.first, &c->early.remote))
		answer_to(c, &c->early.first, received);
}

int early_read(struct conn *c, const ngtcp2_path *from, const ngtcp2_pkt_info *pi,
	       const uint8_t *data, size_t len)
{
	const union addr *remote = (const union addr *)from->remote.addr;
	const ngtcp2_path *now = ngtcp2_conn_get_path(c->quic);
	unsigned long opened = conn_packets_opened();
	ngtcp2_path_storage first;
	bool at_first, moved;
	int rv;

	ngtcp2_path_storage_zero(&first);
	ngtcp2_path_copy(&first.path, now);
	first.path.user_data = now->user_data;
	at_first = addr_equal(remote, (const union addr *)first.path.remote.addr);
	moved = !at_first && !answers_go_to(c, remote);
	if (moved && c->early.moves == EARLY_MOVES_MAX)
		return 0;
	early_received(c, remote, len);
	rv = ngtcp2_conn_read_pkt(c->quic, &first.path, pi, data, len, clock_now());
	if (conn_packets_opened() == opened)
		return rv;
	if (moved) {
		if (!c->early.moves++)
			memcpy(&c->early.first, first.path.remote.addr, first.path.remote.addrlen);
		answer_to(c, remote, len);
	} else if (at_first && c->early.active) {
		back(c, len);
	}
	return rv;
}

int early_read_later(struct conn *c, const ngtcp2_path *from, const ngtcp2_pkt_info *pi,
		     const uint8_t *data, size_t len)
{
	const union addr *remote = (const union addr *)from->remote.addr;
	bool at_first = c->early.moves && addr_equal(remote, &c->early.first);
	unsigned long opened = conn_packets_opened();
	ngtcp2_path path = *from;
	union addr name;
	int rv;

	early_received(c, remote, len);
	if (at_first && answers_go_to(c, remote))
		c->early.renamed = true;
	if (at_first && c->early.renamed) {
		name = other_name(remote);
		path.remote.addr = (ngtcp2_sockaddr *)&name.sa;
	}
	rv = ngtcp2_conn_read_pkt(c->quic, &path, pi, data, len, clock_now());
	if (at_first && c->early.active && conn_packets_opened() != opened)
		back(c, len);
	return rv;
}

void early_received(struct conn *c, const union addr *remote, size_t len)
{
	if (answers_go_to(c, remote))
		c->early.received += len;
}

size_t early_room(const struct conn *c, const union addr *remote)
{
	uint64_t limit = 3 * c->early.received;

	if (!answers_go_to(c, remote))
		return SIZE_MAX;
	return limit > c->early.sent ? limit - c->early.sent : 0;
}

void early_sent(struct conn *c, const union addr *remote, size_t len)
{
	if (!answers_go_to(c, remote))
		return;
	c->early.sent += len;
	if (c->quic && !ngtcp2_conn_get_handshake_completed(c->quic) &&
	    !addr_equal(remote, &c->early.first))
		c->early.leaked = true;
}
