// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"
#include "header.h"
#include "initial.h"

static struct qt_buf frames, d;

static struct qt_packet packet(u32 version)
{
	frames.len = d.len = 0;
	qt_frame_crypto(&frames, 0, "\1\2\3", 3);
	return (struct qt_packet){.version = version,
				  .dcid = qt_cid(1, 8),
				  .scid = qt_cid(50, 5),
				  .token = "token",
				  .token_len = 5};
}

static void initial_of_each_version(void **state)
{
	static const u32 versions[] = {NQ_V1, NQ_V2, NQ_DRAFT29};
	struct nq_header h;

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct qt_packet p = packet(versions[i]);

		qt_fill(&d, 0xee, 3);
		qt_initial(&d, &p, &frames);
		assert_int_equal(nq_header_parse(d.p, d.len, 3, &h), NQ_DONE);
		assert_int_equal(h.version, versions[i]);
		assert_int_equal(h.ver->number, versions[i]);
		assert_int_equal(h.type, NQ_TYPE_INITIAL);
		assert_int_equal(h.start, 3);
		assert_int_equal(h.dcid_len, 8);
		assert_memory_equal(d.p + h.dcid_off, p.dcid.id, 8);
		assert_int_equal(h.scid_len, 5);
		assert_memory_equal(d.p + h.scid_off, p.scid.id, 5);
		assert_int_equal(h.token_len, 5);
		assert_int_equal(h.pn_off, d.len - 4 - frames.len - 16);
		assert_int_equal(h.end, d.len);
	}
}

static void other_types(void **state)
{
	static const u32 versions[] = {NQ_V1, NQ_V2, NQ_DRAFT29};
	struct nq_header h;

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct qt_packet p = packet(versions[i]);
		size_t first;

		qt_opaque(&d, QT_0RTT, &p, 100);
		first = d.len;
		qt_opaque(&d, QT_HANDSHAKE, &p, 70);
		assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_DONE);
		assert_int_equal(h.type, NQ_TYPE_0RTT);
		assert_int_equal(h.end, first);
		assert_int_equal(h.token_len, 0);
		assert_int_equal(nq_header_parse(d.p, d.len, h.end, &h), NQ_DONE);
		assert_int_equal(h.type, NQ_TYPE_HANDSHAKE);
		assert_int_equal(h.end, d.len);

		d.len = 0;
		qt_retry(&d, &p);
		assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_DONE);
		assert_int_equal(h.type, NQ_TYPE_RETRY);
		assert_int_equal(h.end, d.len);

		d.len = 0;
		qt_version_negotiation(&d, &p, NQ_V2);
		assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_DONE);
		assert_int_equal(h.type, NQ_TYPE_VERSION_NEGOTIATION);
		assert_null(h.ver);
		assert_int_equal(h.end, d.len);
	}
}

static void cut_at_every_byte(void **state)
{
	struct qt_packet p = packet(NQ_V1);
	struct nq_header h;

	(void)state;
	qt_initial(&d, &p, &frames);
	for (size_t len = 0; len < d.len; len++)
		assert_int_equal(nq_header_parse(d.p, len, 0, &h), NQ_NOT_OURS);
	for (size_t len = 0; len <= d.len; len++)
		assert_int_equal(nq_header_invariant(d.p, len, 0, &h),
				 len < 1 + 4 + 1 + 8 + 1 + 5 ? NQ_MORE : NQ_DONE);
	assert_int_equal(nq_header_parse(d.p, d.len, d.len + 1, &h), NQ_NOT_OURS);
}

static void first_byte(void **state)
{
	struct qt_packet p = packet(NQ_V1);
	struct nq_header h;

	(void)state;
	for (enum qt_type type = QT_0RTT; type <= QT_HANDSHAKE; type++) {
		d.len = 0;
		qt_opaque(&d, type, &p, 100);
		assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_DONE);
		d.p[0] &= ~NQ_FIXED_BIT; /* RFC 9287 */
		assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_DONE);
		assert_int_equal(h.type, type == QT_0RTT ? NQ_TYPE_0RTT : NQ_TYPE_HANDSHAKE);
	}
	d.p[0] = 0x40;
	assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_NOT_OURS);
	assert_int_equal(nq_header_invariant(d.p, d.len, 0, &h), NQ_NOT_OURS);
}

static void unknown_version(void **state)
{
	struct qt_packet p = packet(0x1a2a3a4a);
	struct nq_header h;

	(void)state;
	p.dcid = qt_cid(9, 255);
	p.keys_as = NQ_V1;
	qt_initial(&d, &p, &frames);
	assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_NOT_OURS);
	assert_int_equal(nq_header_invariant(d.p, d.len, 0, &h), NQ_DONE);
	assert_int_equal(h.version, 0x1a2a3a4a);
	assert_null(h.ver);
	assert_int_equal(h.dcid_len, 255);
}

static void long_connection_ids(void **state)
{
	struct nq_header h;

	(void)state;
	for (u8 len = 19; len < 23; len++) {
		struct qt_packet p = packet(NQ_V1);

		p.dcid = qt_cid(1, len);
		qt_initial(&d, &p, &frames);
		assert_int_equal(nq_header_parse(d.p, d.len, 0, &h),
				 len <= NQ_CID_MAX ? NQ_DONE : NQ_NOT_OURS);
		p = packet(NQ_V1);
		p.scid = qt_cid(1, len);
		qt_initial(&d, &p, &frames);
		assert_int_equal(nq_header_parse(d.p, d.len, 0, &h),
				 len <= NQ_CID_MAX ? NQ_DONE : NQ_NOT_OURS);
	}
}

static void lengths_that_do_not_fit(void **state)
{
	struct qt_packet p = packet(NQ_V1);
	struct nq_header h;
	size_t token_at = 1 + 4 + 1 + 8 + 1 + 5;

	(void)state;
	qt_initial(&d, &p, &frames);
	d.p[token_at] = 0x3f; /* a token of 63 bytes */
	assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_NOT_OURS);
	memset(d.p + token_at, 0xff, 8); /* 2^62 - 1 */
	assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_NOT_OURS);

	p = packet(NQ_V1);
	qt_initial(&d, &p, &frames);
	d.p[token_at + 6 + 1]++; /* one byte more than there is */
	assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_NOT_OURS);
	d.p[token_at + 6 + 1] -= 2;
	assert_int_equal(nq_header_parse(d.p, d.len, 0, &h), NQ_DONE);
	assert_int_equal(h.end, d.len - 1);
}

static void glance(void **state)
{
	static const struct {
		u8 first[NQ_GLANCE];
		bool more;
	} cases[] = {
		{{0xc0, 0, 0, 0, 1}, true},
		{{0xc0, 0x1a, 0x2a, 0x3a, 0x4a}, true},
		{{0x80, 0, 0, 0, 1}, true}, /* RFC 9287 */
		{{0x80, 0x6b, 0x33, 0x43, 0xcf}, true},
		{{0x80, 0, 0, 0, 0}, true}, /* version negotiation, RFC 9000 17.2.1 */
		{{0x40, 0, 0, 0, 1}, false},
		{{0, 0, 0, 0, 1}, false},
		{{0x80, 0x60, 1, 2, 3}, false}, /* RTP */
		{{0x80, 1, 0, 0, 0}, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(nq_header_glance(cases[i].first), cases[i].more);
}

UNIT_MAIN("header", cmocka_unit_test(glance), cmocka_unit_test(initial_of_each_version),
	  cmocka_unit_test(other_types), cmocka_unit_test(cut_at_every_byte),
	  cmocka_unit_test(first_byte), cmocka_unit_test(unknown_version),
	  cmocka_unit_test(long_connection_ids), cmocka_unit_test(lengths_that_do_not_fit))
