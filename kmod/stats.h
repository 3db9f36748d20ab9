/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters: /proc/net/stat/nft_quic. */
#ifndef NQ_STATS_H
#define NQ_STATS_H

struct nq_net;

/** nq_stats_init - allocate the counters and show them in /proc. Returns 0 or -errno. */
int nq_stats_init(struct nq_net *nn);

/** nq_stats_hide - from now on nobody reads them, or what else is shown there. May sleep. */
void nq_stats_hide(struct nq_net *nn);

/** nq_stats_exit - free them, when nobody counts any more */
void nq_stats_exit(struct nq_net *nn);

#endif /* NQ_STATS_H */
