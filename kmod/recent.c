// SPDX-License-Identifier: GPL-2.0-only
/* Runs under RCU, in softirq or in a sending task. */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "recent.h"

static const u8 *nq_addrs(const struct nft_pktinfo *pkt, unsigned int *n)
{
	const struct sk_buff *skb = pkt->skb;

	if (nft_pf(pkt) == NFPROTO_IPV4) {
		*n = 2 * sizeof(struct in_addr);
		return (const u8 *)&ip_hdr(skb)->saddr;
	}
	*n = 2 * sizeof(struct in6_addr);
	return (const u8 *)&ipv6_hdr(skb)->saddr;
}

bool nq_recent_same(struct nq_recent *r, const struct nft_pktinfo *pkt)
{
	const struct nf_hook_state *state = pkt->state;
	const struct sk_buff *skb = pkt->skb;
	unsigned int n = r->n, n_addrs;
	const u8 *bytes;

	if (!n || r->skb != skb || r->age != nq_names_age() || r->stamp != (u32)jiffies ||
	    r->hook != state->hook || r->pf != state->pf || r->net != state->net ||
	    r->in != state->in || r->out != state->out || r->iif != skb->skb_iif ||
	    r->ct != skb->_nfct)
		return false;
	bytes = nq_addrs(pkt, &n_addrs);
	if (memcmp(r->addrs, bytes, n_addrs))
		return false;
	bytes = skb_header_pointer(skb, nft_thoff(pkt), n, r->buf);
	return bytes && !memcmp(r->head, bytes, n);
}

void nq_recent_begin(struct nq_recent *r, const struct nft_pktinfo *pkt, const struct nq_header *h,
		     unsigned long age)
{
	const struct nf_hook_state *state = pkt->state;
	unsigned int n = sizeof(struct udphdr) + h->scid_off + h->scid_len, n_addrs;
	const struct sk_buff *skb = pkt->skb;
	const u8 *bytes;

	r->n = 0;
	r->looked = false;
	r->has_hello = false;
	r->has_issued = false;
	bytes = skb_header_pointer(skb, nft_thoff(pkt), n, r->buf);
	if (WARN_ON_ONCE(n > sizeof(r->head) || !bytes))
		return;
	memcpy(r->head, bytes, n);
	bytes = nq_addrs(pkt, &n_addrs);
	memcpy(r->addrs, bytes, n_addrs);
	r->age = age;
	r->stamp = (u32)jiffies;
	r->skb = skb;
	r->hook = state->hook;
	r->pf = state->pf;
	r->net = state->net;
	r->in = state->in;
	r->out = state->out;
	r->iif = skb->skb_iif;
	r->ct = skb->_nfct;
	r->n = n;
}
