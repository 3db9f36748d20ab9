// SPDX-License-Identifier: GPL-2.0-only
#include <linux/netfilter.h>
#include <linux/udp.h>

#include "core/flight.h"
#include "packet.h"

#define NQ_DCID_OFF	 6 /* in a long header, RFC 8999 5.1; 1 in a short one */
#define NQ_COALESCED_MAX 8 /* packets of a datagram that are stepped over to find an Initial */

bool nq_packet_hides(const struct sk_buff *skb, unsigned int off, unsigned int len)
{
	unsigned int i, pos = 0, head_len;
	u8 buf[NQ_FLIGHT_HEAD + 8]; /* and the Length field */
	struct nq_header h;
	const u8 *head;

	for (i = 0; i < NQ_COALESCED_MAX && pos < len; i++, pos += h.end) {
		head_len = min_t(unsigned int, len - pos, sizeof(buf));
		head = skb_header_pointer(skb, off + pos, head_len, buf);
		if (!head || nq_header_invariant(head, head_len, 0, &h) != NQ_DONE || !h.ver ||
		    h.dcid_len > NQ_CID_MAX || h.scid_len > NQ_CID_MAX)
			return false;
		if (h.type == NQ_TYPE_INITIAL)
			return true;
		if (nq_header_parse(head, len - pos, 0, &h) != NQ_DONE)
			return false;
	}
	return pos < len; /* it may come later still: the whole is to be read */
}

enum nq_kind {
	NQ_KIND_OTHER,
	NQ_KIND_INITIAL,
	NQ_KIND_0RTT,
	NQ_KIND_HANDSHAKE, /* may hide an Initial */
};

/* Tell the first packet of a datagram of @len bytes that starts with @head. */
static enum nq_kind nq_kind(struct nq_packet *p, const u8 *head, unsigned int head_len,
			    unsigned int len, struct nq_id *id)
{
	struct nq_header h;

	if (nq_header_invariant(head, head_len, 0, &h) != NQ_DONE)
		return NQ_KIND_OTHER;
	if (!h.ver) {
		if (h.version)
			p->unknown++;
		return NQ_KIND_OTHER;
	}
	if (h.type == NQ_TYPE_INITIAL && !nq_flight_gate_on(head, head_len, len)) {
		p->invalid++;
		return NQ_KIND_OTHER;
	}
	if (h.type == NQ_TYPE_RETRY || !nq_id_read(id, &h, head))
		return NQ_KIND_OTHER;
	if (h.type == NQ_TYPE_0RTT)
		return NQ_KIND_0RTT;
	return h.type == NQ_TYPE_INITIAL ? NQ_KIND_INITIAL : NQ_KIND_HANDSHAKE;
}

/* Count one datagram. Return: does it count? */
static bool nq_packet_one(struct nq_packet *p, unsigned int off, unsigned int len, struct nq_id *id)
{
	u8 buf[NQ_FLIGHT_HEAD];
	unsigned int head_len = min_t(unsigned int, len, sizeof(buf));
	enum nq_kind kind;
	const u8 *head;
	bool hides;

	head = len >= NQ_GLANCE ? skb_header_pointer(p->skb, off, NQ_GLANCE, buf) : NULL;
	if (!head || likely(!nq_header_glance(head)))
		return false;
	head = skb_header_pointer(p->skb, off, head_len, buf);
	if (!head)
		return false;
	kind = nq_kind(p, head, head_len, len, id);
	if (kind == NQ_KIND_OTHER)
		return false;
	hides = kind != NQ_KIND_INITIAL && nq_packet_hides(p->skb, off, len);
	if (hides && len < NQ_INITIAL_MIN)
		p->invalid++;
	if ((hides && len < NQ_INITIAL_MIN) || (kind == NQ_KIND_HANDSHAKE && !hides))
		return false;
	p->readable |= kind == NQ_KIND_INITIAL || hides;
	if (kind == NQ_KIND_0RTT)
		p->zero_rtt++;
	else
		p->initials++;
	return true;
}

bool nq_packet_strangers(const struct sk_buff *skb, const struct nq_dgrams *d, unsigned int n)
{
	u8 first[NQ_PART_BYTES], buf[NQ_DCID_OFF + NQ_PART_BYTES];
	unsigned int pos, len, off, first_off = 0;
	const u8 *head;

	for (pos = 0; pos < d->len; pos += d->seg) {
		len = min3(d->len - pos, d->seg, NQ_DCID_OFF + n);
		head = skb_header_pointer(skb, d->off + pos, len, buf);
		off = head && *head & NQ_LONG_HEADER ? NQ_DCID_OFF : 1;
		if (!head || len < off + n)
			continue;
		if (!first_off)
			memcpy(first, head + off, n);
		else if (off != first_off || memcmp(first, head + off, n))
			return true;
		first_off = off;
	}
	return false;
}

bool nq_packet_read(struct nq_packet *p)
{
	unsigned int i, n = nq_dgrams_count(&p->d);
	struct nq_id id;

	p->initials = p->zero_rtt = p->unknown = p->invalid = 0;
	p->readable = p->mixed = false;
	for (i = 0; i < n; i++) {
		unsigned int off = i * p->d.seg;
		unsigned int len = min(p->d.len - off, p->d.seg);

		if (!nq_packet_one(p, p->d.off + off, len, &id))
			continue;
		if (nq_packet_datagrams(p) == 1)
			p->id = id;
		else if (id.version != p->id.version || !nq_cid_same(&id.dcid, &p->id.dcid))
			p->mixed = true;
	}
	if (nq_packet_datagrams(p) < n)
		p->mixed = true;
	return nq_packet_datagrams(p) != 0;
}

void nq_packet_count(struct nq_net *nn, const struct nq_packet *p)
{
	nq_stat_add(nn, NQ_STAT_unknown_version, p->unknown);
	nq_stat_add(nn, NQ_STAT_invalid_initials, p->invalid);
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
	if (!nf_checksum(p->skb, p->state->hook, thoff, IPPROTO_UDP, p->state->pf)) {
		/*
		 * Checked. The sum is not left in skb->csum: nft's payload statement, which writes
		 * ports and UDP's checksum, counts the one and not the other into it (as for a
		 * pseudo header), and the socket would take the datagram for damaged.
		 */
		if (p->skb->ip_summed == CHECKSUM_COMPLETE)
			p->skb->ip_summed = CHECKSUM_UNNECESSARY;
		return true;
	}
	nq_stat_add(nn, NQ_STAT_bad_checksum, nq_packet_datagrams(p));
	return false;
}
