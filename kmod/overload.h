/* SPDX-License-Identifier: GPL-2.0-only */
/* What becomes of packets when a limit is reached. */
#ifndef NQ_OVERLOAD_H
#define NQ_OVERLOAD_H

#include "packet.h"
#include "state.h"

/** nq_overload_pass - what becomes of packets that cannot wait (any longer): true if they go on
 * unmatched */
bool nq_overload_pass(const struct nq_net *nn);

/**
 * nq_overload_drop - a packet that cannot wait must not go on either
 *
 * Counts it as overload. What is sent from here is lost on the way as far as its sender can
 * tell: at NF_DROP its send() would fail with EPERM, which ends a connection that would else
 * send again. Return: verdict; the packet may be gone.
 */
unsigned int nq_overload_drop(struct nq_net *nn, const struct nq_packet *p);

/**
 * nq_overload_verdict - a limit keeps us from reading this flight to its end
 *
 * Counts it. Return: verdict, as nq_overload_drop() or to go on, as the namespace's overload
 * policy says.
 */
unsigned int nq_overload_verdict(struct nq_net *nn, const struct nq_packet *p);

#endif /* NQ_OVERLOAD_H */
