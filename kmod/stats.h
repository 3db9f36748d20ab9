/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters: /proc/net/stat/nft_quic. */
#ifndef NQ_STATS_H
#define NQ_STATS_H

#include <linux/percpu.h>

/*
 * The counters, in the order of their columns. Units are datagrams unless it says
 * packets (QUIC packets, several of which may share a datagram) or flows.
 */
#define NQ_STATS(X)									\
	X(initials)	/* Initials that may belong to a first flight */		\
	X(decrypted)	/* Initial packets that opened */				\
	X(bad_tag)	/* Initial packets that did not */				\
	X(unknown_version) /* long headers of a version that cannot be read */		\
	X(complete)	/* flows whose ClientHello became complete */			\
	X(held)		/* held back for the rest of a ClientHello */			\
	X(released)	/* of these, sent on */						\
	X(timed_out)	/* of these, given up after hold_ms */				\
	X(overload)	/* not held because a limit was reached */			\
	X(evicted)	/* held ones that had to go because of a limit */		\
	X(early)	/* 0-RTT that may belong to a first flight */			\
	X(refused)	/* Initials too short or with an impossible connection ID */	\
	X(bound)	/* passed: conntrack knows the flow */				\
	X(known)	/* passed: the flow's names are known */			\
	X(direct)	/* passed: completed a ClientHello, nothing was held */		\
	X(foreign)	/* passed: did not open, no ClientHello, or cannot be held */	\
	X(flushed)	/* held ones that went with a device, a namespace or the rules */

enum nq_stat {
#define NQ_STAT_ENUM(name) NQ_STAT_##name,
	NQ_STATS(NQ_STAT_ENUM)
#undef NQ_STAT_ENUM
	NQ_STAT_COUNT
};

struct nq_stats {
	unsigned long count[NQ_STAT_COUNT];
};

#define nq_stat_add(nn, name, n) this_cpu_add((nn)->stats->count[NQ_STAT_##name], (n))

struct nq_net;

/** nq_stats_init - allocate the counters and show them in /proc. Returns 0 or -errno. */
int nq_stats_init(struct nq_net *nn);
void nq_stats_exit(struct nq_net *nn);

#endif /* NQ_STATS_H */
