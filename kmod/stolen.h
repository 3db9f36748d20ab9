/* SPDX-License-Identifier: GPL-2.0-only */
/* One packet that is taken out of its hook (NF_STOLEN), and its way back. */
#ifndef NQ_STOLEN_H
#define NQ_STOLEN_H

#include <linux/list.h>
#include <linux/netfilter.h>

#include "packet.h"

/**
 * struct nq_stolen - a packet taken out of its hook
 * @list:	in arrival order; owned by whoever owns the queue
 * @skb:	the packet
 * @dev:	a reference on skb->dev, or NULL: it may be cleared on the way
 * @state:	where it was; holds references on in, out and sk
 * @d:		where its datagrams are
 * @datagrams:	how many of them count: Initials and 0-RTT
 * @readable:	there is an Initial among them
 * @id:		version and connection IDs of the first of them
 */
struct nq_stolen {
	struct list_head list;
	struct sk_buff *skb;
	struct net_device *dev;
	struct nf_hook_state state;
	struct nq_dgrams d;
	unsigned int datagrams;
	bool readable;
	struct nq_id id;
};

/** nq_stolen_can - may this packet be held at all? */
bool nq_stolen_can(const struct nq_packet *p);

/**
 * nq_stolen_take - take what must stay alive while the packet waits
 *
 * Return: the held packet, for NF_STOLEN; or NULL, and nothing was taken.
 */
struct nq_stolen *nq_stolen_take(const struct nq_packet *p);

/** nq_stolen_untake - give it back to the hook: frees @h, but not the packet */
void nq_stolen_untake(struct nq_stolen *h);

/** nq_stolen_bytes - memory that it binds */
unsigned int nq_stolen_bytes(const struct nq_stolen *h);

/** nq_stolen_uses - is @dev among its devices? */
bool nq_stolen_uses(const struct nq_stolen *h, const struct net_device *dev);

/** nq_stolen_at - was it taken out of this hook? */
bool nq_stolen_at(const struct nq_stolen *h, const struct nf_hook_ops *ops);

/**
 * nq_stolen_resume - send it on through the hooks after ours, as if it had never waited
 *
 * No lock may be held: the packet runs through the stack. Frees @h.
 */
void nq_stolen_resume(struct nq_stolen *h);

/** nq_stolen_drop - free it and its packet */
void nq_stolen_drop(struct nq_stolen *h);

#endif /* NQ_STOLEN_H */
