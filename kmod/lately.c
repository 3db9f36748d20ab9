// SPDX-License-Identifier: GPL-2.0-only
#include <linux/hash.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/siphash.h>
#include <linux/udp.h>
#include <net/netns/hash.h>

#include "dgram.h"
#include "lately.h"

#define NQ_LATELY_SETS 2048
#define NQ_LATELY_TIME HZ		     /* that what was noted counts */
#define NQ_LATELY_GEN  0x85ebca6b	     /* odd, so that no two generations are the same */
#define NQ_LATELY_EACH 0x0001000100010001ULL /* in each tag of a set */

/*
 * struct nq_lately - a CPU's
 * @set:	four tags of 16 bits each, the last one noted first; READ_ONCE/WRITE_ONCE, a lost
 *or torn one costs only time
 */
struct nq_lately {
	u64 set[NQ_LATELY_SETS];
};

/*
 * Words, each but the ID's last written whole, since it is read so. For IPv4 all from the last one
 * of @addrs on is hashed.
 */
struct nq_lately_key {
	u64 addrs[2 * sizeof(struct in6_addr) / sizeof(u64)];
	u64 ports_where_when;
	u64 id[DIV_ROUND_UP(NQ_CID_MAX, sizeof(u64))];
};

static DEFINE_MUTEX(nq_lately_mutex);	     /* allocation only */
static struct nq_lately __percpu *nq_lately; /* set once, while nobody may be a reader */
static hsiphash_key_t nq_lately_secret __ro_after_init;

void __init nq_lately_init(void)
{
	get_random_bytes(&nq_lately_secret, sizeof(nq_lately_secret));
}

void nq_lately_alloc(void)
{
	struct nq_lately __percpu *made;

	mutex_lock(&nq_lately_mutex);
	if (!nq_lately) {
		made = alloc_percpu_gfp(struct nq_lately, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		/* pairs with nq_lately_set(): zeroed before it is seen */
		smp_store_release(&nq_lately, made);
	}
	mutex_unlock(&nq_lately_mutex);
}

void nq_lately_free(void)
{
	free_percpu(nq_lately);
}

/* Without a call, which memcpy() is in some kernels. */
static u64 nq_lately_word(const void *bytes)
{
	u64 word;

	__builtin_memcpy(&word, bytes, sizeof(word));
	return word;
}

static u32 nq_lately_print(const struct nq_net *nn, const struct sk_buff *skb,
			   const struct nf_hook_state *state, const u8 *udp, u32 gen, u8 len)
{
	u32 where = (net_hash_mix(nn->net) ^ state->in->ifindex) * GOLDEN_RATIO_32;
	u32 when = (u32)(jiffies / NQ_LATELY_TIME) ^ gen * NQ_LATELY_GEN;
	u32 ports = *(const u32 *)udp;
	const u8 *id = udp + sizeof(struct udphdr) + 1;
	struct nq_lately_key k nq_uncleared;
	const u64 *from = k.addrs;

	if (state->pf == NFPROTO_IPV4) {
		from += ARRAY_SIZE(k.addrs) - 1;
		k.addrs[ARRAY_SIZE(k.addrs) - 1] = nq_lately_word(&ip_hdr(skb)->saddr);
	} else {
		memcpy(k.addrs, &ipv6_hdr(skb)->saddr, sizeof(k.addrs));
	}
	k.ports_where_when = (u64)ports << 32 | (where + when);
	k.id[0] = nq_lately_word(id);
	if (len > sizeof(k.id[0]))
		memcpy(&k.id[1], id + sizeof(k.id[0]), len - sizeof(k.id[0]));
	return hsiphash(from, (u8 *)k.id + len - (u8 *)from, &nq_lately_secret);
}

/* NULL if there are no tables. A task that is moved meanwhile uses another CPU's, to no harm. */
static u64 *nq_lately_set(u32 print)
{
	/* pairs with nq_lately_alloc() */
	struct nq_lately __percpu *all = smp_load_acquire(&nq_lately);

	return all ? &raw_cpu_ptr(all)->set[print % NQ_LATELY_SETS] : NULL;
}

bool nq_lately_came(const struct nq_net *nn, const struct sk_buff *skb,
		    const struct nf_hook_state *state, const u8 *udp, u32 gen, u8 len, u32 *print)
{
	const u64 *set;
	u64 differ;

	*print = nq_lately_print(nn, skb, state, udp, gen, len);
	set = nq_lately_set(*print);
	if (!set)
		return false;
	/* all four at once: which of them it is, if any, no processor can guess */
	differ = READ_ONCE(*set) ^ (*print >> 16) * NQ_LATELY_EACH;
	return (differ - NQ_LATELY_EACH) & ~differ & NQ_LATELY_EACH << 15;
}

void nq_lately_note(u32 print)
{
	u64 *set = nq_lately_set(print);

	if (set)
		WRITE_ONCE(*set, READ_ONCE(*set) << 16 | print >> 16);
}
