// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking a packet out of a hook and putting it back. nf_queue does the same for
 * userspace, but nf_reinject() is not exported after 6.1; okfn alone would skip
 * conntrack and NAT, and netif_rx() would run the earlier hooks twice.
 */
#include <linux/netdevice.h>
#include <linux/netfilter_bridge.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "budget.h"
#include "packet.h"
#include "state.h"
#include "stolen.h"

/*
 * A VRF runs the packets of its devices through PRE_ROUTING once more, with an okfn that does
 * nothing: the VRF itself continues with the packet, and would lose one that was stolen there.
 * Nor need it be held: it was, in the first round, for its own device.
 */
static bool nq_stolen_vrf(const struct nq_packet *p)
{
	if (p->state->hook != NF_INET_PRE_ROUTING || !netif_is_l3_master(p->state->in))
		return false;
	return p->state->pf == NFPROTO_IPV4 ? ipv4_l3mdev_skb(IPCB(p->skb)->flags)
					    : ipv6_l3mdev_skb(IP6CB(p->skb)->flags);
}

bool nq_stolen_can(const struct nq_packet *p)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	/* Comes from br_netfilter: its okfn and devices are not ours to keep alive. */
	if (nf_bridge_info_exists(p->skb))
		return false;
#endif
	return !nq_stolen_vrf(p);
}

/* A socket that was found early without a reference gets one, as in nf_queue. */
static bool nq_stolen_prefetched(struct sk_buff *skb)
{
	if (!skb_sk_is_prefetched(skb) || sk_is_refcounted(skb->sk))
		return true;
	if (!refcount_inc_not_zero(&skb->sk->sk_refcnt))
		return false;
	skb->destructor = sock_edemux; /* gives it back */
	return true;
}

struct nq_stolen *nq_stolen_take(const struct nq_packet *p)
{
	const struct nf_hook_state *state = p->state;
	struct sk_buff *skb = p->skb;
	struct nq_stolen *h;

	h = kmalloc(sizeof(*h), GFP_ATOMIC | __GFP_NOWARN);
	if (!h)
		return NULL;
	if (!nq_stolen_prefetched(skb) || (skb_dst(skb) && !skb_dst_force(skb)))
		goto err_free;
	if (state->sk && !refcount_inc_not_zero(&state->sk->sk_refcnt))
		goto err_free;

	h->skb = skb;
	h->dev = state->hook == NF_INET_PRE_ROUTING ? skb->dev : NULL;
	h->state = *state;
	h->d = p->d;
	h->datagrams = nq_packet_datagrams(p);
	h->readable = p->readable;
	h->id = p->id;
	dev_hold(h->dev);
	dev_hold(h->state.in);
	dev_hold(h->state.out);
	return h;

err_free:
	kfree(h);
	return NULL;
}

unsigned int nq_stolen_bytes(const struct nq_stolen *h)
{
	return h->skb->truesize + sizeof(*h);
}

bool nq_stolen_uses(const struct nq_stolen *h, const struct net_device *dev)
{
	return h->dev == dev || h->state.in == dev || h->state.out == dev;
}

bool nq_stolen_at(const struct nq_stolen *h, const struct nf_hook_ops *ops)
{
	return h->state.pf == ops->pf && h->state.hook == ops->hooknum;
}

void nq_stolen_untake(struct nq_stolen *h)
{
	dev_put(h->dev);
	dev_put(h->state.in);
	dev_put(h->state.out);
	if (h->state.sk)
		sock_put(h->state.sk);
	kfree(h);
}

/*
 * The hook to continue with: the one behind ours, which is known by the namespace's state that it
 * carries. If ours was unregistered meanwhile, the first of those that come later by priority.
 */
static unsigned int nq_stolen_next_hook(const struct nf_hook_entries *e, const struct nq_net *nn)
{
	struct nf_hook_ops **ops = nf_hook_entries_get_hook_ops(e);
	unsigned int i;

	for (i = 0; i < e->num_hook_entries; i++)
		if (READ_ONCE(e->hooks[i].priv) == nn)
			return i + 1;
	for (i = 0; i < e->num_hook_entries; i++)
		if (READ_ONCE(ops[i])->priority > NQ_HOOK_PRIORITY)
			break;
	return i;
}

void nq_stolen_resume(struct nq_stolen *h)
{
	struct nf_hook_state *state = &h->state;
	const struct nf_hook_entries *e;
	int ret = 1;

	local_bh_disable();
	rcu_read_lock();
	nq_budget_begin(h->skb);
	e = nq_hook_entries(state->net, state->pf, state->hook);
	if (e)
		ret = nf_hook_slow(h->skb, state, e, nq_stolen_next_hook(e, nq_pernet(state->net)));
	if (ret == 1)
		state->okfn(state->net, state->sk, h->skb);
	rcu_read_unlock();
	local_bh_enable();
	nq_stolen_untake(h);
}

void nq_stolen_drop(struct nq_stolen *h)
{
	kfree_skb(h->skb);
	nq_stolen_untake(h);
}
