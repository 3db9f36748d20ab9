/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Learning which connection IDs servers give, and following their clients by them. Off unless the
 * sysctl learn is set: then a second hook stands behind all NAT and rewriting in postrouting, where
 * a server's answer has the address and port that its client knows.
 */
#ifndef NQ_LEARN_H
#define NQ_LEARN_H

#include <linux/jump_label.h>
#include <net/netfilter/nf_tables.h>

#include "names.h"
#include "packet.h"
#include "state.h"

DECLARE_STATIC_KEY_FALSE(nq_learn_key);

/** nq_learning - is anything learned in this namespace? No cost if not in any. */
static inline bool nq_learning(const struct nq_net *nn)
{
	return static_branch_unlikely(&nq_learn_key) && READ_ONCE(nn->learning);
}

/**
 * nq_learn_start - learn from now on, if the sysctl or a rule says so
 *
 * Under use_mutex. May sleep. Return: 0 or -errno.
 */
int nq_learn_start(struct nq_net *nn);

/** nq_learn_stop - the last rule has gone. Connections are kept for a minute. Under use_mutex. */
void nq_learn_stop(struct nq_net *nn);

/** nq_learn_set - the sysctl was written. May sleep. Return: 0 or -errno. */
int nq_learn_set(struct nq_net *nn);

/**
 * nq_learn_want - a rule needs connections to be followed: they are, whatever the sysctl says
 *
 * They are from the next nq_learn_start() on. Return: 0, or -EOPNOTSUPP where nothing is learned.
 */
int nq_learn_want(struct nq_net *nn);

/** nq_learn_unwant - it has gone. May sleep. */
void nq_learn_unwant(struct nq_net *nn);

void nq_learn_init(struct nq_net *nn);
void nq_learn_exit(struct nq_net *nn);

/**
 * nq_learn_follow - a packet in the gathering hook that opens no connection
 * @d:		its datagrams
 * @thoff:	its UDP header, from skb->data
 *
 * Only while nq_learning(). Under RCU. Return: false, and nothing is noted, if its datagrams may be
 * of several connections: each is to be followed alone.
 */
bool nq_learn_follow(struct nq_net *nn, const struct sk_buff *skb,
		     const struct nf_hook_state *state, const struct nq_dgrams *d,
		     unsigned int thoff);

/**
 * nq_learn_names - the names of a followed connection that a packet at a rule is of, or NULL
 *
 * Not for packets that may open a connection. Only while nq_learning(). Under RCU.
 */
const struct nq_names *nq_learn_names(struct nq_net *nn, const struct nft_pktinfo *pkt);

/**
 * nq_learn_issuer - a rule takes the server ID of a packet that is looked at for NQ_LOOK_OWN
 * @rule:	nq_look_rule() of that
 * @gen:	nq_look_generation() then
 *
 * Under RCU.
 */
void nq_learn_issuer(struct nq_net *nn, const struct nft_pktinfo *pkt, u32 rule, u32 gen);

/**
 * nq_learn_state - enum nft_quic_states of a packet at a rule
 *
 * Not for packets that may open a connection. Under RCU. Return: false if it may be a server's.
 */
bool nq_learn_state(struct nq_net *nn, const struct nft_pktinfo *pkt, u8 *state);

#endif /* NQ_LEARN_H */
