// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/net/stat/nft_quic: a line of names, a line of hexadecimal numbers, as lnstat
 * reads them. Six gauges come last.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "conn.h"
#include "state.h"
#include "stats.h"

static const char *const nq_stat_names[NQ_STAT_COUNT] = {
#define NQ_STAT_NAME(name) #name,
	NQ_STATS(NQ_STAT_NAME)
#undef NQ_STAT_NAME
};

static unsigned long nq_stat_sum(const struct nq_net *nn, enum nq_stat stat)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu (cpu)
		sum += READ_ONCE(per_cpu_ptr(nn->stats, cpu)->count[stat]);
	return sum;
}

static int nq_stats_show(struct seq_file *seq, void *v)
{
	const struct nq_net *nn = nq_pernet(seq_file_single_net(seq));
	unsigned int i, conns;
	unsigned long bytes;

	for (i = 0; i < NQ_STAT_COUNT; i++)
		seq_printf(seq, "%s ", nq_stat_names[i]);
	seq_puts(seq, "holding_flows holding_bytes names_flows names_bytes conns conns_bytes\n");

	for (i = 0; i < NQ_STAT_COUNT; i++)
		seq_printf(seq, "%08lx ", nq_stat_sum(nn, i));
	seq_printf(seq, "%08x %08lx %08x %08lx ", READ_ONCE(nn->n_holds), READ_ONCE(nn->hold_bytes),
		   READ_ONCE(nn->n_names), READ_ONCE(nn->names_bytes));
	conns = nq_conn_count(nn, &bytes);
	seq_printf(seq, "%08x %08lx\n", conns, bytes);
	return 0;
}

int nq_stats_init(struct nq_net *nn)
{
	nn->stats = alloc_percpu(struct nq_stats);
	if (!nn->stats)
		return -ENOMEM;
	if (!proc_create_net_single("nft_quic", 0444, nn->net->proc_net_stat, nq_stats_show,
				    NULL)) {
		free_percpu(nn->stats);
		return -ENOMEM;
	}
	return 0;
}

void nq_stats_hide(struct nq_net *nn)
{
	remove_proc_entry("nft_quic", nn->net->proc_net_stat);
}

void nq_stats_exit(struct nq_net *nn)
{
	free_percpu(nn->stats);
}
