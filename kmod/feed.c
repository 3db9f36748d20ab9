// SPDX-License-Identifier: GPL-2.0-only
#include "feed.h"

void nq_track_other(struct nq_track *track, const u8 *id, u8 len)
{
	unsigned int i;

	for (i = 0; i < track->n_others; i++)
		if (nq_cid_is(&track->others[i], id, len))
			return;
	if (i < NQ_OTHERS)
		nq_cid_set(&track->others[track->n_others++], id, len);
}

/* Are the Initials in @s, with header @h, under the ID and version of @id? If empty, it gets them.
 */
static bool nq_feed_alike(struct nq_id *id, const struct nq_scratch *s, const struct nq_header *h)
{
	if (!id->version)
		return nq_id_read(id, h, s->dgram);
	return h->version == id->version &&
	       nq_cid_is(&id->dcid, s->dgram + h->dcid_off, h->dcid_len);
}

/* Copy datagram @i. Return: its length, or 0 if it holds no Initial of a client's. */
static unsigned int nq_feed_copy(struct nq_scratch *s, const struct sk_buff *skb,
				 const struct nq_dgrams *d, unsigned int i)
{
	unsigned int off = i * d->seg, len = min(d->len - off, d->seg);

	if (len < NQ_INITIAL_MIN || len > NQ_DGRAM_MAX ||
	    skb_copy_bits(skb, d->off + off, s->dgram, len) || !(s->dgram[0] & NQ_LONG_HEADER))
		return 0;
	return len;
}

enum nq_fed nq_feed(struct nq_net *nn, struct nq_scratch *s, const struct sk_buff *skb,
		    const struct nq_dgrams *d, struct nq_track *track, unsigned int *bad_tag)
{
	unsigned int i, n = nq_dgrams_count(d);
	bool opened = false, done = false, part = false;
	struct nq_id id = {};

	for (i = 0; i < n; i++) {
		struct nq_feed_result res = {};
		enum nq_verdict verdict;
		unsigned int len;
		struct nq_header h;
		bool alike;
		u32 hash;

		len = nq_feed_copy(s, skb, d, i);
		if (!len || nq_header_invariant(s->dgram, len, 0, &h) != NQ_DONE)
			continue;

		alike = nq_feed_alike(&id, s, &h);
		hash = nq_bytes_hash(s->dgram, len);
		verdict = nq_flight_feed(&s->flight, s->dgram, len, &res);
		nq_stat_add(nn, NQ_STAT_decrypted, res.opened);
		*bad_tag += res.bad_tag;
		if (res.opened) {
			opened = true;
			if (!res.left)
				track->seen[track->at++ % NQ_SEEN] = hash;
			if (!nq_cid_is(&track->first, s->dgram + h.dcid_off, h.dcid_len))
				nq_track_other(track, s->dgram + h.dcid_off, h.dcid_len);
		}
		part |= alike && res.left;
		if (res.dead) {
			/* A server reads those behind it, if it does not mind this one. */
			s->flight.unread |= i + 1 < n;
			if (part && !s->flight.unread)
				return NQ_FED_PART;
			return res.limit ? NQ_FED_LIMIT : NQ_FED_DEAD;
		}
		if (verdict == NQ_DONE)
			done = true; /* the others may contradict it */
	}
	if (!opened)
		return NQ_FED_NOTHING;
	if (part)
		return NQ_FED_PART;
	if (done) {
		nq_stat_add(nn, NQ_STAT_complete, 1);
		return NQ_FED_DONE;
	}
	if (s->flight.crypto.top > READ_ONCE(nn->limits.crypto_bytes) ||
	    s->flight.crypto.n_ranges > READ_ONCE(nn->limits.crypto_ranges))
		return NQ_FED_LIMIT;
	return NQ_FED_MORE;
}

void nq_feed_compare(struct nq_net *nn, struct nq_names *names, const struct nq_scratch *s,
		     enum nq_fed fed)
{
	if (nq_feed_hides(s, fed) || !nq_names_agree(names, &s->flight))
		nq_names_spoil(nn, names);
}

bool nq_feed_seen(struct nq_scratch *s, const struct sk_buff *skb, const struct nq_dgrams *d,
		  const struct nq_names *names)
{
	unsigned int i, n = nq_dgrams_count(d), len;

	for (i = 0; i < n; i++) {
		len = nq_feed_copy(s, skb, d, i);
		if (len && !nq_names_seen(names, nq_bytes_hash(s->dgram, len)))
			return false;
	}
	return true;
}
