// SPDX-License-Identifier: GPL-2.0-only
#include <net/l3mdev.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include <uapi/nft_quic.h>

#include "ask.h"
#include "budget.h"
#include "conn.h"
#include "core/protect.h"
#include "lately.h"
#include "learn.h"
#include "look.h"
#include "scratch.h"

#define NQ_LEARN_GUESSES   4	     /* connections whose keys a server's Initial is tried with */
#define NQ_LEARN_DATAGRAMS 4	     /* of an skb, that are looked at */
#define NQ_LEARN_REST	   (60 * HZ) /* a ruleset may be loaded anew in two steps */

DEFINE_STATIC_KEY_FALSE(nq_learn_key);

/*
 * The client's path to where an answer comes from, as the answer leaves. Return: false if there is
 * none, or in a conntrack zone, of which addresses alone do not tell it.
 */
static bool nq_learn_path(struct nq_path *path, const struct sk_buff *skb,
			  const struct nf_hook_state *state, unsigned int thoff)
{
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(skb, &ctinfo);
	struct nq_path out;

	if (ct && nf_ct_zone_id(nf_ct_zone(ct), IP_CT_DIR_ORIGINAL))
		return false;

	memset(&out, 0, sizeof(out));
	if (!nq_path_header(&out, skb, state->pf, thoff))
		return false;
	nq_path_devices(&out, state->out);
	out.zone_later = true;
	nq_path_reverse(path, &out);
	return true;
}

/*
 * A datagram that may answer somebody: in @s, behind room for nq_protect_retry(), as long as its
 * lock is held.
 */
struct nq_answered {
	struct nq_scratch *s;
	struct nq_header h;
	unsigned int len;
};

static bool nq_learn_read(struct nq_answered *a, const struct sk_buff *skb, unsigned int off)
{
	u8 *dgram = a->s->dgram + NQ_RETRY_ROOM;

	return !skb_copy_bits(skb, off, dgram, a->len) &&
	       nq_header_parse(dgram, a->len, 0, &a->h) == NQ_DONE;
}

/* Does the Initial open with the server's keys of @names, or is the Retry's tag for them? */
static bool nq_learn_opens(struct nq_answered *a, const struct nq_names *names)
{
	const struct nq_cid *first = &names->first;
	struct nq_payload payload;
	struct nq_keys keys;

	if (a->h.type == NQ_TYPE_RETRY)
		return nq_protect_retry(a->h.ver, first->id, first->len, a->s->dgram, a->len);
	nq_keys_derive_server(a->h.ver, first->id, first->len, &keys);
	return nq_protect_open(&keys, a->s->dgram + NQ_RETRY_ROOM, &a->h, &payload);
}

/* Whom does a server's Initial or Retry answer? */
static struct nq_names *nq_learn_whom(struct nq_net *nn, const struct nq_path *path,
				      const struct nq_id *id, const struct sk_buff *skb,
				      unsigned int off, unsigned int len)
{
	unsigned int i, opened = 0, bad = 0;
	struct nq_answered a = {.len = len};
	struct nq_names *names = NULL;

	a.s = nq_scratch_get();
	if (!nq_learn_read(&a, skb, off))
		goto out;
	for (i = 0; i < NQ_LEARN_GUESSES && !opened; i++) {
		names = nq_names_by_scid(nn, path, &id->dcid, names);
		if (!names)
			break;
		if (READ_ONCE(names->gone))
			continue;
		opened = nq_learn_opens(&a, names);
		bad += !opened;
	}
out:
	nq_scratch_put(a.s);
	if (a.h.type == NQ_TYPE_INITIAL) {
		nq_stat_add(nn, NQ_STAT_decrypted, opened);
		nq_stat_add(nn, NQ_STAT_bad_tag, bad);
	}
	return opened ? names : NULL;
}

/* A server answers with an Initial that tells nothing. Is it for somebody who was seen here? */
static void nq_learn_nothing(struct nq_net *nn, const struct nq_path *path, const struct nq_id *id)
{
	if (nq_names_by_scid(nn, path, &id->dcid, NULL) || nq_conn_crowd(nn, path))
		nq_conn_stranger(nn, path);
}

/* A server answers in a version that nobody reads: the short headers to come may be of that one. */
static void nq_learn_unread(struct nq_net *nn, const struct nq_path *path)
{
	if (nq_conn_crowd(nn, path))
		nq_conn_stranger(nn, path);
	else
		nq_conn_nobody(nn, path);
}

static void nq_learn_id(struct nq_net *nn, const struct nq_path *path, const struct nq_names *names,
			const struct nq_cid *id, bool retry)
{
	enum nq_learnt learnt = nq_conn_learn(nn, path, names, id, retry);

	if (learnt == NQ_LEARNT_NEW)
		nq_stat_add(nn, NQ_STAT_learned, 1);
	else if (learnt == NQ_LEARNT_FULL)
		nq_stat_add(nn, NQ_STAT_unfollowed, 1);
}

/*
 * A Retry. Its client begins anew, with an Initial that is read like any other, and what it began
 * with will not be answered any more. One with the DCID of that Initial is discarded (RFC 9000
 * 17.2.5.1).
 */
static void nq_learn_retry(struct nq_net *nn, const struct nq_path *path, const struct nq_id *id,
			   struct nq_names *names)
{
	if (!names || nq_cid_same(&names->first, &id->scid))
		return;
	WRITE_ONCE(names->retried, true);
	if (id->scid.len >= NQ_ID_MIN)
		nq_learn_id(nn, path, names, &id->scid, true);
}

/* A datagram that leaves and begins with a long header. */
static void nq_learn_long(struct nq_net *nn, const struct nq_path *path, const struct sk_buff *skb,
			  unsigned int off, unsigned int len)
{
	struct nq_names *names = NULL;
	u8 buf[NQ_FLIGHT_HEAD];
	struct nq_header h;
	struct nq_id id;
	unsigned int n;
	const u8 *head;

	n = min_t(unsigned int, len, sizeof(buf));
	head = n < NQ_GLANCE ? NULL : skb_header_pointer(skb, off, n, buf);
	if (!head || !nq_header_glance(head))
		return;
	if (nq_header_unread(head)) {
		nq_learn_unread(nn, path);
		return;
	}
	if (nq_header_invariant(head, n, 0, &h) != NQ_DONE || !h.ver || !nq_id_read(&id, &h, head))
		return;
	if (h.type != NQ_TYPE_RETRY && nq_conn_proves(nn))
		nq_conn_reply(nn, &(struct nq_reply){
					  .path = path,
					  .dcid = id.dcid.id,
					  .len = id.dcid.len,
					  .exact = true,
				  });
	if (len > NQ_DGRAM_MAX - NQ_RETRY_ROOM ||
	    (h.type != NQ_TYPE_INITIAL && h.type != NQ_TYPE_RETRY))
		return;
	if (h.type == NQ_TYPE_RETRY) {
		nq_learn_retry(nn, path, &id, nq_learn_whom(nn, path, &id, skb, off, len));
		return;
	}
	if (id.scid.len >= NQ_ID_MIN && nq_names_by_scid(nn, path, &id.dcid, NULL))
		names = nq_learn_whom(nn, path, &id, skb, off, len);
	if (names)
		nq_learn_id(nn, path, names, &id.scid, false);
	else
		nq_learn_nothing(nn, path, &id);
}

/* Datagrams that leave and begin with a short header. */
static noinline void nq_learn_short(struct nq_net *nn, const struct sk_buff *skb,
				    const struct nf_hook_state *state, const struct nq_dgrams *d,
				    unsigned int thoff)
{
	unsigned int len = min_t(unsigned int, min(d->len, d->seg), NQ_CID_MAX + 1);
	struct nq_path path nq_uncleared;
	u8 buf[NQ_CID_MAX + 1];
	struct nq_reply r;
	const u8 *head;

	head = skb_header_pointer(skb, d->off, len, buf);
	if (!head || !nq_learn_path(&path, skb, state, thoff))
		return;
	r = (struct nq_reply){
		.path = &path,
		.dcid = head + 1,
		.len = len - 1,
		.n = nq_dgrams_count(d),
	};
	nq_conn_reply(nn, &r);
}

static unsigned int nq_learn_hook(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	struct nq_net *nn = priv;
	struct nq_path path nq_uncleared;
	struct nq_dgrams d;
	unsigned int i, n;
	u8 buf[NQ_GLANCE];
	const u8 *head;
	int thoff;

	if (!nq_learning(nn))
		return NF_ACCEPT;
	thoff = nq_transport(skb, state->pf);
	if (thoff < 0 || !nq_dgrams_at(&d, skb, thoff) || d.len < NQ_GLANCE)
		return NF_ACCEPT;
	head = skb_header_pointer(skb, d.off, sizeof(buf), buf);
	if (!head)
		return NF_ACCEPT;
	if (!(head[0] & NQ_LONG_HEADER)) {
		if (nq_conn_waits(nn))
			nq_learn_short(nn, skb, state, &d, thoff);
		return NF_ACCEPT;
	}
	if ((!READ_ONCE(nn->n_names) && !nq_conn_count(nn, NULL) && !nq_header_unread(head)) ||
	    !nq_header_glance(head) || !nq_learn_path(&path, skb, state, thoff))
		return NF_ACCEPT;
	n = min_t(unsigned int, nq_dgrams_count(&d), NQ_LEARN_DATAGRAMS);
	for (i = 0; i < n; i++)
		nq_learn_long(nn, &path, skb, d.off + i * d.seg, min(d.len - i * d.seg, d.seg));
	return NF_ACCEPT;
}

/* Apart from the next one: nearly all packets have a short header, and clear nothing for this. */
static noinline bool nq_learn_whose_long(struct nq_whose *w, const u8 *head, unsigned int len)
{
	struct nq_header h;

	if (nq_header_invariant(head, len, 0, &h) != NQ_DONE || !h.ver ||
	    h.type != NQ_TYPE_HANDSHAKE || h.dcid_len > NQ_CID_MAX)
		return false;
	w->dcid = head + h.dcid_off;
	w->len = h.dcid_len;
	return true;
}

/*
 * Read what the first datagram of a packet says of its connection, with its bytes in @buf. Return:
 * false if it says nothing.
 */
static bool nq_learn_whose(struct nq_whose *w, const struct sk_buff *skb, const struct nq_dgrams *d,
			   u8 buf[NQ_FLIGHT_HEAD])
{
	unsigned int len = min_t(unsigned int, min(d->len, d->seg), NQ_FLIGHT_HEAD);
	const u8 *head;

	head = len ? skb_header_pointer(skb, d->off, len, buf) : NULL;
	if (!head)
		return false;
	w->exact = head[0] & NQ_LONG_HEADER;
	if (w->exact)
		return nq_learn_whose_long(w, head, len);
	if (len < NQ_SHORT_MIN)
		return false;
	w->dcid = head + 1;
	w->len = min_t(unsigned int, len - 1, NQ_CID_MAX);
	return true;
}

/*
 * A Handshake packet. Its client's own ID, which nobody knows who has not seen the connection,
 * tells whose it is, and so its DCID: some clients go over to another one of their server's IDs
 * before they have used the first.
 */
static noinline void nq_learn_handshake(struct nq_net *nn, const struct sk_buff *skb,
					const struct nq_dgrams *d, const struct nq_path *path)
{
	const struct nq_names *names = NULL;
	u8 buf[NQ_FLIGHT_HEAD];
	struct nq_header h;
	unsigned int i, len;
	const u8 *head;
	struct nq_id id;

	len = min_t(unsigned int, min(d->len, d->seg), sizeof(buf));
	head = skb_header_pointer(skb, d->off, len, buf);
	if (!head || nq_header_invariant(head, len, 0, &h) != NQ_DONE ||
	    !nq_id_read(&id, &h, head) || id.scid.len < NQ_ID_MIN)
		return;
	for (i = 0; i < NQ_LEARN_GUESSES; i++) {
		names = nq_names_by_scid(nn, path, &id.scid, names);
		if (!names)
			return;
		if (!READ_ONCE(names->gone))
			nq_conn_shown(nn, path, names, &id.dcid);
	}
}

/*
 * Has the like of a packet come lately, by the first @len bytes of its connection ID? If not,
 * @print is for nq_lately_note(), or 0 if it is to be looked up in any case.
 */
static bool nq_learn_came(const struct nq_net *nn, const struct sk_buff *skb,
			  const struct nf_hook_state *state, const struct nq_dgrams *d,
			  unsigned int thoff, u8 len, u32 *print)
{
	u8 buf[sizeof(struct udphdr) + 1 + NQ_CID_MAX] __aligned(4) nq_uncleared;
	const u8 *udp;
	u32 gen;

	*print = 0;
	if (state->hook != NF_INET_PRE_ROUTING || skb->_nfct || d->len > d->seg ||
	    len < NQ_LATELY_LEN || d->len < NQ_SHORT_MIN || d->len <= len)
		return false;
	udp = skb_header_pointer(skb, thoff, sizeof(struct udphdr) + 1 + len, buf);
	if (!udp || udp[sizeof(struct udphdr)] & NQ_LONG_HEADER)
		return false;
	gen = smp_load_acquire(&nn->gone); /* pairs with nq_conn_drop() */
	if (READ_ONCE(nn->part))
		gen += nq_look_generation(nn->net);
	return nq_lately_came(nn, skb, state, udp, gen, len, print);
}

/* Look a packet up, and if it shows nothing new, note @print, which is by @len bytes, unless 0. */
static noinline bool nq_learn_look(struct nq_net *nn, const struct sk_buff *skb,
				   const struct nf_hook_state *state, const struct nq_dgrams *d,
				   unsigned int thoff, u32 print, u8 len)
{
	u8 settled, buf[NQ_FLIGHT_HEAD] nq_uncleared;
	struct nq_path path nq_uncleared;
	struct nq_whose w = {.path = &path};
	enum nq_look why = NQ_LOOK_NONE;
	enum nq_found_by by;

	if (!nq_learn_whose(&w, skb, d, buf) || !nq_path_read(&path, skb, state, thoff) ||
	    path.zone)
		return true;
	if (d->len > d->seg && nq_conn_crowd(nn, &path) > 1)
		return false;
	if (unlikely(w.exact))
		nq_learn_handshake(nn, skb, d, &path);
	/* A task that sends may be moved to another CPU before it comes to the rules. */
	by = nq_conn_follow(nn, &w, state->hook == NF_INET_PRE_ROUTING ? &why : NULL, &settled);
	if (print && settled == len)
		nq_lately_note(print);
	if (unlikely(why != NQ_LOOK_NONE))
		nq_look_begin(skb, why);
	if (by == NQ_BY_ID)
		nq_stat_add(nn, NQ_STAT_moved, 1);
	else if (by == NQ_AMBIGUOUS)
		nq_stat_add(nn, NQ_STAT_ambiguous, 1);
	if (by != NQ_BY_NOTHING) {
		nq_budget_begin(skb);
	} else if (nq_ask_wants(nn, skb, state, thoff)) {
		nq_conn_nobody(nn, &path);
		nq_conn_nobodys(nn, &w);
	}
	return true;
}

bool nq_learn_follow(struct nq_net *nn, const struct sk_buff *skb,
		     const struct nf_hook_state *state, const struct nq_dgrams *d,
		     unsigned int thoff)
{
	u8 len = READ_ONCE(nn->id_len);
	u32 print;

	nq_look_forget(skb);
	if (!nq_learn_came(nn, skb, state, d, thoff, len, &print))
		return nq_learn_look(nn, skb, state, d, thoff, print, len);
	nq_budget_begin(skb);
	return true;
}

/* The same for a packet at a rule, with its path in @path. */
static bool nq_learn_at_rule(struct nq_whose *w, struct nq_path *path,
			     const struct nft_pktinfo *pkt, u8 buf[NQ_FLIGHT_HEAD])
{
	struct nq_dgrams d;

	w->path = path;
	return nq_dgrams_at(&d, pkt->skb, nft_thoff(pkt)) && nq_learn_whose(w, pkt->skb, &d, buf) &&
	       !(w->exact && nq_packet_hides(pkt->skb, d.off, min(d.len, d.seg))) &&
	       nq_path_read(path, pkt->skb, pkt->state, nft_thoff(pkt)) && !path->zone;
}

void nq_learn_issuer(struct nq_net *nn, const struct nft_pktinfo *pkt, u32 rule, u32 gen)
{
	u8 buf[NQ_FLIGHT_HEAD] nq_uncleared;
	struct nq_path path nq_uncleared;
	struct nq_whose w;

	if (nq_learn_at_rule(&w, &path, pkt, buf))
		nq_conn_issuer(nn, &w, rule, gen);
}

/*
 * A packet of one of several connections is asked for its names: now it is known which rules did
 * not take its server ID. If that does not tell whose it is, nobody guesses here any more.
 */
static noinline void nq_learn_decide(struct nq_net *nn, const struct nft_pktinfo *pkt,
				     const struct nq_whose *w)
{
	struct nq_missed missed;

	nq_look_end(pkt->skb, &missed);
	if (nq_conn_decide(nn, w, &missed))
		return;
	nq_stat_add(nn, NQ_STAT_ambiguous, 1);
	nq_conn_stranger(nn, w->path);
	nq_conn_nobodys(nn, w);
}

/* The same for a packet at a rule, with its path in @path. Return: false if it says nothing. */
static bool nq_learn_at_names(struct nq_net *nn, struct nq_whose *w, struct nq_path *path,
			      const struct nft_pktinfo *pkt, u8 buf[NQ_FLIGHT_HEAD])
{
	if (!nq_conn_count(nn, NULL) || !nq_learn_at_rule(w, path, pkt, buf))
		return false;
	if (unlikely(nq_look_why(pkt->skb) == NQ_LOOK_OTHERS))
		nq_learn_decide(nn, pkt, w);
	return true;
}

const struct nq_names *nq_learn_names(struct nq_net *nn, const struct nft_pktinfo *pkt)
{
	u8 buf[NQ_FLIGHT_HEAD] nq_uncleared;
	struct nq_path path nq_uncleared;
	enum nq_found_by by;
	struct nq_whose w;

	if (!nq_learn_at_names(nn, &w, &path, pkt, buf))
		return NULL;
	return nq_conn_find(nn, &w, &by);
}

/*
 * Does a packet of no known connection come from a server? Conntrack alone cannot tell if the
 * server spoke first, but then it is known by its connections, or neither is.
 */
static bool nq_learn_reply(struct nq_net *nn, const struct nft_pktinfo *pkt)
{
	struct nq_path path, back;

	if (nq_reply_ct(pkt->skb))
		return true;
	if (!nq_path_read(&path, pkt->skb, pkt->state, nft_thoff(pkt)))
		return false;
	nq_path_reverse(&back, &path);
	return nq_names_any(nn, &back) || (!path.zone && nq_conn_crowd(nn, &back));
}

bool nq_learn_state(struct nq_net *nn, const struct nft_pktinfo *pkt, u8 *state)
{
	u8 buf[NQ_FLIGHT_HEAD] nq_uncleared;
	struct nq_path path nq_uncleared;
	struct nq_whose w;

	*state = NFT_QUIC_STATE_UNKNOWN;
	if (nq_learn_at_names(nn, &w, &path, pkt, buf))
		*state = nq_conn_state(nn, &w);
	return *state != NFT_QUIC_STATE_UNKNOWN || !nq_learn_reply(nn, pkt);
}

/* A minute after the last rule. */
static void nq_learn_forget(struct work_struct *work)
{
	struct nq_net *nn = container_of(to_delayed_work(work), struct nq_net, learn_rest);

	if (!READ_ONCE(nn->learning))
		nq_conn_flush(nn);
}

/* Under use_mutex. */
static bool nq_learn_is_wanted(const struct nq_net *nn)
{
	return READ_ONCE(nn->limits.learn) || nn->learn_rules;
}

int nq_learn_start(struct nq_net *nn)
{
	int err;

	if (!nq_learn_is_wanted(nn) || nq_net_is_users(nn) || nn->learning)
		return 0;
	nq_lately_alloc();
	err = nq_conn_alloc(nn);
	if (!err)
		err = nf_register_net_hooks(nn->net, nn->learn_ops, ARRAY_SIZE(nn->learn_ops));
	if (err)
		return err;
	nq_conn_begin(nn);
	static_branch_inc(&nq_learn_key);
	WRITE_ONCE(nn->learning, true);
	return 0;
}

void nq_learn_stop(struct nq_net *nn)
{
	if (!nn->learning)
		return;
	WRITE_ONCE(nn->learning, false);
	static_branch_dec(&nq_learn_key);
	nf_unregister_net_hooks(nn->net, nn->learn_ops, ARRAY_SIZE(nn->learn_ops));
	if (!nn->dead)
		mod_delayed_work(system_long_wq, &nn->learn_rest, NQ_LEARN_REST);
}

int nq_learn_set(struct nq_net *nn)
{
	int err = 0;

	mutex_lock(&nn->use_mutex);
	if (!nq_learn_is_wanted(nn)) {
		nq_learn_stop(nn);
		nq_conn_flush(nn);
	} else if (nn->active) {
		err = nq_learn_start(nn);
	}
	mutex_unlock(&nn->use_mutex);
	return err;
}

int nq_learn_want(struct nq_net *nn)
{
	if (nq_net_is_users(nn))
		return -EOPNOTSUPP;
	mutex_lock(&nn->use_mutex);
	nn->learn_rules++;
	mutex_unlock(&nn->use_mutex);
	return 0;
}

void nq_learn_unwant(struct nq_net *nn)
{
	mutex_lock(&nn->use_mutex);
	nn->learn_rules--;
	if (!nq_learn_is_wanted(nn))
		nq_learn_stop(nn);
	mutex_unlock(&nn->use_mutex);
}

void nq_learn_init(struct nq_net *nn)
{
	unsigned int i;

	INIT_DELAYED_WORK(&nn->learn_rest, nq_learn_forget);
	for (i = 0; i < ARRAY_SIZE(nn->learn_ops); i++)
		nn->learn_ops[i] = (struct nf_hook_ops){
			.hook = nq_learn_hook,
			.priv = nn,
			.pf = i ? NFPROTO_IPV6 : NFPROTO_IPV4,
			.hooknum = NF_INET_POST_ROUTING,
			.priority = INT_MAX - 1, /* behind NAT, before conntrack's confirmation */
		};
}

void nq_learn_exit(struct nq_net *nn)
{
	cancel_delayed_work_sync(&nn->learn_rest);
	nq_conn_exit(nn);
}
