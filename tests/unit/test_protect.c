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

UNIT_MAIN("protect", cmocka_unit_test(vectors_of_the_rfcs), cmocka_unit_test(packet_number_lengths),
	  cmocka_unit_test(any_flipped_bit), cmocka_unit_test(too_short_for_a_sample),
	  cmocka_unit_test(every_length))
