// SPDX-License-Identifier: GPL-2.0-only
/* Runs under RCU. */
#include <linux/prefetch.h>

#include "conn_look.h"
#include "conn_print.h"

#define NQ_GUESS_TIME  (20 * HZ) /* less than NAT boxes keep a port for its client */
#define NQ_GUESS_STEPS 32	 /* begun connections that are looked at, for one packet */

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
			    const struct nq_whose *w, struct nq_id_begun *begun, bool *sure,
			    bool *told)
{
	const struct nq_conn_key *key;
	unsigned int i;

	for (i = 0; i < NQ_CONN_IDS; i++) {
		key = nq_key_of(t, &c->ids[i]);
		if (!key || key->len > w->len || (w->exact && key->len != w->len))
			continue;
		if (nq_id_begin(begun, w, key->len) == key->print) {
			*sure = key->sure;
			*told = *sure || READ_ONCE(key->shown);
			return true;
		}
	}
	return false;
}

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

/* Does one of the rules that did not take a packet's server ID take that of the connection? */
static bool nq_conn_struck(const struct nq_conn *c, const struct nq_missed *missed)
{
	u32 issuer = READ_ONCE(c->issuer);
	unsigned int i;

	for (i = 0; i < missed->n; i++)
		if (missed->rule[i] == issuer)
			return true;
	return false;
}

/*
 * The connection that the path alone tells: its only one, or any of its confirmed ones if all that
 * are there have the same names; and only if nobody else can be meant. One that was not heard for a
 * while may have lost the path to another client: NAT boxes give their ports anew. One to whose
 * server the packet cannot be, by @missed unless NULL, is as if it were not there.
 */
static void nq_conn_by_path(const struct nq_conns *t, const struct nq_path *at,
			    const struct nq_missed *missed, struct nq_conn_hit *hit)
{
	const struct nq_shared *names = NULL, *s;
	struct nq_conn_key *key, *found = NULL;
	bool differ = nq_conns_is_blind(t), heard = false;
	struct nq_conn *c;

	nq_key_for_each(key, t, 0, hit->path)
	{
		c = key->conn;
		if (nq_conn_ended(c) || (missed && nq_conn_struck(c, missed)))
			continue;
		hit->left++;
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
			if (nq_conn_ended(key->conn) || READ_ONCE(key->crowded))
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
	u8 len = READ_ONCE(t->nn->id_len);
	struct nq_conn_key *key;
	bool given = false, sure, told;
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
			sure = told = true;
		else if (!nq_conn_goes_by(t, c, w, begun, &sure, &told))
			continue;
		if (given && !sure)
			continue;
		given = sure;
		hit->conn = c;
		hit->key = key;
		hit->by = NQ_BY_OWN;
		hit->len = begun->len;
		hit->sure = sure;
		hit->told = told;
	}
}

void nq_conn_look(const struct nq_conns *t, const struct nq_whose *w,
		  const struct nq_missed *missed, struct nq_conn_hit *hit)
{
	struct nq_id_begun begun = {};

	*hit = (struct nq_conn_hit){.path = nq_path_print(w->path)};
	nq_conn_by_own(t, w, &begun, hit);
	if (hit->conn)
		return;
	if (nq_conn_by_id(t, w, NQ_ID_SURE, NQ_CID_MAX, &begun, hit))
		return;
	if (hit->n && !w->exact) {
		nq_conn_by_path(t, w->path, missed, hit);
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
