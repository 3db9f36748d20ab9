/* SPDX-License-Identifier: GPL-2.0-only */
/* The gathering hooks and defragmentation, which exist while a rule needs them. */
#ifndef NQ_POINTS_H
#define NQ_POINTS_H

#include "state.h"

/**
 * nq_points - where packets have to be gathered for a rule
 * @family:	of the rule's table: NFPROTO_IPV4, NFPROTO_IPV6 or NFPROTO_INET
 * @hooknum:	hook of the base chain that leads to it
 *
 * Return: a mask of BIT(enum nq_point).
 */
unsigned int nq_points(u8 family, unsigned int hooknum);

/**
 * nq_points_get - gather at some points from now on
 * @nn:		namespace
 * @points:	mask of BIT(enum nq_point)
 *
 * May sleep. Return: 0, or -errno and no use was taken.
 */
int nq_points_get(struct nq_net *nn, unsigned int points);

/** nq_points_put - give up what nq_points_get() took. May sleep. */
void nq_points_put(struct nq_net *nn, unsigned int points);

/**
 * nq_points_part - a rule loads the first bytes of a DCID, or does not any more
 * @n:		how many bytes
 * @add:	1 or -1
 */
void nq_points_part(struct nq_net *nn, unsigned int n, int add);

/** nq_points_init - a namespace begins: no point is in use */
void nq_points_init(struct nq_net *nn);

/** nq_points_exit - a namespace ends: all points go, what is held is dropped. May sleep. */
void nq_points_exit(struct nq_net *nn);

#endif /* NQ_POINTS_H */
