/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections whose server has answered: what their clients asked for, and their packets. */
#ifndef NQ_CONN_H
#define NQ_CONN_H

#include "dgram.h"
#include "look.h"
#include "names.h"
#include "state.h"

#define NQ_ID_MIN 4 /* shorter server IDs tell nothing */

/**
 * struct nq_whose - what a packet from a client says of its connection
 * @path:	its path
 * @dcid:	a long header's DCID; of a short header the bytes behind its first one
 * @len:	of these, at most NQ_CID_MAX
 * @exact:	the ID has so many bytes, not fewer
 */
struct nq_whose {
	const struct nq_path *path;
	const u8 *dcid;
	u8 len;
	bool exact;
};

/** enum nq_learnt - what came of a server's Initial */
enum nq_learnt {
	NQ_LEARNT_KNOWN, /* nothing new */
	NQ_LEARNT_NEW,
	NQ_LEARNT_FULL, /* no room */
};

/** enum nq_found_by - how a packet's connection was found */
enum nq_found_by {
	NQ_BY_NOTHING, /* it was not */
	NQ_BY_OWN,     /* by an ID, on one of its paths */
	NQ_BY_ID,      /* by an ID, on another path */
	NQ_BY_PATH,    /* it is the only one on this path, or all there have the same names */
	NQ_AMBIGUOUS,  /* several of this path may be meant */
	NQ_UNDECIDED,  /* likewise, but the server IDs of rules may tell */
};

/** nq_conn_alloc - have the tables, unless they are there. By one process at a time. May sleep. */
int nq_conn_alloc(struct nq_net *nn);

/** nq_conn_flush - forget all connections. May sleep. */
void nq_conn_flush(struct nq_net *nn);

/** nq_conn_exit - a namespace ends; no packet comes any more. May sleep. */
void nq_conn_exit(struct nq_net *nn);

/**
 * nq_conn_learn - a server has answered with an Initial that opened, or a Retry with a right tag
 * @nn:		namespace
 * @path:	from the client to the server, as the client knows it
 * @names:	the connection
 * @id:		the server's connection ID, NQ_ID_MIN bytes or more
 * @retry:	from a Retry: the client begins anew under this ID. It pushes nobody out.
 *
 * Any context, under RCU.
 */
enum nq_learnt nq_conn_learn(struct nq_net *nn, const struct nq_path *path,
			     const struct nq_names *names, const struct nq_cid *id, bool retry);

/**
 * nq_conn_shown - a client sends under another ID, in a packet that is surely of its connection
 * @path:	its path
 * @names:	the connection
 * @id:		what it takes for its server's ID
 *
 * An ID that somebody unfollowed was seen to have counts on the connection's own paths alone. Any
 * context, under RCU.
 */
void nq_conn_shown(struct nq_net *nn, const struct nq_path *path, const struct nq_names *names,
		   const struct nq_cid *id);

/**
 * nq_conn_find - whose is a client's packet?
 * @by:		how it was found
 *
 * Under RCU. Return: the names of its connection, or NULL.
 */
const struct nq_names *nq_conn_find(struct nq_net *nn, const struct nq_whose *whose,
				    enum nq_found_by *by);

/** nq_conn_state - enum nft_quic_states of a client's packet. Under RCU. */
u8 nq_conn_state(struct nq_net *nn, const struct nq_whose *whose);

/**
 * nq_conn_follow - a client's packet as it comes in: note where its connection is now
 * @why:	set to NQ_LOOK_OTHERS where it is NQ_UNDECIDED, to NQ_LOOK_OWN if rules may tell
 *something of its connection, else to NQ_LOOK_NONE; NULL where no rule can
 * @settled:	set to the bytes of its ID, if the next packet with that, on its path, shows no more
 *than this one has; else to 0
 *
 * Under RCU. Return: as @by of nq_conn_find().
 */
enum nq_found_by nq_conn_follow(struct nq_net *nn, const struct nq_whose *whose, enum nq_look *why,
				u8 *settled);

/**
 * nq_conn_issuer - a rule takes the server ID in a packet's connection ID
 * @whose:	the packet; nothing is noted unless its ID is the one that its server gave first, or
 *came with its client's handshake
 * @rule:	nq_look_rule() of that
 * @gen:	nq_look_generation() then
 *
 * Under RCU.
 */
void nq_conn_issuer(struct nq_net *nn, const struct nq_whose *whose, u32 rule, u32 gen);

/**
 * nq_conn_decide - a packet of one of several connections on its path: note its ID as that of the
 * only one whose it may be, by the rules that did not take its server ID
 *
 * Under RCU. Return: false if several others may be meant, or none.
 */
bool nq_conn_decide(struct nq_net *nn, const struct nq_whose *whose,
		    const struct nq_missed *missed);

/** nq_conn_stranger - a connection that is not followed is on a path. Any context, under RCU. */
void nq_conn_stranger(struct nq_net *nn, const struct nq_path *path);

/** nq_conn_nobody - a packet came on a path, of a connection that is not known. Likewise. */
void nq_conn_nobody(struct nq_net *nn, const struct nq_path *path);

/** nq_conn_nobodys - nor is anything known of its ID. Likewise. */
void nq_conn_nobodys(struct nq_net *nn, const struct nq_whose *whose);

/** nq_conn_begin - learning begins: there may be connections that are older */
void nq_conn_begin(struct nq_net *nn);

/** nq_conn_crowd - how many connections does a path have? Under RCU. */
unsigned int nq_conn_crowd(struct nq_net *nn, const struct nq_path *path);

/**
 * struct nq_reply - datagrams that leave for a client
 * @path:	from it to its server
 * @dcid:	a long header's DCID; of a short header the bytes behind its first one
 * @n:		how many datagrams
 * @len:	of @dcid, at most NQ_CID_MAX
 * @exact:	it is a long header's, not just what begins with it
 */
struct nq_reply {
	const struct nq_path *path;
	const u8 *dcid;
	unsigned int n;
	u8 len;
	bool exact;
};

/** nq_conn_reply - something that is neither Retry nor unreadable leaves. Under RCU. */
void nq_conn_reply(struct nq_net *nn, const struct nq_reply *r);

/** nq_conn_waits - may a short header that leaves tell something? */
bool nq_conn_waits(const struct nq_net *nn);

/** nq_conn_proves - may a long one? */
bool nq_conn_proves(const struct nq_net *nn);

/** nq_conn_count - how many are followed, and the memory of their names */
unsigned int nq_conn_count(const struct nq_net *nn, unsigned long *bytes);

#endif /* NQ_CONN_H */
