// SPDX-License-Identifier: GPL-2.0-only
#include "flight.h"
#include "frames.h"
#include "protect.h"

/* A client sends one or two Initials in a datagram; this bounds what forged ones cost. */
#define NQ_BAD_TAGS_MAX 4
/* And this what good ones cost: the keys of an Initial are public. */
#define NQ_INITIALS_MAX 8

static bool nq_flight_gate_min(const u8 *head, size_t head_len, size_t len, u8 dcid_min)
{
	struct nq_header h;

	if (likely(!head_len || !(head[0] & NQ_LONG_HEADER)))
		return false;
	if (len < NQ_INITIAL_MIN)
		return false;
	if (nq_header_invariant(head, head_len, 0, &h) != NQ_DONE)
		return false;
	return h.ver && h.type == NQ_TYPE_INITIAL && h.dcid_len >= dcid_min &&
	       h.dcid_len <= NQ_CID_MAX && h.scid_len <= NQ_CID_MAX;
}

bool nq_flight_gate(const u8 *head, size_t head_len, size_t len)
{
	return nq_flight_gate_min(head, head_len, len, NQ_DCID_MIN);
}

bool nq_flight_gate_on(const u8 *head, size_t head_len, size_t len)
{
	return nq_flight_gate_min(head, head_len, len, 0);
}

void nq_flight_init(struct nq_flight *f)
{
	memset(f, 0, offsetof(struct nq_flight, crypto));
	nq_reasm_init(&f->crypto);
}

void nq_flight_resume(struct nq_flight *f, const struct nq_version *ver, const u8 *dcid,
		      u8 dcid_len, u16 base)
{
	nq_flight_init(f);
	f->version = ver->number;
	f->dcid_len = dcid_len;
	memcpy(f->dcid, dcid, dcid_len);
	f->base = base;
	nq_keys_derive(ver, dcid, dcid_len, &f->keys);
	f->started = true;
	f->resumed = true;
}

static void nq_flight_begin(struct nq_flight *f, const struct nq_header *h, const u8 *dcid,
			    const struct nq_keys *keys)
{
	nq_flight_init(f);
	f->version = h->version;
	f->dcid_len = h->dcid_len;
	memcpy(f->dcid, dcid, h->dcid_len);
	f->keys = *keys;
	f->started = true;
}

/* Is there a chance that the packet begins a flight of its own? */
static bool nq_flight_fresh(const struct nq_flight *f, const struct nq_header *h, const u8 *dcid)
{
	if (f->resumed || h->dcid_len < NQ_DCID_MIN)
		return false;
	return !f->started || h->version != f->version || h->dcid_len != f->dcid_len ||
	       memcmp(dcid, f->dcid, f->dcid_len);
}

/* Once the ClientHello tells its length, bytes behind it are dropped: they decide nothing. */
static void nq_flight_bound(struct nq_flight *f)
{
	u32 size = nq_hello_size(f->crypto.buf + f->base, nq_reasm_from(&f->crypto, f->base));
	u32 end = f->base + size;

	if (!size || end >= f->crypto.want)
		return;
	if (nq_reasm_from(&f->crypto, end) && f->crypto.buf[end] == NQ_HELLO_TYPE)
		f->second = true;
	nq_reasm_bound(&f->crypto, end);
}

/* Does a frame that comes later begin another ClientHello behind the end of this one? */
static bool nq_flight_second(const struct nq_flight *f, const struct nq_crypto *crypto)
{
	u32 end = f->crypto.want;

	return end < NQ_CRYPTO_MAX && crypto->off <= end && end - crypto->off < crypto->len &&
	       crypto->data[end - crypto->off] == NQ_HELLO_TYPE;
}

/*
 * Take the CRYPTO frames of a payload, in one walk. If it is not valid the flight ends, so it does
 * not matter which of them were taken.
 */
static bool nq_flight_gather(struct nq_flight *f, u8 framing, const u8 *payload, size_t len,
			     bool *closed)
{
	struct nq_crypto crypto = {};
	struct nq_cursor c;
	enum nq_verdict v;

	nq_frames_init(&c, payload, len);
	while ((v = nq_frames_next(&c, framing, &crypto)) == NQ_MORE) {
		if (nq_flight_second(f, &crypto))
			f->second = true;
		if (!nq_reasm_add(&f->crypto, crypto.off, crypto.data, crypto.len))
			return false;
	}
	nq_flight_bound(f);
	*closed = crypto.closed;
	return len && v == NQ_DONE;
}

/* The context of one nq_flight_feed() call. */
struct nq_feed {
	struct nq_flight *f;
	u8 *dgram;
	struct nq_keys fresh; /* from the datagram's own DCID */
	bool derived;	      /* @fresh is set */
	struct nq_feed_result res;
};

/* One Initial. Return: was it taken? */
static bool nq_flight_initial(struct nq_feed *feed, const struct nq_header *h)
{
	const u8 *dcid = feed->dgram + h->dcid_off;
	struct nq_feed_result *res = &feed->res;
	struct nq_flight *f = feed->f;
	struct nq_payload payload;
	bool fresh = false;

	res->initials++;
	if (!f->started || h->version != f->version ||
	    !nq_protect_open(&f->keys, feed->dgram, h, &payload)) {
		fresh = nq_flight_fresh(f, h, dcid);
		if (fresh && !feed->derived) {
			nq_keys_derive(h->ver, dcid, h->dcid_len, &feed->fresh);
			feed->derived = true;
		}
		if (!fresh || !nq_protect_open(&feed->fresh, feed->dgram, h, &payload)) {
			res->bad_tag++;
			return false;
		}
	}
	res->opened++;

	/* One that would begin the flight anew must leave it as it was if it is not valid. */
	if (payload.reserved ||
	    (fresh && f->started &&
	     !nq_frames_valid(h->ver->framing, feed->dgram + payload.off, payload.len))) {
		res->dead = !fresh || !f->started;
		return false;
	}
	if (fresh) {
		res->restart = f->started;
		nq_flight_begin(f, h, dcid, &feed->fresh);
	}
	if (!nq_flight_gather(f, h->ver->framing, feed->dgram + payload.off, payload.len,
			      &res->closed)) {
		res->dead = true;
		return false;
	}
	return true;
}

/* The ClientHello as far as it came. */
static enum nq_verdict nq_flight_hello(struct nq_flight *f)
{
	const u8 *buf = f->crypto.buf + f->base;
	size_t len = nq_reasm_from(&f->crypto, f->base);
	u32 size = nq_hello_size(buf, len);

	/* Not before its end is known: what contradicts itself behind that is of no interest. */
	if (f->base + size > NQ_CRYPTO_MAX || (size && nq_reasm_contradicts(&f->crypto)))
		return NQ_NOT_OURS;
	return nq_hello_parse(buf, len, &f->hello);
}

/* Do two packets of a datagram belong to one connection (RFC 9000 12.2)? */
static bool nq_flight_same(const u8 *dgram, const struct nq_header *a, const struct nq_header *b)
{
	return a->version == b->version && a->dcid_len == b->dcid_len &&
	       !memcmp(dgram + a->dcid_off, dgram + b->dcid_off, a->dcid_len);
}

/* Have so many Initials been looked at that no more are opened? */
static bool nq_feed_full(const struct nq_feed_result *res)
{
	return res->bad_tag == NQ_BAD_TAGS_MAX || res->initials == NQ_INITIALS_MAX;
}

enum nq_verdict nq_flight_feed(struct nq_flight *f, u8 *dgram, size_t len,
			       struct nq_feed_result *result)
{
	struct nq_feed feed = {.f = f, .dgram = dgram};
	struct nq_header first = {}, h;
	enum nq_verdict v = NQ_NOT_OURS;
	bool taken = false, strange = false, cut;
	size_t pos = 0;

	if (len < NQ_INITIAL_MIN)
		goto out;
	while (pos < len && !feed.res.dead && !nq_feed_full(&feed.res)) {
		if (nq_header_parse(dgram, len, pos, &h) != NQ_DONE)
			break;
		if (!pos)
			first = h;
		pos = h.end;
		if (h.type != NQ_TYPE_INITIAL)
			continue;
		if (!nq_flight_same(dgram, &first, &h))
			strange = true;
		else if (nq_flight_initial(&feed, &h))
			taken = true;
	}
	cut = strange || (pos < len && nq_feed_full(&feed.res));
	feed.res.left = feed.res.bad_tag || cut;
	if (!taken)
		f->unread |= cut;
	if (!taken || feed.res.dead)
		goto out;

	if (f->datagrams < U8_MAX)
		f->datagrams++;
	v = nq_flight_hello(f);
	if (strange || (cut && v != NQ_DONE)) {
		f->unread = true;
		v = NQ_NOT_OURS;
	}
	/* Their frames may come in any order: only what a datagram leaves open has to be kept. */
	if (v == NQ_MORE && f->crypto.n_ranges > NQ_RANGES_MAX) {
		feed.res.limit = true;
		v = NQ_NOT_OURS;
	}
	if (v == NQ_NOT_OURS)
		feed.res.dead = true;
out:
	if (result)
		*result = feed.res;
	return v;
}

size_t nq_flight_size(const struct nq_flight *f)
{
	return offsetof(struct nq_flight, crypto.buf) + f->crypto.top;
}

/* The part of a packed flight before its CRYPTO bytes: all but the unused ranges. */
static size_t nq_flight_packed_head(const struct nq_flight *f)
{
	return offsetof(struct nq_flight, crypto.ranges) +
	       f->crypto.n_ranges * sizeof(f->crypto.ranges[0]);
}

size_t nq_flight_packed_size(const struct nq_flight *f)
{
	size_t size = nq_flight_packed_head(f);
	unsigned int i;

	for (i = 0; i < f->crypto.n_ranges; i++)
		size += f->crypto.ranges[i].end - f->crypto.ranges[i].start;
	return size;
}

void nq_flight_pack(const struct nq_flight *f, u8 *out)
{
	const struct nq_range *r = f->crypto.ranges, *end = r + f->crypto.n_ranges;
	size_t head = nq_flight_packed_head(f);

	memcpy(out, f, head);
	for (out += head; r < end; out += r->end - r->start, r++)
		memcpy(out, f->crypto.buf + r->start, r->end - r->start);
}

void nq_flight_unpack(struct nq_flight *f, const u8 *in)
{
	const struct nq_range *r, *end;
	size_t fixed = offsetof(struct nq_flight, crypto.ranges), head;

	memcpy(f, in, fixed);
	head = nq_flight_packed_head(f);
	memcpy(f->crypto.ranges, in + fixed, head - fixed);
	r = f->crypto.ranges;
	end = r + f->crypto.n_ranges;
	for (in += head; r < end; in += r->end - r->start, r++)
		memcpy(f->crypto.buf + r->start, in, r->end - r->start);
}
