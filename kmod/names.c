// SPDX-License-Identifier: GPL-2.0-only
/*
 * Remembered connections, bounded in number and memory. Memory is made by the oldest giving up its
 * ClientHello's bytes, then by the oldest going; but one that was looked at since its last turn as
 * the oldest gets another round (second chance): close to LRU, and a reader writes one byte at
 * most, without a lock.
 */
#include <linux/slab.h>

#include "names.h"
#include "state.h"
#include "twins.h"

#define NQ_DROP_MAX    128 /* flows that one packet, or one turn at the lock, may push out */
#define NQ_STALE_MAX   4   /* ClientHellos that one packet may have forgotten for their age */
#define NQ_PROOF_SHARE 8   /* a ClientHello's bytes take no greater part of names_bytes: 1 / this */

/* With usual names it is 256 bytes to the allocator. */
static_assert(offsetof(struct nq_names, data) <= 240);

static atomic_long_t nq_names_changes = ATOMIC_LONG_INIT(0);

unsigned long nq_names_age(void)
{
	/* pairs with nq_names_changed(): a look-up behind it sees the change */
	return atomic_long_read_acquire(&nq_names_changes);
}

/* Behind each change, and before what goes is freed. */
static void nq_names_changed(void)
{
	smp_mb__before_atomic(); /* pairs with nq_names_age() */
	atomic_long_inc(&nq_names_changes);
}

/* Under names_lock. */
static void nq_names_disprove(struct nq_net *nn, struct nq_names *n)
{
	struct nq_proof *proof =
		rcu_dereference_protected(n->proof, lockdep_is_held(&nn->names_lock));

	if (!proof)
		return;
	RCU_INIT_POINTER(n->proof, NULL);
	list_del(&proof->list);
	WRITE_ONCE(nn->names_bytes, nn->names_bytes - proof->size);
	nq_grave_bury(&nn->proofs_grave, &proof->list, proof->size);
}

/* Under names_lock. */
static void nq_names_drop(struct nq_net *nn, struct nq_names *n)
{
	nq_names_disprove(nn, n);
	hlist_del_rcu(&n->node);
	nq_names_changed();
	list_del(&n->lru);
	WRITE_ONCE(nn->n_names, nn->n_names - 1);
	WRITE_ONCE(nn->names_bytes, nn->names_bytes - n->size);
	nq_grave_bury(&nn->names_grave, &n->lru, n->size);
}

/* A handshake is over by now, or has failed: what comes is compared as a whole, or unreadable. */
static void nq_names_forget_proofs(struct nq_net *nn)
{
	unsigned int left = NQ_STALE_MAX;
	struct nq_proof *proof;

	while (left--) {
		proof = list_first_entry_or_null(&nn->proofs, struct nq_proof, list);
		if (!proof || (u32)jiffies - proof->owner->born < NQ_PROOF_TIME)
			return;
		nq_names_disprove(nn, proof->owner);
	}
}

static bool nq_names_fits(const struct nq_net *nn, unsigned int flows, size_t size)
{
	return nn->n_names + flows <= READ_ONCE(nn->limits.names_flows) &&
	       nn->names_bytes + size <= READ_ONCE(nn->limits.names_bytes);
}

/* Make room for @flows more and their @size bytes. Under names_lock. */
static bool nq_names_room(struct nq_net *nn, unsigned int flows, size_t size)
{
	unsigned int chances = 16, left = NQ_DROP_MAX; /* these bound the time spent here */
	struct nq_proof *proof;
	struct nq_names *oldest;

	if (flows > READ_ONCE(nn->limits.names_flows) || size > READ_ONCE(nn->limits.names_bytes))
		return false;
	while (!nq_names_fits(nn, flows, size)) {
		if (!left)
			return false;
		proof = list_first_entry_or_null(&nn->proofs, struct nq_proof, list);
		if (proof && nn->n_names + flows <= READ_ONCE(nn->limits.names_flows)) {
			left--;
			nq_names_disprove(nn, proof->owner);
			continue;
		}
		oldest = list_first_entry_or_null(&nn->lru, struct nq_names, lru);
		if (!oldest)
			return false; /* a limit was lowered meanwhile */
		if (chances && READ_ONCE(oldest->looked_at)) {
			chances--;
			WRITE_ONCE(oldest->looked_at, false);
			list_move_tail(&oldest->lru, &nn->lru);
			continue;
		}
		left--;
		nq_names_drop(nn, oldest);
	}
	return true;
}

/* Of two that match the same, the younger. */
static struct nq_names *nq_names_younger(struct nq_names *a, struct nq_names *b)
{
	return !a || (s32)(b->seq - a->seq) > 0 ? b : a;
}

static struct nq_names *nq_names_look(struct nq_names *n)
{
	if (n && !READ_ONCE(n->looked_at))
		WRITE_ONCE(n->looked_at, true);
	return n;
}

/* Is it one of @n's later IDs? */
static bool nq_names_goes_by(const struct nq_names *n, const struct nq_cid *cid)
{
	/* pairs with nq_names_note(): the ID is there before it is seen */
	unsigned int i, n_others = smp_load_acquire(&n->n_others);

	for (i = 0; i < n_others; i++)
		if (nq_cid_same(&n->others[i], cid))
			return true;
	return false;
}

struct nq_names *nq_names_first(struct nq_net *nn, const struct nq_path *path,
				const struct nq_id *id)
{
	struct nq_names *n, *found = NULL;

	if (!READ_ONCE(nn->n_names))
		return NULL;
	nq_table_for_each (n, &nn->names, path, node) {
		if (n->version != id->version || !nq_cid_same(&n->first, &id->dcid) ||
		    !nq_path_zone_is(path, n->path.zone))
			continue;
		found = n;
		if (n->path.zone == path->zone)
			break; /* no other can be meant */
	}
	return nq_names_look(found);
}

struct nq_names *nq_names_other(struct nq_net *nn, const struct nq_path *path,
				const struct nq_id *id)
{
	struct nq_names *n, *found = NULL;
	bool mine, best = false;

	if (!READ_ONCE(nn->n_names))
		return NULL;
	nq_table_for_each (n, &nn->names, path, node) {
		if (!nq_names_goes_by(n, &id->dcid) || !nq_path_zone_is(path, n->path.zone))
			continue;
		/* A short ID, or none, may have been given to several clients. */
		mine = nq_cid_same(&n->scid, &id->scid);
		if (found && (mine < best || (mine == best && nq_names_younger(found, n) == found)))
			continue;
		found = n;
		best = mine;
	}
	return nq_names_look(found);
}

struct nq_names *nq_names_of(struct nq_net *nn, const struct nq_path *path, const struct nq_id *id)
{
	struct nq_names *n = nq_names_first(nn, path, id);

	return n ? n : nq_names_other(nn, path, id);
}

bool nq_names_astray(struct nq_net *nn, const struct nq_path *path, const struct nq_id *id,
		     const struct nq_cid *first)
{
	const struct nq_names *n = nq_names_of(nn, path, id);

	return n && !READ_ONCE(n->gone) && !nq_cid_same(&n->first, first);
}

struct nq_names *nq_names_by_scid(struct nq_net *nn, const struct nq_path *path,
				  const struct nq_cid *scid, const struct nq_names *before)
{
	struct nq_names *n, *found = NULL;

	if (!READ_ONCE(nn->n_names))
		return NULL;
	nq_table_for_each (n, &nn->names, path, node)
		if (nq_cid_same(&n->scid, scid) && nq_path_zone_is(path, n->path.zone) &&
		    (!before || (s32)(n->seq - before->seq) < 0))
			found = nq_names_younger(found, n);
	return nq_names_look(found);
}

const struct nq_names *nq_names_next(struct nq_net *nn, const struct nq_path *path,
				     const struct nq_names *before)
{
	struct nq_names *n, *found = NULL;

	if (!READ_ONCE(nn->n_names))
		return NULL;
	nq_table_for_each (n, &nn->names, path, node)
		if (nq_path_zone_is(path, n->path.zone) &&
		    (!before || (s32)(n->seq - before->seq) < 0))
			found = nq_names_younger(found, n);
	return found;
}

bool nq_names_reply(struct nq_net *nn, const struct nq_path *path, const struct nq_id *id)
{
	struct nq_path rev;

	nq_path_reverse(&rev, path);
	return nq_names_by_scid(nn, &rev, &id->dcid, NULL);
}

bool nq_names_any(struct nq_net *nn, const struct nq_path *path)
{
	const struct nq_names *n;

	if (!READ_ONCE(nn->n_names))
		return false;
	nq_table_for_each (n, &nn->names, path, node)
		if (nq_path_zone_is(path, n->path.zone))
			return true;
	return false;
}

bool nq_names_agree(const struct nq_names *n, const struct nq_flight *flight)
{
	const struct nq_proof *proof = rcu_dereference(n->proof);
	const struct nq_reasm *r = &flight->crypto;
	unsigned int i, start, end;

	if (r->differs < n->end)
		return false;
	for (i = 0; i < r->n_ranges; i++) {
		start = r->ranges[i].start;
		end = min_t(unsigned int, r->ranges[i].end, n->end);
		if (start >= end)
			break;
		if (proof && memcmp(proof->bytes + start, r->buf + start, end - start))
			return false;
		if (!proof &&
		    (n->base || start || end < n->end || nq_bytes_hash(r->buf, end) != n->digest))
			return false;
	}
	return true;
}

/* Another one in the table with @n's ID. Under names_lock. */
static struct nq_names *nq_names_same(struct nq_net *nn, const struct nq_names *n)
{
	struct nq_names *old;

	nq_table_for_each (old, &nn->names, &n->path, node)
		if (old != n && old->version == n->version && nq_cid_same(&old->first, &n->first) &&
		    old->path.zone == n->path.zone)
			return old;
	return NULL;
}

void nq_names_spoil(struct nq_net *nn, struct nq_names *n)
{
	struct nq_names *now;

	spin_lock_bh(&nn->names_lock);
	now = nq_names_same(nn, n); /* a second ClientHello may have replaced it */
	if (now)
		WRITE_ONCE(now->gone, true);
	WRITE_ONCE(n->gone, true);
	spin_unlock_bh(&nn->names_lock);
}

void nq_names_saw(struct nq_names *n, const struct nq_track *track)
{
	unsigned int i, at = READ_ONCE(n->at);

	for (i = 0; i < min_t(unsigned int, track->at, NQ_SEEN); i++)
		WRITE_ONCE(n->seen[at++ % NQ_SEEN], track->seen[i]);
	WRITE_ONCE(n->at, at);
}

/* Under names_lock. */
static void nq_names_note_one(struct nq_names *n, const struct nq_cid *cid)
{
	if (nq_names_goes_by(n, cid) || n->n_others >= NQ_OTHERS)
		return;
	n->others[n->n_others] = *cid;
	/* pairs with nq_names_goes_by() */
	smp_store_release(&n->n_others, n->n_others + 1);
	nq_names_changed();
}

void nq_names_note(struct nq_net *nn, struct nq_names *n, const struct nq_cid *cid)
{
	struct nq_names *now;

	if (nq_names_goes_by(n, cid))
		return;
	spin_lock_bh(&nn->names_lock);
	now = nq_names_same(nn, n); /* a second ClientHello may have replaced it */
	if (now)
		nq_names_note_one(now, cid);
	nq_names_note_one(n, cid);
	spin_unlock_bh(&nn->names_lock);
}

bool nq_names_seen(const struct nq_names *n, u32 hash)
{
	unsigned int i;

	for (i = 0; i < NQ_SEEN; i++)
		if (READ_ONCE(n->seen[i]) == hash)
			return true;
	return false;
}

/* A connection with room for @len bytes of names. */
static struct nq_names *nq_names_make(const struct nq_path *path, const struct nq_id *id,
				      const struct nq_track *track, unsigned int len)
{
	/* Count what the allocator really takes. */
	size_t size = kmalloc_size_roundup(offsetof(struct nq_names, data) + len);
	struct nq_names *n = kzalloc(max(size, sizeof(*n)), GFP_ATOMIC | __GFP_NOWARN);

	if (!n)
		return NULL;
	n->path = *path;
	n->version = id->version;
	n->first = id->dcid;
	n->scid = id->scid;
	memcpy(n->others, track->others, sizeof(n->others));
	n->n_others = track->n_others;
	memcpy(n->seen, track->seen, sizeof(n->seen));
	n->size = size;
	n->born = (u32)jiffies;
	return n;
}

static struct nq_names *nq_names_read(const struct nq_path *path, const struct nq_id *id,
				      const struct nq_flight *flight, const struct nq_track *track)
{
	const struct nq_hello *hello = &flight->hello;
	const u8 *buf = flight->crypto.buf + flight->base;
	unsigned int i, sni_len = hello->sni_len;
	struct nq_names *n;

	if (sni_len && buf[hello->sni_off + sni_len - 1] == '.')
		sni_len--;
	n = nq_names_make(path, id, track, sni_len + hello->alpn_len);
	if (!n)
		return NULL;
	n->ech = hello->ech;
	n->idle_ms = hello->idle_ms;
	n->base = flight->base;
	n->end = flight->base + nq_hello_size(buf, 4);
	n->digest = nq_bytes_hash(buf, n->end - n->base);
	n->sni_len = sni_len;
	n->alpn_len = hello->alpn_len;
	for (i = 0; i < sni_len; i++) {
		u8 c = buf[hello->sni_off + i];

		n->data[i] = c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
	}
	memcpy(n->data + sni_len, buf + hello->alpn_off, hello->alpn_len);
	return n;
}

/* Memory for the bytes of @n's ClientHello, or NULL if they would take too much. */
static struct nq_proof *nq_proof_make(const struct nq_net *nn, struct nq_names *n)
{
	struct nq_proof *proof;
	size_t size = kmalloc_size_roundup(struct_size(proof, bytes, n->end));

	if (size > READ_ONCE(nn->limits.names_bytes) / NQ_PROOF_SHARE)
		return NULL;
	proof = kmalloc(size, GFP_ATOMIC | __GFP_NOWARN);
	if (!proof)
		return NULL;
	proof->owner = n;
	proof->size = size;
	return proof;
}

/* A path has NQ_PATH_NAMES at most. Under names_lock. */
static void nq_names_path_room(struct nq_net *nn, const struct nq_names *n)
{
	struct nq_names *old, *oldest = NULL;
	unsigned int count = 0;

	nq_table_for_each (old, &nn->names, &n->path, node) {
		if (!oldest || (s32)(old->seq - oldest->seq) < 0)
			oldest = old;
		count++;
	}
	if (count >= NQ_PATH_NAMES)
		nq_names_drop(nn, oldest);
}

/* Is it the first ClientHello once more, of a connection with a second one? Under names_lock. */
static bool nq_names_before(const struct nq_net *nn, const struct nq_names *n,
			    const struct nq_names *known, const struct nq_flight *flight)
{
	const struct nq_proof *proof =
		rcu_dereference_protected(known->proof, lockdep_is_held(&nn->names_lock));

	return proof && n->end == known->base && !memcmp(proof->bytes, flight->crypto.buf, n->end);
}

/*
 * Look for the connection that @n is to be of. Under names_lock. Return: the one that
 * stays, with its names or without them; or NULL, and @n is to take its place: first in, then the
 * other out, so that a reader finds one of them.
 */
static struct nq_names *nq_names_merge(struct nq_net *nn, struct nq_names *n,
				       struct nq_flight *flight, bool *whole)
{
	struct nq_names *first = nq_names_same(nn, n);
	struct nq_proof *proof;

	if (!first || first->dead) {
		if (!first)
			nq_names_path_room(nn, n);
		*whole = !n->base;
		/* What a second one came after was forgotten: who knows if they agree? */
		n->gone = n->base || nq_twins_reused(nn, n);
		return NULL;
	}
	if (first->end != n->base) {
		if ((first->digest != n->digest || first->base != n->base) &&
		    !nq_names_before(nn, n, first, flight))
			WRITE_ONCE(first->gone, true);
		return first;
	}
	/* A second ClientHello: what is known of the connection besides it stays. */
	proof = rcu_dereference_protected(first->proof, lockdep_is_held(&nn->names_lock));
	*whole = proof;
	if (proof)
		memcpy(flight->crypto.buf, proof->bytes, n->base);
	memcpy(n->others, first->others, sizeof(n->others));
	n->n_others = first->n_others;
	n->gone = READ_ONCE(first->gone) || nq_twins_reused(nn, n);
	return NULL;
}

/*
 * Make room for @n, put it into the table, and the bytes of its ClientHello with it. Under
 * names_lock. Return: 0, -ENOSPC or -ENOMEM.
 */
static int nq_names_insert(struct nq_net *nn, struct nq_names *n, struct nq_proof **proof,
			   const struct nq_flight *flight)
{
	unsigned int limit = READ_ONCE(nn->limits.names_bytes);
	bool both;
	int err;

	if (nq_grave_full(&nn->names_grave, limit))
		return -ENOSPC;
	nq_names_forget_proofs(nn);
	both = *proof && !nq_grave_full(&nn->proofs_grave, limit) &&
	       nq_names_room(nn, 1, n->size + (*proof)->size);
	if (!both && !nq_names_room(nn, 1, n->size))
		return -ENOSPC;
	n->seq = ++nn->names_seq;
	if (both) {
		memcpy((*proof)->bytes, flight->crypto.buf, n->end);
		RCU_INIT_POINTER(n->proof, *proof);
	}
	err = nq_table_insert(&nn->names, &n->node, &n->path);
	if (err)
		return err;
	nq_names_changed();
	list_add_tail(&n->lru, &nn->lru);
	WRITE_ONCE(nn->n_names, nn->n_names + 1);
	WRITE_ONCE(nn->names_bytes, nn->names_bytes + n->size + (both ? (*proof)->size : 0));
	if (both) {
		list_add_tail(&(*proof)->list, &nn->proofs);
		*proof = NULL;
	}
	return 0;
}

int nq_names_add(struct nq_net *nn, const struct nq_path *path, const struct nq_id *id,
		 struct nq_flight *flight, const struct nq_track *track)
{
	struct nq_proof *proof, *none = NULL;
	struct nq_names *n, *old;
	bool whole, unused = true;
	int err = 0;

	n = nq_names_read(path, id, flight, track);
	if (!n)
		return -ENOMEM;
	proof = nq_proof_make(nn, n);

	spin_lock_bh(&nn->names_lock);
	/* Else the last rule is gone, and nothing would ever forget this flow. */
	if (READ_ONCE(nn->active) && !nq_names_merge(nn, n, flight, &whole)) {
		err = nq_names_insert(nn, n, whole ? &proof : &none, flight);
		unused = err;
		/* Unless it made room. */
		old = nq_names_same(nn, n);
		if (old)
			nq_names_drop(nn, old);
	}
	spin_unlock_bh(&nn->names_lock);
	if (unused)
		kfree(n);
	kfree(proof);
	return err;
}

void nq_names_bury(struct nq_net *nn, const struct nq_path *path, const struct nq_id *id,
		   const struct nq_track *track, bool forever)
{
	struct nq_names *old, *n = nq_names_make(path, id, track, 0);
	struct nq_proof *none = NULL;
	bool unused = true;

	if (!n)
		return;
	n->gone = true;
	n->dead = !forever;
	spin_lock_bh(&nn->names_lock);
	old = nq_names_same(nn, n);
	if (old && forever)
		WRITE_ONCE(old->gone, true);
	if (old && forever && old->dead) {
		nq_names_drop(nn, old);
		old = NULL;
	}
	if (READ_ONCE(nn->active) && !old) {
		nq_names_path_room(nn, n);
		unused = nq_names_insert(nn, n, &none, NULL);
	}
	spin_unlock_bh(&nn->names_lock);
	if (unused)
		kfree(n);
}

void nq_names_trim(struct nq_net *nn)
{
	bool fits;

	do {
		spin_lock_bh(&nn->names_lock);
		fits = nq_names_room(nn, 0, 0);
		spin_unlock_bh(&nn->names_lock);
		cond_resched();
	} while (!fits);
}

void nq_names_flush(struct nq_net *nn)
{
	unsigned int left;

	do {
		spin_lock_bh(&nn->names_lock);
		for (left = NQ_DROP_MAX; left && !list_empty(&nn->lru); left--)
			nq_names_drop(nn, list_first_entry(&nn->lru, struct nq_names, lru));
		spin_unlock_bh(&nn->names_lock);
		cond_resched();
	} while (!left);
}

void nq_names_init(struct nq_net *nn)
{
	spin_lock_init(&nn->names_lock);
	INIT_LIST_HEAD(&nn->lru);
	INIT_LIST_HEAD(&nn->proofs);
	nq_grave_init(&nn->names_grave, &nn->names_lock, nq_net_grave_min(nn),
		      offsetof(struct nq_names, lru));
	nq_grave_init(&nn->proofs_grave, &nn->names_lock, nq_net_grave_min(nn),
		      offsetof(struct nq_proof, list));
}

void nq_names_exit(struct nq_net *nn)
{
	nq_names_flush(nn);
	nq_grave_exit(&nn->names_grave);
	nq_grave_exit(&nn->proofs_grave);
	nq_table_free(&nn->names);
	nq_twins_free(nn->twins);
}
