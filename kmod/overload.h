/* SPDX-License-Identifier: GPL-2.0-only */
/* The overload policy: drop or pass packets when a limit is reached. */
#ifndef NQ_OVERLOAD_H
#define NQ_OVERLOAD_H

#include "packet.h"
#include "state.h"

/** nq_overload_pass - does the policy pass, unmatched, the packets that cannot wait? */
bool nq_overload_pass(const struct nq_net *nn);

/**
 * nq_overload_discard - drop a packet, as the policy wants
 *
 * For locally sent packets, free the skb and return NF_STOLEN: NF_DROP would make send() fail
 * with EPERM and end the connection. Return: verdict; the packet may be gone.
 */
unsigned int nq_overload_discard(struct sk_buff *skb, unsigned int hook);

/**
 * nq_overload_drop - drop a packet that cannot wait
 *
 * Counts it as overload. Return: nq_overload_discard()'s verdict.
 */
unsigned int nq_overload_drop(struct nq_net *nn, const struct nq_packet *p);

/**
 * nq_overload_foreign - drop a packet that a rule would take for one of another connection
 *
 * The policy does not matter: if it passed, it would have names that are not its own. Counts it.
 * Return: nq_overload_discard()'s verdict.
 */
unsigned int nq_overload_foreign(struct nq_net *nn, const struct nq_packet *p);

/**
 * nq_overload_verdict - a limit keeps us from reading this flight to its end
 *
 * Counts it. Return: NF_ACCEPT or nq_overload_drop()'s verdict, by the namespace's policy.
 */
unsigned int nq_overload_verdict(struct nq_net *nn, const struct nq_packet *p);

#endif /* NQ_OVERLOAD_H */
