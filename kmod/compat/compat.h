/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernels, 6.1 to 7.3. The NQ_* switches come from compat.mk,
 * which looks into the kernel's headers.
 */
#ifndef NQ_COMPAT_H
#define NQ_COMPAT_H

#include <linux/sysctl.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_tables.h>
#include <net/netfilter/nf_tables_core.h>
#ifdef NQ_HAVE_GSO_H
#include <net/gso.h>
#else
#include <linux/netdevice.h>
#endif

/* Does the set have an element with this key? Catch-all elements do not count. */
static inline bool nq_set_has(const struct net *net, const struct nft_set *set, const u32 *key)
{
#ifdef NQ_LOOKUP_RETURNS_BOOL
	const struct nft_set_ext *ext;

	return nft_set_do_lookup(net, set, key, &ext);
#else
	return nft_set_do_lookup(net, set, key);
#endif
}

/* A set's elements, for the function of a struct nft_set_iter. */
#ifdef NQ_HAVE_ELEM_PRIV
typedef struct nft_elem_priv nq_walk_elem;
#else
typedef struct nft_set_elem nq_walk_elem;
#endif

static inline struct nft_set_ext *nq_walk_ext(const struct nft_set *set, const nq_walk_elem *elem)
{
#ifdef NQ_HAVE_ELEM_PRIV
	return nft_set_elem_ext(set, elem);
#else
	return nft_set_elem_ext(set, elem->priv);
#endif
}

static inline const u32 *nq_walk_key(const struct nft_set *set, const nq_walk_elem *elem)
{
	return (const u32 *)nft_set_ext_key(nq_walk_ext(set, elem));
}

/*
 * Call @iter's function for each element with @genmask; with 0 for all, be they of this generation,
 * the next or the last. Return: 0 or the function's error.
 */
static inline int nq_set_walk(const struct net *net, const struct nft_set *set,
			      struct nft_set_iter *iter, u8 genmask)
{
	const struct nft_ctx ctx = {.net = (struct net *)net};

	iter->genmask = genmask;
#ifdef NQ_HAVE_ITER_TYPE
	iter->type = NFT_ITER_READ;
#endif
	rcu_read_lock();
	set->ops->walk(&ctx, (struct nft_set *)set, iter);
	rcu_read_unlock();
	return iter->err;
}

/* For work that takes long: the scheduler says where it runs. */
static inline struct workqueue_struct *nq_unbound_wq(void)
{
#ifdef NQ_HAVE_DFL_WQ
	return system_dfl_wq;
#else
	return system_unbound_wq;
#endif
}

#ifdef NQ_HAVE_CONST_CTL_TABLE
typedef const struct ctl_table nq_ctl_table;
#else
typedef struct ctl_table nq_ctl_table;
#endif

static inline struct ctl_table_header *nq_register_net_sysctl(struct net *net, const char *path,
							      struct ctl_table *table, size_t n)
{
#ifdef NQ_HAVE_SYSCTL_SZ
	return register_net_sysctl_sz(net, path, table, n);
#else
	return register_net_sysctl(net, path, table);
#endif
}

#endif /* NQ_COMPAT_H */
