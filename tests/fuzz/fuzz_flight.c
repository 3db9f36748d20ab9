// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A flight fed with datagrams that the input makes up: raw bytes, or packets that are
 * protected as a client would, with frames of the input's choice, then perhaps damaged.
 */
#include "fuzz.h"
#include "flight.h"
#include "initial.h"

static struct nq_flight f, before, other;
static struct qt_buf d, frames;

static uint32_t version(uint8_t n)
{
	static const uint32_t versions[] = {QT_V1, QT_V2, QT_DRAFT29, 0x1a2a3a4a};

	return versions[n % 4];
}

/* One packet behind the datagram so far. */
static void packet(struct fuzz_in *in)
{
	struct qt_packet p = {0};
	struct qt_cid key_cid;
	uint8_t what = fuzz_u8(in), ids = fuzz_u8(in);
	const uint8_t *bytes;
	size_t n, pad;

	if (d.len > 8000)
		return;
	p.version = version(what);
	p.keys_as = p.version == 0x1a2a3a4a ? QT_V1 : 0;
	p.dcid = qt_cid(1 + (ids & 3), (ids & 4) ? 20 : 7 + (ids >> 3) % 4);
	p.scid = qt_cid(9, ids >> 5);
	key_cid = qt_cid(1, 8);
	if (ids & 0x10)
		p.key_cid = &key_cid;
	p.pn_len = 1 + (what >> 2) % 4;
	p.server = (what & 0xf0) == 0xf0;
	p.reserved = (what & 0xf0) == 0xe0;
	pad = (what & 0xf0) < 0xb0 ? 1200 : 0;

	bytes = fuzz_bytes(in, fuzz_u16(in) % 2000, &n);
	if ((what & 0xf0) == 0xd0) {
		qt_opaque(&d, QT_0RTT, &p, n);
		return;
	}
	frames.len = 0;
	qt_put(&frames, bytes, n);
	p.pad_to = pad;
	qt_initial(&d, &p, &frames);
}

/* Go on with what the flight was packed to; all that counts must have come along. */
static void repack(void)
{
	size_t size = nq_flight_packed_size(&f);
	uint8_t *store = malloc(size), *again = malloc(size);

	CHECK(store && again && size <= sizeof(f));
	nq_flight_pack(&f, store);
	memset(&f, 0, sizeof(f));
	nq_flight_unpack(&f, store);
	CHECK(nq_flight_packed_size(&f) == size);
	nq_flight_pack(&f, again);
	CHECK(!memcmp(store, again, size));
	free(store);
	free(again);
}

/* Each way to decrypt, where this processor has it, must come to the same. */
static void feed_again(const uint8_t *opened, enum nq_verdict v, const struct nq_feed_result *res)
{
	static const unsigned int ways[] = {NQ_SIMD_AES | NQ_SIMD_SHA, NQ_SIMD_AES, 0};
	struct nq_feed_result again;
	uint8_t *copy = malloc(d.len + 1);

	CHECK(copy);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		nq_simd_allow(ways[i]);
		memcpy(copy, d.p, d.len);
		memcpy(&other, &before, sizeof(f));
		CHECK(nq_flight_feed(&other, copy, d.len, &again) == v);
		CHECK(!memcmp(&again, res, sizeof(again)));
		CHECK(!memcmp(&other, &f, sizeof(f)));
		CHECK(!memcmp(copy, opened, d.len));
	}
	nq_simd_allow(NQ_SIMD_AES | NQ_SIMD_SHA | NQ_SIMD_WIDE);
	free(copy);
}

static void feed(void)
{
	struct nq_feed_result res;
	enum nq_verdict v;
	uint8_t *copy = malloc(d.len + 1);

	CHECK(copy);
	memcpy(copy, d.p, d.len); /* of the exact size, for ASan */
	memcpy(&before, &f, sizeof(f));
	v = nq_flight_feed(&f, copy, d.len, &res);
	feed_again(copy, v, &res);
	free(copy);

	CHECK(res.opened + res.bad_tag <= res.initials);
	CHECK(v == NQ_NOT_OURS || (res.opened && f.started && !res.dead));
	CHECK(!res.dead || v == NQ_NOT_OURS);
	if (!res.opened) { /* All that such a datagram may leave behind: that it was not read. */
		before.unread |= f.unread;
		CHECK(!memcmp(&before, &f, sizeof(f)));
	}
	if (d.len < NQ_INITIAL_MIN)
		CHECK(!res.initials);
	CHECK(nq_flight_size(&f) <= sizeof(f));
	CHECK(v != NQ_MORE || f.crypto.n_ranges <= NQ_RANGES_MAX);
	CHECK(res.dead || !res.limit);
	if (v == NQ_DONE) {
		size_t len = nq_reasm_from(&f.crypto, 0);
		struct nq_hello h;

		CHECK(nq_hello_parse(f.crypto.buf, len, &h) == NQ_DONE);
		CHECK(!memcmp(&h, &f.hello, sizeof(h)));
		CHECK(h.sni_off + h.sni_len <= len && h.alpn_off + h.alpn_len <= len);
	}
	if (res.dead)
		nq_flight_init(&f);
	repack();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = {data, size};
	const uint8_t *bytes;
	size_t n;

	memset(&f, 0, sizeof(f)); /* comparable as a whole */
	nq_flight_init(&f);
	d.len = 0;
	while (in.left) {
		uint8_t op = fuzz_u8(&in);

		if (op < 0x10) {
			bytes = fuzz_bytes(&in, fuzz_u16(&in) % 4000, &n);
			qt_put(&d, bytes, n);
		} else {
			for (uint8_t i = 0; i <= (op & 3); i++)
				packet(&in);
			if ((op & 0x0c) == 0x0c && d.len)
				d.p[fuzz_u16(&in) % d.len] ^= 1 << (op >> 4) % 8;
			if ((op & 0x0c) == 0x08)
				d.len -= fuzz_u8(&in) % (d.len + 1);
		}
		feed();
		d.len = 0;
	}
	return 0;
}
