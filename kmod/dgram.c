// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "dgram.h"

bool nq_dgrams_segments(struct nq_dgrams *d, const struct sk_buff *skb)
{
	unsigned int type = skb_shinfo(skb)->gso_type;

	if (!(type & (SKB_GSO_UDP_L4 | SKB_GSO_FRAGLIST)) ||
	    type & (SKB_GSO_UDP_TUNNEL | SKB_GSO_UDP_TUNNEL_CSUM))
		return false;
	/* The length field may be of one segment or of all. */
	d->len = skb->len - d->off;
	d->seg = skb_shinfo(skb)->gso_size;
	return true;
}

int nq_transport6(const struct sk_buff *skb)
{
	unsigned short fragoff = 0;
	unsigned int thoff = 0;

	if (ipv6_find_hdr(skb, &thoff, -1, &fragoff, NULL) != IPPROTO_UDP || fragoff)
		return -1;
	return thoff;
}

static void nq_path_addr4(union nf_inet_addr *addr, __be32 ip)
{
	memset(addr, 0, sizeof(*addr));
	addr->ip = ip;
}

bool nq_path_header(struct nq_path *path, const struct sk_buff *skb, u8 pf, unsigned int thoff)
{
	const struct udphdr *uh;
	struct udphdr buf;

	uh = skb_header_pointer(skb, thoff, sizeof(buf), &buf);
	if (!uh)
		return false;
	path->pf = pf;
	if (pf == NFPROTO_IPV4) {
		nq_path_addr4(&path->src, ip_hdr(skb)->saddr);
		nq_path_addr4(&path->dst, ip_hdr(skb)->daddr);
	} else {
		path->src.in6 = ipv6_hdr(skb)->saddr;
		path->dst.in6 = ipv6_hdr(skb)->daddr;
	}
	path->sport = uh->source;
	path->dport = uh->dest;
	return true;
}

/* In the direction of @dir of the entry whose original tuple this is. */
static void nq_path_tuple(struct nq_path *path, const struct nf_conn *ct, int dir)
{
	const struct nf_conntrack_tuple *tuple = &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	bool back = dir == IP_CT_DIR_REPLY;

	path->pf = tuple->src.l3num;
	path->src = back ? tuple->dst.u3 : tuple->src.u3;
	path->dst = back ? tuple->src.u3 : tuple->dst.u3;
	path->sport = back ? tuple->dst.u.udp.port : tuple->src.u.udp.port;
	path->dport = back ? tuple->src.u.udp.port : tuple->dst.u.udp.port;
}

void nq_path_devices(struct nq_path *path, const struct net_device *dev)
{
	if (!dev)
		return;
	path->l3 = l3mdev_master_ifindex_rcu(dev);
	if (path->pf == NFPROTO_IPV6 &&
	    (ipv6_addr_type(&path->src.in6) | ipv6_addr_type(&path->dst.in6)) & IPV6_ADDR_LINKLOCAL)
		path->link = dev->ifindex;
}

/* The client's device. A forwarded packet remembers where it came in. */
static const struct net_device *nq_path_device(const struct sk_buff *skb,
					       const struct nf_hook_state *state)
{
	const struct net_device *dev = state->in;

	if (!dev && state->hook == NF_INET_POST_ROUTING && skb->skb_iif)
		dev = dev_get_by_index_rcu(state->net, skb->skb_iif);
	return dev ? dev : state->out;
}

bool nq_path_read(struct nq_path *path, const struct sk_buff *skb,
		  const struct nf_hook_state *state, unsigned int thoff)
{
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(skb, &ctinfo);
	struct nf_conntrack_zone zone;

	path->l3 = 0;
	path->link = 0;
	if (ct && !nf_ct_is_template(ct)) {
		nq_path_tuple(path, ct, CTINFO2DIR(ctinfo));
		path->zone = nf_ct_zone_id(nf_ct_zone(ct), IP_CT_DIR_ORIGINAL);
		path->zone_later = true;
	} else {
		if (!nq_path_header(path, skb, state->pf, thoff))
			return false;
		path->zone = nf_ct_zone_tmpl(ct, skb, &zone)->id;
		path->zone_later = ct;
	}
	nq_path_devices(path, nq_path_device(skb, state));
	return true;
}

const struct nf_conn *nq_reply_ct(const struct sk_buff *skb)
{
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (ct && !nf_ct_is_template(ct) && CTINFO2DIR(ctinfo) == IP_CT_DIR_REPLY)
		return ct;
	return NULL;
}

bool nq_path_untranslate(struct nq_path *path, const struct sk_buff *skb,
			 const struct nf_hook_state *state)
{
	struct nf_conntrack_tuple tuple = {};
	struct nf_conntrack_tuple_hash *hash;
	const struct nf_conntrack_zone *zone;
	struct nf_conntrack_zone buf;
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(skb, &ctinfo);
	int dir;

	if (ct && !nf_ct_is_template(ct)) /* nq_path_read() did it */
		return CTINFO2DIR(ctinfo) == IP_CT_DIR_REPLY;
	zone = nf_ct_zone_tmpl(ct, skb, &buf);
	path->zone_later = false; /* nothing but a template could have set it so far */

	tuple.src.l3num = path->pf;
	tuple.src.u3 = path->src;
	tuple.src.u.udp.port = path->sport;
	tuple.dst.u3 = path->dst;
	tuple.dst.u.udp.port = path->dport;
	tuple.dst.protonum = IPPROTO_UDP;
	hash = nf_conntrack_find_get(state->net, zone, &tuple);
	if (!hash)
		return false;
	ct = nf_ct_tuplehash_to_ctrack(hash);
	dir = NF_CT_DIRECTION(hash);
	nq_path_tuple(path, ct, dir);
	nf_ct_put((struct nf_conn *)ct);
	return dir == IP_CT_DIR_REPLY;
}

static siphash_aligned_key_t nq_path_secret __ro_after_init;

void __init nq_path_init(void)
{
	get_random_bytes(&nq_path_secret, sizeof(nq_path_secret));
}

u32 nq_path_hash(const struct nq_path *path)
{
	siphash_key_t secret = nq_path_secret;

	return siphash(path, NQ_PATH_LEN, &secret);
}

u64 nq_bytes_print(const void *bytes, size_t len)
{
	siphash_key_t secret = nq_path_secret;

	return siphash(bytes, len, &secret);
}

u32 nq_bytes_hash(const void *bytes, size_t len)
{
	return nq_bytes_print(bytes, len);
}

void nq_path_reverse(struct nq_path *rev, const struct nq_path *path)
{
	*rev = *path;
	rev->src = path->dst;
	rev->dst = path->src;
	rev->sport = path->dport;
	rev->dport = path->sport;
}
