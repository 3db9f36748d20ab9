// SPDX-License-Identifier: GPL-2.0-only
#include "frames.h"

enum {
	NQ_FRAME_PADDING = 0x00,
	NQ_FRAME_PING = 0x01,
	NQ_FRAME_ACK = 0x02,
	NQ_FRAME_ACK_ECN = 0x03,
	NQ_FRAME_CRYPTO = 0x06,
	NQ_FRAME_CLOSE = 0x1c,
	NQ_FRAME_NONE = 0xff,
};

#define NQ_VARINT_MAX ((1ULL << 62) - 1)

/* The body of ACK (RFC 9000 19.3). Acknowledged numbers must not fall below 0. */
static void nq_frames_ack(struct nq_cursor *c, bool ecn)
{
	u64 low = nq_cursor_varint(c), ranges, first, gap, span;

	nq_cursor_varint(c); /* delay */
	ranges = nq_cursor_varint(c);
	first = nq_cursor_varint(c);
	if (first > low)
		nq_cursor_fail(c);
	low -= first;
	/* Two bytes a range at least: no walk is longer than its packet. */
	while (ranges-- && nq_cursor_ok(c)) {
		gap = nq_cursor_varint(c);
		span = nq_cursor_varint(c);
		if (gap + 2 > low || span > low - gap - 2)
			nq_cursor_fail(c);
		low -= gap + 2 + span;
	}
	if (ecn) {
		nq_cursor_varint(c);
		nq_cursor_varint(c);
		nq_cursor_varint(c);
	}
}

static void nq_frames_crypto(struct nq_cursor *c, struct nq_crypto *crypto)
{
	u64 off = nq_cursor_varint(c), len = nq_cursor_varint(c);
	const u8 *data = nq_cursor_take(c, len);

	if (!data || len > NQ_VARINT_MAX - off) {
		nq_cursor_fail(c);
		return;
	}
	crypto->off = off;
	crypto->data = data;
	crypto->len = len;
}

/*
 * A type of Google's frames in the terms of RFC 9000, or one that no Initial may hold. Its ACK
 * only comes from a client that a server has answered: no first flight holds one.
 */
static u8 nq_frames_google(u8 type)
{
	switch (type) {
	case 0x00:
		return NQ_FRAME_PADDING;
	case 0x07:
		return NQ_FRAME_PING;
	case 0x08:
		return NQ_FRAME_CRYPTO;
	default:
		return NQ_FRAME_NONE;
	}
}

enum nq_verdict nq_frames_next(struct nq_cursor *c, u8 framing, struct nq_crypto *crypto)
{
	u8 type;

	while (nq_cursor_left(c)) {
		/* A type is a varint, and must be in its shortest form (RFC 9000 12.4). */
		type = nq_cursor_u8(c);
		if (unlikely(framing == NQ_FRAMING_GOOGLE))
			type = nq_frames_google(type);
		switch (type) {
		case NQ_FRAME_PADDING:
			nq_cursor_skip_zeros(c);
			break;
		case NQ_FRAME_PING:
			break;
		case NQ_FRAME_ACK:
			nq_frames_ack(c, false);
			break;
		case NQ_FRAME_ACK_ECN:
			nq_frames_ack(c, true);
			break;
		case NQ_FRAME_CRYPTO:
			nq_frames_crypto(c, crypto);
			return nq_cursor_ok(c) ? NQ_MORE : NQ_NOT_OURS;
		case NQ_FRAME_CLOSE:
			crypto->closed = true;
			nq_cursor_fail(c);
			break;
		default:
			nq_cursor_fail(c);
		}
	}
	return nq_cursor_ok(c) ? NQ_DONE : NQ_NOT_OURS;
}

bool nq_frames_valid(u8 framing, const u8 *payload, size_t len)
{
	struct nq_crypto crypto;
	struct nq_cursor c;
	enum nq_verdict v;

	nq_frames_init(&c, payload, len);
	do {
		v = nq_frames_next(&c, framing, &crypto);
	} while (v == NQ_MORE);
	return len && v == NQ_DONE;
}
