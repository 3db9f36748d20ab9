/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hash tables by path, for connections. They are made with the first rule that needs names and
 * charged to who loads it: what softirq allocates is charged to nobody. So their size is that of
 * the limit at this time, and stays; a limit that is raised later makes chains longer.
 *
 * Writers are under the lock of the table's connections, readers under RCU. A connection that is
 * out of the table stays what it was until readers are through (grave.h).
 */
#ifndef NQ_TABLE_H
#define NQ_TABLE_H

#include <linux/rculist.h>
#include <linux/types.h>

struct nq_path;

struct nq_buckets {
	unsigned int mask;
	struct hlist_head heads[];
};

/** struct nq_table - @buckets is NULL until the first rule; then it stays until the namespace ends
 */
struct nq_table {
	struct nq_buckets *buckets;
};

/**
 * nq_table_alloc - make a table's buckets, unless they are there
 * @flows:	that it is to have at most
 *
 * By one process at a time. May sleep. Return: 0 or -ENOMEM.
 */
int nq_table_alloc(struct nq_table *table, unsigned int flows);

/** nq_table_free - it is empty, and nobody looks into it any more */
void nq_table_free(struct nq_table *table);

/** nq_table_bucket - the chain for a path; an empty one if there are no buckets */
struct hlist_head *nq_table_bucket(const struct nq_table *table, const struct nq_path *path);

/**
 * nq_table_insert - put a connection into its chain, before older ones
 *
 * Under the lock of writers. Return: 0, or -ENOMEM if there are no buckets.
 */
int nq_table_insert(struct nq_table *table, struct hlist_node *node, const struct nq_path *path);

/** nq_table_for_each - all connections of a path, the youngest first. Under RCU or the lock. */
#define nq_table_for_each(pos, table, of, node)                                                    \
	hlist_for_each_entry_rcu (pos, nq_table_bucket(table, of), node)                           \
		if (!memcmp(&(pos)->path, of, NQ_PATH_LEN))

#endif /* NQ_TABLE_H */
