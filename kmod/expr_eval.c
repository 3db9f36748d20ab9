// SPDX-License-Identifier: GPL-2.0-only
/* Packets meet the expression. Runs under RCU, in softirq or in a sending task. */
#include <net/netfilter/nf_conntrack.h>

#include "candidates.h"
#include "expr.h"
#include "expr_eval.h"
#include "expr_search.h"
#include "packet.h"
#include "state.h"

/* Rules compare what the core reads with the numbers of the netlink interface. */
static_assert((int)NQ_TYPE_INITIAL == (int)NFT_QUIC_TYPE_INITIAL);
static_assert((int)NQ_TYPE_0RTT == (int)NFT_QUIC_TYPE_0RTT);
static_assert((int)NQ_TYPE_HANDSHAKE == (int)NFT_QUIC_TYPE_HANDSHAKE);
static_assert((int)NQ_TYPE_RETRY == (int)NFT_QUIC_TYPE_RETRY);
static_assert((int)NQ_TYPE_VERSION_NEGOTIATION == (int)NFT_QUIC_TYPE_VERSION_NEGOTIATION);
static_assert((int)NQ_TYPE_SHORT == (int)NFT_QUIC_TYPE_SHORT);

/* The head of a packet's first datagram. */
struct nq_head {
	struct nq_header h;
	const u8 *bytes;
	bool is_long;
	u8 buf[NQ_FLIGHT_HEAD];
};

/* Return: false if this is not a UDP datagram whose first packet could be QUIC. */
static bool nq_head_read(struct nq_head *head, const struct nft_pktinfo *pkt)
{
	struct nq_dgrams d;
	unsigned int len;

	if (!(pkt->flags & NFT_PKTINFO_L4PROTO) || pkt->tprot != IPPROTO_UDP || pkt->fragoff ||
	    !nq_dgrams_at(&d, pkt->skb, nft_thoff(pkt)))
		return false;

	len = min_t(unsigned int, min(d.len, d.seg), sizeof(head->buf));
	if (!len)
		return false;
	head->bytes = skb_header_pointer(pkt->skb, d.off, 1, head->buf);
	if (!head->bytes)
		return false;
	head->is_long = head->bytes[0] & NQ_LONG_HEADER;
	if (likely(!head->is_long))
		return true;
	head->bytes = skb_header_pointer(pkt->skb, d.off, len, head->buf);
	return head->bytes && nq_header_invariant(head->bytes, len, 0, &head->h) == NQ_DONE;
}

/*
 * Conntrack takes a UDP flow that has not lasted two seconds for a query and its answer, and
 * forgets it after 30 s of silence; of a QUIC connection that was set up faster the NAT would be
 * lost. With a ClientHello it is a stream from its first packet on.
 */
static void nq_is_stream(struct nf_conn *ct)
{
	if (!nf_ct_is_confirmed(ct))
		ct->proto.udp.stream_ts = jiffies - 1;
}

/* Return: false if the packet cannot be of a first flight. */
static bool nq_head_id(struct nq_id *id, const struct nq_head *head)
{
	const struct nq_header *h = &head->h;

	if (!head->is_long || !h->ver || h->type == NQ_TYPE_RETRY || h->dcid_len > NQ_CID_MAX ||
	    h->scid_len > NQ_CID_MAX)
		return false;
	id->version = h->version;
	nq_cid_set(&id->dcid, head->bytes + h->dcid_off, h->dcid_len);
	nq_cid_set(&id->scid, head->bytes + h->scid_off, h->scid_len);
	return true;
}

/*
 * The names of the connection, if the packet is of its first flight: an Initial or 0-RTT under
 * a connection ID that the flight's Initials had, or a Handshake packet under the first, which may
 * have an Initial behind it. Behind NAT conntrack knows under which addresses the client sent it.
 */
static const struct nq_names *nq_head_names(const struct nq_head *head,
					    const struct nft_pktinfo *pkt)
{
	struct nq_net *nn = nq_pernet(nft_net(pkt));
	const struct nq_names *names;
	enum ip_conntrack_info ctinfo;
	struct nq_path path;
	struct nf_conn *ct;
	struct nq_id id;

	if (!READ_ONCE(nn->n_names) || !nq_head_id(&id, head) ||
	    !nq_path_read(&path, pkt->skb, pkt->state, nft_thoff(pkt)))
		return NULL;

	names = head->h.type == NQ_TYPE_HANDSHAKE ? nq_names_first(nn, &path, &id)
						  : nq_names_of(nn, &path, &id);
	if (!names || READ_ONCE(names->gone))
		return NULL;
	ct = nf_ct_get(pkt->skb, &ctinfo);
	if (ct && !nf_ct_is_template(ct))
		nq_is_stream(ct);
	return names;
}

/* Does the datagram hold an Initial, though it may not be the first packet? */
static bool nq_head_initial(const struct nq_head *head, const struct nft_pktinfo *pkt)
{
	struct nq_dgrams d;

	if (head->h.type == NQ_TYPE_INITIAL)
		return true;
	return nq_dgrams_at(&d, pkt->skb, nft_thoff(pkt)) &&
	       nq_packet_hides(pkt->skb, d.off, min(d.len, d.seg));
}

/* enum nft_quic_hellos of a packet, whatever it is. */
static u8 nq_hello(const struct nft_pktinfo *pkt)
{
	struct nq_path path;
	struct nq_head head;
	struct nq_id id;

	if (!nq_head_read(&head, pkt) || !head.is_long)
		return NFT_QUIC_HELLO_NONE;
	/* With the fixed bit clear it is RTP or another stranger (RFC 9443), as far as can be told.
	 */
	if (!head.h.ver)
		return head.h.version && head.bytes[0] & NQ_FIXED_BIT ? NFT_QUIC_HELLO_MISSING
								      : NFT_QUIC_HELLO_NONE;
	if (nq_head_names(&head, pkt))
		return NFT_QUIC_HELLO_EXISTS;
	if (!nq_head_initial(&head, pkt))
		return NFT_QUIC_HELLO_NONE;
	if (!nq_head_id(&id, &head) || !nq_path_read(&path, pkt->skb, pkt->state, nft_thoff(pkt)))
		return NFT_QUIC_HELLO_MISSING;
	if (id.dcid.len < NQ_DCID_MIN || nq_names_reply(nq_pernet(nft_net(pkt)), &path, &id))
		return NFT_QUIC_HELLO_NONE;
	return NFT_QUIC_HELLO_MISSING;
}

static void nq_reg_cid(u32 *dst, const u8 *id, u8 len)
{
	memset(dst, 0, NFT_QUIC_CID_LEN);
	memcpy(dst, id, len);
}

/* Return: enum nft_quic_types, or -1 if the packet's type cannot be told. */
static int nq_head_type(const struct nq_head *head)
{
	if (!head->is_long)
		return head->bytes[0] & NQ_FIXED_BIT ? NFT_QUIC_TYPE_SHORT : -1;
	if (!head->h.version)
		return NFT_QUIC_TYPE_VERSION_NEGOTIATION;
	return head->h.ver ? head->h.type : -1;
}

/* A key that is in the packet itself. Return: false if it is not. */
static bool nq_load_head(u8 key, u32 *dst, const struct nq_head *head)
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

void nq_load_eval(const struct nft_expr *expr, struct nft_regs *regs, const struct nft_pktinfo *pkt)
{
	const struct nq_expr *priv = nft_expr_priv(expr);
	const struct nq_expr_state *state = priv->state;
	u32 *dst = &regs->data[priv->dreg];
	const struct nq_names *names;
	struct nq_head head;

	if (priv->key == NFT_QUIC_HELLO) {
		nft_reg_store8(dst, nq_hello(pkt));
		return;
	}
	if (!nq_head_read(&head, pkt))
		goto err;
	if (!nq_key_is_name(priv->key)) {
		if (!nq_load_head(priv->key, dst, &head))
			goto err;
		return;
	}

	names = nq_head_names(&head, pkt);
	if (!names)
		goto err;
	if (priv->key == NFT_QUIC_ECH) {
		nft_reg_store8(dst, names->ech);
		return;
	}
	/* .validate ran before the rule could be reached. */
	if (WARN_ON_ONCE(!smp_load_acquire(&state->resolved)))
		goto err;
	if (!nq_first_candidate(priv->key, priv->len, names, dst)) {
		if (state->search.role == NQ_ROLE_PLAIN)
			goto err;
		memset(dst, 0, priv->len);
	}
	if (state->search.role == NQ_ROLE_LAST)
		nq_search_run(&state->search, expr, names, regs, pkt);
	return;
err:
	regs->verdict.code = NFT_BREAK;
}

static bool nq_match_alpn(const struct nq_names *names, const u8 *data, u8 len)
{
	const u8 *list = nq_names_alpn(names), *name;
	unsigned int n, pos = 0;

	if (len == 1 && data[0] == '*')
		return true;
	while ((n = nq_alpn_next(list, names->alpn_len, &pos, &name)))
		if (n == len && !memcmp(name, data, len))
			return true;
	return false;
}

static bool nq_match_sni(const struct nq_names *names, const u8 *data, u8 len)
{
	const u8 *sni = nq_names_sni(names);

	if (len == 1 && data[0] == '*')
		return true;
	if (len > 2 && data[0] == '*' && data[1] == '.') {
		/* at least one byte has to stand for the star */
		data++;
		len--;
		return names->sni_len > len && !memcmp(sni + names->sni_len - len, data, len);
	}
	return len && names->sni_len == len && !memcmp(sni, data, len);
}

void nq_match_eval(const struct nft_expr *expr, struct nft_regs *regs,
		   const struct nft_pktinfo *pkt)
{
	const struct nq_expr *priv = nft_expr_priv(expr);
	const struct nq_expr_state *state = priv->state;
	const struct nq_names *names = NULL;
	struct nq_head head;
	bool match;

	if (!nq_head_read(&head, pkt) || !head.is_long)
		goto err;
	if (nq_key_is_name(priv->key)) {
		names = nq_head_names(&head, pkt);
		if (!names)
			goto err;
	}

	switch (priv->key) {
	case NFT_QUIC_ALPN:
		match = nq_match_alpn(names, state->data, state->len);
		break;
	case NFT_QUIC_SNI:
		match = nq_match_sni(names, state->data, state->len);
		break;
	case NFT_QUIC_DCID:
		match = head.h.dcid_len == state->len &&
			!memcmp(head.bytes + head.h.dcid_off, state->data, state->len);
		break;
	default: /* NFT_QUIC_SCID */
		match = head.h.scid_len == state->len &&
			!memcmp(head.bytes + head.h.scid_off, state->data, state->len);
		break;
	}
	if (match != priv->invert)
		return;
err:
	regs->verdict.code = NFT_BREAK;
}
