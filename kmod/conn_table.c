// SPDX-License-Identifier: GPL-2.0-only
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "conn_table.h"

#define NQ_CONN_SPARE(n)  ((n) / 16 + 64) /* wait for a grace period while others are in use */
#define NQ_CONN_KEYS(n)	  ((n) / 2 * 5)	  /* paths and IDs of so many, on average */
#define NQ_ANSWERED_SHARE 2		  /* of all, 1 / this are not confirmed at most */
#define NQ_STALE_MAX	  2		  /* ended ones that each new one clears away */
#define NQ_STALE_FULL	  16		  /* likewise, if there is no room */
#define NQ_ROOM_MAX	  8	/* connections that go for the memory of a new one's names */
#define NQ_IDLE_MORE	  10000 /* milliseconds after the client's own timeout */
#define NQ_CHANGE_TIME	  HZ	/* once all places are taken, one path or ID in this time */

/* Under the lock. */
static void nq_shared_put(struct nq_conns *t, struct nq_shared *s)
{
	if (--s->refs)
		return;
	hlist_del(&s->node);
	WRITE_ONCE(t->bytes, t->bytes - s->size);
	nq_grave_bury(&t->grave, &s->grave, s->size);
}

static bool nq_shared_is(const struct nq_shared *s, const struct nq_names *names)
{
	return s->names.sni_len == names->sni_len && s->names.alpn_len == names->alpn_len &&
	       s->names.ech == names->ech &&
	       !memcmp(s->names.data, names->data, names->sni_len + names->alpn_len);
}

/* The same names as @names, with one reference more, or NULL. Under the lock. */
static struct nq_shared *nq_shared_get(struct nq_conns *t, const struct nq_names *names)
{
	unsigned int len = names->sni_len + names->alpn_len;
	unsigned int limit = READ_ONCE(t->nn->limits.names_bytes);
	u32 hash = nq_bytes_hash(names->data, len);
	struct hlist_head *head = &t->shared[hash & t->mask];
	struct nq_shared *s;
	size_t size;

	hlist_for_each_entry (s, head, node)
		if (s->hash == hash && nq_shared_is(s, names)) {
			s->refs++;
			return s;
		}
	size = kmalloc_size_roundup(max(offsetof(struct nq_shared, names.data) + len, sizeof(*s)));
	if (t->bytes + size > limit || nq_grave_full(&t->grave, limit))
		return NULL;
	s = kzalloc(size, GFP_ATOMIC | __GFP_NOWARN);
	if (!s)
		return NULL;
	s->refs = 1;
	s->hash = hash;
	s->size = size;
	s->names.sni_len = names->sni_len;
	s->names.alpn_len = names->alpn_len;
	s->names.ech = names->ech;
	s->names.seq = ++t->seq;
	memcpy(s->names.data, names->data, len);
	hlist_add_head(&s->node, head);
	WRITE_ONCE(t->bytes, t->bytes + size);
	return s;
}

static struct nq_shared *nq_conn_shared(const struct nq_conns *t, const struct nq_conn *c)
{
	return rcu_dereference_protected(c->shared, lockdep_is_held(&t->lock));
}

/* See struct nq_conn_key. Under the lock. */
static u64 nq_conn_own(const struct nq_conns *t, const struct nq_conn *c)
{
	const struct nq_conn_key *id = nq_key_of(t, &c->ids[0]);

	return id && id->sure ? id->print : 0;
}

/* The first ID has changed. Under the lock. */
static void nq_conn_tell_paths(const struct nq_conns *t, const struct nq_conn *c)
{
	u64 own = nq_conn_own(t, c);
	struct nq_conn_key *key;
	unsigned int i;

	for (i = 0; i < NQ_CONN_PATHS; i++) {
		key = nq_key_of(t, &c->paths[i]);
		if (key)
			WRITE_ONCE(key->own, own);
	}
}

/* Under the lock. @place: where its connection has it. */
static void nq_key_drop(struct nq_conns *t, u32 *place)
{
	struct nq_conn_key *key = nq_key_of(t, place);

	if (!key)
		return;
	WRITE_ONCE(*place, 0);
	if (place == &key->conn->ids[0])
		nq_conn_tell_paths(t, key->conn);
	hlist_del_rcu(&key->node);
	if (key->len)
		WRITE_ONCE(t->lens[key->len], t->lens[key->len] - 1);
	else if (!key->sure)
		WRITE_ONCE(t->unsure, t->unsure - 1);
	nq_pool_put(&t->keys, key);
}

/* Under the lock. Return: false if there is no key to be had. */
static bool nq_key_add(struct nq_conns *t, struct nq_conn *c, u32 *place, u8 len, u64 print,
		       bool sure)
{
	struct nq_conn_key *key = nq_pool_get(&t->keys);

	if (!key)
		return false;
	nq_key_drop(t, place);
	key->print = print;
	key->own = len ? 0 : nq_conn_own(t, c);
	key->conn = c;
	key->len = len;
	key->sure = sure;
	key->crowded = false;
	key->shared = false;
	key->heard = len ? 0 : (u32)jiffies;
	if (len) {
		WRITE_ONCE(t->lens[len], t->lens[len] + 1);
		if (READ_ONCE(t->nn->id_len) != len)
			WRITE_ONCE(t->nn->id_len, len);
	} else if (!sure) {
		WRITE_ONCE(t->unsure, t->unsure + 1);
	}
	hlist_add_head_rcu(&key->node, nq_key_chain(t, len, print));
	/* pairs with nq_key_of(): what the key says is there before its place is */
	smp_store_release(place, nq_pool_place(&t->keys, key) + 1);
	if (place == &c->ids[0])
		nq_conn_tell_paths(t, c);
	c->changed = (u32)jiffies;
	return true;
}

/* A place for another path or ID: an empty one, else one that is not sure, but never the first. */
static u32 *nq_key_place(const struct nq_conns *t, struct nq_conn *c, u32 *places, unsigned int n)
{
	unsigned int i, at = 0;

	for (i = 0; i < n; i++)
		if (!places[i])
			return &places[i];
	if (nq_age(c->changed) < NQ_CHANGE_TIME)
		return NULL;
	for (i = n - 1; i && !at; i--)
		if (!READ_ONCE(nq_key_of(t, &places[i])->sure))
			at = i;
	if (at)
		return &places[at];
	return &places[1 + ((u32)jiffies / NQ_CHANGE_TIME) % (n - 1)];
}

void nq_conn_drop(struct nq_conns *t, struct nq_conn *c)
{
	bool early = c->class == NQ_CONFIRMED && !nq_conn_ended(c);
	unsigned int i;

	WRITE_ONCE(c->live, false);
	for (i = 0; i < NQ_CONN_PATHS; i++)
		nq_key_drop(t, &c->paths[i]);
	for (i = 0; i < NQ_CONN_IDS; i++)
		nq_key_drop(t, &c->ids[i]);
	if (early) {
		/* pairs with nq_learn_came(): who sees it does not find the connection any more */
		smp_store_release(&t->nn->gone, t->nn->gone + 1);
	}
	list_del(&c->order);
	WRITE_ONCE(t->n[c->class], t->n[c->class] - 1);
	if (READ_ONCE(c->told) && c->class == NQ_ANSWERED)
		WRITE_ONCE(t->shown, t->shown - 1);
	nq_shared_put(t, nq_conn_shared(t, c));
	nq_pool_put(&t->conns, c);
}

/* Clear away what has ended, of the oldest of a class. Under the lock. */
static void nq_conn_sweep(struct nq_conns *t, enum nq_class class)
{
	bool full = t->n[NQ_ANSWERED] + t->n[NQ_CONFIRMED] >= t->max;
	unsigned int left = full ? NQ_STALE_FULL : NQ_STALE_MAX;
	struct nq_conn *c;

	while (left--) {
		c = list_first_entry_or_null(&t->order[class], struct nq_conn, order);
		if (!c)
			return;
		if (nq_conn_ended(c))
			nq_conn_drop(t, c);
		else if (class == NQ_CONFIRMED)
			list_move_tail(&c->order, &t->order[class]);
		else
			return;
	}
}

void nq_path_crowded(struct nq_conns *t, u64 print)
{
	struct nq_conn_key *key;

	nq_path_strange(t, print);
	nq_key_for_each(key, t, 0, print) WRITE_ONCE(key->crowded, true);
}

/* Is there somebody on a path of @c, or was there? */
static bool nq_conn_in_company(const struct nq_conns *t, const struct nq_conn *c)
{
	const struct nq_conn_key *key;
	unsigned int i;

	for (i = 0; i < NQ_CONN_PATHS; i++) {
		key = nq_key_of(t, &c->paths[i]);
		if (key && (key->crowded || key->shared))
			return true;
	}
	return false;
}

/*
 * Under the lock. Somebody unfollowed may have been on the path before, or comes to it with @c,
 * from the same socket. Return: false if there is no key to be had.
 */
static bool nq_path_add(struct nq_conns *t, struct nq_conn *c, u32 *place, u64 print, bool sure)
{
	u32 strange = READ_ONCE(t->strange[print & t->mask]);
	bool crowded = (strange && nq_conns_recent(t, strange)) || nq_conn_in_company(t, c);
	struct nq_conn_key *key, *old = nq_key_of(t, place);
	u64 left = old ? old->print : 0;
	bool shared = false;

	if (!nq_key_add(t, c, place, 0, print, sure))
		return false;
	if (old)
		nq_path_crowded(t, left); /* it may come back */
	nq_key_for_each(key, t, 0, print)
	{
		if (key->conn == c)
			continue;
		shared = key->shared = true;
		crowded |= key->crowded;
	}
	nq_key_of(t, place)->shared = shared;
	if (crowded)
		nq_path_crowded(t, print);
	return true;
}

/* Nobody guesses any more where it is. Under the lock. */
static void nq_conn_crowded(struct nq_conns *t, const struct nq_conn *c)
{
	const struct nq_conn_key *key;
	unsigned int i;

	for (i = 0; i < NQ_CONN_PATHS; i++) {
		key = nq_key_of(t, &c->paths[i]);
		if (key)
			nq_path_crowded(t, key->print);
	}
}

void nq_conn_push_out(struct nq_conns *t, struct nq_conn *c)
{
	nq_conn_crowded(t, c);
	nq_conn_drop(t, c);
}

/* Let the oldest that is not confirmed go. Under the lock. Return: false if there is none. */
static bool nq_conn_evict(struct nq_conns *t)
{
	struct nq_conn *c = list_first_entry_or_null(&t->order[NQ_ANSWERED], struct nq_conn, order);

	if (c)
		nq_conn_push_out(t, c);
	return c;
}

static void nq_conn_set_names(struct nq_conns *t, struct nq_conn *c, struct nq_shared *s,
			      const struct nq_names *names)
{
	unsigned int ms = READ_ONCE(t->nn->limits.conn_idle) * 1000;

	if (names->idle_ms)
		ms = min(ms, names->idle_ms + NQ_IDLE_MORE);
	rcu_assign_pointer(c->shared, s);
	WRITE_ONCE(c->idle, msecs_to_jiffies(ms));
}

bool nq_conn_full(const struct nq_conns *t)
{
	return t->n[NQ_ANSWERED] >= t->max / NQ_ANSWERED_SHARE ||
	       t->n[NQ_ANSWERED] + t->n[NQ_CONFIRMED] >= t->max;
}

struct nq_conn *nq_conn_new(struct nq_conns *t, const struct nq_names *names, u64 path, u64 opener)
{
	unsigned int left = NQ_ROOM_MAX;
	struct nq_shared *s;
	struct nq_conn *c;

	if (!nq_conns_is_blind(t))
		WRITE_ONCE(t->was_blind, false); /* before jiffies are there again */
	nq_conn_sweep(t, NQ_ANSWERED);
	nq_conn_sweep(t, NQ_CONFIRMED);
	if (t->n[NQ_ANSWERED] >= t->max / NQ_ANSWERED_SHARE)
		nq_conn_evict(t);
	if (t->n[NQ_ANSWERED] + t->n[NQ_CONFIRMED] >= t->max && !nq_conn_evict(t))
		return NULL;
	s = nq_shared_get(t, names);
	while (!s && left-- && nq_conn_evict(t))
		s = nq_shared_get(t, names);
	if (!s)
		return NULL;
	c = nq_pool_get(&t->conns);
	if (!c) {
		nq_shared_put(t, s);
		return NULL;
	}
	nq_conn_set_names(t, c, s, names);
	c->opener = opener;
	c->seen = c->born = (u32)jiffies;
	c->class = NQ_ANSWERED;
	WRITE_ONCE(c->live, true);
	c->retried = false;
	WRITE_ONCE(c->issuer, 0);
	WRITE_ONCE(c->asked, 0);
	WRITE_ONCE(c->told, 0);
	list_add_tail(&c->order, &t->order[NQ_ANSWERED]);
	WRITE_ONCE(t->n[NQ_ANSWERED], t->n[NQ_ANSWERED] + 1);
	if (nq_path_add(t, c, &c->paths[0], path, true))
		return c;
	nq_conn_drop(t, c);
	return NULL;
}

void nq_conn_confirm(struct nq_conns *t, struct nq_conn *c)
{
	if (c->class == NQ_CONFIRMED)
		return;
	WRITE_ONCE(c->class, NQ_CONFIRMED);
	list_move_tail(&c->order, &t->order[NQ_CONFIRMED]);
	WRITE_ONCE(t->n[NQ_ANSWERED], t->n[NQ_ANSWERED] - 1);
	WRITE_ONCE(t->n[NQ_CONFIRMED], t->n[NQ_CONFIRMED] + 1);
	if (READ_ONCE(c->told))
		WRITE_ONCE(t->shown, t->shown - 1);
}

/* May it have more than its first path and ID? So much is kept for those to come. */
static bool nq_conn_more(const struct nq_conns *t)
{
	unsigned int n = t->n[NQ_ANSWERED] + t->n[NQ_CONFIRMED];

	return t->keys.free > 2 * (t->max - min(n, t->max) + NQ_CONN_SPARE(t->max));
}

void nq_conn_add_path(struct nq_conns *t, struct nq_conn *c, u64 print)
{
	const struct nq_conn_key *key;
	unsigned int i;
	u32 *place;

	for (i = 0; i < NQ_CONN_PATHS; i++) {
		key = nq_key_of(t, &c->paths[i]);
		if (key && key->print == print)
			return;
	}
	place = nq_conn_more(t) ? nq_key_place(t, c, c->paths, NQ_CONN_PATHS) : NULL;
	if (!place || !nq_path_add(t, c, place, print, false))
		nq_path_crowded(t, print);
}

static void nq_id_drop(struct nq_conns *t, const struct nq_conn_key *key)
{
	struct nq_conn *c = key->conn;
	unsigned int i;

	for (i = 0; i < NQ_CONN_IDS; i++)
		if (nq_key_of(t, &c->ids[i]) == key) {
			nq_key_drop(t, &c->ids[i]);
			return;
		}
}

/*
 * May @c have this ID, too? A short one may be of several. One so long that it should be one
 * connection's is not @c's if it was only seen with its client, and somebody has it. That of
 * another one which was only seen goes; one that a server gave stays, and then the ID tells nothing
 * but on the paths of those that have it. NQ_ID_CONNS have it at most, so all walks through a
 * print's keys are short.
 */
static bool nq_id_free(struct nq_conns *t, const struct nq_conn *c, u8 len, u64 print, bool sure)
{
	struct nq_conn_key *key, *seen = NULL;
	struct nq_conn *ended = NULL;
	unsigned int n = 0;

	nq_key_for_each(key, t, len, print)
	{
		if (!sure && len >= NQ_ID_SURE)
			return false;
		n++;
		if (!key->sure)
			seen = key;
		if (key->conn != c && nq_conn_ended(key->conn))
			ended = key->conn;
	}
	if (n >= NQ_ID_CONNS && ended) {
		nq_conn_drop(t, ended);
	} else if (sure && seen && (n >= NQ_ID_CONNS || len >= NQ_ID_SURE)) {
		if (seen->conn != c)
			nq_conn_crowded(t, seen->conn); /* that may have been @c's client */
		nq_id_drop(t, seen);
	} else {
		return n < NQ_ID_CONNS;
	}
	return true;
}

/*
 * Under the lock. Each of those that have this ID may come with it to a path of another one, and
 * is not noticed there: what it sends then under a new ID would be taken for that other one's.
 */
static void nq_id_shared(struct nq_conns *t, u8 len, u64 print)
{
	struct nq_conn *last = NULL;
	struct nq_conn_key *key;

	nq_key_for_each(key, t, len, print)
	{
		if (last && key->conn != last) {
			nq_conn_crowded(t, last);
			nq_conn_crowded(t, key->conn);
		}
		last = key->conn;
	}
}

bool nq_conn_add_id(struct nq_conns *t, struct nq_conn *c, u8 len, u64 print, bool sure)
{
	u32 *place;

	if (!nq_id_free(t, c, len, print, sure))
		return false;
	if (sure && !c->ids[0])
		place = &c->ids[0];
	else
		place = nq_conn_more(t) ? nq_key_place(t, c, c->ids, NQ_CONN_IDS) : NULL;
	if (!place || !nq_key_add(t, c, place, len, print, sure))
		return false;
	nq_id_shared(t, len, print);
	return true;
}

void nq_conn_show(struct nq_conns *t, const struct nq_conn *c, u8 len, u64 print, bool keep)
{
	struct nq_conn_key *key;

	nq_key_for_each(key, t, len, print)
	{
		if (key->conn != c)
			continue;
		WRITE_ONCE(key->shown, true);
		if (keep)
			WRITE_ONCE(key->crowded, true);
	}
}

void nq_conn_wait_for_proof(struct nq_conns *t, struct nq_conn *c, const struct nq_cid *scid)
{
	struct nq_conn_key *id = nq_key_of(t, &c->ids[0]);

	if (!id || READ_ONCE(c->told) || c->class != NQ_ANSWERED)
		return;
	WRITE_ONCE(id->own, nq_told_heads(nq_id_head(scid->id), 0));
	WRITE_ONCE(c->told, 1);
	WRITE_ONCE(t->shown, t->shown + 1);
}

void nq_conn_rename(struct nq_conns *t, struct nq_conn *c, const struct nq_names *names)
{
	struct nq_shared *old = nq_conn_shared(t, c), *s;

	if (nq_shared_is(old, names))
		return;
	s = nq_shared_get(t, names);
	if (!s) {
		nq_conn_push_out(t, c);
		return;
	}
	nq_conn_set_names(t, c, s, names);
	nq_shared_put(t, old);
}

static void nq_conns_free(struct nq_conns *t)
{
	nq_pool_exit(&t->keys);
	nq_pool_exit(&t->conns);
	kvfree(t->strange_ids);
	kvfree(t->strange);
	kvfree(t->paths);
	kfree(t);
}

int nq_conn_alloc(struct nq_net *nn)
{
	BUILD_BUG_ON(sizeof(void *) == 8 && sizeof(struct nq_conn_key) != 64);
	unsigned int n = READ_ONCE(nn->limits.conns), chains = roundup_pow_of_two(n);
	struct nq_conns *t;

	if (nn->conns)
		return 0;
	t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	if (!t)
		return -ENOMEM;
	t->paths = kvcalloc(3 * (size_t)chains, sizeof(*t->paths), GFP_KERNEL_ACCOUNT);
	t->strange = kvcalloc(chains, sizeof(*t->strange), GFP_KERNEL_ACCOUNT);
	t->strange_ids = kvcalloc(chains, sizeof(*t->strange_ids), GFP_KERNEL_ACCOUNT);
	if (!t->paths || !t->strange || !t->strange_ids ||
	    nq_pool_init(&t->conns, n + NQ_CONN_SPARE(n), sizeof(struct nq_conn)) ||
	    nq_pool_init(&t->keys, NQ_CONN_KEYS(n) + 2 * NQ_CONN_SPARE(n),
			 sizeof(struct nq_conn_key))) {
		nq_conns_free(t);
		return -ENOMEM;
	}
	t->ids = t->paths + chains;
	t->shared = t->ids + chains;
	t->key_at = t->keys.items;
	t->mask = chains - 1;
	t->max = n;
	t->nn = nn;
	spin_lock_init(&t->lock);
	INIT_LIST_HEAD(&t->order[NQ_ANSWERED]);
	INIT_LIST_HEAD(&t->order[NQ_CONFIRMED]);
	nq_grave_init(&t->grave, &t->lock, nq_net_grave_min(nn), offsetof(struct nq_shared, grave));
	/* pairs with nq_conns_of() */
	smp_store_release(&nn->conns, t);
	return 0;
}

/* One of any class, or NULL. Under the lock. */
static struct nq_conn *nq_conn_any(struct nq_conns *t)
{
	struct nq_conn *c = list_first_entry_or_null(&t->order[NQ_ANSWERED], struct nq_conn, order);

	return c ? c : list_first_entry_or_null(&t->order[NQ_CONFIRMED], struct nq_conn, order);
}

void nq_conn_flush(struct nq_net *nn)
{
	struct nq_conns *t = nn->conns;
	struct nq_conn *c = NULL;
	unsigned int left;

	if (!t)
		return;
	do {
		spin_lock_bh(&t->lock);
		for (left = 128; left; left--) {
			c = nq_conn_any(t);
			if (!c)
				break;
			nq_conn_drop(t, c);
		}
		spin_unlock_bh(&t->lock);
		cond_resched();
	} while (c);
}

void nq_conn_exit(struct nq_net *nn)
{
	struct nq_conns *t = nn->conns;

	if (!t)
		return;
	nq_conn_flush(nn);
	WRITE_ONCE(nn->conns, NULL);
	nq_grave_exit(&t->grave);
	nq_conns_free(t);
}
