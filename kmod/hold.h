/* SPDX-License-Identifier: GPL-2.0-only */
/* Flows whose ClientHello is not complete: their packets wait here. */
#ifndef NQ_HOLD_H
#define NQ_HOLD_H

#include "names.h"
#include "packet.h"
#include "scratch.h"
#include "state.h"

/**
 * nq_hold_follow - is the packet's flow held? then the packet is, too
 * @nn:		namespace
 * @p:		the packet
 * @verdict:	for the hook, if so
 *
 * May complete the ClientHello and send all on. Caller is under RCU and holds no lock.
 * Return: false if the flow is not held; the packet is still the caller's.
 */
bool nq_hold_follow(struct nq_net *nn, const struct nq_packet *p, unsigned int *verdict);

/**
 * nq_hold_begin - hold a flow's first packet
 * @nn:		namespace
 * @p:		the packet; nq_stolen_can() said yes
 * @s:		locked scratch with the flight as far as it got, which this puts; NULL if the
 *		packet has only 0-RTT
 * @cids:	DCIDs of its Initials
 *
 * Caller is under RCU. Return: verdict.
 */
unsigned int nq_hold_begin(struct nq_net *nn, const struct nq_packet *p, struct nq_scratch *s,
			   const struct nq_cids *cids);

#endif /* NQ_HOLD_H */
