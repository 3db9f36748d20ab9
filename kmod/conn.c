// SPDX-License-Identifier: GPL-2.0-only
#include <linux/prefetch.h>
#include <uapi/nft_quic.h>

#include "conn_print.h"
#include "conn_table.h"

#define NQ_GUESS_TIME  (20 * HZ) /* less than NAT boxes keep a port for its client */
#define NQ_GUESS_STEPS 32	 /* begun connections that are looked at, for one packet */

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

/* Looking a packet up, under RCU */

/* struct nq_id_begun - a packet's first bytes as an ID: the print of so many, or none yet */
struct nq_id_begun {
	u64 print;
	u8 len;
};

static u64 nq_id_begin(struct nq_id_begun *begun, const struct nq_whose *w, u8 len)
{
	if (begun->len != len) {
		begun->len = len;
		begun->print = nq_id_print(w->path, w->dcid, len);
	}
	return begun->print;
}

/*
 * Does the packet have one of @c's IDs? A server's IDs have one length, so the last print is nearly
 * always the one that is needed.
 */
static bool nq_conn_goes_by(const struct nq_conns *t, const struct nq_conn *c,
			    const struct nq_whose *w, struct nq_id_begun *begun, bool *sure)
{
	const struct nq_conn_key *key;
	unsigned int i;

	for (i = 0; i < NQ_CONN_IDS; i++) {
		key = nq_key_of(t, &c->ids[i]);
		if (!key || key->len > w->len || (w->exact && key->len != w->len))
			continue;
		if (nq_id_begin(begun, w, key->len) == key->print) {
			*sure = key->sure;
			return true;
		}
	}
	return false;
}

/* struct nq_conn_hit - what was found for a packet */
struct nq_conn_hit {
	struct nq_conn *conn;
	enum nq_found_by by;
	u64 path;		 /* its print */
	struct nq_conn_key *key; /* its path's, if it is known there */
	unsigned int n;		 /* connections on it */
	bool crowded;		 /* see struct nq_conn_key */
	bool sure;		 /* the ID is the server's */
};

/* Is a connection on its path followed that began like @names? */
static bool nq_conn_is_followed(const struct nq_conns *t, u64 path, const struct nq_names *names)
{
	u64 opener = nq_opener_print(path, &names->first);
	struct nq_conn_key *key;

	nq_key_for_each(key, t, 0, path)
	{
		if (READ_ONCE(key->conn->opener) == opener)
			return true;
	}
	return false;
}

/*
 * After a Retry the client begins anew, with the same ID of its own. Return: false, too, if @left
 * does not suffice to tell.
 */
static bool nq_conn_was_retried(const struct nq_conns *t, u64 path, const struct nq_path *at,
				const struct nq_names *names, unsigned int *left)
{
	const struct nq_names *n = NULL;

	if (!names->scid.len)
		return false;
	while (*left && (n = nq_names_by_scid(t->nn, at, &names->scid, n))) {
		--*left;
		if (nq_conn_is_followed(t, path, n))
			return true;
	}
	return false;
}

/* Has a connection been begun on the path that is not followed, or not yet? If in doubt, yes. */
static bool nq_conn_unfollowed(const struct nq_conns *t, u64 path, const struct nq_path *at)
{
	const struct nq_names *names = NULL;
	unsigned int left = NQ_GUESS_STEPS;

	while ((names = nq_names_next(t->nn, at, names))) {
		if (!left)
			return true;
		left--;
		if (nq_conns_recent(t, names->born) && !READ_ONCE(names->retried) &&
		    !nq_conn_is_followed(t, path, names) &&
		    !nq_conn_was_retried(t, path, at, names, &left))
			return true;
	}
	return false;
}

/*
 * The connection that the path alone tells: its only one, or any of its confirmed ones if all that
 * are there have the same names; and only if nobody else can be meant. One that was not heard for a
 * while may have lost the path to another client: NAT boxes give their ports anew.
 */
static void nq_conn_by_path(const struct nq_conns *t, const struct nq_path *at,
			    struct nq_conn_hit *hit)
{
	const struct nq_shared *names = NULL, *s;
	struct nq_conn_key *key, *found = NULL;
	bool differ = nq_conns_is_blind(t), heard = false;
	struct nq_conn *c;

	nq_key_for_each(key, t, 0, hit->path)
	{
		c = key->conn;
		if (nq_conn_ended(c))
			continue;
		s = rcu_dereference(c->shared);
		differ |= names && s != names;
		names = s;
		if (!READ_ONCE(key->sure) || READ_ONCE(c->class) != NQ_CONFIRMED)
			continue;
		heard |= nq_age(READ_ONCE(key->heard)) < NQ_GUESS_TIME;
		found = key;
	}
	if (!found)
		return;
	if (differ || !heard || hit->crowded || nq_conn_unfollowed(t, hit->path, at)) {
		hit->by = NQ_AMBIGUOUS;
		return;
	}
	hit->by = NQ_BY_PATH;
	hit->conn = found->conn;
	hit->key = found;
}

/* By IDs of @from to @to bytes, whatever the path. */
static bool nq_conn_by_id(const struct nq_conns *t, const struct nq_whose *w, u8 from, u8 to,
			  struct nq_id_begun *begun, struct nq_conn_hit *hit)
{
	struct nq_conn_key *key, *found;
	unsigned int len;
	u64 print;

	for (len = min_t(u8, to, w->len); len >= from; len--) {
		if (!READ_ONCE(t->lens[len]) || (w->exact && len != w->len))
			continue;
		print = nq_id_begin(begun, w, len);
		found = NULL;
		nq_key_for_each(key, t, len, print)
		{
			if (nq_conn_ended(key->conn))
				continue;
			if (found && found->conn != key->conn)
				return false; /* short, and of two connections */
			found = key;
		}
		if (found) {
			hit->conn = found->conn;
			hit->by = NQ_BY_ID;
			return true;
		}
	}
	return false;
}

/* Does the packet begin with an ID of some connection to where it goes? */
static bool nq_conn_has_owner(const struct nq_conns *t, const struct nq_whose *w,
			      struct nq_id_begun *begun)
{
	struct nq_conn_key *key;
	unsigned int len;
	u64 print;

	for (len = min_t(u8, NQ_CID_MAX, w->len); len >= NQ_ID_MIN; len--) {
		if (!READ_ONCE(t->lens[len]))
			continue;
		print = nq_id_begin(begun, w, len);
		nq_key_for_each(key, t, len, print)
		{
			if (!nq_conn_ended(key->conn))
				return true;
		}
	}
	return false;
}

/*
 * By an ID of one of the connections on the path. Of several one whose server gave it comes first,
 * of these the one that was there first: nobody has another one's packets by giving its ID.
 */
static void nq_conn_by_own(const struct nq_conns *t, const struct nq_whose *w,
			   struct nq_id_begun *begun, struct nq_conn_hit *hit)
{
	u8 len = READ_ONCE(t->last_len);
	struct nq_conn_key *key;
	bool given = false, sure;
	struct nq_conn *c;

	/* The chain comes from memory while an ID is hashed that will most likely be asked for. */
	prefetch(nq_key_chain(t, 0, hit->path));
	if (len && (w->exact ? len == w->len : len <= w->len))
		nq_id_begin(begun, w, len);
	/* The last one that came is the first in the chain. */
	nq_key_for_each(key, t, 0, hit->path)
	{
		hit->n++;
		hit->crowded |= READ_ONCE(key->crowded);
		c = key->conn;
		if (nq_conn_ended(c))
			continue;
		if (begun->len && READ_ONCE(key->own) == begun->print)
			sure = true;
		else if (!nq_conn_goes_by(t, c, w, begun, &sure))
			continue;
		if (given && !sure)
			continue;
		given = sure;
		hit->conn = c;
		hit->key = key;
		hit->by = NQ_BY_OWN;
		hit->sure = sure;
	}
}

static void nq_conn_look(const struct nq_conns *t, const struct nq_whose *w,
			 struct nq_conn_hit *hit)
{
	struct nq_id_begun begun = {};

	*hit = (struct nq_conn_hit){.path = nq_path_print(w->path)};
	nq_conn_by_own(t, w, &begun, hit);
	if (hit->conn)
		return;
	if (nq_conn_by_id(t, w, NQ_ID_SURE, NQ_CID_MAX, &begun, hit))
		return;
	if (hit->n && !w->exact) {
		nq_conn_by_path(t, w->path, hit);
		/* An ID of two others, or a short one: its owner may have come to this path. */
		if (hit->conn && nq_conn_has_owner(t, w, &begun)) {
			hit->by = NQ_AMBIGUOUS;
			hit->conn = NULL;
			hit->key = NULL;
		}
	} else if (!hit->n) {
		nq_conn_by_id(t, w, NQ_ID_MIN, NQ_ID_SURE - 1, &begun, hit);
	}
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
	nq_conn_look(t, whose, &hit);
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
	nq_conn_look(t, whose, &hit);
	if (!hit.conn)
		return NFT_QUIC_STATE_UNKNOWN;
	if (!hit.key || !READ_ONCE(hit.key->sure))
		return NFT_QUIC_STATE_MOVED;
	return READ_ONCE(hit.conn->class) == NQ_CONFIRMED ? NFT_QUIC_STATE_ESTABLISHED
							  : NFT_QUIC_STATE_NEW;
}

/* Note what a packet shows of its connection. */
static void nq_conn_note(struct nq_conns *t, const struct nq_whose *w,
			 const struct nq_conn_hit *hit)
{
	const struct nq_conn_key *first;
	struct nq_conn *c = hit->conn;
	u8 len;

	spin_lock_bh(&t->lock);
	if (!c->live)
		goto out;
	if (hit->by == NQ_BY_OWN)
		nq_conn_confirm(t, c);
	if (hit->by == NQ_BY_ID && hit->n < NQ_PATH_CONNS)
		nq_conn_add_path(t, c, hit->path);
	else if (hit->by == NQ_BY_ID)
		nq_path_crowded(t, hit->path);
	first = nq_key_of(t, &c->ids[0]);
	if (hit->by == NQ_BY_PATH && hit->n == 1 && first) {
		len = first->len;
		if (len <= w->len)
			nq_conn_add_id(t, c, len, nq_id_print(w->path, w->dcid, len), false);
	}
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

enum nq_found_by nq_conn_follow(struct nq_net *nn, const struct nq_whose *whose)
{
	struct nq_conns *t = nq_conns_of(nn);
	struct nq_conn_hit hit;
	struct nq_conn *c;

	if (!t)
		return NQ_BY_NOTHING;
	nq_conn_look(t, whose, &hit);
	c = hit.conn;
	if (!c) {
		if (hit.n && !hit.crowded)
			nq_conn_stranger(nn, whose->path);
		else if (hit.n)
			nq_path_strange(t, hit.path);
		return hit.by;
	}
	if (nq_age(READ_ONCE(c->seen)) >= HZ)
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

bool nq_conn_waits(const struct nq_net *nn)
{
	const struct nq_conns *t = nq_conns_of(nn);

	return t && READ_ONCE(t->unsure);
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

void nq_conn_reply(struct nq_net *nn, const struct nq_path *path)
{
	struct nq_conns *t = nq_conns_of(nn);
	u64 print = nq_path_print(path);
	struct nq_conn_key *key;

	if (!t || !nq_path_waits(t, print))
		return;
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

unsigned int nq_conn_count(const struct nq_net *nn, unsigned long *bytes)
{
	const struct nq_conns *t = nq_conns_of(nn);

	if (bytes)
		*bytes = t ? READ_ONCE(t->bytes) : 0;
	return t ? READ_ONCE(t->n[NQ_ANSWERED]) + READ_ONCE(t->n[NQ_CONFIRMED]) : 0;
}
