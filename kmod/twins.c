// SPDX-License-Identifier: GPL-2.0-only
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "dgram.h"
#include "names.h"
#include "state.h"
#include "twins.h"

#define NQ_TWIN_WAYS	 4
#define NQ_TWIN_SETS_MIN 32
#define NQ_TWIN_SETS_MAX 32768
#define NQ_TWIN_TIME	 NQ_PROOF_TIME /* no server waits longer for the end of a handshake */

/* Has the same ID been used with another ClientHello? */
enum nq_twin_is {
	NQ_TWIN_NONE,  /* no, as far as is known */
	NQ_TWIN_ANEW,  /* on this path, in another version: its client may have begun anew */
	NQ_TWIN_OTHER, /* yes */
};

/**
 * struct nq_twin - a ClientHello
 * @key:	of the ID and of where in the CRYPTO stream it begins; 0 for none
 * @digest:	nq_names.digest
 * @version:	of its Initials
 * @path:	nq_path_hash()
 * @stamp:	when it came last, in jiffies
 * @end:	nq_names.end
 */
struct nq_twin {
	u64 key;
	u32 digest;
	u32 version;
	u32 path;
	u32 stamp;
	u16 end;
};

/** struct nq_twins - the table; all under names_lock but for @mask */
struct nq_twins {
	unsigned int mask;
	struct nq_twin sets[][NQ_TWIN_WAYS];
};

int nq_twins_alloc(struct nq_twins **twins, unsigned int flows)
{
	unsigned int n = clamp(flows, 2u * NQ_TWIN_SETS_MIN, 2u * NQ_TWIN_SETS_MAX);
	struct nq_twins *new;

	if (*twins)
		return 0;
	n = roundup_pow_of_two(n) / 2;
	new = kvzalloc(struct_size(new, sets, n), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	new->mask = n - 1;
	/* pairs with nq_twins_reused(): @mask is there before it is seen */
	smp_store_release(twins, new);
	return 0;
}

void nq_twins_free(struct nq_twins *twins)
{
	kvfree(twins);
}

static u64 nq_twin_key(const struct nq_names *n)
{
	struct {
		struct nq_cid cid;
		u16 base;
	} of;

	memset(&of, 0, sizeof(of));
	nq_cid_set(&of.cid, n->first.id, n->first.len);
	of.base = n->base;
	return nq_bytes_print(&of, sizeof(of)) ?: 1;
}

static bool nq_twin_is_old(const struct nq_twin *t)
{
	return (u32)jiffies - t->stamp >= NQ_TWIN_TIME;
}

/* The one with this key; or the one to make room for it, which has another key then. */
static struct nq_twin *nq_twin_find(struct nq_twins *twins, u64 key)
{
	struct nq_twin *t = twins->sets[key & twins->mask], *end = t + NQ_TWIN_WAYS, *oldest = t;

	for (; t < end; t++) {
		if (t->key == key)
			return t;
		if (oldest->key && (!t->key || (s32)(t->stamp - oldest->stamp) < 0))
			oldest = t;
	}
	return oldest;
}

/* Remember @n's ClientHello. Under names_lock. */
static enum nq_twin_is nq_twins_note(struct nq_twins *twins, const struct nq_names *n)
{
	enum nq_twin_is is = NQ_TWIN_NONE;
	u32 path = nq_path_hash(&n->path);
	u64 key = nq_twin_key(n);
	struct nq_twin *t;

	if (!twins)
		return NQ_TWIN_NONE;
	t = nq_twin_find(twins, key);
	if (t->key == key && t->digest != n->digest && !nq_twin_is_old(t))
		is = t->version != n->version && t->path == path && n->end <= t->end
			     ? NQ_TWIN_ANEW
			     : NQ_TWIN_OTHER;
	t->stamp = (u32)jiffies;
	if (is == NQ_TWIN_OTHER)
		return is; /* the first one stays what it was */
	t->key = key;
	t->digest = n->digest;
	t->version = n->version;
	t->path = path;
	t->end = n->end;
	return is;
}

bool nq_twins_reused(struct nq_net *nn, const struct nq_names *n)
{
	struct nq_names *old;
	enum nq_twin_is is;

	/* pairs with nq_twins_alloc() */
	is = nq_twins_note(smp_load_acquire(&nn->twins), n);
	if (is == NQ_TWIN_ANEW)
		nq_table_for_each (old, &nn->names, &n->path, node)
			if (old->version != n->version && nq_cid_same(&old->first, &n->first))
				WRITE_ONCE(old->gone, true);
	if (is != NQ_TWIN_NONE)
		nq_stat_add(nn, NQ_STAT_reused, 1);
	return is == NQ_TWIN_OTHER;
}
