// SPDX-License-Identifier: GPL-2.0-only
#include "feed.h"

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
