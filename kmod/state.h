/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of a network namespace, its limits and its counters, and the locks that guard them.
 * Data only: every file includes this one, and it includes none of them but grave.h and table.h.
 */
#ifndef NQ_STATE_H
#define NQ_STATE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "grave.h"
#include "table.h"

/* Just after IP defragmentation (NF_IP_PRI_CONNTRACK_DEFRAG, -400), before raw (-300). */
#define NQ_HOOK_PRIORITY (-399)

#define NQ_PART_BYTES 16 /* the longest server ID, behind its octet with the rotation */

/** enum nq_point - a place where packets can be gathered */
enum nq_point {
	NQ_PRE_V4,
	NQ_PRE_V6,
	NQ_OUT_V4,
	NQ_OUT_V6,
	NQ_POINTS,
};

/** enum nq_overload - what happens to packets that can no longer be held */
enum nq_overload {
	NQ_OVERLOAD_DROP, /* drop them: the client sends again */
	NQ_OVERLOAD_PASS, /* pass them; no rule matches them by name */
};

/**
 * struct nq_limits - limits of one namespace
 * @hold_flows:		flows held at a time
 * @hold_bytes:		memory of held packets and of their flows' state
 * @hold_datagrams:	datagrams held of one flow
 * @hold_ms:		longest time that a flow is held, milliseconds
 * @crypto_bytes:	CRYPTO stream of one flow, at most NQ_CRYPTO_MAX
 * @crypto_ranges:	disjoint parts of it, at most NQ_RANGES_MAX
 * @names_flows:	flows whose names are remembered
 * @names_bytes:	memory for them
 * @overload:		enum nq_overload
 * @learn:		follow connections by what their servers answer
 * @conns:		of these at most, when it begins
 * @conn_idle:		seconds without a packet of its client until one has ended
 */
struct nq_limits {
	unsigned int hold_flows;
	unsigned int hold_bytes;
	unsigned int hold_datagrams;
	unsigned int hold_ms;
	unsigned int crypto_bytes;
	unsigned int crypto_ranges;
	unsigned int names_flows;
	unsigned int names_bytes;
	unsigned int overload;
	unsigned int learn;
	unsigned int conns;
	unsigned int conn_idle;
};

/*
 * The counters, in the order of their columns. Units are datagrams unless it says
 * packets (QUIC packets, several of which may share a datagram) or flows.
 */
/* clang-format off */
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
	X(zero_rtt)	/* 0-RTT that may belong to a first flight */			\
	X(invalid_initials) /* passed unread: too short, or an impossible DCID */	\
	X(bound)	/* passed: a reply */						\
	X(known)	/* passed: the connection's names are known */			\
	X(whole)	/* passed: completed a ClientHello, nothing was held */		\
	X(unreadable)	/* passed: did not open, no ClientHello, or cannot be held */	\
	X(flushed)	/* held ones that went with a device, a namespace or the rules */ \
	X(bad_checksum)	/* passed: the stack will discard them */			\
	X(lookups_spent) /* packets that cost too many look-ups: dropped or passed */	\
	X(too_early)	/* Initials at a rule that comes before the gathering */	\
	X(unasked)	/* passed unread: no rule asks for where they go */		\
	X(strayed)	/* dropped at a rule that was not said to ask for them */	\
	X(foreign)	/* dropped: under a known ID, and not of its connection */	\
	X(reused)	/* ClientHellos under the DCID of another one (flows) */	\
	X(learned)	/* connection IDs that servers gave (QUIC packets) */		\
	X(unfollowed)	/* answers for whose connections there was no room */		\
	X(moved)	/* of a connection that was not known on this path (packets) */	\
	X(ambiguous)	/* of one of several connections on a path (packets) */

enum nq_stat {
#define NQ_STAT_ENUM(name) NQ_STAT_##name,
	NQ_STATS(NQ_STAT_ENUM)
#undef NQ_STAT_ENUM
	NQ_STAT_COUNT
};
/* clang-format on */

struct nq_filter;
struct nq_conns;
struct nq_twins;

struct nq_stats {
	unsigned long count[NQ_STAT_COUNT];
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
 * @parts:	loads of so many bytes of a DCID, a server ID's rotation with it; under @use_mutex
 * @part:	the most bytes that are in @parts, read with READ_ONCE(): connections that share an
 *skb are told apart by them
 * @active:	some point is in use and the namespace is not on its way out; written
 *		under @use_mutex, read with READ_ONCE(). While it is false nothing is held.
 * @dead:	.pre_exit has run, under @use_mutex
 *
 * @share:	while @active and of an unprivileged user: in the list of these, see share.h
 *
 * @ask_lock:	guards @askers, @ask_dead and writes of the next three; ask.h
 * @askers:	expressions that need names: struct nq_asker
 * @filter:	what they ask for, so what is gathered; under RCU, NULL for everything
 * @ask_stale:	@filter is void until @ask_work has made another; READ_ONCE
 * @ask_grace:	the grace period after which no packet uses @filter, since @ask_stale was set; under
 *		@ask_lock
 * @ask_strayed: set by a packet that @filter was wrong about: everything is gathered, until no
 *		rule is left; READ_ONCE/WRITE_ONCE
 * @ask_dead:	@ask_work must not be started any more
 * @ask_work:	makes @filter
 *
 * @learning:	connections are followed; written under @use_mutex, READ_ONCE
 * @id_len:	of the connection ID that was noted last, 0 for none; READ_ONCE/WRITE_ONCE, a guess
 * @gone:	how many confirmed connections have gone before they ended; written under the lock
 *of
 *@conns, smp_store_release/smp_load_acquire
 * @learn_rules: rules that need it, under @use_mutex
 * @learn_ops:	hooks, registered while @learning
 * @learn_rest:	forgets @conns when there has been no rule for a while
 * @conns:	followed connections, NULL until the first time that they are; conn_table.h
 *
 * @hold_lock:	guards @holds, @fifo, @hold_bytes, @timer's arming and all of struct
 *		nq_hold that its owner does not have to itself; taken with BHs off
 * @holds:	connections whose ClientHello is not complete, by path; changed under
 *		@hold_lock, may be looked up under RCU
 * @fifo:	those of them that wait, oldest first
 * @early:	those of @fifo of which only 0-RTT came, oldest first; under @hold_lock
 * @n_early:	how many these are
 * @n_holds:	how many are in @holds; written under @hold_lock, read with READ_ONCE()
 * @hold_bytes:	memory of the held packets and their state
 * @timer:	drops what waited too long
 * @hold_grave:	of @holds
 *
 * @names_lock:	guards changes of @names, @lru, @proofs, @names_seq, @n_names and @names_bytes;
 *		taken with BHs off, innermost
 * @names:	connections whose names are known, by path; readers are under RCU
 * @lru:	the same, oldest first; one that was looked at gets a second round
 * @proofs:	those that have their ClientHello's bytes, oldest first
 * @names_seq:	how many were ever remembered
 * @n_names:	how many there are
 * @names_bytes: their memory
 * @names_grave: of @names
 * @proofs_grave: of their ClientHellos
 * @twins:	ClientHellos by DCID, of all paths; under @names_lock, NULL until the first rule
 */
struct nq_net {
	struct net *net;
	struct nq_limits limits;
	struct ctl_table_header *sysctl;
	struct nq_stats __percpu *stats;

	struct mutex use_mutex;
	unsigned int uses[NQ_POINTS];
	struct nf_hook_ops ops[NQ_POINTS];
	unsigned int parts[NQ_PART_BYTES + 1];
	unsigned int part;
	bool active;
	bool dead;

	struct list_head share;

	spinlock_t ask_lock;
	struct list_head askers;
	struct nq_filter __rcu *filter;
	bool ask_stale;
	unsigned long ask_grace;
	bool ask_strayed;
	bool ask_dead;
	struct delayed_work ask_work;

	bool learning;
	u8 id_len;
	u32 gone;
	unsigned int learn_rules;
	struct nf_hook_ops learn_ops[2];
	struct delayed_work learn_rest;
	struct nq_conns *conns;

	spinlock_t hold_lock;
	struct nq_table holds;
	struct list_head fifo;
	struct list_head early;
	unsigned int n_early;
	unsigned int n_holds;
	unsigned long hold_bytes;
	struct timer_list timer;
	struct nq_grave hold_grave;

	spinlock_t names_lock;
	struct nq_table names;
	struct list_head lru;
	struct list_head proofs;
	u32 names_seq;
	unsigned int n_names;
	unsigned long names_bytes;
	struct nq_grave names_grave;
	struct nq_grave proofs_grave;
	struct nq_twins *twins;
};

extern unsigned int nq_net_id;

static inline struct nq_net *nq_pernet(const struct net *net)
{
	return net_generic(net, nq_net_id);
}

/** nq_net_is_users - does the namespace belong to an unprivileged user, who may have many? */
static inline bool nq_net_is_users(const struct nq_net *nn)
{
	return nn->net->user_ns != &init_user_ns;
}

/** nq_net_grave_min - nq_grave.min: nothing beyond their shares for those */
static inline unsigned long nq_net_grave_min(const struct nq_net *nn)
{
	return nq_net_is_users(nn) ? 0 : 1 << 20;
}

/** nq_stat_add - count @n more of @stat */
static inline void nq_stat_add(struct nq_net *nn, enum nq_stat stat, unsigned int n)
{
	this_cpu_add(nn->stats->count[stat], n);
}

#endif /* NQ_STATE_H */
