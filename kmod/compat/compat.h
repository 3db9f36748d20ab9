/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernels, 6.1 to 7.3. The NQ_* switches come from compat.mk,
 * which looks into the kernel's headers.
 */
#ifndef NQ_COMPAT_H
#define NQ_COMPAT_H

#include <linux/sysctl.h>
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
