/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose of the followed connections a packet is. Changes nothing. */
#ifndef NQ_CONN_LOOK_H
#define NQ_CONN_LOOK_H

#include "conn_table.h"

/**
 * struct nq_conn_hit - what was found for a packet
 * @conn:	its connection, or NULL
 * @by:		how it was found; NQ_AMBIGUOUS or NQ_BY_NOTHING without one
 * @path:	print of the packet's path
 * @key:	the connection's path, if it is known there
 * @n:		connections on the path
 * @left:	of these, whose the path alone may tell it to be
 * @crowded:	see struct nq_conn_key
 * @len:	of the ID, if @by is NQ_BY_OWN
 * @sure:	the ID is the server's
 * @told:	or came with the client's handshake
 */
struct nq_conn_hit {
	struct nq_conn *conn;
	enum nq_found_by by;
	u64 path;
	struct nq_conn_key *key;
	unsigned int n;
	unsigned int left;
	u8 len;
	bool crowded;
	bool sure;
	bool told;
};

/**
 * nq_conn_look - look a client's packet up
 * @w:		the packet
 * @missed:	rules that did not take its server ID, so it is of no connection whose they take; or
 * NULL
 * @hit:	filled in
 *
 * Under RCU.
 */
void nq_conn_look(const struct nq_conns *t, const struct nq_whose *w,
		  const struct nq_missed *missed, struct nq_conn_hit *hit);

#endif /* NQ_CONN_LOOK_H */
