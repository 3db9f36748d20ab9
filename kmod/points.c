// SPDX-License-Identifier: GPL-2.0-only
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "gather.h"
#include "hold_table.h"
#include "learn.h"
#include "names.h"
#include "points.h"
#include "scratch.h"
#include "share.h"
#include "twins.h"

static const struct {
	u8 pf;
	unsigned int hooknum;
} nq_places[NQ_POINTS] = {
	[NQ_PRE_V4] = {NFPROTO_IPV4, NF_INET_PRE_ROUTING},
	[NQ_PRE_V6] = {NFPROTO_IPV6, NF_INET_PRE_ROUTING},
	[NQ_OUT_V4] = {NFPROTO_IPV4, NF_INET_LOCAL_OUT},
	[NQ_OUT_V6] = {NFPROTO_IPV6, NF_INET_LOCAL_OUT},
};

unsigned int nq_points(u8 family, unsigned int hooknum)
{
	unsigned int pre = 0, out = 0;

	if (family != NFPROTO_IPV6) {
		pre |= BIT(NQ_PRE_V4);
		out |= BIT(NQ_OUT_V4);
	}
	if (family != NFPROTO_IPV4) {
		pre |= BIT(NQ_PRE_V6);
		out |= BIT(NQ_OUT_V6);
	}

	switch (hooknum) {
	case NF_INET_LOCAL_OUT:
		return out;
	case NF_INET_POST_ROUTING: /* sees what is forwarded and what is sent from here */
		return pre | out;
	default:
		return pre;
	}
}

/* Gathering needs whole packets: have them defragmented first, as conntrack does. */
static int nq_defrag_get(struct net *net, u8 pf)
{
	return pf == NFPROTO_IPV4 ? nf_defrag_ipv4_enable(net) : nf_defrag_ipv6_enable(net);
}

static void nq_defrag_put(struct net *net, u8 pf)
{
	if (pf == NFPROTO_IPV4)
		nf_defrag_ipv4_disable(net);
	else
		nf_defrag_ipv6_disable(net);
}

static int nq_point_get(struct nq_net *nn, enum nq_point point)
{
	int err;

	if (nn->uses[point]++)
		return 0;

	err = nq_defrag_get(nn->net, nq_places[point].pf);
	if (err)
		goto err_use;
	err = nf_register_net_hook(nn->net, &nn->ops[point]);
	if (err)
		goto err_defrag;
	return 0;

err_defrag:
	nq_defrag_put(nn->net, nq_places[point].pf);
err_use:
	nn->uses[point]--;
	return err;
}

static void nq_point_put(struct nq_net *nn, enum nq_point point)
{
	if (--nn->uses[point])
		return;
	nf_unregister_net_hook(nn->net, &nn->ops[point]);
	nq_defrag_put(nn->net, nq_places[point].pf);
	/* The rest of their ClientHello would not pass this hook any more. */
	nq_hold_flush_hook(nn, &nn->ops[point], !nn->dead);
}

static bool nq_points_any(const struct nq_net *nn)
{
	unsigned int i;

	for (i = 0; i < NQ_POINTS; i++)
		if (nn->uses[i])
			return true;
	return false;
}

/* Under use_mutex: nothing is held or remembered from now on. */
static void nq_net_idle(struct nq_net *nn, bool pass)
{
	WRITE_ONCE(nn->active, false);
	nq_hold_flush(nn, pass);
	nq_learn_stop(nn);
	nq_names_flush(nn);
	nq_share_leave(nn);
}

static void nq_points_put_locked(struct nq_net *nn, unsigned int points)
{
	unsigned int i;

	if (nn->dead)
		return; /* .pre_exit took them all */
	for (i = 0; i < NQ_POINTS; i++)
		if (points & BIT(i))
			nq_point_put(nn, i);
	if (!nq_points_any(nn))
		nq_net_idle(nn, true);
}

int nq_points_get(struct nq_net *nn, unsigned int points)
{
	unsigned int i, got = 0;
	int err;

	err = nq_scratch_alloc();
	if (err)
		return err;

	mutex_lock(&nn->use_mutex);
	if (nn->dead) {
		err = -ENETDOWN;
		goto out;
	}
	err = nq_table_alloc(&nn->holds, READ_ONCE(nn->limits.hold_flows));
	if (!err)
		err = nq_table_alloc(&nn->names, READ_ONCE(nn->limits.names_flows));
	if (!err)
		err = nq_twins_alloc(&nn->twins, READ_ONCE(nn->limits.names_flows));
	if (err)
		goto out;
	nq_share_enter(nn);
	for (i = 0; i < NQ_POINTS; i++) {
		if (!(points & BIT(i)))
			continue;
		err = nq_point_get(nn, i);
		if (err) {
			nq_points_put_locked(nn, got);
			goto out;
		}
		got |= BIT(i);
	}
	err = nq_learn_start(nn);
	if (err) {
		nq_points_put_locked(nn, got);
		goto out;
	}
	WRITE_ONCE(nn->active, true);
out:
	mutex_unlock(&nn->use_mutex);
	return err;
}

void nq_points_put(struct nq_net *nn, unsigned int points)
{
	mutex_lock(&nn->use_mutex);
	nq_points_put_locked(nn, points);
	mutex_unlock(&nn->use_mutex);
}

void nq_points_part(struct nq_net *nn, unsigned int n, int add)
{
	mutex_lock(&nn->use_mutex);
	nn->parts[n] += add;
	for (n = NQ_PART_BYTES; n && !nn->parts[n]; n--)
		;
	WRITE_ONCE(nn->part, n);
	mutex_unlock(&nn->use_mutex);
}

void nq_points_init(struct nq_net *nn)
{
	unsigned int i;

	mutex_init(&nn->use_mutex);
	INIT_LIST_HEAD(&nn->share);
	for (i = 0; i < NQ_POINTS; i++)
		nn->ops[i] = (struct nf_hook_ops){
			.hook = nq_gather_hook,
			.priv = nn,
			.pf = nq_places[i].pf,
			.hooknum = nq_places[i].hooknum,
			.priority = NQ_HOOK_PRIORITY,
		};
}

void nq_points_exit(struct nq_net *nn)
{
	unsigned int i;

	mutex_lock(&nn->use_mutex);
	nn->dead = true;
	for (i = 0; i < NQ_POINTS; i++) {
		if (!nn->uses[i])
			continue;
		nn->uses[i] = 1;
		nq_point_put(nn, i);
	}
	nq_net_idle(nn, false);
	mutex_unlock(&nn->use_mutex);
}
