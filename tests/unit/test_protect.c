// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"
#include "initial.h"
#include "protect.h"
#include "vectors.h"

static struct qt_buf frames, d, want;

static void derive(u32 version, const struct qt_cid *cid, struct nq_keys *keys)
{
	nq_keys_derive(nq_version_find(version), cid->id, cid->len, keys);
}

/* The builder makes the RFCs' packets bit for bit; then the core opens them. */
static void vectors_of_the_rfcs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct qt_packet p = {.version = vectors[i].version, .pn = 2, .pad_to = 1200};
		struct nq_payload payload;
		struct nq_keys keys;
		struct nq_header h;

		frames.len = d.len = want.len = 0;
		qt_put_hex(&frames, "8394c8f03e515708");
		p.dcid.len = 8;
		memcpy(p.dcid.id, frames.p, 8);
		frames.len = 0;
		qt_put_hex(&frames, vector_frame);
		qt_initial(&d, &p, &frames);
		assert_int_equal(d.len, 1200);
		qt_put_hex(&want, vectors[i].head);
		assert_memory_equal(d.p, want.p, want.len);
		want.len = 0;
		qt_put_hex(&want, vectors[i].tag);
		assert_memory_equal(d.p + 1184, want.p, 16);

		derive(p.version, &p.dcid, &keys);
		assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_DONE);
		assert_true(nq_protect_open(&keys, d.p, &h, &payload));
		want.len = 0;
		qt_put_hex(&want, vectors[i].plain_header);
		assert_memory_equal(d.p, want.p, want.len);
		assert_int_equal(payload.off, want.len);
		assert_int_equal(payload.len, 1162);
		assert_int_equal(payload.reserved, 0);
		assert_memory_equal(d.p + payload.off, frames.p, frames.len);
	}
}

static void packet_number_lengths(void **state)
{
	(void)state;
	for (unsigned int pn_len = 1; pn_len <= 4; pn_len++) {
		for (u8 reserved = 0; reserved < 4; reserved++) {
			struct qt_packet p = {.version = NQ_V1,
					      .dcid = qt_cid(7, 20),
					      .pn = 0x1020304 >> (8 * (4 - pn_len)),
					      .pn_len = pn_len,
					      .reserved = reserved};
			struct nq_payload payload;
			struct nq_keys keys;
			struct nq_header h;

			frames.len = d.len = 0;
			qt_frame_crypto(&frames, 0, "abcdefgh", 8);
			qt_initial(&d, &p, &frames);
			derive(NQ_V1, &p.dcid, &keys);
			assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_DONE);
			assert_true(nq_protect_open(&keys, d.p, &h, &payload));
			assert_int_equal(payload.reserved, reserved);
			assert_int_equal(payload.len, frames.len);
			assert_memory_equal(d.p + payload.off, frames.p, frames.len);
		}
	}
}

/* Every bit of the packet is under the tag, and a packet that does not open is not touched. */
static void any_flipped_bit(void **state)
{
	struct qt_packet p = {.version = NQ_V1, .dcid = qt_cid(7, 8), .pad_to = 70};
	struct nq_payload payload;
	struct nq_keys keys;
	struct nq_header h;
	u8 copy[70];

	(void)state;
	frames.len = d.len = 0;
	qt_frame_crypto(&frames, 0, "abc", 3);
	qt_initial(&d, &p, &frames);
	derive(NQ_V1, &p.dcid, &keys);
	for (size_t bit = 0; bit < 8 * d.len; bit++) {
		d.p[bit / 8] ^= 1 << bit % 8;
		memcpy(copy, d.p, d.len);
		if (nq_header_parse(d.p, d.len, 0, &h) == NQ_DONE)
			assert_false(nq_protect_open(&keys, d.p, &h, &payload));
		assert_memory_equal(d.p, copy, d.len);
		d.p[bit / 8] ^= 1 << bit % 8;
	}
	assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_DONE);
	assert_true(nq_protect_open(&keys, d.p, &h, &payload));
}

/* The shortest packet that can be sampled has 20 bytes behind its header (RFC 9001 5.4.2). */
static void too_short_for_a_sample(void **state)
{
	(void)state;
	for (size_t n = 0; n < 8; n++) {
		struct qt_packet p = {.version = NQ_V1, .dcid = qt_cid(7, 8), .pn_len = 1};
		struct nq_payload payload;
		struct nq_keys keys;
		struct nq_header h;

		frames.len = d.len = 0;
		qt_frame_padding(&frames, n);
		qt_initial(&d, &p, &frames);
		derive(NQ_V1, &p.dcid, &keys);
		assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_DONE);
		assert_int_equal(nq_protect_open(&keys, d.p, &h, &payload), n >= 3);
	}
}

/* A length in the header that ends before the tag does must not read or write beyond. */
static void every_length(void **state)
{
	(void)state;
	for (size_t n = 0; n < 60; n++) {
		struct nq_payload payload;
		struct nq_keys keys = {{0}, {0}, {0}};
		struct nq_header h;
		u8 *exact;

		d.len = 0;
		qt_put_hex(&d, "c0000000010801020304050607080000");
		qt_put_u8(&d, n);
		qt_fill(&d, 0x33, n);
		exact = test_malloc(d.len);
		memcpy(exact, d.p, d.len);
		assert_int_equal(nq_header_parse(exact, d.len, 0, &h), NQ_DONE);
		assert_false(nq_protect_open(&keys, exact, &h, &payload));
		assert_memory_equal(exact, d.p, d.len);
		test_free(exact);
	}
}

static const struct {
	u32 version;
	const char *retry;
} retries[] = {
	/* RFC 9001 A.4, RFC 9369 A.4, draft-ietf-quic-tls-29 A.4, -25 A.4 */
	{NQ_V1, "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba"},
	{NQ_V2, "cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665dcc7b6"},
	{NQ_DRAFT29, "ffff00001d0008f067a5502a4262b5746f6b656ed16926d81f6f9ca2953a8aa4575e1e49"},
	{0xff000019, "ffff0000190008f067a5502a4262b5746f6b656e1e5ec5b014cbb1f0fd93df4048c446a6"},
};

static bool retry_is_good(u32 version, const struct qt_cid *dcid, const struct qt_buf *retry)
{
	u8 *exact = test_malloc(NQ_RETRY_ROOM + retry->len);
	bool good;

	memcpy(exact + NQ_RETRY_ROOM, retry->p, retry->len);
	good = nq_protect_retry(nq_version_find(version), dcid->id, dcid->len, exact, retry->len);
	test_free(exact);
	return good;
}

/* The RFCs' Retry packets, and each with a flipped bit; another DCID, another version. */
static void retry_tags(void **state)
{
	struct qt_cid dcid = {.len = 8}, other;

	(void)state;
	d.len = 0;
	qt_put_hex(&d, "8394c8f03e515708");
	memcpy(dcid.id, d.p, 8);
	other = dcid;
	other.id[7] ^= 1;
	for (size_t i = 0; i < COUNT(retries); i++) {
		d.len = 0;
		qt_put_hex(&d, retries[i].retry);
		assert_true(retry_is_good(retries[i].version, &dcid, &d));
		assert_false(retry_is_good(retries[i].version, &other, &d));
		assert_false(retry_is_good(retries[(i + 1) % COUNT(retries)].version, &dcid, &d));
		assert_false(retry_is_good(0xff000016, &dcid, &d));
		for (size_t bit = 0; bit < 8 * d.len; bit++) {
			d.p[bit / 8] ^= 1 << bit % 8;
			assert_false(retry_is_good(retries[i].version, &dcid, &d));
			d.p[bit / 8] ^= 1 << bit % 8;
		}
		d.len = 15;
		assert_false(retry_is_good(retries[i].version, &dcid, &d));
	}
}

/* IDs of any length, and the builder's tag. */
static void retry_ids(void **state)
{
	(void)state;
	for (u8 n = 0; n <= NQ_CID_MAX; n++) {
		struct qt_cid dcid = qt_cid(9, n);
		struct qt_packet p = {.version = n & 1 ? NQ_V1 : NQ_V2,
				      .dcid = qt_cid(3, 5),
				      .scid = qt_cid(4, n),
				      .token = "token",
				      .token_len = 5};

		p.key_cid = &dcid;
		d.len = 0;
		qt_retry(&d, &p);
		assert_true(retry_is_good(p.version, &dcid, &d));
	}
}

UNIT_MAIN("protect", cmocka_unit_test(vectors_of_the_rfcs), cmocka_unit_test(packet_number_lengths),
	  cmocka_unit_test(any_flipped_bit), cmocka_unit_test(too_short_for_a_sample),
	  cmocka_unit_test(every_length), cmocka_unit_test(retry_tags), cmocka_unit_test(retry_ids))
