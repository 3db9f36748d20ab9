// SPDX-License-Identifier: GPL-2.0-only
/* Runs under RCU, in softirq or in a sending task. */
#include "budget.h"
#include "expr_head.h"
#include "packet.h"
#include "state.h"

/* Rules compare what the core reads with the numbers of the netlink interface. */
static_assert((int)NQ_TYPE_INITIAL == (int)NFT_QUIC_TYPE_INITIAL);
static_assert((int)NQ_TYPE_0RTT == (int)NFT_QUIC_TYPE_0RTT);
static_assert((int)NQ_TYPE_HANDSHAKE == (int)NFT_QUIC_TYPE_HANDSHAKE);
static_assert((int)NQ_TYPE_RETRY == (int)NFT_QUIC_TYPE_RETRY);
static_assert((int)NQ_TYPE_VERSION_NEGOTIATION == (int)NFT_QUIC_TYPE_VERSION_NEGOTIATION);
static_assert((int)NQ_TYPE_SHORT == (int)NFT_QUIC_TYPE_SHORT);

#define NQ_UNROUTABLE 7 /* this rotation has no server ID */

bool nq_head_read(struct nq_head *head, const struct nft_pktinfo *pkt, bool names)
{
	struct nq_dgrams d;
	unsigned int len;

	if (!nq_is_udp(pkt) || !nq_dgrams_at(&d, pkt->skb, nft_thoff(pkt)))
		return false;

	head->len = min(d.len, d.seg);
	len = min_t(unsigned int, head->len, sizeof(head->buf));
	if (!len)
		return false;
	head->n = len;
	head->bytes =
		skb_header_pointer(pkt->skb, d.off, min_t(unsigned int, len, NQ_GLANCE), head->buf);
	if (!head->bytes)
		return false;
	if (names && (len < NQ_GLANCE || !nq_header_glance(head->bytes)))
		return false;
	head->is_long = head->bytes[0] & NQ_LONG_HEADER;
	if (likely(!head->is_long))
		return true;
	head->bytes = skb_header_pointer(pkt->skb, d.off, len, head->buf);
	return head->bytes && nq_header_invariant(head->bytes, len, 0, &head->h) == NQ_DONE;
}

bool nq_head_id(struct nq_id *id, const struct nq_head *head)
{
	const struct nq_header *h = &head->h;

	return head->is_long && h->ver && h->type != NQ_TYPE_RETRY &&
	       nq_id_read(id, h, head->bytes);
}

bool nq_head_initial(const struct nq_head *head, const struct nft_pktinfo *pkt)
{
	struct nq_dgrams d;

	if (head->h.type == NQ_TYPE_INITIAL)
		return true;
	return nq_dgrams_at(&d, pkt->skb, nft_thoff(pkt)) &&
	       nq_packet_hides(pkt->skb, d.off, min(d.len, d.seg));
}

static void nq_reg_cid(u32 *dst, const u8 *id, u8 len)
{
	memset(dst, 0, NFT_QUIC_CID_LEN);
	memcpy(dst, id, len);
}

/* Return: enum nft_quic_types, or -1 if the packet's type cannot be told. */
static int nq_head_type(const struct nq_head *head)
{
	/* A client of a server that sent grease_quic_bit may clear the fixed bit (RFC 9287). */
	if (!head->is_long)
		return NFT_QUIC_TYPE_SHORT;
	if (!head->h.version)
		return NFT_QUIC_TYPE_VERSION_NEGOTIATION;
	return head->h.ver ? head->h.type : -1;
}

bool nq_head_load(u8 key, u32 *dst, const struct nq_head *head)
{
	const struct nq_header *h = &head->h;
	int type;

	if (key == NFT_QUIC_TYPE) {
		type = nq_head_type(head);
		if (type < 0)
			return false;
		nft_reg_store8(dst, type);
		return true;
	}
	if (!head->is_long)
		return false;

	switch (key) {
	case NFT_QUIC_VERSION:
		*dst = (__force u32)htonl(h->version);
		return true;
	case NFT_QUIC_DCID:
		if (h->dcid_len > NFT_QUIC_CID_LEN)
			return false;
		nq_reg_cid(dst, head->bytes + h->dcid_off, h->dcid_len);
		return true;
	case NFT_QUIC_SCID:
		if (h->scid_len > NFT_QUIC_CID_LEN)
			return false;
		nq_reg_cid(dst, head->bytes + h->scid_off, h->scid_len);
		return true;
	}
	return false;
}

/* Is it known that a connection continues under its DCID, and does not begin? */
static bool nq_id_continues(const struct nq_id *id, const struct nft_pktinfo *pkt)
{
	struct nq_net *nn = nq_pernet(nft_net(pkt));
	const struct nq_names *names;
	struct nq_path path;

	if (!nq_path_read(&path, pkt->skb, pkt->state, nft_thoff(pkt)) ||
	    nq_names_first(nn, &path, id))
		return false;
	names = nq_names_other(nn, &path, id);
	return names && !READ_ONCE(names->gone);
}

/*
 * Did a server issue the DCID of a long header? A client makes up the one of its first Initials,
 * and of the 0-RTT beside them; that it continues under another one is known with its names. Under
 * a Handshake packet it may hide such an Initial.
 */
static bool nq_head_issued(const struct nq_head *head, const struct nft_pktinfo *pkt)
{
	struct nq_budget *b;
	struct nq_recent *r;
	unsigned long age;
	struct nq_id id;
	bool issued;

	if (!nq_head_id(&id, head))
		return false;
	if (head->h.type == NQ_TYPE_HANDSHAKE && !nq_head_initial(head, pkt))
		return true;
	if (!READ_ONCE(nq_pernet(nft_net(pkt))->n_names))
		return false;
	b = nq_budget_lock();
	r = &b->recent;
	if (!nq_recent_same(r, pkt) || !r->has_issued) {
		age = nq_names_age();
		issued = nq_id_continues(&id, pkt);
		if (!nq_recent_same(r, pkt))
			nq_recent_begin(r, pkt, &head->h, age);
		r->issued = issued;
		r->has_issued = true;
	}
	issued = r->issued;
	nq_budget_put(b);
	return issued;
}

static bool nq_reg_part(const struct nq_expr *priv, u32 *dst, const u8 *id)
{
	if (priv->key == NFT_QUIC_SERVER_ID) {
		if (id[0] >> 5 == NQ_UNROUTABLE)
			return false;
		id += NQ_ROTATION;
	}
	dst[(priv->len - 1) / NFT_REG32_SIZE] = 0;
	memcpy(dst, id, priv->len);
	return true;
}

static noinline bool nq_part_load_long(const struct nq_expr *priv, u32 *dst,
				       const struct nft_pktinfo *pkt)
{
	bool scid = priv->key == NFT_QUIC_SCID;
	struct nq_head head;

	return nq_head_read(&head, pkt, false) && head.is_long &&
	       (scid ? head.h.scid_len : head.h.dcid_len) >= nq_part_len(priv) &&
	       (priv->key != NFT_QUIC_SERVER_ID || nq_head_issued(&head, pkt)) &&
	       nq_reg_part(priv, dst, head.bytes + (scid ? head.h.scid_off : head.h.dcid_off));
}

bool nq_part_load(const struct nq_expr *priv, u32 *dst, const struct nft_pktinfo *pkt)
{
	unsigned int n = 1 + nq_part_len(priv);
	u8 buf[1 + NQ_PART_BYTES];
	struct nq_dgrams d;
	const u8 *head;

	/* A short header does not tell its DCID's length, and a long one is longer by far. */
	if (!nq_is_udp(pkt) || !nq_dgrams_at(&d, pkt->skb, nft_thoff(pkt)) || min(d.len, d.seg) < n)
		return false;
	head = skb_header_pointer(pkt->skb, d.off, n, buf);
	if (!head)
		return false;
	if (unlikely(*head & NQ_LONG_HEADER))
		return nq_part_load_long(priv, dst, pkt);
	return priv->key != NFT_QUIC_SCID && nq_reg_part(priv, dst, head + 1);
}
