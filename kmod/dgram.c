// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "dgram.h"

bool nq_dgrams_at(struct nq_dgrams *d, const struct sk_buff *skb, unsigned int thoff)
{
	const struct udphdr *uh;
	struct udphdr buf;
	unsigned int len;

	uh = skb_header_pointer(skb, thoff, sizeof(buf), &buf);
	if (!uh)
		return false;

	d->off = thoff + sizeof(*uh);
	if (skb_is_gso(skb) && skb_shinfo(skb)->gso_type & (SKB_GSO_UDP_L4 | SKB_GSO_FRAGLIST)) {
		/* The length field may be of one segment or of all. */
		d->len = skb->len - d->off;
		d->seg = skb_shinfo(skb)->gso_size;
		return d->seg != 0;
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

void nq_key_reverse(struct nq_key *rev, const struct nq_key *key)
{
	rev->src = key->dst;
	rev->dst = key->src;
	rev->sport = key->dport;
	rev->dport = key->sport;
	rev->pf = key->pf;
}
