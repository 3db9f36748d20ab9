// SPDX-License-Identifier: GPL-2.0-only
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netdevice.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "ask.h"
#include "compat/compat.h"
#include "ruleset.h"

#define NQ_ASK_DELAY (HZ / 20) /* a batch of rules makes the filter anew once */

/* When a part of the filter counts. */
enum nq_term_when {
	NQ_TERM_ALWAYS,
	NQ_TERM_CALLED, /* a rule's matches and its callers', in the generation that has these */
	NQ_TERM_ALONE,	/* that rule's matches, in another one */
};

/* A part of the filter. */
struct nq_term {
	const struct nq_ask *ask; /* NULL: everything */
	bool late;
	u8 when;
};

/**
 * struct nq_filter - what all rules ask for
 * @rcu:	for kfree_rcu()
 * @full:	they ask for more than fits: everything is gathered
 * @called:	the rules' callers count, in @gen
 * @gen:	nq_generation() when the callers were looked at; 0 if there are none
 * @n_terms:	how many of @terms
 * @n_spans:	how many spans they have
 * @next:	where the next one's go
 * @terms:	each of them is asked for
 *
 * Constant once it is published. The spans are copies: they lie behind @terms.
 */
struct nq_filter {
	struct rcu_head rcu;
	bool full;
	bool called;
	unsigned int gen;
	unsigned int n_terms;
	unsigned int n_spans;
	struct nq_ask *next;
	struct nq_term terms[];
};

static bool nq_ask_same(const struct nq_ask *a, const struct nq_ask *b)
{
	if (!a || !b)
		return a == b;
	return a->family == b->family && a->n_ports == b->n_ports && a->n_addrs == b->n_addrs &&
	       a->ports == b->ports && a->addrs == b->addrs &&
	       !memcmp(a->spans, b->spans, nq_ask_spans(a) * sizeof(*a->spans));
}

static bool nq_filter_has(const struct nq_filter *f, const struct nq_ask *ask, bool late,
			  enum nq_term_when when)
{
	unsigned int i;

	for (i = 0; i < f->n_terms; i++)
		if (f->terms[i].late == late && f->terms[i].when == when &&
		    nq_ask_same(f->terms[i].ask, ask))
			return true;
	return false;
}

/* Return: false if it does not fit. */
static bool nq_filter_add(struct nq_filter *f, const struct nq_ask *ask, bool late,
			  enum nq_term_when when)
{
	unsigned int n = ask ? nq_ask_spans(ask) : 0;

	if (nq_filter_has(f, ask, late, when))
		return true;
	if (f->n_terms == NQ_FILTER_TERMS || f->n_spans + n > NQ_FILTER_SPANS)
		return false;
	f->terms[f->n_terms].late = late;
	f->terms[f->n_terms].when = when;
	if (ask) {
		memcpy(f->next, ask, struct_size(ask, spans, n));
		f->terms[f->n_terms].ask = f->next;
		f->next = (void *)f->next + struct_size(ask, spans, n);
	}
	f->n_spans += n;
	f->n_terms++;
	return true;
}

static void nq_filter_empty(struct nq_filter *f)
{
	f->called = false;
	f->n_terms = 0;
	f->n_spans = 0;
	f->next = (void *)&f->terms[NQ_FILTER_TERMS];
	memset(f->terms, 0, NQ_FILTER_TERMS * sizeof(f->terms[0]));
}

struct nq_filter *nq_filter_new(void)
{
	struct nq_filter *f = kzalloc(struct_size(f, terms, NQ_FILTER_TERMS) +
					      NQ_FILTER_TERMS * sizeof(struct nq_ask) +
					      NQ_FILTER_SPANS * sizeof(struct nq_span),
				      GFP_KERNEL);

	if (f)
		nq_filter_empty(f);
	return f;
}

bool nq_filter_way(struct nq_filter *f, const struct nq_asker *asker, const struct nq_ask *ask)
{
	return nq_filter_add(f, ask, asker->late, NQ_TERM_CALLED);
}

void nq_filter_called(struct nq_filter *f, unsigned int gen, bool all)
{
	f->gen = gen;
	if (all)
		f->called = true;
	else
		nq_filter_empty(f);
}

/* Add what each rule asks for by itself. Under ask_lock. Return: false if that does not fit. */
static bool nq_filter_fill(struct nq_net *nn, struct nq_filter *f)
{
	const struct nq_asker *asker;

	list_for_each_entry (asker, &nn->askers, list)
		if (asker->reached && !asker->retired &&
		    !nq_filter_add(f, asker->ask, asker->late,
				   f->called && asker->called ? NQ_TERM_ALONE : NQ_TERM_ALWAYS))
			return false;
	return true;
}

static struct nq_filter *nq_filter_old(struct nq_net *nn)
{
	return rcu_dereference_protected(nn->filter, lockdep_is_held(&nn->ask_lock));
}

void nq_filter_publish(struct nq_net *nn, struct nq_filter *f)
{
	struct nq_filter *old;

	spin_lock(&nn->ask_lock);
	if (f && !nq_filter_fill(nn, f)) {
		/* Without the callers it may fit. */
		f->full = !f->called;
		nq_filter_empty(f);
		if (!f->full)
			f->full = !nq_filter_fill(nn, f);
	}
	old = nq_filter_old(nn);
	rcu_assign_pointer(nn->filter, f);
	/* Packets see the new filter before they see that the old one is void no more. */
	smp_store_release(&nn->ask_stale, false);
	spin_unlock(&nn->ask_lock);
	if (old)
		kfree_rcu(old, rcu);
}

void nq_ask_again(struct nq_net *nn)
{
	/* Asked first, as packets come here. */
	if (!delayed_work_pending(&nn->ask_work))
		queue_delayed_work(nq_unbound_wq(), &nn->ask_work, NQ_ASK_DELAY);
}

/* Under ask_lock. */
static void nq_ask_later(struct nq_net *nn)
{
	if (!nn->ask_dead)
		queue_delayed_work(nq_unbound_wq(), &nn->ask_work, NQ_ASK_DELAY);
}

/* Everything is gathered until the filter is made anew. Under ask_lock. */
static void nq_ask_void(struct nq_net *nn)
{
	if (!nn->ask_stale) {
		WRITE_ONCE(nn->ask_stale, true);
		nn->ask_grace = get_state_synchronize_rcu();
	}
	nq_ask_later(nn);
}

void nq_ask_enter(struct nq_net *nn, struct nq_asker *asker, bool jumped)
{
	asker->jumped = jumped;
	spin_lock(&nn->ask_lock);
	list_add_tail(&asker->list, &nn->askers);
	spin_unlock(&nn->ask_lock);
}

bool nq_ask_any_jumped(struct nq_net *nn)
{
	const struct nq_asker *asker;
	bool any = false;

	spin_lock(&nn->ask_lock);
	list_for_each_entry (asker, &nn->askers, list) {
		any = asker->jumped && asker->reached && !asker->retired;
		if (any)
			break;
	}
	spin_unlock(&nn->ask_lock);
	return any;
}

/* Constant once it was reached. */
static bool nq_ask_has_sets(const struct nq_asker *asker)
{
	return asker->ask && (asker->ask->ports || asker->ask->addrs);
}

void nq_ask_retire(struct nq_net *nn, struct nq_asker *asker)
{
	spin_lock(&nn->ask_lock);
	if (!asker->retired && nq_ask_has_sets(asker)) {
		nq_ask_void(nn);
		asker->grace = nn->ask_grace;
	}
	asker->retired = true;
	spin_unlock(&nn->ask_lock);
}

void nq_ask_leave(struct nq_net *nn, struct nq_asker *asker)
{
	nq_ask_retire(nn, asker); /* not all ways to the end of a rule have it deactivated */
	if (nq_ask_has_sets(asker))
		cond_synchronize_rcu(asker->grace);
	spin_lock(&nn->ask_lock);
	list_del(&asker->list);
	if (list_empty(&nn->askers))
		WRITE_ONCE(nn->ask_strayed, false);
	nq_ask_later(nn);
	spin_unlock(&nn->ask_lock);
	kfree(asker->ask);
}

void nq_ask_reach(struct nq_net *nn, struct nq_asker *asker, bool late, struct nq_ask *ask)
{
	const struct nq_filter *f;

	spin_lock(&nn->ask_lock);
	if (asker->reached && (asker->late || !late))
		goto out;
	if (!asker->reached)
		asker->ask = ask;
	asker->reached = true;
	asker->late |= late;
	f = nq_filter_old(nn);
	if (f && (f->full || nq_filter_has(f, asker->ask, asker->late, NQ_TERM_ALWAYS)))
		goto out;
	nq_ask_void(nn); /* before the commit lets packets come here */
out:
	spin_unlock(&nn->ask_lock);
}

/*
 * Does conntrack translate addresses? Its hooks come and go with the NAT chains of nf_tables and of
 * iptables, for all places at once.
 */
static bool nq_ask_nat(const struct net *net, u8 pf)
{
	const struct nf_hook_entries *e = nq_hook_entries(net, pf, NF_INET_PRE_ROUTING);
	struct nf_hook_ops **ops;
	unsigned int i;

	if (!e)
		return false;
	ops = nf_hook_entries_get_hook_ops(e);
	for (i = 0; i < e->num_hook_entries; i++) {
		const struct nf_hook_ops *op = READ_ONCE(ops[i]);

		if (op->priority == NF_IP_PRI_NAT_DST && op->hook_ops_type != NF_HOOK_OP_NF_TABLES)
			return true;
	}
	return false;
}

static bool nq_spans_have(const struct nq_span *spans, unsigned int n, const void *value,
			  unsigned int len)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (memcmp(value, spans[i].lo, len) >= 0 && memcmp(value, spans[i].hi, len) <= 0)
			return true;
	return !n;
}

/* Is the value in a named set, or may it be? */
static bool nq_ask_set_has(const struct net *net, const struct nft_set *set, const void *value,
			   unsigned int len)
{
	u32 key[NQ_SPAN_LEN / sizeof(u32)] = {};

	if (!set || !list_empty(&set->catchall_list))
		return true;
	memcpy(key, value, len);
	return nq_set_has(net, set, key);
}

static bool nq_term_has(const struct nq_term *term, const struct net *net,
			const struct nq_path *path)
{
	const struct nq_ask *ask = term->ask;
	unsigned int dst_len;

	if (!ask)
		return true;
	if (ask->family != NFPROTO_INET && ask->family != path->pf)
		return false;
	dst_len = path->pf == NFPROTO_IPV4 ? sizeof(path->dst.in) : sizeof(path->dst.in6);
	return nq_spans_have(ask->spans, ask->n_ports, &path->dport, sizeof(path->dport)) &&
	       nq_spans_have(ask->spans + ask->n_ports, ask->n_addrs, &path->dst, dst_len) &&
	       nq_ask_set_has(net, ask->ports, &path->dport, sizeof(path->dport)) &&
	       nq_ask_set_has(net, ask->addrs, &path->dst, dst_len);
}

static const struct nq_filter *nq_filter_get(const struct nq_net *nn)
{
	/* pairs with nq_ask_work(): not stale, so the filter is the one that was made since */
	if (smp_load_acquire(&nn->ask_stale) || READ_ONCE(nn->ask_strayed))
		return NULL;
	return rcu_dereference(nn->filter);
}

/* Is a part of the filter in force, while that is @fresh? */
static bool nq_term_counts(const struct nq_term *term, bool fresh)
{
	return term->when != (fresh ? NQ_TERM_ALONE : NQ_TERM_CALLED);
}

/* Are the rules' callers, if any, those that the filter has? If not, it is made anew. */
static bool nq_filter_fresh(struct nq_net *nn, const struct nq_filter *f)
{
	if (!f->gen || f->gen == nq_generation(nn->net))
		return true;
	nq_ask_again(nn);
	return false;
}

/* Is what goes to @path's destination gathered? */
static bool nq_filter_wants(struct nq_net *nn, const struct nq_filter *f,
			    const struct nq_path *path)
{
	bool fresh = nq_filter_fresh(nn, f), late = false;
	unsigned int i;

	if (f->full)
		return true;
	for (i = 0; i < f->n_terms; i++) {
		if (!nq_term_counts(&f->terms[i], fresh))
			continue;
		if (nq_term_has(&f->terms[i], nn->net, path))
			return true;
		late |= f->terms[i].late;
	}
	return late && nq_ask_nat(nn->net, path->pf);
}

/*
 * Does the packet come by this hook twice, or with more than one header? A VRF's goes through
 * PRE_ROUTING again, behind NAT; a bridge's is the bridge's.
 */
static bool nq_ask_odd(const struct sk_buff *skb, const struct net_device *in)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	if (nf_bridge_info_exists(skb))
		return true;
#endif
	return in && (netif_is_l3_master(in) || netif_is_l3_slave(in));
}

bool nq_ask_wants(struct nq_net *nn, const struct sk_buff *skb, const struct nf_hook_state *state,
		  unsigned int thoff)
{
	const struct nq_filter *f = nq_filter_get(nn);
	struct nq_path path;

	if (!f || nq_ask_odd(skb, state->in) || !nq_path_header(&path, skb, state->pf, thoff) ||
	    nq_filter_wants(nn, f, &path))
		return true;
	/* On loopback conntrack has it already, and output may have translated it. */
	return skb_nfct(skb) && nq_path_read(&path, skb, state, thoff) &&
	       nq_filter_wants(nn, f, &path);
}

bool nq_ask_strayed(struct nq_net *nn, const struct nq_path *path, const struct sk_buff *skb,
		    const struct net_device *in)
{
	const struct nq_filter *f = nq_filter_get(nn);

	if (!f || nq_ask_odd(skb, in) || path->l3 || nq_filter_wants(nn, f, path))
		return false;
	WRITE_ONCE(nn->ask_strayed, true);
	nq_stat_add(nn, NQ_STAT_strayed, 1);
	return true;
}

static void nq_ask_show_addr(struct seq_file *seq, const struct nq_ask *ask, const u8 *addr)
{
	if (ask->family == NFPROTO_IPV4)
		seq_printf(seq, "%pI4", addr);
	else
		seq_printf(seq, "%pI6c", addr);
}

static void nq_term_show(struct seq_file *seq, const struct nq_term *term)
{
	const struct nq_ask *ask = term->ask;
	const struct nq_span *span;
	unsigned int i;

	seq_puts(seq, !ask || ask->family == NFPROTO_INET ? "ip ip6"
		      : ask->family == NFPROTO_IPV4	  ? "ip"
							  : "ip6");
	for (i = 0; ask && i < ask->n_addrs; i++) {
		span = &ask->spans[ask->n_ports + i];
		seq_puts(seq, i ? "," : " daddr ");
		nq_ask_show_addr(seq, ask, span->lo);
		seq_putc(seq, '-');
		nq_ask_show_addr(seq, ask, span->hi);
	}
	for (i = 0; ask && i < ask->n_ports; i++) {
		span = &ask->spans[i];
		seq_printf(seq, "%s%u-%u", i ? "," : " udp dport ", span->lo[0] << 8 | span->lo[1],
			   span->hi[0] << 8 | span->hi[1]);
	}
	if (ask && ask->addrs)
		seq_printf(seq, " daddr @%s", ask->addrs->name);
	if (ask && ask->ports)
		seq_printf(seq, " udp dport @%s", ask->ports->name);
	if (!ask || (!nq_ask_spans(ask) && !ask->ports && !ask->addrs))
		seq_puts(seq, " all");
	seq_puts(seq, term->late ? ", all while there is NAT\n" : "\n");
}

static bool nq_filter_any(const struct nq_filter *f, bool fresh)
{
	unsigned int i;

	for (i = 0; i < f->n_terms; i++)
		if (nq_term_counts(&f->terms[i], fresh))
			return true;
	return f->full;
}

/* /proc/net/nft_quic: a line for each thing that is asked for, or "all" and why. */
static int nq_ask_show(struct seq_file *seq, void *v)
{
	struct nq_net *nn = nq_pernet(seq_file_single_net(seq));
	const struct nq_filter *f;
	bool fresh = true;
	unsigned int i;

	rcu_read_lock();
	f = nq_filter_get(nn);
	if (f)
		fresh = nq_filter_fresh(nn, f);
	if (!READ_ONCE(nn->active) || (f && !nq_filter_any(f, fresh)))
		seq_puts(seq, "nothing: no rule asks for names\n");
	else if (READ_ONCE(nn->ask_strayed))
		seq_puts(seq, "all: a packet came to a rule that does not ask for where it went\n");
	else if (!f)
		seq_puts(seq, "all: rules are being loaded\n");
	else if (f->full)
		seq_puts(seq, "all: the rules have too many different matches\n");
	else
		for (i = 0; i < f->n_terms; i++)
			if (nq_term_counts(&f->terms[i], fresh))
				nq_term_show(seq, &f->terms[i]);
	if (!fresh)
		seq_puts(seq, "and rules that call others are being loaded\n");
	rcu_read_unlock();
	return 0;
}

int nq_ask_init(struct nq_net *nn, work_func_t work)
{
	spin_lock_init(&nn->ask_lock);
	INIT_LIST_HEAD(&nn->askers);
	INIT_DELAYED_WORK(&nn->ask_work, work);
	if (!proc_create_net_single("nft_quic", 0400, nn->net->proc_net, nq_ask_show, NULL))
		return -ENOMEM;
	return 0;
}

/* Rules are destroyed later still: nq_ask_leave() may come, but nothing is made for it. */
void nq_ask_exit(struct nq_net *nn)
{
	struct nq_filter *f;

	remove_proc_entry("nft_quic", nn->net->proc_net);
	spin_lock(&nn->ask_lock);
	nn->ask_dead = true;
	spin_unlock(&nn->ask_lock);
	cancel_delayed_work_sync(&nn->ask_work);
	spin_lock(&nn->ask_lock);
	f = nq_filter_old(nn);
	RCU_INIT_POINTER(nn->filter, NULL);
	spin_unlock(&nn->ask_lock);
	if (f)
		kfree_rcu(f, rcu);
}
