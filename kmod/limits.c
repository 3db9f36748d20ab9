// SPDX-License-Identifier: GPL-2.0-only
/* Module parameters and /proc/sys/net/netfilter/nft_quic/. */
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysctl.h>

#include "compat/compat.h"
#include "core/types.h"
#include "hold_table.h"
#include "learn.h"
#include "limits.h"
#include "names.h"
#include "state.h"

static struct nq_limits nq_defaults = {
	.hold_flows = 4096,
	.hold_bytes = 16 << 20,
	.hold_datagrams = 10,
	.hold_ms = 4000, /* a client with a datagram for each PTO has sent three by then */
	.crypto_bytes = NQ_CRYPTO_MAX,
	.crypto_ranges = NQ_RANGES_MAX,
	.names_flows = 8192,
	.names_bytes = 8 << 20,
	.overload = NQ_OVERLOAD_DROP,
	.learn = 0,
	.conns = 65536,
	.conn_idle = 300,
};

static const char *const nq_overload_names[] = {
	[NQ_OVERLOAD_DROP] = "drop",
	[NQ_OVERLOAD_PASS] = "pass",
};

/* clang-format off */
/* Lowest and highest value that a limit may have. */
struct nq_bounds {
	unsigned int min, max;
};

static const struct nq_bounds nq_bounds_flows = { 0, 1 << 20 };
static const struct nq_bounds nq_bounds_bytes = { 0, 1 << 30 };
static const struct nq_bounds nq_bounds_datagrams = { 2, 64 };
static const struct nq_bounds nq_bounds_ms = { 1, 10000 };
static const struct nq_bounds nq_bounds_crypto = { 256, NQ_CRYPTO_MAX };
static const struct nq_bounds nq_bounds_ranges = { 1, NQ_RANGES_MAX };
static const struct nq_bounds nq_bounds_bool = { 0, 1 };
static const struct nq_bounds nq_bounds_conns = { 256, 1 << 20 };
static const struct nq_bounds nq_bounds_seconds = { 1, 86400 };

static int nq_param_set(const char *val, const struct kernel_param *kp,
			const struct nq_bounds *b)
{
	return param_set_uint_minmax(val, kp, b->min, b->max);
}

#define NQ_PARAM(field, bounds, text)							\
	static int nq_set_##field(const char *val, const struct kernel_param *kp)	\
	{										\
		return nq_param_set(val, kp, &(bounds));				\
	}										\
	static const struct kernel_param_ops nq_ops_##field = {				\
		.set = nq_set_##field,							\
		.get = param_get_uint,							\
	};										\
	module_param_cb(field, &nq_ops_##field, &nq_defaults.field, 0444);		\
	MODULE_PARM_DESC(field, text)

NQ_PARAM(hold_flows, nq_bounds_flows, "flows held at a time, in each new namespace (4096)");
NQ_PARAM(hold_bytes, nq_bounds_bytes, "memory of held packets and their state (16 MiB)");
NQ_PARAM(hold_datagrams, nq_bounds_datagrams, "datagrams held of one flow (10)");
NQ_PARAM(hold_ms, nq_bounds_ms, "milliseconds until a held flow is given up (4000)");
NQ_PARAM(crypto_bytes, nq_bounds_crypto, "CRYPTO bytes kept of one flow (16384)");
NQ_PARAM(crypto_ranges, nq_bounds_ranges, "disjoint CRYPTO ranges kept of one flow (64)");
NQ_PARAM(names_flows, nq_bounds_flows, "flows whose names are remembered (8192)");
NQ_PARAM(names_bytes, nq_bounds_bytes, "memory for remembered names (8 MiB)");
NQ_PARAM(learn, nq_bounds_bool, "follow connections by what their servers answer (0)");
NQ_PARAM(conns, nq_bounds_conns, "connections that are followed (65536)");
NQ_PARAM(conn_idle, nq_bounds_seconds, "silent seconds that a followed connection lasts (300)");

static int nq_set_overload(const char *val, const struct kernel_param *kp)
{
	int i = sysfs_match_string(nq_overload_names, val);

	if (i < 0)
		return i;
	*(unsigned int *)kp->arg = i;
	return 0;
}

static int nq_get_overload(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%s\n", nq_overload_names[*(unsigned int *)kp->arg]);
}

static const struct kernel_param_ops nq_ops_overload = {
	.set = nq_set_overload,
	.get = nq_get_overload,
};
module_param_cb(overload, &nq_ops_overload, &nq_defaults.overload, 0444);
MODULE_PARM_DESC(overload, "what happens at a limit: drop (default) or pass, unmatched");

/* "drop" or "pass". The value is one aligned word: readers need no lock. */
static int nq_sysctl_overload(nq_ctl_table *ctl, int write, void *buffer, size_t *lenp,
			      loff_t *ppos)
{
	unsigned int *overload = ctl->data;
	char text[8];
	struct ctl_table tmp = {
		.data = text,
		.maxlen = sizeof(text),
	};
	int err;

	strscpy(text, nq_overload_names[READ_ONCE(*overload)], sizeof(text));
	err = proc_dostring(&tmp, write, buffer, lenp, ppos);
	if (err || !write)
		return err;
	err = sysfs_match_string(nq_overload_names, text);
	if (err < 0)
		return err;
	WRITE_ONCE(*overload, err);
	return 0;
}

/* New limits also bind the flows that are held or remembered already. */
static void nq_limits_apply(struct nq_net *nn)
{
	nq_hold_trim(nn);
	nq_names_trim(nn);
}

void nq_limits_share(struct nq_net *nn, unsigned int hold, unsigned int names)
{
	WRITE_ONCE(nn->limits.hold_bytes, min(nq_defaults.hold_bytes, hold));
	WRITE_ONCE(nn->limits.names_bytes, min(nq_defaults.names_bytes, names));
	nq_limits_apply(nn);
}

#define NQ_SYSCTL_HANDLER(field)							\
	static int nq_sysctl_##field(nq_ctl_table *ctl, int write, void *buffer,	\
				     size_t *lenp, loff_t *ppos)			\
	{										\
		unsigned int *limit = ctl->data;					\
		int err = proc_douintvec_minmax(ctl, write, buffer, lenp, ppos);	\
											\
		if (!err && write)							\
			nq_limits_apply(container_of(limit, struct nq_net, limits.field)); \
		return err;								\
	}

NQ_SYSCTL_HANDLER(hold_flows)
NQ_SYSCTL_HANDLER(hold_bytes)
NQ_SYSCTL_HANDLER(hold_ms)
NQ_SYSCTL_HANDLER(names_flows)
NQ_SYSCTL_HANDLER(names_bytes)

#define NQ_SYSCTL(field, bounds, handler)						\
	{										\
		.procname = #field,							\
		.data = &nq_defaults.field,						\
		.maxlen = sizeof(unsigned int),						\
		.mode = 0644,								\
		.proc_handler = (handler),						\
		.extra1 = (void *)&(bounds).min,					\
		.extra2 = (void *)&(bounds).max,					\
	}

/* Before the handler returns, learning has begun or ended. */
static int nq_sysctl_learn(nq_ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	unsigned int *learn = ctl->data, old = READ_ONCE(*learn);
	int err = proc_douintvec_minmax(ctl, write, buffer, lenp, ppos);

	if (err || !write)
		return err;
	err = nq_learn_set(container_of(learn, struct nq_net, limits.learn));
	if (err)
		WRITE_ONCE(*learn, old);
	return err;
}

/* .data is moved into the namespace's limits by nq_limits_init(). */
static const struct ctl_table nq_sysctls[] = {
	NQ_SYSCTL(hold_flows, nq_bounds_flows, nq_sysctl_hold_flows),
	NQ_SYSCTL(hold_bytes, nq_bounds_bytes, nq_sysctl_hold_bytes),
	NQ_SYSCTL(hold_datagrams, nq_bounds_datagrams, proc_douintvec_minmax),
	NQ_SYSCTL(hold_ms, nq_bounds_ms, nq_sysctl_hold_ms),
	NQ_SYSCTL(crypto_bytes, nq_bounds_crypto, proc_douintvec_minmax),
	NQ_SYSCTL(crypto_ranges, nq_bounds_ranges, proc_douintvec_minmax),
	NQ_SYSCTL(names_flows, nq_bounds_flows, nq_sysctl_names_flows),
	NQ_SYSCTL(names_bytes, nq_bounds_bytes, nq_sysctl_names_bytes),
	NQ_SYSCTL(learn, nq_bounds_bool, nq_sysctl_learn),
	NQ_SYSCTL(conns, nq_bounds_conns, proc_douintvec_minmax),
	NQ_SYSCTL(conn_idle, nq_bounds_seconds, proc_douintvec_minmax),
	{
		.procname = "overload",
		.data = &nq_defaults.overload,
		.maxlen = sizeof(unsigned int),
		.mode = 0644,
		.proc_handler = nq_sysctl_overload,
	},
};
/* clang-format on */

int nq_limits_init(struct nq_net *nn)
{
	struct ctl_table *table;
	unsigned int i;

	nn->limits = nq_defaults;

	/* One zeroed entry more: kernels before 6.6 look for it at the end. */
	table = kcalloc(ARRAY_SIZE(nq_sysctls) + 1, sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	memcpy(table, nq_sysctls, sizeof(nq_sysctls));
	for (i = 0; i < ARRAY_SIZE(nq_sysctls); i++)
		table[i].data += (void *)&nn->limits - (void *)&nq_defaults;

	/* The limits bound kernel memory: not for the root of a user namespace to raise. */
	if (nq_net_is_users(nn))
		for (i = 0; i < ARRAY_SIZE(nq_sysctls); i++)
			if (table[i].proc_handler != nq_sysctl_overload)
				table[i].mode = 0444;

	nn->sysctl = nq_register_net_sysctl(nn->net, "net/netfilter/nft_quic", table,
					    ARRAY_SIZE(nq_sysctls));
	if (!nn->sysctl) {
		kfree(table);
		return -ENOMEM;
	}
	return 0;
}

void nq_limits_exit(struct nq_net *nn)
{
	const struct ctl_table *table = nn->sysctl->ctl_table_arg;

	unregister_net_sysctl_table(nn->sysctl);
	kfree(table);
}
