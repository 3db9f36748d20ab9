/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module keeps for each network namespace, and which locks guard it. */
#ifndef NQ_NET_H
#define NQ_NET_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "limits.h"
#include "stats.h"

/* Just after IP defragmentation (NF_IP_PRI_CONNTRACK_DEFRAG, -400), before raw (-300). */
#define NQ_HOOK_PRIORITY (-399)

/** enum nq_point - a place where packets can be gathered */
enum nq_point {
	NQ_PRE_V4,
	NQ_PRE_V6,
	NQ_OUT_V4,
	NQ_OUT_V6,
	NQ_POINTS,
};

/**
 * struct nq_net - one network namespace
 * @net:	the namespace; it outlives this
 * @limits:	sysctls, read with READ_ONCE()
 * @sysctl:	their registration
 * @stats:	counters, per CPU
 *
 * @use_mutex:	guards @uses, @ops and the registration of the hooks. Taken inside
 *		nf_tables' commit_mutex, or alone when nf_tables destroys rules later.
 * @uses:	rules that need a point, under @use_mutex
 * @ops:	the hooks; registered while @uses is not 0
 * @active:	some point is in use and the namespace is not on its way out; written
 *		under @use_mutex, read with READ_ONCE(). While it is false nothing is held.
 * @dead:	.pre_exit has run, under @use_mutex
 *
 * @hold_lock:	guards @holds, @fifo, @hold_bytes, @timer's arming and all of struct
 *		nq_hold that its owner does not have to itself; taken with BHs off
 * @holds:	flows whose ClientHello is not complete, by address and port; changed under
 *		@hold_lock, may be looked up under RCU
 * @fifo:	those of them that wait, oldest first
 * @n_holds:	how many are in @holds; written under @hold_lock, read with READ_ONCE()
 * @hold_bytes:	memory of the held packets and their state
 * @timer:	drops what waited too long
 *
 * @names_lock:	guards changes of @names, @lru, @n_names and @names_bytes; taken with BHs
 *		off, innermost
 * @names:	flows whose names are known; readers are under RCU
 * @lru:	the same, oldest first; a flow that was looked at gets a second round
 * @n_names:	how many there are
 * @names_bytes: their memory
 */
struct nq_net {
	struct net *net;
	struct nq_limits limits;
	struct ctl_table_header *sysctl;
	struct nq_stats __percpu *stats;

	struct mutex use_mutex;
	unsigned int uses[NQ_POINTS];
	struct nf_hook_ops ops[NQ_POINTS];
	bool active;
	bool dead;

	spinlock_t hold_lock;
	struct rhashtable holds;
	struct list_head fifo;
	unsigned int n_holds;
	unsigned long hold_bytes;
	struct timer_list timer;

	spinlock_t names_lock;
	struct rhashtable names;
	struct list_head lru;
	unsigned int n_names;
	unsigned long names_bytes;
};

extern unsigned int nq_net_id;

static inline struct nq_net *nq_pernet(const struct net *net)
{
	return net_generic(net, nq_net_id);
}

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

int nq_net_register(void);
void nq_net_unregister(void);

#endif /* NQ_NET_H */
