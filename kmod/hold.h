/* SPDX-License-Identifier: GPL-2.0-only */
/* Flows whose ClientHello is not complete: their packets wait here. */
#ifndef NQ_HOLD_H
#define NQ_HOLD_H

#include "names.h"
#include "packet.h"
#include "scratch.h"
#include "state.h"

/**
 * nq_hold_follow - is the connection held? then the packet is, too
 * @nn:		namespace
 * @p:		the packet
 * @id:		of the connection: the packet's own, or what it is found to belong to
 * @verdict:	for the hook, if so
 *
 * May complete the ClientHello and send all on. Caller is under RCU and holds no lock.
 * Return: false if it is not held; the packet is still the caller's.
 */
bool nq_hold_follow(struct nq_net *nn, const struct nq_packet *p, const struct nq_id *id,
		    unsigned int *verdict);

/**
 * nq_hold_begin - hold a connection's first packet
 * @nn:		namespace
 * @p:		the packet; nq_stolen_can() said yes
 * @id:		of the connection
 * @s:		locked scratch with the flight as far as it got, which this puts; NULL if the
 *		packet has only 0-RTT
 * @track:	what was noted of its Initials
 *
 * Caller is under RCU. Return: verdict.
 */
unsigned int nq_hold_begin(struct nq_net *nn, const struct nq_packet *p, const struct nq_id *id,
			   struct nq_scratch *s, const struct nq_track *track);

/**
 * nq_hold_by_scid - a held connection whose client calls itself so
 * @id:		filled in: of the connection
 *
 * Caller is under RCU.
 */
bool nq_hold_by_scid(struct nq_net *nn, const struct nq_path *path, const struct nq_cid *scid,
		     struct nq_id *id, u16 *base);

#endif /* NQ_HOLD_H */
