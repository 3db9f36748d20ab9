// SPDX-License-Identifier: GPL-2.0-only
#include <linux/netfilter.h>
#include <linux/udp.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "core/flight.h"
#include "names.h"
#include "packet.h"

#define NQ_HANDSHAKE_TIME (5 * HZ)

enum nq_kind {
	NQ_KIND_OTHER,
	NQ_KIND_INITIAL,
	NQ_KIND_0RTT,
};

/* Tell the first packet of a datagram of @len bytes that starts with @head. */
static enum nq_kind nq_kind(struct nq_net *nn, const u8 *head, unsigned int head_len,
			    unsigned int len, struct nq_cid *dcid)
{
	struct nq_header h;

	if (nq_header_invariant(head, head_len, 0, &h) != NQ_DONE)
		return NQ_KIND_OTHER;
	if (!h.ver) {
		if (h.version)
			nq_stat_add(nn, NQ_STAT_unknown_version, 1);
		return NQ_KIND_OTHER;
	}
	if (h.type == NQ_TYPE_INITIAL && !nq_flight_gate_on(head, head_len, len)) {
		nq_stat_add(nn, NQ_STAT_invalid_initials, 1);
		return NQ_KIND_OTHER;
	}
	if ((h.type != NQ_TYPE_INITIAL && h.type != NQ_TYPE_0RTT) || h.dcid_len > NQ_CID_MAX)
		return NQ_KIND_OTHER;
	/* Cleared, it is an Initial with a token (RFC 9287 3.1), or will not parse. */
	if (h.type == NQ_TYPE_0RTT && !(head[0] & NQ_FIXED_BIT))
		return NQ_KIND_OTHER;
	nq_cid_set(dcid, head + h.dcid_off, h.dcid_len);
	return h.type == NQ_TYPE_INITIAL ? NQ_KIND_INITIAL : NQ_KIND_0RTT;
}

bool nq_packet_read(struct nq_net *nn, struct nq_packet *p)
{
	unsigned int i, n = nq_dgrams_count(&p->d);
	u8 buf[NQ_FLIGHT_HEAD];
	const u8 *head;

	p->initials = 0;
	p->zero_rtt = 0;
	for (i = 0; i < n; i++) {
		unsigned int off = i * p->d.seg;
		unsigned int len = min(p->d.len - off, p->d.seg);
		unsigned int head_len = min_t(unsigned int, len, sizeof(buf));
		struct nq_cid dcid;

		off += p->d.off;
		head = len >= NQ_GLANCE ? skb_header_pointer(p->skb, off, NQ_GLANCE, buf) : NULL;
		if (!head || likely(!nq_header_glance(head)))
			continue;
		head = skb_header_pointer(p->skb, off, head_len, buf);
		if (!head)
			continue;
		switch (nq_kind(nn, head, head_len, len, &dcid)) {
		case NQ_KIND_INITIAL:
			p->initials++;
			break;
		case NQ_KIND_0RTT:
			p->zero_rtt++;
			break;
		default:
			continue;
		}
		if (nq_packet_datagrams(p) == 1)
			p->dcid = dcid;
	}
	return nq_packet_datagrams(p) != 0;
}

bool nq_packet_intact(struct nq_net *nn, const struct nq_packet *p, unsigned int thoff)
{
	struct udphdr *uh, buf;

	/* Locally sent packets get their checksum later; conntrack skips them as well. */
	if (p->state->hook != NF_INET_PRE_ROUTING)
		return true;
	uh = skb_header_pointer(p->skb, thoff, sizeof(buf), &buf);
	if (!uh)
		return false;
	if (!uh->check && p->state->pf == NFPROTO_IPV4)
		return true; /* none (RFC 768) */
	if (!nf_checksum(p->skb, p->state->hook, thoff, IPPROTO_UDP, p->state->pf))
		return true;
	nq_stat_add(nn, NQ_STAT_bad_checksum, nq_packet_datagrams(p));
	return false;
}

/*
 * Fill in the flow. On loopback a packet comes to PRE_ROUTING with the conntrack entry
 * that it got in LOCAL_OUT, maybe translated: its original tuple is what later chains see.
 */
bool nq_packet_flow(struct nq_packet *p, unsigned int thoff)
{
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(p->skb, &ctinfo);

	if (!ct || nf_ct_is_template(ct))
		return nq_key_skb(&p->key, p->skb, p->state->pf, thoff);
	nq_key_tuple(&p->key, &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple);
	return true;
}

bool nq_packet_bound(const struct nq_packet *p)
{
	struct nf_conntrack_tuple tuple = {};
	struct nf_conntrack_tuple_hash *hash;
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(p->skb, &ctinfo);

	if (ct && !nf_ct_is_template(ct))
		return CTINFO2DIR(ctinfo) == IP_CT_DIR_REPLY ||
		       test_bit(IPS_SEEN_REPLY_BIT, &ct->status);

	tuple.src.l3num = p->key.pf;
	tuple.src.u3 = p->key.src;
	tuple.src.u.udp.port = p->key.sport;
	tuple.dst.u3 = p->key.dst;
	tuple.dst.u.udp.port = p->key.dport;
	tuple.dst.protonum = IPPROTO_UDP;
	hash = nf_conntrack_find_get(p->state->net, &nf_ct_zone_dflt, &tuple);
	if (!hash)
		return false;
	nf_ct_put(nf_ct_tuplehash_to_ctrack(hash));
	return true;
}

bool nq_packet_known(struct nq_net *nn, const struct nq_packet *p)
{
	const struct nq_names *names;
	struct nq_key rev;

	if (!READ_ONCE(nn->n_names))
		return false;
	names = nq_names_get(nn, &p->key);
	if (names && nq_cids_have(&names->cids, p->dcid.id, p->dcid.len))
		return true;
	/*
	 * An Initial under another ID may begin a new flight. 0-RTT may continue under the
	 * server's, but only as long as a handshake lasts: later it is of a new connection from the
	 * same port, and overtook its Initial.
	 */
	if (names)
		return !p->initials && time_before(jiffies, names->born + NQ_HANDSHAKE_TIME);
	/* Without conntrack this is how a reply is known. */
	nq_key_reverse(&rev, &p->key);
	return nq_names_get(nn, &rev);
}
