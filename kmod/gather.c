// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gathering hook, just after IP defragmentation: for QUIC it does what nf_defrag does for IP.
 * In the order of the looks that a packet gets, cheapest first:
 *
 *	not UDP, no long header, no Initial or 0-RTT: passes, unless it is an skb of several
 *	connections and rules look at DCIDs
 *	no rule asks for where it goes: passes
 *	several connections in one skb: each datagram by itself from here on
 *	its UDP checksum is wrong, so the stack will discard it: passes
 *	its connection is held: it is held, too
 *	its connection is known: passes, after its ClientHello was compared with the known one
 *	decrypt: complete: note the names, passes; incomplete: held
 *	it does not open: it is a reply, or of a connection that is known, or unreadable: passes
 *
 * A connection is known by its path, the DCID of its first Initial and the version. Whether
 * conntrack knows the 5-tuple does not matter: a client may begin any number of connections from
 * one port.
 */
#include "ask.h"
#include "budget.h"
#include "compat/compat.h"
#include "conn.h"
#include "feed.h"
#include "gather.h"
#include "hold.h"
#include "learn.h"
#include "names.h"
#include "overload.h"
#include "packet.h"
#include "scratch.h"
#include "state.h"
#include "stolen.h"

#define NQ_HANDSHAKE_TIME (5 * HZ)
#define NQ_GUESSES	  2 /* known connections of a client whose keys a packet is tried with */

static unsigned int nq_gather_pass(struct nq_net *nn, const struct nq_packet *p, enum nq_stat why)
{
	nq_stat_add(nn, why, nq_packet_datagrams(p));
	return NF_ACCEPT;
}

static struct nq_id nq_gather_id(const struct nq_names *names)
{
	return (struct nq_id){
		.version = names->version,
		.dcid = names->first,
		.scid = names->scid,
	};
}

/* The ClientHello is complete, and its names were noted unless @err. */
static unsigned int nq_gather_done(struct nq_net *nn, const struct nq_packet *p,
				   const struct nq_id *id, int err)
{
	unsigned int verdict;

	if (err)
		return nq_overload_verdict(nn, p);
	/* Another CPU may have begun to hold the connection: not past those packets. */
	smp_mb(); /* names before holds; pairs with nq_hold_begin() */
	if (nq_hold_follow(nn, p, id, &verdict))
		return verdict;
	return nq_gather_pass(nn, p, NQ_STAT_whole);
}

/* A part of a second ClientHello is in @s, or more than may be. Puts @s. */
static unsigned int nq_gather_second(struct nq_net *nn, const struct nq_packet *p,
				     const struct nq_id *id, struct nq_scratch *s, enum nq_fed fed,
				     const struct nq_track *track)
{
	if (fed == NQ_FED_MORE && nq_stolen_can(p))
		return nq_hold_begin(nn, p, id, s, track);
	nq_scratch_put(s);
	return fed == NQ_FED_LIMIT ? nq_overload_verdict(nn, p)
				   : nq_gather_pass(nn, p, NQ_STAT_unreadable);
}

/*
 * Packet @p was fed to the flight in @s, which was resumed behind what is known of @names: is it
 * the same ClientHello, or a second one after it? Puts @s.
 */
static unsigned int nq_gather_more(struct nq_net *nn, const struct nq_packet *p,
				   struct nq_names *names, struct nq_scratch *s, enum nq_fed fed,
				   const struct nq_track *track)
{
	struct nq_id id = nq_gather_id(names);
	struct nq_flight *f = &s->flight;
	unsigned int i, verdict;
	int err;

	nq_feed_compare(nn, names, s, fed);
	for (i = 0; i < track->n_others; i++) {
		nq_names_note(nn, names, &track->others[i]);
		if (nq_learning(nn))
			nq_conn_shown(nn, &p->path, names, &track->others[i]);
	}
	if (nq_names_astray(nn, &p->path, &p->id, &names->first)) {
		nq_scratch_put(s);
		return nq_overload_foreign(nn, p);
	}
	if (READ_ONCE(names->gone)) {
		nq_scratch_put(s);
		return nq_gather_pass(nn, p, NQ_STAT_unreadable);
	}
	if (fed == NQ_FED_DONE) {
		err = nq_names_add(nn, &names->path, &id, f, track);
		nq_scratch_put(s);
		verdict = nq_gather_done(nn, p, &id, err);
		if (err && verdict == NF_ACCEPT)
			nq_names_spoil(nn, names);
		return verdict;
	}
	if ((fed == NQ_FED_MORE || fed == NQ_FED_LIMIT) && f->crypto.top > f->base) {
		verdict = nq_gather_second(nn, p, &id, s, fed, track);
		if (verdict == NF_ACCEPT)
			nq_names_spoil(nn, names); /* those of the first are not known to count */
		return verdict;
	}
	nq_names_saw(names, track);
	nq_scratch_put(s);
	return nq_gather_pass(nn, p, NQ_STAT_known);
}

/*
 * Try to open @p with the keys of a known connection.
 *
 * Return: false if it does not open; @s is still the caller's, else it was put.
 */
static bool nq_gather_try(struct nq_net *nn, const struct nq_packet *p, struct nq_names *names,
			  struct nq_scratch *s, unsigned int *bad_tag, unsigned int *verdict)
{
	struct nq_track track = {.first = names->first};
	enum nq_fed fed;

	nq_feed_resume(s, p->id.version, &names->first, names->end);
	fed = nq_feed(nn, s, p->skb, &p->d, &track, bad_tag);
	if (fed == NQ_FED_NOTHING) {
		nq_feed_compare(nn, names, s, fed); /* nothing opened, but not all was tried */
		return false;
	}
	if (fed == NQ_FED_PART) {
		nq_scratch_put(s);
		nq_stat_add(nn, NQ_STAT_bad_tag, *bad_tag);
		*verdict = nq_overload_foreign(nn, p);
	} else {
		*verdict = nq_gather_more(nn, p, names, s, fed, &track);
	}
	return true;
}

/* Were the packet's bytes taken before? */
static bool nq_gather_seen(const struct nq_packet *p, const struct nq_names *names)
{
	struct nq_scratch *s = nq_scratch_get();
	bool seen = nq_feed_seen(s, p->skb, &p->d, names);

	nq_scratch_put(s);
	return seen;
}

/*
 * No key opened the packet. A rule finds the names of @names by its DCID, if that one has any: then
 * it is not sent on.
 */
static unsigned int nq_gather_unopened(struct nq_net *nn, const struct nq_packet *p,
				       const struct nq_names *names)
{
	if (names && !READ_ONCE(names->gone))
		return nq_overload_foreign(nn, p);
	return nq_gather_pass(nn, p, NQ_STAT_unreadable);
}

/* A packet under the first DCID of a known connection. */
static unsigned int nq_gather_known(struct nq_net *nn, const struct nq_packet *p,
				    struct nq_names *names)
{
	unsigned int verdict, bad_tag = 0;
	struct nq_scratch *s;

	if (READ_ONCE(names->gone))
		return nq_gather_pass(nn, p, NQ_STAT_unreadable);
	if (!p->readable || nq_gather_seen(p, names))
		return nq_gather_pass(nn, p, NQ_STAT_known);

	s = nq_scratch_get();
	if (nq_gather_try(nn, p, names, s, &bad_tag, &verdict))
		return verdict;
	nq_scratch_put(s);
	nq_stat_add(nn, NQ_STAT_bad_tag, bad_tag);
	return nq_gather_unopened(nn, p, names);
}

/* It opened with the keys of held connection @id, which is held no more. */
static unsigned int nq_gather_released(struct nq_net *nn, const struct nq_packet *p,
				       const struct nq_id *id)
{
	struct nq_names *names;

	if (nq_names_astray(nn, &p->path, &p->id, &id->dcid))
		return nq_overload_foreign(nn, p);
	names = nq_names_first(nn, &p->path, id);
	return names ? nq_gather_known(nn, p, names) : nq_gather_pass(nn, p, NQ_STAT_known);
}

/* Is a packet's DCID an ID of a connection whose handshake may still last? */
static bool nq_gather_claimed(const struct nq_names *other)
{
	return other && (u32)jiffies - other->born < NQ_PROOF_TIME;
}

/*
 * The packet did not open with keys of its own, nor with those of @other, which knows its DCID:
 * maybe with those of another connection of this client.
 */
static unsigned int nq_gather_later(struct nq_net *nn, const struct nq_packet *p,
				    struct nq_scratch *s, unsigned int bad_tag,
				    const struct nq_names *other)
{
	struct nq_names *names = NULL;
	struct nq_track track = {};
	unsigned int i, verdict;
	enum nq_fed fed;
	struct nq_id id;
	u16 base;

	/* Not before its own keys were tried: a client can send from its server's address, too. */
	if (!nq_gather_claimed(other) && nq_names_reply(nn, &p->path, &p->id)) {
		nq_scratch_put(s);
		return nq_gather_pass(nn, p, NQ_STAT_bound);
	}
	if (nq_hold_by_scid(nn, &p->path, &p->id.scid, &id, &base)) {
		track.first = id.dcid;
		nq_feed_resume(s, p->id.version, &id.dcid, base);
		fed = nq_feed(nn, s, p->skb, &p->d, &track, &bad_tag);
		if (fed != NQ_FED_NOTHING) {
			nq_scratch_put(s);
			if (fed == NQ_FED_PART)
				return nq_overload_foreign(nn, p);
			if (nq_hold_follow(nn, p, &id, &verdict))
				return verdict;
			return nq_gather_released(nn, p, &id);
		}
	}
	for (i = 0; i < NQ_GUESSES; i++) {
		names = nq_names_by_scid(nn, &p->path, &p->id.scid, names);
		if (!names)
			break;
		if (nq_gather_try(nn, p, names, s, &bad_tag, &verdict))
			return verdict;
	}
	nq_scratch_put(s);
	nq_stat_add(nn, NQ_STAT_bad_tag, bad_tag);
	return nq_gather_unopened(nn, p, other);
}

/*
 * A packet of a connection that is not known, so it may open one. If it is known as @dead, a whole
 * ClientHello is read all the same, but nothing waits for the rest of one. @other knows the DCID as
 * a later ID, and a rule finds its names, unless the packet opens a connection.
 */
static unsigned int nq_gather_new(struct nq_net *nn, const struct nq_packet *p, bool dead,
				  struct nq_names *other)
{
	struct nq_track track = {.first = p->id.dcid};
	unsigned int bad_tag = 0, verdict;
	enum nq_fed fed = NQ_FED_NOTHING;
	struct nq_names *names;
	struct nq_scratch *s;
	int err;

	/* 0-RTT that overtook its Initial */
	if (!p->readable)
		return !dead && nq_stolen_can(p) ? nq_hold_begin(nn, p, &p->id, NULL, &track)
						 : nq_gather_pass(nn, p, NQ_STAT_unreadable);

	s = nq_scratch_get();
	if (other && nq_gather_try(nn, p, other, s, &bad_tag, &verdict))
		return verdict;
	if (p->id.dcid.len >= NQ_DCID_MIN) {
		nq_feed_resume(s, p->id.version, &p->id.dcid, 0);
		fed = nq_feed(nn, s, p->skb, &p->d, &track, &bad_tag);
	}
	if (other && fed != NQ_FED_NOTHING && fed != NQ_FED_DONE)
		fed = NQ_FED_PART; /* nothing stands in front of @other's names */
	switch (fed) {
	case NQ_FED_NOTHING:
		return nq_gather_later(nn, p, s, bad_tag, other);
	case NQ_FED_PART:
		nq_scratch_put(s);
		nq_stat_add(nn, NQ_STAT_bad_tag, bad_tag);
		return nq_overload_foreign(nn, p);
	case NQ_FED_DONE:
		err = nq_names_add(nn, &p->path, &p->id, &s->flight, &track);
		/* Nobody asked for a second one yet, but a server would take it: its names count.
		 */
		names = !err && s->flight.second ? nq_names_first(nn, &p->path, &p->id) : NULL;
		if (names && nq_gather_try(nn, p, names, s, &bad_tag, &verdict))
			return verdict;
		nq_scratch_put(s);
		if (err && other)
			return nq_overload_foreign(nn, p);
		return nq_gather_done(nn, p, &p->id, err);
	case NQ_FED_MORE:
		if (!dead && nq_stolen_can(p))
			return nq_hold_begin(nn, p, &p->id, s, &track);
		break; /* cannot be held, and dropping it would end the connection */
	case NQ_FED_LIMIT:
		nq_scratch_put(s);
		return nq_overload_verdict(nn, p);
	case NQ_FED_DEAD:
		nq_names_bury(nn, &p->path, &p->id, &track, nq_flight_doubtful(&s->flight));
		break;
	}
	nq_scratch_put(s);
	return nq_gather_pass(nn, p, NQ_STAT_unreadable);
}

/* Does a client with this ID have a connection on the path that may still send 0-RTT? */
static bool nq_gather_young(struct nq_net *nn, const struct nq_packet *p)
{
	const struct nq_names *names = nq_names_by_scid(nn, &p->path, &p->id.scid, NULL);

	return names && (u32)jiffies - names->born < NQ_HANDSHAKE_TIME;
}

/* Is anything known of this client on the path? */
static bool nq_gather_client(struct nq_net *nn, const struct nq_packet *p)
{
	struct nq_id id;
	u16 base;

	return nq_hold_by_scid(nn, &p->path, &p->id.scid, &id, &base) ||
	       nq_names_by_scid(nn, &p->path, &p->id.scid, NULL);
}

static unsigned int nq_gather(struct nq_net *nn, const struct nq_packet *p)
{
	unsigned int verdict;
	struct nq_names *names;

	if (nq_hold_follow(nn, p, &p->id, &verdict))
		return verdict;
	names = nq_names_first(nn, &p->path, &p->id);
	if (names)
		return names->dead ? nq_gather_new(nn, p, true, NULL)
				   : nq_gather_known(nn, p, names);

	/*
	 * Also an ID that the client has from its server may open a connection: once the server has
	 * forgotten the old one, it is as good as any.
	 */
	names = nq_names_other(nn, &p->path, &p->id);
	if (names && (!p->readable || nq_gather_seen(p, names)))
		return nq_gather_pass(nn, p, NQ_STAT_known);
	if (!p->readable) {
		if (nq_names_reply(nn, &p->path, &p->id))
			return nq_gather_pass(nn, p, NQ_STAT_bound);
		/* 0-RTT continues under the server's ID, as long as a handshake lasts. */
		if (nq_gather_young(nn, p))
			return nq_gather_pass(nn, p, NQ_STAT_known);
	}
	if (!names && p->id.dcid.len < NQ_DCID_MIN && !nq_gather_client(nn, p))
		return nq_gather_pass(nn, p, NQ_STAT_bound);
	return nq_gather_new(nn, p, false, names);
}

/* An skb with one connection's datagrams only, which were read. */
static unsigned int nq_gather_packet(struct nq_net *nn, struct nq_packet *p, unsigned int thoff)
{
	if (!nq_packet_intact(nn, p, thoff) || !nq_path_read(&p->path, p->skb, p->state, thoff))
		return NF_ACCEPT;
	nq_path_untranslate(&p->path, p->skb, p->state);
	nq_stat_add(nn, NQ_STAT_initials, p->initials);
	nq_stat_add(nn, NQ_STAT_zero_rtt, p->zero_rtt);
	return nq_gather(nn, p);
}

/* A packet that was cut off another. Return: verdict. */
static unsigned int nq_gather_part(struct nq_net *nn, struct nq_packet *p)
{
	int thoff = nq_transport(p->skb, p->state->pf);
	bool opens;

	if (thoff < 0 || !nq_dgrams_at(&p->d, p->skb, thoff))
		return NF_ACCEPT;
	opens = nq_packet_read(p);
	nq_packet_count(nn, p);
	if (opens)
		return nq_gather_packet(nn, p, thoff);
	if (nq_learning(nn))
		nq_learn_follow(nn, p->skb, p->state, &p->d, thoff);
	return NF_ACCEPT;
}

/*
 * Datagrams of several connections in one skb, of GRO or a sender's UDP_SEGMENT: rules look at the
 * first alone, so each goes its way by itself from here on.
 */
static unsigned int nq_gather_split(struct nq_net *nn, const struct nq_packet *whole)
{
	struct sk_buff *segs, *skb, *next;
	unsigned int mac = 0;

	/* Segmenting takes skb->data for the link layer's header: show it the true one. */
	if (whole->state->hook == NF_INET_PRE_ROUTING && skb_mac_header_was_set(whole->skb))
		mac = skb_network_header(whole->skb) - skb_mac_header(whole->skb);
	__skb_push(whole->skb, mac);
	segs = skb_gso_segment(whole->skb, 0);
	if (IS_ERR_OR_NULL(segs)) {
		__skb_pull(whole->skb, mac);
		nq_stat_add(nn, NQ_STAT_initials, whole->initials);
		nq_stat_add(nn, NQ_STAT_zero_rtt, whole->zero_rtt);
		if (!nq_packet_datagrams(whole))
			nq_stat_add(nn, NQ_STAT_overload, nq_dgrams_count(&whole->d));
		return nq_overload_drop(nn, whole);
	}
	/* Of a fraglist the first segment is this very skb, with one reference more. */
	consume_skb(whole->skb);
	skb_list_walk_safe (segs, skb, next) {
		struct nq_packet p = {.skb = skb, .state = whole->state};
		struct nq_stolen *h;

		skb_mark_not_on_list(skb);
		__skb_pull(skb, mac);
		switch (nq_gather_part(nn, &p)) {
		case NF_STOLEN:
			continue;
		case NF_ACCEPT:
			h = nq_stolen_take(&p);
			if (h) {
				nq_stolen_resume(h);
				continue;
			}
			nq_stat_add(nn, NQ_STAT_overload, 1);
			break;
		}
		kfree_skb(skb);
	}
	return NF_STOLEN;
}

/*
 * A packet that no rule asks for. Its connection may be held since a rule did: no packet overtakes
 * another.
 */
static unsigned int nq_gather_unasked(struct nq_net *nn, struct nq_packet *p, unsigned int thoff)
{
	unsigned int verdict;

	if (READ_ONCE(nn->n_holds) && !p->mixed && nq_packet_intact(nn, p, thoff) &&
	    nq_path_read(&p->path, p->skb, p->state, thoff)) {
		nq_path_untranslate(&p->path, p->skb, p->state);
		if (nq_hold_follow(nn, p, &p->id, &verdict)) {
			nq_stat_add(nn, NQ_STAT_initials, p->initials);
			nq_stat_add(nn, NQ_STAT_zero_rtt, p->zero_rtt);
			return verdict;
		}
	}
	return nq_gather_pass(nn, p, NQ_STAT_unasked);
}

/* Does an skb hold datagrams with different DCIDs, at which rules look? */
static bool nq_gather_strangers(const struct nq_net *nn, const struct sk_buff *skb,
				const struct nq_dgrams *d)
{
	unsigned int part = READ_ONCE(nn->part);

	return d->len > d->seg && part && nq_packet_strangers(skb, d, part);
}

/*
 * A packet that opens no connection: of one that is followed? Return: true if its datagrams may be
 * of several of these, so each is to go by itself.
 */
static bool nq_gather_several(struct nq_net *nn, const struct nq_packet *p, unsigned int thoff)
{
	return nq_learning(nn) && !nq_learn_follow(nn, p->skb, p->state, &p->d, thoff) &&
	       nq_stolen_can(p);
}

/*
 * Is a packet with short headers a server's answer? Its client may have no ID, and then ciphertext
 * was compared. Conntrack alone cannot tell: if the server sent first, or the client's packets are
 * not tracked, it takes the client for the server, whose connections must be cut apart.
 */
static bool nq_gather_answer(struct nq_net *nn, const struct nq_packet *p, unsigned int thoff)
{
	struct nq_path path, back;

	if (!nq_path_read(&path, p->skb, p->state, thoff) ||
	    !nq_path_untranslate(&path, p->skb, p->state))
		return false;
	nq_path_reverse(&back, &path);
	return nq_names_any(nn, &back) && !nq_names_any(nn, &path);
}

/* Apart from the hook, which clears no memory for packets that it only glances at. */
static noinline unsigned int nq_gather_read(struct nq_net *nn, struct sk_buff *skb,
					    const struct nf_hook_state *state,
					    const struct nq_dgrams *d, unsigned int thoff)
{
	struct nq_packet p = {.skb = skb, .state = state, .d = *d};
	bool opens = nq_packet_read(&p), wanted = false;

	/* An Initial that passes unread goes by itself: a rule looks at an skb's first datagram. */
	if (opens || (p.invalid && p.mixed && d->len > d->seg) || nq_gather_strangers(nn, skb, d)) {
		nq_budget_begin(skb);
		wanted = nq_ask_wants(nn, skb, state, thoff);
		if (wanted && unlikely(p.mixed) && nq_stolen_can(&p) &&
		    (opens || !nq_gather_answer(nn, &p, thoff)))
			return nq_gather_split(nn, &p);
	}
	if (!opens && nq_gather_several(nn, &p, thoff))
		return nq_gather_split(nn, &p);
	nq_packet_count(nn, &p);
	if (!opens)
		return NF_ACCEPT;
	return wanted ? nq_gather_packet(nn, &p, thoff) : nq_gather_unasked(nn, &p, thoff);
}

unsigned int nq_gather_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct nq_net *nn = priv;
	struct nq_dgrams d;
	int thoff;

	if (!READ_ONCE(nn->active))
		return NF_ACCEPT;
	thoff = nq_transport(skb, state->pf);
	if (thoff < 0 || !nq_dgrams_at(&d, skb, thoff))
		return NF_ACCEPT;
	if (nq_packet_glance(skb, &d) || unlikely(nq_gather_strangers(nn, skb, &d)) ||
	    (nq_learning(nn) && !nq_learn_follow(nn, skb, state, &d, thoff)))
		return nq_gather_read(nn, skb, state, &d, thoff);
	return NF_ACCEPT;
}
