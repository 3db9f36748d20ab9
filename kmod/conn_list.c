// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/net/nft_quic_conns: a line for each followed connection, without its IDs. The position in
 * the file is that in the pool, so a reader meets each connection that stays exactly once, whatever
 * comes and goes meanwhile. The lock is taken for one connection at a time.
 */
#include <linux/capability.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "conn_list.h"
#include "conn_table.h"

#define NQ_LIST_STRIDE 1024 /* free items that are passed over at once */

static struct nq_conns *nq_list_conns(struct seq_file *seq)
{
	return nq_conns_of(nq_pernet(seq_file_net(seq)));
}

/* The next that is in use, from @pos on; it may be free again when it is shown. */
static void *nq_list_from(struct seq_file *seq, loff_t *pos)
{
	struct nq_conns *t = nq_list_conns(seq);
	struct nq_conn *c;

	for (; t && *pos < t->conns.n; ++*pos) {
		c = nq_pool_item(&t->conns, *pos);
		if (READ_ONCE(c->live))
			return c;
		if (!(*pos % NQ_LIST_STRIDE))
			cond_resched();
	}
	return NULL;
}

static void *nq_list_start(struct seq_file *seq, loff_t *pos)
{
	if (!file_ns_capable(seq->file, seq_file_net(seq)->user_ns, CAP_NET_ADMIN))
		return ERR_PTR(-EPERM);
	return nq_list_from(seq, pos);
}

static void *nq_list_next(struct seq_file *seq, void *v, loff_t *pos)
{
	++*pos;
	return nq_list_from(seq, pos);
}

static void nq_list_stop(struct seq_file *seq, void *v)
{
}

/* Names may have any bytes. */
static void nq_list_text(struct seq_file *seq, const u8 *text, unsigned int len)
{
	for (; len; len--, text++) {
		if (*text > ' ' && *text < 0x7f && *text != '\\' && *text != ',')
			seq_putc(seq, *text);
		else
			seq_printf(seq, "\\x%02x", *text);
	}
}

static void nq_list_names(struct seq_file *seq, const struct nq_names *names)
{
	const u8 *alpn = nq_names_alpn(names);
	unsigned int at;

	if (names->sni_len) {
		seq_puts(seq, " sni=");
		nq_list_text(seq, nq_names_sni(names), names->sni_len);
	}
	for (at = 0; at < names->alpn_len; at += 1 + alpn[at]) {
		seq_puts(seq, at ? "," : " alpn=");
		nq_list_text(seq, alpn + at + 1, alpn[at]);
	}
	if (names->ech)
		seq_puts(seq, " ech");
	seq_putc(seq, '\n');
}

/* Under the lock. */
static void nq_list_facts(struct seq_file *seq, const struct nq_conn *c)
{
	unsigned int i, paths = 0, ids = 0;

	for (i = 0; i < NQ_CONN_PATHS; i++)
		paths += !!c->paths[i];
	for (i = 0; i < NQ_CONN_IDS; i++)
		ids += !!c->ids[i];
	seq_printf(seq, "%s %s sport=%u dport=%u paths=%u ids=%u age=%u silent=%u idle=%u",
		   c->class == NQ_CONFIRMED ? "confirmed" : "answered",
		   c->pf == NFPROTO_IPV4 ? "ip" : "ip6", ntohs(c->sport), ntohs(c->dport), paths,
		   ids, nq_age(c->born) / HZ, nq_age(c->seen) / HZ, c->idle / HZ);
}

static int nq_list_show(struct seq_file *seq, void *v)
{
	struct nq_conns *t = nq_list_conns(seq);
	const struct nq_shared *s = NULL;
	struct nq_conn *c = v;

	rcu_read_lock();
	spin_lock_bh(&t->lock);
	if (c->live && !nq_conn_ended(c)) {
		s = rcu_dereference(c->shared);
		nq_list_facts(seq, c);
	}
	spin_unlock_bh(&t->lock);
	/* The names stay for a grace period after the connection has gone. */
	if (s)
		nq_list_names(seq, &s->names);
	rcu_read_unlock();
	return 0;
}

static const struct seq_operations nq_list_ops = {
	.start = nq_list_start,
	.next = nq_list_next,
	.stop = nq_list_stop,
	.show = nq_list_show,
};

int nq_conn_list_show(struct nq_net *nn)
{
	return proc_create_net("nft_quic_conns", 0400, nn->net->proc_net, &nq_list_ops,
			       sizeof(struct seq_net_private))
		       ? 0
		       : -ENOMEM;
}

void nq_conn_list_hide(struct nq_net *nn)
{
	remove_proc_entry("nft_quic_conns", nn->net->proc_net);
}
