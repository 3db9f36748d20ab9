// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/siphash.h>
#include <linux/udp.h>
#include <net/netns/hash.h>

#include "core/header.h"
#include "lately.h"

#define NQ_LATELY_SETS 2048
#define NQ_LATELY_TIME (HZ / 4)

/*
 * struct nq_lately - a CPU's
 * @set:	four tags of 16 bits each, the last one noted first; READ_ONCE/WRITE_ONCE, a lost
 *or torn one costs only time
 */
struct nq_lately {
	u64 set[NQ_LATELY_SETS];
};

/* For IPv4 all from the last two words of @addrs on is hashed. */
struct nq_lately_key {
	u32 addrs[2 * sizeof(struct in6_addr) / sizeof(u32)];
	u32 ports;
	u32 where;
	u32 when;
	u8 id[NQ_CID_MAX];
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

u32 nq_lately_print(const struct nq_net *nn, const struct sk_buff *skb,
		    const struct nf_hook_state *state, unsigned int thoff, u32 gen, const u8 *id,
		    u8 len)
{
	struct nq_lately_key k;
	const u8 *from = (u8 *)k.addrs;
	const struct udphdr *uh;
	struct udphdr buf;

	if (state->pf == NFPROTO_IPV4) {
		from = (u8 *)&k.addrs[6];
		memcpy(&k.addrs[6], &ip_hdr(skb)->saddr, 2 * sizeof(struct in_addr));
	} else {
		memcpy(k.addrs, &ipv6_hdr(skb)->saddr, sizeof(k.addrs));
	}
	uh = skb_header_pointer(skb, thoff, sizeof(buf), &buf);
	k.ports = uh ? *(const u32 *)uh : 0;
	k.where = net_hash_mix(nn->net) ^ state->in->ifindex;
	k.when = (u32)(jiffies / NQ_LATELY_TIME) ^ gen << 16;
	memcpy(k.id, id, len);
	return hsiphash(from, k.id + len - from, &nq_lately_secret);
}

/* NULL if there are no tables. A task that is moved meanwhile uses another CPU's, to no harm. */
static u64 *nq_lately_set(u32 print)
{
	/* pairs with nq_lately_alloc() */
	struct nq_lately __percpu *all = smp_load_acquire(&nq_lately);

	return all ? &raw_cpu_ptr(all)->set[print % NQ_LATELY_SETS] : NULL;
}

bool nq_lately_came(u32 print)
{
	const u64 *set = nq_lately_set(print);
	u64 tags = set ? READ_ONCE(*set) : 0;
	u16 tag = print >> 16;

	return set && ((u16)tags == tag || (u16)(tags >> 16) == tag || (u16)(tags >> 32) == tag ||
		       (u16)(tags >> 48) == tag);
}

void nq_lately_note(u32 print)
{
	u64 *set = nq_lately_set(print);

	if (set)
		WRITE_ONCE(*set, READ_ONCE(*set) << 16 | print >> 16);
}
