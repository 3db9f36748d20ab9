// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replies: on which paths they leave, and which clients they prove to be where they say.
 *
 * A client that never uses its server's first ID shows another one in its handshake, which nobody
 * here can verify, so whoever forges an address could show one as well. But a server that got no
 * Handshake packet it could open sends little: no more bytes than three times what came (RFC 9000
 * 8.1) nor than its first window (RFC 9002 7.2), which only acknowledgements open further, and its
 * probes are Handshake packets. So a run of short headers without a long one between them, longer
 * than any first window, is for a client whose address its server has validated. All of a run have
 * one ID: stateless resets, which anybody can ask for, look like short headers with a random one.
 */
#include "conn_print.h"
#include "conn_table.h"

#define NQ_TOLD_ENOUGH 100 /* datagrams; first windows are of 10, in some servers of 32 */
#define NQ_TOLD_STAYS  10  /* so many to the first ID of a client: its server keeps to that */

bool nq_conn_waits(const struct nq_net *nn)
{
	const struct nq_conns *t = nq_conns_of(nn);

	return t && (READ_ONCE(t->unsure) || READ_ONCE(t->shown));
}

bool nq_conn_proves(const struct nq_net *nn)
{
	const struct nq_conns *t = nq_conns_of(nn);

	return t && READ_ONCE(t->shown);
}

/* Under RCU: nearly all that leaves is on a path that does not wait, and takes no lock. */
static bool nq_path_waits(const struct nq_conns *t, u64 print)
{
	struct nq_conn_key *key;

	nq_key_for_each(key, t, 0, print)
	{
		if (!READ_ONCE(key->sure))
			return true;
	}
	return false;
}

static void nq_path_answered(struct nq_conns *t, u64 print)
{
	struct nq_conn_key *key;

	spin_lock_bh(&t->lock);
	nq_key_for_each(key, t, 0, print)
	{
		if (key->sure)
			continue;
		WRITE_ONCE(key->sure, true);
		WRITE_ONCE(t->unsure, t->unsure - 1);
	}
	spin_unlock_bh(&t->lock);
}

/* Is it one that only replies can prove, on the path where it began? */
static bool nq_conn_to_prove(const struct nq_conns *t, const struct nq_conn_key *key)
{
	const struct nq_conn *c = key->conn;

	return READ_ONCE(c->told) && READ_ONCE(c->class) == NQ_ANSWERED &&
	       nq_key_of(t, &c->paths[0]) == key;
}

/* The first bytes of its client's first ID, and of the ID of the last run to another one. */
static u64 nq_conn_heads(const struct nq_conns *t, const struct nq_conn *c)
{
	const struct nq_conn_key *id = nq_key_of(t, &c->ids[0]);

	return id ? READ_ONCE(id->own) : 0;
}

static void nq_conn_set_run(const struct nq_conns *t, struct nq_conn *c, u32 head, u8 told)
{
	struct nq_conn_key *id = nq_key_of(t, &c->ids[0]);

	if (id)
		WRITE_ONCE(id->own, nq_told_heads(READ_ONCE(id->own) >> 32, head));
	WRITE_ONCE(c->told, told);
}

/* @n more of a run; two processors may count one for both, or take one run for another */
static void nq_conn_told(struct nq_conns *t, struct nq_conn *c, u32 head, unsigned int n)
{
	u64 heads = nq_conn_heads(t, c);
	u8 told = READ_ONCE(c->told), first = head == heads >> 32 ? NQ_TOLD_FIRST : 0;

	if ((told & NQ_TOLD_FIRST) == first && (first || (u32)heads == head))
		n += told & ~NQ_TOLD_FIRST;
	else
		n++;
	if (n <= NQ_TOLD_ENOUGH) {
		nq_conn_set_run(t, c, first ? (u32)heads : head, n | first);
		return;
	}
	spin_lock_bh(&t->lock);
	if (c->live && READ_ONCE(c->told))
		nq_conn_confirm(t, c);
	spin_unlock_bh(&t->lock);
}

/* Do rules know its server by a server ID? */
static bool nq_conn_has_issuer(const struct nq_conns *t, const struct nq_conn *c)
{
	u32 gen = READ_ONCE(t->nn->part) ? nq_look_generation(t->nn->net) : 0;

	return gen && READ_ONCE(c->issuer) && READ_ONCE(c->issuer_gen) == (u8)gen;
}

/*
 * Whom is a reply for, of those that replies prove? Some servers, as quic-go's, go over to another
 * ID like their clients. Then it is for the only one on the path that it may be for: not for one
 * whose server keeps to the first, nor for one that rules know by a server ID, which needs no
 * proof.
 */
static struct nq_conn *nq_conn_told_whom(const struct nq_conns *t, u64 path, u32 head)
{
	struct nq_conn *c, *only = NULL;
	struct nq_conn_key *key;
	bool several = false;
	u8 told;

	nq_key_for_each(key, t, 0, path)
	{
		c = key->conn;
		if (nq_conn_ended(c))
			continue;
		told = READ_ONCE(c->told);
		if (told && nq_conn_heads(t, c) >> 32 == head)
			return nq_conn_to_prove(t, key) ? c : NULL;
		if ((told & NQ_TOLD_FIRST && (told & ~NQ_TOLD_FIRST) > NQ_TOLD_STAYS) ||
		    nq_conn_has_issuer(t, c))
			continue;
		several |= only || READ_ONCE(key->crowded) || !nq_conn_to_prove(t, key);
		only = c;
	}
	return several ? NULL : only;
}

static void nq_conn_tell(struct nq_conns *t, const struct nq_reply *r, u64 path)
{
	struct nq_conn *c;
	u32 head;

	if (r->len < NQ_ID_MIN)
		return;
	head = nq_id_head(r->dcid);
	c = nq_conn_told_whom(t, path, head);
	if (!c)
		return;
	if (!r->exact)
		nq_conn_told(t, c, head, r->n);
	else if (nq_conn_heads(t, c) >> 32 == head)
		WRITE_ONCE(c->told, 1);
}

void nq_conn_reply(struct nq_net *nn, const struct nq_reply *r)
{
	struct nq_conns *t = nq_conns_of(nn);
	u64 print = nq_path_print(r->path);

	if (!t)
		return;
	if (!r->exact && nq_path_waits(t, print))
		nq_path_answered(t, print);
	if (READ_ONCE(t->shown))
		nq_conn_tell(t, r, print);
}
