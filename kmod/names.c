// SPDX-License-Identifier: GPL-2.0-only
/*
 * Remembered flows, bounded in number and memory. The oldest makes room, but one that
 * was looked at since its last turn as the oldest gets another round (second chance):
 * close to LRU, and a reader writes one byte at most, without a lock.
 */
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "names.h"
#include "state.h"

#define NQ_DROP_MAX 128 /* flows that one packet, or one turn at the lock, may push out */

static const struct rhashtable_params nq_names_params = {
	.head_offset = offsetof(struct nq_names, node),
	.key_offset = offsetof(struct nq_names, key),
	.key_len = sizeof(struct nq_key),
	.hashfn = nq_key_hash,
	.automatic_shrinking = true,
};

void nq_cids_add(struct nq_cids *cids, const u8 *id, u8 len)
{
	if (nq_cids_have(cids, id, len))
		return;
	if (cids->n == NQ_CIDS)
		memmove(&cids->cid[0], &cids->cid[1], sizeof(cids->cid[0]) * --cids->n);
	nq_cid_set(&cids->cid[cids->n++], id, len);
}

bool nq_cids_have(const struct nq_cids *cids, const u8 *id, u8 len)
{
	unsigned int i;

	for (i = 0; i < cids->n; i++)
		if (nq_cid_is(&cids->cid[i], id, len))
			return true;
	return false;
}

/* Under names_lock. */
static void nq_names_drop(struct nq_net *nn, struct nq_names *n)
{
	rhashtable_remove_fast(&nn->names, &n->node, nq_names_params);
	list_del(&n->lru);
	WRITE_ONCE(nn->n_names, nn->n_names - 1);
	WRITE_ONCE(nn->names_bytes, nn->names_bytes - n->size);
	kfree_rcu(n, rcu);
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
	struct nq_names *oldest;

	if (flows > READ_ONCE(nn->limits.names_flows) || size > READ_ONCE(nn->limits.names_bytes))
		return false;
	while (!nq_names_fits(nn, flows, size)) {
		oldest = list_first_entry(&nn->lru, struct nq_names, lru);
		if (chances && READ_ONCE(oldest->looked_at)) {
			chances--;
			WRITE_ONCE(oldest->looked_at, false);
			list_move_tail(&oldest->lru, &nn->lru);
			continue;
		}
		if (!left--)
			return false;
		nq_names_drop(nn, oldest);
	}
	return true;
}

static struct nq_names *nq_names_make(const struct nq_key *key, const struct nq_flight *flight,
				      const struct nq_cids *cids)
{
	const struct nq_hello *hello = &flight->hello;
	const u8 *buf = flight->crypto.buf;
	unsigned int i, sni_len = hello->sni_len;
	struct nq_names *n;
	size_t size;

	if (sni_len && buf[hello->sni_off + sni_len - 1] == '.')
		sni_len--;

	/* Count what the allocator really takes. */
	size = kmalloc_size_roundup(struct_size(n, data, sni_len + hello->alpn_len));
	n = kmalloc(size, GFP_ATOMIC | __GFP_NOWARN);
	if (!n)
		return NULL;
	n->key = *key;
	n->looked_at = false;
	n->ech = hello->ech;
	n->sni_len = sni_len;
	n->alpn_len = hello->alpn_len;
	n->size = size;
	n->born = jiffies;
	n->cids = *cids;
	for (i = 0; i < sni_len; i++) {
		u8 c = buf[hello->sni_off + i];

		n->data[i] = c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
	}
	memcpy(n->data + sni_len, buf + hello->alpn_off, hello->alpn_len);
	return n;
}

int nq_names_add(struct nq_net *nn, const struct nq_key *key, const struct nq_flight *flight,
		 const struct nq_cids *cids)
{
	struct nq_names *n, *old;
	int err = 0;

	n = nq_names_make(key, flight, cids);
	if (!n)
		return -ENOMEM;

	spin_lock_bh(&nn->names_lock);
	if (!READ_ONCE(nn->active))
		goto out_free; /* the last rule is gone, and nothing would ever forget this flow */
	old = rhashtable_lookup_fast(&nn->names, key, nq_names_params);
	if (old)
		nq_names_drop(nn, old);
	if (!nq_names_room(nn, 1, n->size)) {
		err = -ENOSPC;
		goto out_free;
	}
	err = rhashtable_insert_fast(&nn->names, &n->node, nq_names_params);
	if (err)
		goto out_free;
	list_add_tail(&n->lru, &nn->lru);
	WRITE_ONCE(nn->n_names, nn->n_names + 1);
	WRITE_ONCE(nn->names_bytes, nn->names_bytes + n->size);
	spin_unlock_bh(&nn->names_lock);
	return 0;

out_free:
	spin_unlock_bh(&nn->names_lock);
	kfree(n);
	return err;
}

struct nq_names *nq_names_get(struct nq_net *nn, const struct nq_key *key)
{
	struct nq_names *n = rhashtable_lookup(&nn->names, key, nq_names_params);

	if (n && !READ_ONCE(n->looked_at))
		WRITE_ONCE(n->looked_at, true);
	return n;
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

int nq_names_init(struct nq_net *nn)
{
	spin_lock_init(&nn->names_lock);
	INIT_LIST_HEAD(&nn->lru);
	return rhashtable_init(&nn->names, &nq_names_params);
}

void nq_names_exit(struct nq_net *nn)
{
	nq_names_flush(nn);
	rhashtable_destroy(&nn->names);
}
