// SPDX-License-Identifier: GPL-2.0-only
#include <uapi/nft_quic.h>

#include "conn_look.h"
#include "conn_print.h"

#define NQ_ISSUER_ASKS	16	 /* packets of one that rules are asked about, in a generation */
#define NQ_SETTLED_IDLE (8 * HZ) /* two seconds more or less of silence matter little */

static bool nq_conn_has_id(const struct nq_conns *t, const struct nq_conn *c, u8 len, u64 print)
{
	const struct nq_conn_key *key;
	unsigned int i;

	for (i = 0; i < NQ_CONN_IDS; i++) {
		key = nq_key_of(t, &c->ids[i]);
		if (key && key->len == len && key->print == print)
			return true;
	}
	return false;
}

/*
 * The connection on @path that @opener began, and how many there are. Under the lock. The oldest
 * one that is not confirmed is @spare.
 */
static struct nq_conn *nq_conn_of(const struct nq_conns *t, u64 path, u64 opener, unsigned int *n,
				  struct nq_conn **spare)
{
	struct nq_conn_key *key;

	*n = 0;
	*spare = NULL;
	nq_key_for_each(key, t, 0, path)
	{
		if (key->conn->opener == opener)
			return key->conn;
		++*n;
		if (key->conn->class == NQ_ANSWERED || nq_conn_ended(key->conn))
			*spare = key->conn;
	}
	return NULL;
}

/*
 * struct nq_answer - what a server's Initial or Retry tells
 * @at, @path:	its client's path, and print of that
 * @opener:	print of that and the DCID of the client's Initial
 * @retry:	it is a Retry
 * @len, @print: of the server's ID
 * @first_len, @first: of the DCID of the client's Initial, as if it were one
 */
struct nq_answer {
	const struct nq_names *names;
	const struct nq_path *at;
	u64 path, opener, print, first;
	u8 len, first_len;
	bool retry;
};

/* A Retry's ID is void once the client's new Initial under it is answered. */
static void nq_conn_unretry(struct nq_conns *t, const struct nq_answer *a)
{
	struct nq_conn_key *key;

	nq_key_for_each(key, t, a->first_len, a->first)
	{
		if (!key->conn->retried || nq_key_of(t, &key->conn->paths[0])->print != a->path)
			continue;
		nq_conn_drop(t, key->conn);
		return;
	}
}

static enum nq_learnt nq_conn_learn_one(struct nq_conns *t, const struct nq_answer *a)
{
	struct nq_conn *c, *spare;
	unsigned int n;

	if (!a->retry && a->first_len)
		nq_conn_unretry(t, a);
	c = nq_conn_of(t, a->path, a->opener, &n, &spare);
	if (c && (nq_conn_ended(c) || (c->retried && !a->retry))) {
		nq_conn_drop(t, c); /* and begins again */
		c = nq_conn_of(t, a->path, a->opener, &n, &spare);
	}
	/* A Retry that comes late, or pushes somebody out, tells nothing: RFC 9000 17.2.5.2 */
	if (a->retry && (c ? !c->retried : n >= NQ_PATH_CONNS || nq_conn_full(t)))
		return NQ_LEARNT_KNOWN;
	if (c && nq_conn_has_id(t, c, a->len, a->print)) {
		nq_conn_rename(t, c, a->names);
		return NQ_LEARNT_KNOWN;
	}
	if (!c) {
		if (n >= NQ_PATH_CONNS && !spare)
			return NQ_LEARNT_FULL;
		if (n >= NQ_PATH_CONNS)
			nq_conn_push_out(t, spare);
		c = nq_conn_new(t, a->names, a->path, a->opener);
		if (!c) {
			nq_conns_blind(t);
			return NQ_LEARNT_FULL;
		}
		c->retried = a->retry;
		c->sport = a->at->sport;
		c->dport = a->at->dport;
		c->pf = a->at->pf;
	} else {
		nq_conn_rename(t, c, a->names);
		if (!c->live)
			return NQ_LEARNT_FULL;
	}
	if (nq_conn_add_id(t, c, a->len, a->print, true))
		return NQ_LEARNT_NEW;
	if (!c->ids[0])
		nq_conn_drop(t, c);
	return NQ_LEARNT_FULL;
}

enum nq_learnt nq_conn_learn(struct nq_net *nn, const struct nq_path *path,
			     const struct nq_names *names, const struct nq_cid *id, bool retry)
{
	struct nq_conns *t = nq_conns_of(nn);
	struct nq_answer a = {
		.names = names, .at = path, .path = nq_path_print(path), .retry = retry};
	enum nq_learnt learnt;

	a.opener = nq_opener_print(a.path, &names->first);
	a.len = id->len;
	a.print = nq_id_print(path, id->id, id->len);
	a.first_len = names->first.len;
	a.first = nq_id_print(path, names->first.id, names->first.len);

	if (!t)
		return NQ_LEARNT_FULL;
	spin_lock_bh(&t->lock);
	if (names->sni_len + names->alpn_len > NQ_FOLLOWED_MAX)
		learnt = NQ_LEARNT_FULL;
	else
		learnt = nq_conn_learn_one(t, &a);
	if (learnt == NQ_LEARNT_FULL)
		nq_path_crowded(t, a.path);
	spin_unlock_bh(&t->lock);
	return learnt;
}

const struct nq_names *nq_conn_find(struct nq_net *nn, const struct nq_whose *whose,
				    enum nq_found_by *by)
{
	const struct nq_conns *t = nq_conns_of(nn);
	const struct nq_shared *s;
	struct nq_conn_hit hit;

	*by = NQ_BY_NOTHING;
	if (!t || !nq_conn_count(nn, NULL))
		return NULL;
	nq_conn_look(t, whose, NULL, &hit);
	*by = hit.by;
	if (!hit.conn)
		return NULL;
	s = rcu_dereference(hit.conn->shared);
	return &s->names;
}

u8 nq_conn_state(struct nq_net *nn, const struct nq_whose *whose)
{
	const struct nq_conns *t = nq_conns_of(nn);
	struct nq_conn_hit hit;

	if (!t)
		return NFT_QUIC_STATE_UNKNOWN;
	nq_conn_look(t, whose, NULL, &hit);
	if (!hit.conn)
		return NFT_QUIC_STATE_UNKNOWN;
	if (!hit.key || !READ_ONCE(hit.key->sure))
		return NFT_QUIC_STATE_MOVED;
	return READ_ONCE(hit.conn->class) == NQ_CONFIRMED ? NFT_QUIC_STATE_ESTABLISHED
							  : NFT_QUIC_STATE_NEW;
}

/* Of the bytes that any ID has. */
static u64 nq_whose_print(const struct nq_whose *w)
{
	return nq_id_print(w->path, w->dcid, NQ_ID_MIN);
}

/*
 * A packet that the path told has another ID of its connection. Not if somebody who is not followed
 * had that: then a client is on the path who has it from there. Under the lock.
 */
static void nq_conn_note_id(struct nq_conns *t, const struct nq_whose *w, struct nq_conn *c)
{
	const struct nq_conn_key *first = nq_key_of(t, &c->ids[0]);

	if (first && first->len <= w->len && !nq_id_was_strange(t, nq_whose_print(w)))
		nq_conn_add_id(t, c, first->len, nq_id_print(w->path, w->dcid, first->len), false);
}

/* Note what a packet shows of its connection. */
static void nq_conn_note(struct nq_conns *t, const struct nq_whose *w,
			 const struct nq_conn_hit *hit)
{
	struct nq_conn *c = hit->conn;

	spin_lock_bh(&t->lock);
	if (!c->live)
		goto out;
	if (hit->by == NQ_BY_OWN)
		nq_conn_confirm(t, c);
	if (hit->by == NQ_BY_ID && hit->n < NQ_PATH_CONNS)
		nq_conn_add_path(t, c, hit->path);
	else if (hit->by == NQ_BY_ID)
		nq_path_crowded(t, hit->path);
	if (hit->by == NQ_BY_PATH && hit->n == 1)
		nq_conn_note_id(t, w, c);
out:
	spin_unlock_bh(&t->lock);
}

void nq_conn_stranger(struct nq_net *nn, const struct nq_path *path)
{
	struct nq_conns *t = nq_conns_of(nn);
	u64 print = nq_path_print(path);

	if (!t)
		return;
	spin_lock_bh(&t->lock);
	nq_path_crowded(t, print);
	spin_unlock_bh(&t->lock);
}

void nq_conn_nobody(struct nq_net *nn, const struct nq_path *path)
{
	struct nq_conns *t = nq_conns_of(nn);

	if (t)
		nq_path_strange(t, nq_path_print(path));
}

void nq_conn_nobodys(struct nq_net *nn, const struct nq_whose *whose)
{
	struct nq_conns *t = nq_conns_of(nn);

	if (t && whose->len >= NQ_ID_MIN)
		nq_id_strange(t, nq_whose_print(whose));
}

void nq_conn_shown(struct nq_net *nn, const struct nq_path *path, const struct nq_names *names,
		   const struct nq_cid *id)
{
	u64 print, at = nq_path_print(path), opener = nq_opener_print(at, &names->first);
	struct nq_conns *t = nq_conns_of(nn);
	struct nq_conn *c, *spare;
	unsigned int n;

	if (!t || id->len < NQ_ID_MIN)
		return;
	print = nq_id_print(path, id->id, id->len);
	spin_lock_bh(&t->lock);
	c = nq_conn_of(t, at, opener, &n, &spare);
	if (c && !nq_conn_ended(c) && !nq_conn_has_id(t, c, id->len, print) &&
	    nq_conn_add_id(t, c, id->len, print, false)) {
		nq_conn_show(t, c, id->len, print,
			     nq_id_was_strange(t, nq_id_print(path, id->id, NQ_ID_MIN)));
		if (names->scid.len >= NQ_ID_MIN)
			nq_conn_wait_for_proof(t, c, &names->scid);
	}
	spin_unlock_bh(&t->lock);
}

void nq_conn_issuer(struct nq_net *nn, const struct nq_whose *whose, u32 rule, u32 gen)
{
	const struct nq_conns *t = nq_conns_of(nn);
	struct nq_conn_hit hit;

	if (!t)
		return;
	nq_conn_look(t, whose, NULL, &hit);
	if (hit.by != NQ_BY_OWN || !hit.told)
		return;
	WRITE_ONCE(hit.conn->issuer, rule);
	WRITE_ONCE(hit.conn->issuer_gen, (u8)gen);
}

bool nq_conn_decide(struct nq_net *nn, const struct nq_whose *whose, const struct nq_missed *missed)
{
	struct nq_conns *t = nq_conns_of(nn);
	struct nq_conn_hit hit;

	/* Rules of before a commit say nothing of those now. */
	if (!t || !missed->n || missed->gen != nq_look_generation(nn->net))
		return false;
	nq_conn_look(t, whose, missed, &hit);
	if (!hit.conn)
		return false;
	spin_lock_bh(&t->lock);
	if (hit.by == NQ_BY_PATH && hit.left == 1 && hit.conn->live)
		nq_conn_note_id(t, whose, hit.conn);
	spin_unlock_bh(&t->lock);
	return true;
}

/* Is there a connection on the path whose server's ID a rule takes? */
static bool nq_path_has_issuer(const struct nq_conns *t, u64 path, u32 gen)
{
	struct nq_conn_key *key;

	nq_key_for_each(key, t, 0, path)
	{
		if (READ_ONCE(key->conn->issuer) && READ_ONCE(key->conn->issuer_gen) == (u8)gen)
			return true;
	}
	return false;
}

/* Is it worth while to ask the rules for @c's server ID? Not for ever: most servers have none. */
static bool nq_conn_asks(struct nq_conn *c, u32 gen)
{
	u8 asked = READ_ONCE(c->asked_gen) == (u8)gen ? READ_ONCE(c->asked) : 0;

	if (asked >= NQ_ISSUER_ASKS ||
	    (READ_ONCE(c->issuer) && READ_ONCE(c->issuer_gen) == (u8)gen))
		return false;
	WRITE_ONCE(c->asked_gen, (u8)gen);
	WRITE_ONCE(c->asked, asked + 1);
	return true;
}

/*
 * May the rules that a packet comes to say more of whose it is? Those that load a part of an ID, if
 * there are any.
 */
static enum nq_look nq_conn_look_why(const struct nq_conns *t, const struct nq_conn_hit *hit)
{
	u32 gen = READ_ONCE(t->nn->part) ? nq_look_generation(t->nn->net) : 0;

	if (!gen)
		return NQ_LOOK_NONE;
	if (hit->by == NQ_BY_OWN && hit->told && nq_conn_asks(hit->conn, gen))
		return NQ_LOOK_OWN;
	if (hit->by == NQ_AMBIGUOUS && !hit->crowded && nq_path_has_issuer(t, hit->path, gen))
		return NQ_LOOK_OTHERS;
	return NQ_LOOK_NONE;
}

/*
 * Has a packet shown all that its like would show for some time? Not where the connection may end
 * before one of these is looked at.
 */
static bool nq_conn_is_settled(const struct nq_conn_hit *hit, const enum nq_look *why)
{
	return hit->by == NQ_BY_OWN && READ_ONCE(hit->conn->class) == NQ_CONFIRMED &&
	       READ_ONCE(hit->conn->idle) >= NQ_SETTLED_IDLE && (!why || *why == NQ_LOOK_NONE);
}

enum nq_found_by nq_conn_follow(struct nq_net *nn, const struct nq_whose *whose, enum nq_look *why,
				u8 *settled)
{
	struct nq_conns *t = nq_conns_of(nn);
	struct nq_conn_hit hit;
	struct nq_conn *c;

	*settled = 0;
	if (why)
		*why = NQ_LOOK_NONE;
	if (!t)
		return NQ_BY_NOTHING;
	nq_conn_look(t, whose, NULL, &hit);
	if (why)
		*why = nq_conn_look_why(t, &hit);
	if (nq_conn_is_settled(&hit, why))
		*settled = hit.len;
	if (why && *why == NQ_LOOK_OTHERS)
		return NQ_UNDECIDED;
	c = hit.conn;
	if (!c) {
		if (hit.n)
			nq_conn_nobodys(nn, whose);
		if (hit.n && !hit.crowded)
			nq_conn_stranger(nn, whose->path);
		else if (hit.n)
			nq_path_strange(t, hit.path);
		return hit.by;
	}
	if (nq_age(READ_ONCE(c->seen)) >= min_t(u32, HZ, READ_ONCE(c->idle) / 4))
		WRITE_ONCE(c->seen, (u32)jiffies);
	if (hit.key && nq_age(READ_ONCE(hit.key->heard)) >= HZ)
		WRITE_ONCE(hit.key->heard, (u32)jiffies);
	if (hit.by != NQ_BY_OWN || (READ_ONCE(c->class) == NQ_ANSWERED && hit.sure &&
				    nq_key_of(t, &c->paths[0]) == hit.key))
		nq_conn_note(t, whose, &hit);
	return hit.by;
}

void nq_conn_begin(struct nq_net *nn)
{
	struct nq_conns *t = nq_conns_of(nn);

	spin_lock_bh(&t->lock);
	memset(t->strange, 0, (t->mask + 1) * sizeof(*t->strange));
	memset(t->strange_ids, 0, (t->mask + 1) * sizeof(*t->strange_ids));
	nq_conns_blind(t);
	spin_unlock_bh(&t->lock);
}

unsigned int nq_conn_crowd(struct nq_net *nn, const struct nq_path *path)
{
	const struct nq_conns *t = nq_conns_of(nn);
	struct nq_conn_key *key;
	unsigned int n = 0;
	u64 print;

	if (!t)
		return 0;
	print = nq_path_print(path);
	nq_key_for_each(key, t, 0, print) n++;
	return n;
}

unsigned int nq_conn_count(const struct nq_net *nn, unsigned long *bytes)
{
	const struct nq_conns *t = nq_conns_of(nn);

	if (bytes)
		*bytes = t ? READ_ONCE(t->bytes) : 0;
	return t ? READ_ONCE(t->n[NQ_ANSWERED]) + READ_ONCE(t->n[NQ_CONFIRMED]) : 0;
}
