// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gathering hook, just after IP defragmentation: for QUIC it does what
 * nf_defrag does for IP. In the order of the looks that a packet gets, cheapest first:
 *
 *	not UDP, no long header, no Initial or 0-RTT that may begin a flow: passes
 *	its flow is held: it is held, too
 *	conntrack knows its flow, or it is a reply: passes
 *	the flow's names are known and this packet belongs to them: passes
 *	decrypt: complete: note the names, passes; incomplete: held; else passes
 *
 * Held flows come before conntrack because conntrack knows the flow as soon as its first
 * packet was released, and those that are not released yet must not be overtaken.
 */
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "gather.h"
#include "held.h"
#include "hold.h"
#include "state.h"

#define NQ_HANDSHAKE_TIME (5 * HZ)

enum nq_kind {
	NQ_KIND_OTHER,
	NQ_KIND_INITIAL,
	NQ_KIND_EARLY,
};

/* What does a datagram of @len bytes that starts with @head begin with? */
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
		nq_stat_add(nn, NQ_STAT_refused, 1);
		return NQ_KIND_OTHER;
	}
	if ((h.type != NQ_TYPE_INITIAL && h.type != NQ_TYPE_0RTT) || h.dcid_len > NQ_CID_MAX ||
	    !(head[0] & NQ_FIXED_BIT))
		return NQ_KIND_OTHER;
	nq_cid_set(dcid, head + h.dcid_off, h.dcid_len);
	return h.type == NQ_TYPE_INITIAL ? NQ_KIND_INITIAL : NQ_KIND_EARLY;
}

/* Look at the first bytes of each datagram. Return: is there anything for us? */
static bool nq_packet_read(struct nq_net *nn, struct nq_packet *p)
{
	unsigned int i, n = nq_dgrams_count(&p->d);
	u8 buf[NQ_FLIGHT_HEAD];
	const u8 *head;

	p->initials = 0;
	p->early = 0;
	for (i = 0; i < n; i++) {
		unsigned int off = i * p->d.seg;
		unsigned int len = min(p->d.len - off, p->d.seg);
		unsigned int head_len = min_t(unsigned int, len, sizeof(buf));
		struct nq_cid dcid;

		off += p->d.off;
		head = len ? skb_header_pointer(p->skb, off, 1, buf) : NULL;
		if (!head || likely(!(head[0] & NQ_LONG_HEADER)))
			continue;
		head = skb_header_pointer(p->skb, off, head_len, buf);
		if (!head)
			continue;
		switch (nq_kind(nn, head, head_len, len, &dcid)) {
		case NQ_KIND_INITIAL:
			p->initials++;
			break;
		case NQ_KIND_EARLY:
			p->early++;
			break;
		default:
			continue;
		}
		if (nq_packet_datagrams(p) == 1)
			p->dcid = dcid;
	}
	return nq_packet_datagrams(p) != 0;
}

/*
 * Fill in the flow. On loopback a packet comes to PRE_ROUTING with the conntrack entry
 * that it got in LOCAL_OUT, maybe translated: its original tuple is what later chains see.
 */
static bool nq_packet_flow(struct nq_packet *p, unsigned int thoff)
{
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(p->skb, &ctinfo);

	if (!ct || nf_ct_is_template(ct))
		return nq_key_skb(&p->key, p->skb, p->state->pf, thoff);
	nq_key_tuple(&p->key, &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple);
	return true;
}

/* Was it decided before where this flow goes, or is this a reply? */
static bool nq_packet_bound(const struct nq_packet *p)
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

bool nq_gather_known(struct nq_net *nn, const struct nq_packet *p)
{
	const struct nq_names *names;
	struct nq_key rev;

	if (!READ_ONCE(nn->n_names))
		return false;
	names = nq_names_get(nn, &p->key);
	if (names && nq_cids_have(&names->cids, p->dcid.id, p->dcid.len))
		return true;
	/*
	 * An Initial under another ID may begin a new flight. 0-RTT may go on under the server's,
	 * but only as long as a handshake lasts: later it is of a new connection from the same
	 * port, and overtook its Initial.
	 */
	if (names)
		return !p->initials && time_before(jiffies, names->born + NQ_HANDSHAKE_TIME);
	/* Without conntrack this is how a reply is known. */
	nq_key_reverse(&rev, &p->key);
	return nq_names_get(nn, &rev);
}

enum nq_fed nq_feed(struct nq_net *nn, struct nq_scratch *s, const struct sk_buff *skb,
		    const struct nq_dgrams *d, struct nq_cids *cids)
{
	unsigned int i, n = nq_dgrams_count(d);
	bool opened = false;

	for (i = 0; i < n; i++) {
		unsigned int off = i * d->seg, len = min(d->len - off, d->seg);
		struct nq_feed_result res = {};
		enum nq_verdict verdict;
		struct nq_header h;

		if (len < NQ_INITIAL_MIN || len > NQ_DGRAM_MAX ||
		    skb_copy_bits(skb, d->off + off, s->dgram, len) ||
		    nq_header_invariant(s->dgram, len, 0, &h) != NQ_DONE)
			continue;

		verdict = nq_flight_feed(&s->flight, s->dgram, len, &res);
		nq_stat_add(nn, NQ_STAT_decrypted, res.opened);
		nq_stat_add(nn, NQ_STAT_bad_tag, res.bad_tag);
		if (res.opened) {
			opened = true;
			nq_cids_add(cids, s->dgram + h.dcid_off, h.dcid_len);
		}
		if (verdict == NQ_DONE) {
			nq_stat_add(nn, NQ_STAT_complete, 1);
			return NQ_FED_DONE;
		}
		if (res.dead)
			return res.limit ? NQ_FED_LIMIT : NQ_FED_DEAD;
	}
	if (!opened)
		return NQ_FED_NOTHING;
	if (s->flight.crypto.top > READ_ONCE(nn->limits.crypto_bytes) ||
	    s->flight.crypto.n_ranges > READ_ONCE(nn->limits.crypto_ranges))
		return NQ_FED_LIMIT;
	return NQ_FED_MORE;
}

unsigned int nq_gather_drop(struct nq_net *nn, const struct nq_packet *p)
{
	nq_stat_add(nn, NQ_STAT_overload, nq_packet_datagrams(p));
	if (p->state->hook != NF_INET_LOCAL_OUT)
		return NF_DROP;
	kfree_skb(p->skb);
	return NF_STOLEN;
}

unsigned int nq_gather_overload(struct nq_net *nn, const struct nq_packet *p)
{
	/* It could not be taken because its route went away: it cannot go on without. */
	if (!nq_hold_policy(nn) || (p->state->hook == NF_INET_LOCAL_OUT && !skb_dst(p->skb)))
		return nq_gather_drop(nn, p);
	nq_stat_add(nn, NQ_STAT_overload, nq_packet_datagrams(p));
	return NF_ACCEPT;
}

/* A packet of a flow that is not known. */
static unsigned int nq_gather_new(struct nq_net *nn, const struct nq_packet *p)
{
	struct nq_scratch *s = nq_scratch_get();
	struct nq_cids cids = {};
	unsigned int verdict;
	enum nq_fed fed;
	int err = 0;

	nq_flight_init(&s->flight);
	fed = nq_feed(nn, s, p->skb, &p->d, &cids);
	if (fed == NQ_FED_MORE && nq_held_can(p))
		return nq_hold_begin(nn, p, s, &cids);
	if (fed == NQ_FED_DONE)
		err = nq_names_add(nn, &p->key, &s->flight, &cids);
	nq_scratch_put(s);

	switch (fed) {
	case NQ_FED_DONE:
		if (err)
			return nq_gather_overload(nn, p);
		/* Another CPU may have begun to hold the flow: not past those packets. */
		smp_mb(); /* names before holds; pairs with nq_hold_begin() */
		if (nq_hold_follow(nn, p, &verdict))
			return verdict;
		nq_stat_add(nn, NQ_STAT_direct, nq_packet_datagrams(p));
		return NF_ACCEPT;
	case NQ_FED_LIMIT:
		return nq_gather_overload(nn, p);
	case NQ_FED_MORE: /* cannot be held, and dropping it would end the connection */
		break;
	case NQ_FED_NOTHING:
		/* 0-RTT that overtook its Initial */
		if (!p->initials && nq_held_can(p))
			return nq_hold_begin(nn, p, NULL, &cids);
		break;
	case NQ_FED_DEAD:
		break;
	}
	nq_stat_add(nn, NQ_STAT_foreign, nq_packet_datagrams(p));
	return NF_ACCEPT;
}

unsigned int nq_gather_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct nq_packet p = {.skb = skb, .state = state};
	int thoff = nq_transport(skb, state->pf);
	struct nq_net *nn = priv;
	unsigned int verdict;

	if (thoff < 0 || !nq_dgrams_at(&p.d, skb, thoff) || !READ_ONCE(nn->active) ||
	    !nq_packet_read(nn, &p) || !nq_packet_flow(&p, thoff))
		return NF_ACCEPT;

	nq_stat_add(nn, NQ_STAT_initials, p.initials);
	nq_stat_add(nn, NQ_STAT_early, p.early);
	if (nq_hold_follow(nn, &p, &verdict))
		return verdict;
	if (nq_packet_bound(&p)) {
		nq_stat_add(nn, NQ_STAT_bound, nq_packet_datagrams(&p));
		return NF_ACCEPT;
	}
	if (nq_gather_known(nn, &p)) {
		nq_stat_add(nn, NQ_STAT_known, nq_packet_datagrams(&p));
		return NF_ACCEPT;
	}
	return nq_gather_new(nn, &p);
}
