// SPDX-License-Identifier: GPL-2.0-only
#include "header.h"
#include "cursor.h"

/* Type of a long header packet by bits 4 and 5 of its first byte. */
static u8 nq_header_type(const struct nq_version *ver, u8 first)
{
	static const u8 v1[4] = {NQ_TYPE_INITIAL, NQ_TYPE_0RTT, NQ_TYPE_HANDSHAKE, NQ_TYPE_RETRY};
	static const u8 v2[4] = {NQ_TYPE_RETRY, NQ_TYPE_INITIAL, NQ_TYPE_0RTT, NQ_TYPE_HANDSHAKE};

	return (ver->v2 ? v2 : v1)[first >> 4 & 3];
}

static void nq_header_ids(struct nq_cursor *c, struct nq_header *h)
{
	h->first = nq_cursor_u8(c);
	if (nq_cursor_ok(c) && !(h->first & NQ_LONG_HEADER))
		nq_cursor_fail(c);
	h->version = nq_cursor_u32(c);
	h->dcid_len = nq_cursor_u8(c);
	h->dcid_off = c->pos;
	nq_cursor_take(c, h->dcid_len);
	h->scid_len = nq_cursor_u8(c);
	h->scid_off = c->pos;
	nq_cursor_take(c, h->scid_len);
	if (!nq_cursor_ok(c))
		return;
	if (!h->version) {
		h->type = NQ_TYPE_VERSION_NEGOTIATION;
		return;
	}
	h->ver = nq_version_find(h->version);
	if (h->ver)
		h->type = nq_header_type(h->ver, h->first);
}

static u32 nq_header_version(const u8 *first)
{
	return (u32)first[1] << 24 | first[2] << 16 | first[3] << 8 | first[4];
}

bool nq_header_glance(const u8 *first)
{
	u32 version;

	if (likely(!(first[0] & NQ_LONG_HEADER)))
		return false;
	if (first[0] & NQ_FIXED_BIT)
		return true;
	version = nq_header_version(first);
	return !version || nq_version_find(version);
}

bool nq_header_unread(const u8 *first)
{
	u32 version = nq_header_version(first);

	return first[0] & NQ_LONG_HEADER && version && !nq_version_find(version);
}

enum nq_verdict nq_header_invariant(const u8 *buf, size_t len, size_t pos, struct nq_header *h)
{
	struct nq_cursor c;

	nq_cursor_init(&c, buf, len);
	c.limit = SIZE_MAX;
	*h = (struct nq_header){.start = pos};
	nq_cursor_take(&c, pos);
	nq_header_ids(&c, h);
	return c.state;
}

enum nq_verdict nq_header_parse(const u8 *buf, size_t len, size_t pos, struct nq_header *h)
{
	struct nq_cursor c;
	u64 n;

	nq_cursor_init(&c, buf, len);
	*h = (struct nq_header){.start = pos, .end = len};
	nq_cursor_take(&c, pos);
	nq_header_ids(&c, h);
	if (!nq_cursor_ok(&c))
		return NQ_NOT_OURS;
	if (h->type == NQ_TYPE_VERSION_NEGOTIATION)
		return NQ_DONE;
	if (!h->ver)
		return NQ_NOT_OURS;
	if (h->dcid_len > NQ_CID_MAX || h->scid_len > NQ_CID_MAX)
		return NQ_NOT_OURS;
	if (h->type == NQ_TYPE_RETRY)
		return NQ_DONE;
	if (h->type == NQ_TYPE_INITIAL) {
		n = nq_cursor_varint(&c);
		if (nq_cursor_take(&c, n))
			h->token_len = n;
	}
	n = nq_cursor_varint(&c);
	h->pn_off = c.pos;
	nq_cursor_take(&c, n);
	h->end = c.pos;
	return nq_cursor_ok(&c) ? NQ_DONE : NQ_NOT_OURS;
}
