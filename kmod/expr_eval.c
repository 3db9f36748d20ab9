// SPDX-License-Identifier: GPL-2.0-only
/* Packets meet the expression. Runs under RCU, in softirq or in a sending task. */
#include <net/netfilter/nf_conntrack.h>

#include "budget.h"
#include "candidates.h"
#include "expr.h"
#include "expr_eval.h"
#include "expr_search.h"
#include "overload.h"
#include "packet.h"
#include "state.h"

/* Rules compare what the core reads with the numbers of the netlink interface. */
static_assert((int)NQ_TYPE_INITIAL == (int)NFT_QUIC_TYPE_INITIAL);
static_assert((int)NQ_TYPE_0RTT == (int)NFT_QUIC_TYPE_0RTT);
static_assert((int)NQ_TYPE_HANDSHAKE == (int)NFT_QUIC_TYPE_HANDSHAKE);
static_assert((int)NQ_TYPE_RETRY == (int)NFT_QUIC_TYPE_RETRY);
static_assert((int)NQ_TYPE_VERSION_NEGOTIATION == (int)NFT_QUIC_TYPE_VERSION_NEGOTIATION);
static_assert((int)NQ_TYPE_SHORT == (int)NFT_QUIC_TYPE_SHORT);

/* A routable connection ID (draft-ietf-quic-load-balancers-21 3): config rotation in the first
 * three bits of an octet, behind it the server ID. */
#define NQ_ROTATION   1
#define NQ_UNROUTABLE 7

/* The head of a packet's first datagram. */
struct nq_head {
	struct nq_header h;
	const u8 *bytes;
	unsigned int off; /* of the datagram in the skb */
	unsigned int n;	  /* bytes that can be read */
	unsigned int len; /* of the datagram */
	bool is_long;
	u8 buf[NQ_FLIGHT_HEAD];
};

/*
 * Return: false if this is not a UDP datagram whose first packet could be QUIC; for @names also if
 * it could not have any.
 */
static bool nq_head_read(struct nq_head *head, const struct nft_pktinfo *pkt, bool names)
{
	struct nq_dgrams d;
	unsigned int len;

	if (!(pkt->flags & NFT_PKTINFO_L4PROTO) || pkt->tprot != IPPROTO_UDP || pkt->fragoff ||
	    !nq_dgrams_at(&d, pkt->skb, nft_thoff(pkt)))
		return false;

	head->off = d.off;
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

	return head->is_long && h->ver && h->type != NQ_TYPE_RETRY &&
	       nq_id_read(id, h, head->bytes);
}

/*
 * The names of the connection, if the packet is of its first flight: an Initial or 0-RTT under
 * a connection ID that the flight's Initials had, or a Handshake packet under the first, which may
 * have an Initial behind it. Behind NAT conntrack knows under which addresses the client sent it.
 */
static const struct nq_names *nq_head_find(const struct nq_head *head,
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

/* Does some chain of nf_tables come before the gathering in this hook? */
static bool nq_chain_is_early(const struct nft_pktinfo *pkt)
{
	const struct netns_nf *nf = &nft_net(pkt)->nf;
	const struct nf_hook_entries *e;
	struct nf_hook_ops **ops;
	unsigned int i;

	if (nft_pf(pkt) == NFPROTO_IPV4)
		e = rcu_dereference(nf->hooks_ipv4[nft_hook(pkt)]);
	else
		e = rcu_dereference(nf->hooks_ipv6[nft_hook(pkt)]);
	if (!e)
		return false;
	ops = nf_hook_entries_get_hook_ops(e);
	for (i = 0; i < e->num_hook_entries; i++) {
		const struct nf_hook_ops *op = READ_ONCE(ops[i]);

		if (op->priority > NQ_HOOK_PRIORITY)
			break;
		if (op->hook_ops_type == NF_HOOK_OP_NF_TABLES)
			return true;
	}
	return false;
}

/*
 * A base chain before the gathering may not lead to a rule that needs names, but kernels that
 * remember which chains they have validated (6.12, 7.3) do not ask again when a jump is added
 * there. Count the Initials that are without names for this reason, so that somebody can see it.
 */
static void nq_head_early(const struct nq_head *head, const struct nft_pktinfo *pkt)
{
	if ((nft_hook(pkt) != NF_INET_PRE_ROUTING && nft_hook(pkt) != NF_INET_LOCAL_OUT) ||
	    !head->is_long || !head->h.ver || head->h.type != NQ_TYPE_INITIAL ||
	    nq_budget_begun(pkt->skb) || !nq_chain_is_early(pkt) ||
	    !nq_flight_gate_on(head->bytes, head->n, head->len))
		return;
	nq_stat_add(nq_pernet(nft_net(pkt)), NQ_STAT_too_early, 1);
}

static const struct nq_names *nq_head_names(const struct nq_head *head,
					    const struct nft_pktinfo *pkt)
{
	const struct nq_names *names = nq_head_find(head, pkt);

	if (!names)
		nq_head_early(head, pkt);
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
	struct nq_net *nn = nq_pernet(nft_net(pkt));
	struct nq_path path;
	struct nq_head head;
	struct nq_id id;

	if (!nq_head_read(&head, pkt, true) || !head.is_long)
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
	if (id.dcid.len < NQ_DCID_MIN ||
	    (!nq_names_first(nn, &path, &id) && nq_names_reply(nn, &path, &id)))
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

/*
 * Did a server issue the DCID of a long header? A client makes up the one of its first Initials,
 * and of the 0-RTT beside them; that it continues under another one is known with its names. Under
 * a Handshake packet it may hide such an Initial.
 */
static bool nq_head_issued(const struct nq_head *head, const struct nft_pktinfo *pkt)
{
	struct nq_net *nn = nq_pernet(nft_net(pkt));
	const struct nq_names *names;
	struct nq_path path;
	struct nq_id id;

	if (!nq_head_id(&id, head))
		return false;
	if (head->h.type == NQ_TYPE_HANDSHAKE && !nq_head_initial(head, pkt))
		return true;
	if (!READ_ONCE(nn->n_names) || !nq_path_read(&path, pkt->skb, pkt->state, nft_thoff(pkt)) ||
	    nq_names_first(nn, &path, &id))
		return false;
	names = nq_names_other(nn, &path, &id);
	return names && !READ_ONCE(names->gone);
}

/*
 * The server ID, or the first bytes of a connection ID. A short header does not tell its DCID's
 * length: these bytes are read if the packet has them. Return: false if they are not there.
 */
static bool nq_load_part(const struct nq_expr *priv, u32 *dst, const struct nq_head *head,
			 const struct nft_pktinfo *pkt)
{
	bool scid = priv->key == NFT_QUIC_SCID, server = priv->key == NFT_QUIC_SERVER_ID;
	u8 buf[NQ_ROTATION + NFT_QUIC_PART_MAX];
	const struct nq_header *h = &head->h;
	unsigned int skip = server ? NQ_ROTATION : 0, n = skip + priv->len;
	const u8 *id;

	if (head->is_long) {
		if ((scid ? h->scid_len : h->dcid_len) < n)
			return false;
		id = head->bytes + (scid ? h->scid_off : h->dcid_off);
	} else {
		if (scid || head->len < 1 + n)
			return false;
		id = skb_header_pointer(pkt->skb, head->off + 1, n, buf);
		if (!id)
			return false;
	}
	if (server &&
	    (id[0] >> 5 == NQ_UNROUTABLE || (head->is_long && !nq_head_issued(head, pkt))))
		return false;
	dst[(priv->len - 1) / NFT_REG32_SIZE] = 0;
	memcpy(dst, id + skip, priv->len);
	return true;
}

/*
 * The packet's budget is gone, so it is not known what it asks for. As where a packet cannot be
 * held: drop it, and a local sender sees no error; or no rule matches it by name.
 */
static void nq_eval_spent(struct nft_regs *regs, const struct nft_pktinfo *pkt)
{
	if (nq_overload_pass(nq_pernet(nft_net(pkt))))
		regs->verdict.code = NFT_BREAK;
	else
		regs->verdict.code = nq_overload_discard(pkt->skb, nft_hook(pkt));
}

/* After work that @b paid for; it had been @spent before. Gives @b back. */
static bool nq_eval_paid(struct nq_budget *b, bool spent, struct nft_regs *regs,
			 const struct nft_pktinfo *pkt)
{
	bool paid = !b->spent;

	nq_budget_put(b);
	if (paid)
		return true;
	if (!spent)
		nq_stat_add(nq_pernet(nft_net(pkt)), NQ_STAT_lookups_spent, 1);
	nq_eval_spent(regs, pkt);
	return false;
}

/* A load that no search follows, or that a later load's search replaces. */
static bool nq_load_first(const struct nq_expr *priv, const struct nq_names *names, u32 *dst,
			  struct nq_budget *b)
{
	unsigned int steps = 0;
	bool found = nq_first_candidate(priv->key, priv->len, names, dst, &steps);

	nq_budget_take(b, steps);
	if (!found)
		memset(dst, 0, priv->len);
	return found;
}

static void nq_load_name(const struct nft_expr *expr, const struct nq_names *names,
			 struct nft_regs *regs, const struct nft_pktinfo *pkt)
{
	const struct nq_expr *priv = nft_expr_priv(expr);
	const struct nq_search *search = &priv->state->search;
	bool spent, found = true;
	struct nq_budget *b;

	if (search->role == NQ_ROLE_LAST && !nq_search_ahead(search, expr, regs, pkt))
		return;

	b = nq_budget_get(pkt, names);
	spent = b->spent;
	if (!spent && search->role == NQ_ROLE_LAST)
		nq_search_run(search, nft_net(pkt), names, regs, b);
	else if (!spent)
		found = nq_load_first(priv, names, &regs->data[priv->dreg], b);
	if (nq_eval_paid(b, spent, regs, pkt) && !found && search->role == NQ_ROLE_PLAIN)
		regs->verdict.code = NFT_BREAK;
}

void nq_load_eval(const struct nft_expr *expr, struct nft_regs *regs, const struct nft_pktinfo *pkt)
{
	const struct nq_expr *priv = nft_expr_priv(expr);
	u32 *dst = &regs->data[priv->dreg];
	const struct nq_names *names;
	struct nq_head head;

	if (priv->key == NFT_QUIC_HELLO) {
		nft_reg_store8(dst, nq_hello(pkt));
		return;
	}
	if (!nq_head_read(&head, pkt, nq_key_is_name(priv->key)))
		goto err;
	if (!nq_key_is_name(priv->key)) {
		if (priv->part ? !nq_load_part(priv, dst, &head, pkt)
			       : !nq_load_head(priv->key, dst, &head))
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
	if (WARN_ON_ONCE(!smp_load_acquire(&priv->state->resolved)))
		goto err;
	nq_load_name(expr, names, regs, pkt);
	return;
err:
	regs->verdict.code = NFT_BREAK;
}

/* Is the literal among the protocols? @steps: how many had to be looked at. */
static bool nq_match_alpn(const struct nq_names *names, const u8 *data, u8 len, unsigned int *steps)
{
	const u8 *list = nq_names_alpn(names), *name;
	unsigned int n, pos = 0;

	if (len == 1 && data[0] == '*')
		return true;
	while ((n = nq_alpn_next(list, names->alpn_len, &pos, &name))) {
		++*steps;
		if (n == len && !memcmp(name, data, len))
			return true;
	}
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

/* Does the flow ask for the literal? Return: false, too, if that could not be paid for. */
static bool nq_match_name(const struct nq_expr *priv, const struct nq_names *names,
			  struct nft_regs *regs, const struct nft_pktinfo *pkt)
{
	const struct nq_expr_state *state = priv->state;
	unsigned int steps = 0;
	struct nq_budget *b;
	bool match = false, spent;

	if (priv->key == NFT_QUIC_SNI)
		return nq_match_sni(names, state->data, state->len) != priv->invert;

	b = nq_budget_get(pkt, names);
	spent = b->spent;
	if (!spent)
		match = nq_match_alpn(names, state->data, state->len, &steps);
	nq_budget_take(b, steps);
	return nq_eval_paid(b, spent, regs, pkt) && match != priv->invert;
}

void nq_match_eval(const struct nft_expr *expr, struct nft_regs *regs,
		   const struct nft_pktinfo *pkt)
{
	const struct nq_expr *priv = nft_expr_priv(expr);
	const struct nq_expr_state *state = priv->state;
	const struct nq_names *names;
	struct nq_head head;
	bool match;

	if (!nq_head_read(&head, pkt, nq_key_is_name(priv->key)) || !head.is_long)
		goto err;
	switch (priv->key) {
	case NFT_QUIC_ALPN:
	case NFT_QUIC_SNI:
		names = nq_head_names(&head, pkt);
		match = names && nq_match_name(priv, names, regs, pkt);
		break;
	case NFT_QUIC_DCID:
		match = head.h.dcid_len == state->len &&
			!memcmp(head.bytes + head.h.dcid_off, state->data, state->len);
		match = match != priv->invert;
		break;
	default: /* NFT_QUIC_SCID */
		match = head.h.scid_len == state->len &&
			!memcmp(head.bytes + head.h.scid_off, state->data, state->len);
		match = match != priv->invert;
		break;
	}
	if (match)
		return;
err:
	if (regs->verdict.code == NFT_CONTINUE)
		regs->verdict.code = NFT_BREAK;
}
