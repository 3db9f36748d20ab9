/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ClientHellos by the connection ID that their client made up, whatever the path. A client makes up
 * an ID once (RFC 9000 7.2). Another ClientHello under the same one, from another port or in
 * another version, is for a server that knows connections by their IDs alone: it may join parts of
 * the two.
 *
 * A table of fixed size, in sets of NQ_TWIN_WAYS; the oldest of a set makes room.
 */
#ifndef NQ_TWINS_H
#define NQ_TWINS_H

#include <linux/types.h>

struct nq_names;
struct nq_net;
struct nq_twins;

/**
 * nq_twins_alloc - make the table, unless it is there
 * @twins:	NULL until then
 * @flows:	room for twice as many
 *
 * Charged to who loads the rule. By one process at a time. May sleep. Return: 0 or -ENOMEM.
 */
int nq_twins_alloc(struct nq_twins **twins, unsigned int flows);

/** nq_twins_free - nobody looks into it any more */
void nq_twins_free(struct nq_twins *twins);

/**
 * nq_twins_reused - did another ClientHello come under the same ID?
 * @nn:		namespace
 * @n:		that was read; not in any table yet. It is remembered.
 *
 * Then a server may have parts of both. After version negotiation a client may keep its ID, and
 * makes another ClientHello: that is no longer than the first, or its end might stand behind the
 * first one's. Then it is this one that counts, and the first has no names any more. Under
 * names_lock.
 */
bool nq_twins_reused(struct nq_net *nn, const struct nq_names *n);

#endif /* NQ_TWINS_H */
