// SPDX-License-Identifier: GPL-2.0-only
#include <linux/moduleparam.h>
#include <linux/mutex.h>

#include "limits.h"
#include "share.h"

#define NQ_SHARE_MAX BIT(30)

/* Guards all of these, and limits of the namespaces in the list. Inside use_mutex. */
static DEFINE_MUTEX(nq_share_mutex);
static LIST_HEAD(nq_shares);
static unsigned int nq_n_shares;
static unsigned int nq_user_hold_bytes = 16 << 20;
static unsigned int nq_user_names_bytes = 8 << 20;

/* Under nq_share_mutex. */
static void nq_share_divide(void)
{
	struct nq_net *nn;

	list_for_each_entry (nn, &nq_shares, share)
		nq_limits_share(nn, nq_user_hold_bytes / nq_n_shares,
				nq_user_names_bytes / nq_n_shares);
}

void nq_share_enter(struct nq_net *nn)
{
	if (!nq_net_is_users(nn))
		return;
	mutex_lock(&nq_share_mutex);
	if (list_empty(&nn->share)) {
		list_add_tail(&nn->share, &nq_shares);
		nq_n_shares++;
		nq_share_divide();
	}
	mutex_unlock(&nq_share_mutex);
}

void nq_share_leave(struct nq_net *nn)
{
	if (!nq_net_is_users(nn))
		return;
	mutex_lock(&nq_share_mutex);
	if (!list_empty(&nn->share)) {
		list_del_init(&nn->share);
		nq_n_shares--;
		nq_share_divide();
	}
	mutex_unlock(&nq_share_mutex);
}

static int nq_share_set(const char *val, const struct kernel_param *kp)
{
	int err;

	mutex_lock(&nq_share_mutex);
	err = param_set_uint_minmax(val, kp, 0, NQ_SHARE_MAX);
	if (!err)
		nq_share_divide();
	mutex_unlock(&nq_share_mutex);
	return err;
}

static const struct kernel_param_ops nq_share_ops = {
	.set = nq_share_set,
	.get = param_get_uint,
};

module_param_cb(user_hold_bytes, &nq_share_ops, &nq_user_hold_bytes, 0644);
MODULE_PARM_DESC(user_hold_bytes,
		 "hold_bytes of all unprivileged users' namespaces together (16 MiB)");
module_param_cb(user_names_bytes, &nq_share_ops, &nq_user_names_bytes, 0644);
MODULE_PARM_DESC(user_names_bytes,
		 "names_bytes of all unprivileged users' namespaces together (8 MiB)");
