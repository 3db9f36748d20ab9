// SPDX-License-Identifier: GPL-2.0-only
/* Network namespaces and devices come and go. */
#include <linux/netdevice.h>

#include "ask.h"
#include "conn_list.h"
#include "hold_table.h"
#include "learn.h"
#include "limits.h"
#include "names.h"
#include "nq_net.h"
#include "points.h"
#include "state.h"
#include "stats.h"

unsigned int nq_net_id __read_mostly;
static work_func_t nq_net_ask_work;

static int __net_init nq_net_init(struct net *net)
{
	struct nq_net *nn = nq_pernet(net);
	int err;

	nn->net = net;
	nq_points_init(nn);

	err = nq_stats_init(nn);
	if (err)
		return err;
	nq_names_init(nn);
	nq_hold_init(nn);
	nq_learn_init(nn);
	err = nq_limits_init(nn);
	if (err)
		goto err_hold;
	err = nq_conn_list_show(nn);
	if (err)
		goto err_limits;
	err = nq_ask_init(nn, nq_net_ask_work);
	if (err)
		goto err_list;
	return 0;

err_list:
	nq_conn_list_hide(nn);
err_limits:
	nq_limits_exit(nn);
err_hold:
	nq_stats_hide(nn);
	nq_hold_exit(nn);
	nq_names_exit(nn);
	nq_stats_exit(nn);
	return err;
}

/*
 * nf_tables leaves the namespace after us, and destroys its rules then: nq_points_put()
 * finds @dead set. struct nq_net itself stays until every subsystem has left.
 */
static void __net_exit nq_net_pre_exit(struct net *net)
{
	nq_points_exit(nq_pernet(net));
}

/* A grace period after .pre_exit: no CPU is in the hook any more. */
static void __net_exit nq_net_exit(struct net *net)
{
	struct nq_net *nn = nq_pernet(net);

	nq_conn_list_hide(nn);
	nq_stats_hide(nn);
	nq_ask_exit(nn);
	nq_limits_exit(nn);
	nq_learn_exit(nn);
	nq_hold_exit(nn);
	nq_names_exit(nn);
	nq_stats_exit(nn);
}

static struct pernet_operations nq_net_ops = {
	.init = nq_net_init,
	.pre_exit = nq_net_pre_exit,
	.exit = nq_net_exit,
	.id = &nq_net_id,
	.size = sizeof(struct nq_net),
};

static int nq_netdev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);

	if (event == NETDEV_DOWN || event == NETDEV_UNREGISTER)
		nq_hold_flush_dev(nq_pernet(dev_net(dev)), dev);
	return NOTIFY_DONE;
}

static struct notifier_block nq_netdev_notifier = {
	.notifier_call = nq_netdev_event,
};

int nq_net_register(work_func_t ask_work)
{
	int err;

	nq_net_ask_work = ask_work;
	err = register_pernet_subsys(&nq_net_ops);
	if (err)
		return err;
	err = register_netdevice_notifier(&nq_netdev_notifier);
	if (err)
		unregister_pernet_subsys(&nq_net_ops);
	return err;
}

void nq_net_unregister(void)
{
	unregister_netdevice_notifier(&nq_netdev_notifier);
	unregister_pernet_subsys(&nq_net_ops);
}
