// SPDX-License-Identifier: GPL-2.0-only
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "dgram.h"
#include "table.h"

#define NQ_BUCKETS_MIN 64
#define NQ_BUCKETS_MAX 65536

static struct hlist_head nq_table_none;

int nq_table_alloc(struct nq_table *table, unsigned int flows)
{
	unsigned int n =
		roundup_pow_of_two(clamp_t(unsigned int, flows, NQ_BUCKETS_MIN, NQ_BUCKETS_MAX));
	struct nq_buckets *buckets;

	if (table->buckets)
		return 0;
	buckets = kvzalloc(struct_size(buckets, heads, n), GFP_KERNEL_ACCOUNT);
	if (!buckets)
		return -ENOMEM;
	buckets->mask = n - 1;
	/* pairs with the load in nq_table_bucket(): the chains are there before they are seen */
	smp_store_release(&table->buckets, buckets);
	return 0;
}

void nq_table_free(struct nq_table *table)
{
	kvfree(table->buckets);
}

struct hlist_head *nq_table_bucket(const struct nq_table *table, const struct nq_path *path)
{
	/* pairs with nq_table_alloc() */
	struct nq_buckets *buckets = smp_load_acquire(&table->buckets);

	if (!buckets)
		return &nq_table_none;
	return &buckets->heads[nq_path_hash(path) & buckets->mask];
}

int nq_table_insert(struct nq_table *table, struct hlist_node *node, const struct nq_path *path)
{
	if (!table->buckets)
		return -ENOMEM;
	hlist_add_head_rcu(node, nq_table_bucket(table, path));
	return 0;
}
