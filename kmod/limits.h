/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits: module parameters for new namespaces, sysctls in each. */
#ifndef NQ_LIMITS_H
#define NQ_LIMITS_H

struct nq_net;

/** nq_limits_init - fill in the module parameters and register the sysctls. Returns 0 or -errno. */
int nq_limits_init(struct nq_net *nn);

/**
 * nq_limits_share - give a namespace of an unprivileged user its share, at once
 * @hold:	bytes that it may hold, unless hold_bytes of new namespaces is less
 * @names:	likewise, names_bytes
 *
 * Writers are under nq_share_mutex. May sleep.
 */
void nq_limits_share(struct nq_net *nn, unsigned int hold, unsigned int names);

void nq_limits_exit(struct nq_net *nn);

#endif /* NQ_LIMITS_H */
