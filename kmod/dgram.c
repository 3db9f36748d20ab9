// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "dgram.h"

/* Will it be cut behind this UDP header? That of a tunnel stands before what will be cut. */
static bool nq_is_segmented(const struct sk_buff *skb)
{
	unsigned int type = skb_shinfo(skb)->gso_type;

	return skb_is_gso(skb) && type & (SKB_GSO_UDP_L4 | SKB_GSO_FRAGLIST) &&
	       !(type & (SKB_GSO_UDP_TUNNEL | SKB_GSO_UDP_TUNNEL_CSUM));
}

bool nq_dgrams_at(struct nq_dgrams *d, const struct sk_buff *skb, unsigned int thoff)
{
	const struct udphdr *uh;
	struct udphdr buf;
	unsigned int len;

	uh = skb_header_pointer(skb, thoff, sizeof(buf), &buf);
	if (!uh)
		return false;

	d->off = thoff + sizeof(*uh);
	if (nq_is_segmented(skb)) {
		/* The length field may be of one segment or of all. */
		d->len = skb->len - d->off;
		d->seg = skb_shinfo(skb)->gso_size;
		return d->seg && nq_dgrams_count(d) <= NQ_SEGMENTS_MAX;
	}

	len = ntohs(uh->len);
	if (len < sizeof(*uh) || len > skb->len - thoff)
		return false;
	d->len = len - sizeof(*uh);
	d->seg = d->len;
	return true;
}

int nq_transport(const struct sk_buff *skb, u8 pf)
{
	unsigned short fragoff = 0;
	unsigned int thoff = 0;
	const struct iphdr *iph;

	if (pf == NFPROTO_IPV4) {
		iph = ip_hdr(skb);
		if (iph->protocol != IPPROTO_UDP || ip_is_fragment(iph))
			return -1;
		return skb_network_offset(skb) + ip_hdrlen(skb);
	}

	if (ipv6_find_hdr(skb, &thoff, -1, &fragoff, NULL) != IPPROTO_UDP || fragoff)
		return -1;
	return thoff;
}

bool nq_key_skb(struct nq_key *key, const struct sk_buff *skb, u8 pf, unsigned int thoff)
{
	const struct udphdr *uh;
	struct udphdr buf;

	uh = skb_header_pointer(skb, thoff, sizeof(buf), &buf);
	if (!uh)
		return false;

	memset(key, 0, sizeof(*key));
	key->pf = pf;
	if (pf == NFPROTO_IPV4) {
		key->src.ip = ip_hdr(skb)->saddr;
		key->dst.ip = ip_hdr(skb)->daddr;
	} else {
		key->src.in6 = ipv6_hdr(skb)->saddr;
		key->dst.in6 = ipv6_hdr(skb)->daddr;
	}
	key->sport = uh->source;
	key->dport = uh->dest;
	return true;
}

void nq_key_tuple(struct nq_key *key, const struct nf_conntrack_tuple *tuple)
{
	memset(key, 0, sizeof(*key));
	key->pf = tuple->src.l3num;
	key->src = tuple->src.u3;
	key->dst = tuple->dst.u3;
	key->sport = tuple->src.u.udp.port;
	key->dport = tuple->dst.u.udp.port;
}

static siphash_aligned_key_t nq_key_secret __ro_after_init;

void __init nq_key_init(void)
{
	get_random_bytes(&nq_key_secret, sizeof(nq_key_secret));
}

u32 nq_key_hash(const void *key, u32 len, u32 seed)
{
	siphash_key_t secret = nq_key_secret;

	secret.key[0] ^= seed;
	return siphash(key, sizeof(struct nq_key), &secret);
}

void nq_key_reverse(struct nq_key *rev, const struct nq_key *key)
{
	rev->src = key->dst;
	rev->dst = key->src;
	rev->sport = key->dport;
	rev->dport = key->sport;
	rev->pf = key->pf;
}
