/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits: module parameters for new namespaces, sysctls in each. */
#ifndef NQ_LIMITS_H
#define NQ_LIMITS_H

struct nq_net;

/** nq_limits_init - fill in the module parameters and register the sysctls. Returns 0 or -errno. */
int nq_limits_init(struct nq_net *nn);
void nq_limits_exit(struct nq_net *nn);

#endif /* NQ_LIMITS_H */
