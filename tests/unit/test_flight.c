// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"
#include "flight_unit.h"

static void one_datagram_of_each_version(void **state)
{
	static const u32 versions[] = {NQ_V1,	   NQ_V2,      NQ_DRAFT29,
				       0xff00001b, 0x54303530, 0x54303531};

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct qt_packet p = client(versions[i]);

		hello_of(0);
		nq_flight_init(&f);
		d.len = 0;
		part(&p, 0, msg.len);
		assert_true(nq_flight_gate(d.p, NQ_FLIGHT_HEAD, d.len));
		assert_int_equal(feed(), NQ_DONE);
		assert_int_equal(res.initials, 1);
		assert_int_equal(res.opened, 1);
		assert_int_equal(res.bad_tag, 0);
		assert_false(res.restart || res.dead || res.left);
		assert_int_equal(f.version, versions[i]);
		assert_int_equal(f.dcid_len, 8);
		assert_memory_equal(f.dcid, p.dcid.id, 8);
		assert_int_equal(f.datagrams, 1);
		check_names();
	}
}

/* A hello of 5,000 bytes in five datagrams, in each of the 120 orders. */
static void five_datagrams_in_every_order(void **state)
{
	struct qt_packet p = client(NQ_V1);
	unsigned int orders = 0;

	(void)state;
	hello_of(5000);
	for (unsigned int code = 0; code < 5 * 5 * 5 * 5 * 5; code++) {
		unsigned int seen = 0, c = code;

		for (int i = 0; i < 5; i++, c /= 5)
			seen |= 1 << c % 5;
		if (seen != 0x1f)
			continue;
		orders++;
		nq_flight_init(&f);
		c = code;
		for (unsigned int i = 0; i < 5; i++, c /= 5) {
			p.pn = c % 5;
			assert_int_equal(feed_part(&p, c % 5 * 1000, c % 5 * 1000 + 1000),
					 i < 4 ? NQ_MORE : NQ_DONE);
			assert_int_equal(f.datagrams, i + 1);
		}
		check_names();
	}
	assert_int_equal(orders, 120);
}

/* Frames as Chrome and ngtcp2 mix them. */
static void shuffled_frames(void **state)
{
	static const u16 cuts[][2] = {{900, 1000}, {3, 60},  {300, 301}, {0, 3},
				      {60, 300},   {50, 80}, {301, 900}};
	struct qt_packet p = client(NQ_V2);

	(void)state;
	hello_of(1000);
	nq_flight_init(&f);
	frames.len = d.len = 0;
	for (size_t i = 0; i < COUNT(cuts); i++) {
		qt_frame_crypto(&frames, cuts[i][0], msg.p + cuts[i][0], cuts[i][1] - cuts[i][0]);
		qt_frame_ping(&frames);
		qt_frame_padding(&frames, i);
		qt_frame_crypto(&frames, i, "", 0);
	}
	qt_frame_ack(&frames, 1, 0, false);
	qt_initial(&d, &p, &frames);
	assert_int_equal(feed(), NQ_DONE);
	check_names();
}

/* A datagram with @n frames of a byte, @step bytes of the hello apart. */
static enum nq_verdict feed_bytes(unsigned int n, unsigned int step)
{
	struct qt_packet p = client(NQ_V1);

	nq_flight_init(&f);
	frames.len = d.len = 0;
	for (unsigned int i = 0; i < n; i++)
		qt_frame_crypto(&frames, i * step % msg.len, msg.p + i * step % msg.len, 1);
	qt_initial(&d, &p, &frames);
	return feed();
}

/* The gaps that count are those left at the end of the datagram. */
static void tiny_frames(void **state)
{
	(void)state;
	hello_of(281); /* a prime: every step comes to all bytes */
	for (unsigned int step = 1; step < 281; step += 3, check_names())
		assert_int_equal(feed_bytes(281, step), NQ_DONE);
	assert_int_equal(feed_bytes(NQ_RANGES_MAX, 2), NQ_MORE);
	assert_int_equal(feed_bytes(NQ_RANGES_MAX + 1, 2), NQ_NOT_OURS);
	assert_true(res.limit && res.dead);
}

static void duplicates_and_conflicts(void **state)
{
	struct qt_packet p = client(NQ_V1);

	(void)state;
	hello_of(2000);
	nq_flight_init(&f);
	assert_int_equal(feed_part(&p, 0, 1000), NQ_MORE);
	assert_int_equal(feed_part(&p, 0, 1000), NQ_MORE);
	assert_int_equal(f.datagrams, 2);

	/* Other bytes for what came already, of the very last one: nobody can tell which count. */
	msg.p[999] ^= 1;
	assert_int_equal(feed_part(&p, 999, 1100), NQ_NOT_OURS);
	assert_true(res.dead && !res.limit);

	/* The same within a packet, and in the datagram that completes the ClientHello. */
	hello_of(2000);
	for (unsigned int at = 0; at < 2000; at += 333) {
		nq_flight_init(&f);
		assert_int_equal(feed_part(&p, 1000, 2000), NQ_MORE);
		frames.len = d.len = 0;
		qt_frame_crypto(&frames, 0, msg.p, 1000);
		msg.p[at] ^= 0x20;
		qt_frame_crypto(&frames, at, msg.p + at, 1);
		msg.p[at] ^= 0x20;
		qt_initial(&d, &p, &frames);
		assert_int_equal(feed(), NQ_NOT_OURS);
		assert_true(res.dead);
	}
}

/* A contradiction behind the ClientHello's end is of no interest. */
static void conflicts_behind_the_end(void **state)
{
	struct qt_packet p = client(NQ_V1);

	(void)state;
	for (unsigned int first = 0; first <= 999; first += 333) {
		hello_of(2000);
		memset(msg.p + 2000, 'X', 400);
		nq_flight_init(&f);
		assert_int_equal(feed_part(&p, 0, first), NQ_MORE);
		assert_int_equal(feed_part(&p, 2000, 2300), NQ_MORE);
		memset(msg.p + 2000, 'Y', 400);
		assert_int_equal(feed_part(&p, 1000, 2300), NQ_MORE);
		assert_int_equal(feed_part(&p, first, 999), NQ_MORE);
		assert_int_equal(feed_part(&p, 999, 1000), NQ_DONE);
		check_names();
	}
}

static void initials_coalesced(void **state)
{
	struct qt_packet p = client(NQ_V1), zero = client(NQ_V1);

	(void)state;
	hello_of(1000);
	nq_flight_init(&f);
	d.len = 0;
	p.pad_to = 0;
	qt_opaque(&d, QT_0RTT, &zero, 90);
	part(&p, 500, 1000);
	p.pn = 1;
	part(&p, 0, 500);
	qt_opaque(&d, QT_HANDSHAKE, &zero, 40);
	qt_fill(&d, 0, 200); /* bytes outside of any packet */
	assert_int_equal(feed(), NQ_DONE);
	assert_int_equal(res.initials, 2);
	assert_int_equal(res.opened, 2);
	assert_int_equal(f.datagrams, 1);
	check_names();
}

/* RFC 9000 12.2 lets a server ignore Initials under another DCID, and some do not. */
static void coalesced_under_a_foreign_dcid(void **state)
{
	struct qt_packet p = client(NQ_V1), other = client(NQ_V1);

	(void)state;
	hello_of(1000);
	nq_flight_init(&f);
	d.len = 0;
	p.pad_to = 600;
	part(&p, 0, 500);
	other.dcid = qt_cid(33, 8);
	other.pad_to = 700;
	part(&other, 0, 600);
	assert_int_equal(feed(), NQ_NOT_OURS);
	assert_int_equal(res.initials, 1);
	assert_true(res.dead && nq_flight_doubtful(&f));

	/* Nor does it help that the ClientHello is whole without it. */
	nq_flight_init(&f);
	d.len = 0;
	p.pad_to = 0;
	part(&p, 0, msg.len);
	part(&other, 0, 600);
	assert_int_equal(feed(), NQ_NOT_OURS);
	assert_true(res.dead && nq_flight_doubtful(&f));

	/* The same for another version. */
	nq_flight_init(&f);
	d.len = 0;
	part(&p, 0, 500);
	other = client(NQ_V2);
	part(&other, 0, msg.len);
	assert_int_equal(feed(), NQ_NOT_OURS);
	assert_int_equal(res.initials, 1);
	assert_true(nq_flight_doubtful(&f));
}

/* The client continues under the server's connection ID with the keys it began with. */
static void switch_to_the_servers_id(void **state)
{
	(void)state;
	for (u8 len = 0; len <= NQ_CID_MAX; len++) {
		struct qt_packet p = client(NQ_V1);
		struct qt_cid first = p.dcid;

		hello_of(2000);
		nq_flight_init(&f);
		assert_int_equal(feed_part(&p, 0, 1000), NQ_MORE);
		p.dcid = qt_cid(200, len);
		p.key_cid = &first;
		part(&p, 1000, 2000);
		assert_int_equal(nq_flight_gate(d.p, d.len, d.len), len >= NQ_DCID_MIN);
		assert_true(nq_flight_gate_on(d.p, d.len, d.len));
		assert_int_equal(feed(), NQ_DONE);
		assert_false(res.restart);
		assert_memory_equal(f.dcid, first.id, first.len);
		assert_int_equal(f.datagrams, 2);
		check_names();
	}
}

/* After Retry: token, new DCID, new keys, and the CRYPTO stream from its start. */
static void retry(void **state)
{
	struct qt_packet p = client(NQ_V1);

	(void)state;
	hello_of(2000);
	nq_flight_init(&f);
	assert_int_equal(feed_part(&p, 0, 1000), NQ_MORE);
	p.dcid = qt_cid(140, 18);
	p.token = "a token from the server";
	p.token_len = 23;
	assert_int_equal(feed_part(&p, 0, 1000), NQ_MORE);
	assert_true(res.restart);
	assert_int_equal(f.datagrams, 1);
	assert_int_equal(f.dcid_len, 18);
	assert_memory_equal(f.dcid, p.dcid.id, 18);
	assert_int_equal(feed_part(&p, 1000, 2000), NQ_DONE);
	assert_false(res.restart);
	check_names();
}

static void new_connection_of_another_version(void **state)
{
	struct qt_packet p = client(NQ_V1);

	(void)state;
	hello_of(2000);
	nq_flight_init(&f);
	assert_int_equal(feed_part(&p, 0, 1000), NQ_MORE);
	p = client(NQ_V2); /* the same DCID */
	assert_int_equal(feed_part(&p, 1000, 2000), NQ_MORE);
	assert_true(res.restart);
	assert_int_equal(f.version, NQ_V2);
	assert_int_equal(nq_reasm_from(&f.crypto, 0), 0);
	assert_int_equal(feed_part(&p, 0, 1000), NQ_DONE);
}

/* A datagram that does not open leaves the flight as it was. */
static void forged(void **state)
{
	struct qt_packet p = client(NQ_V1), wrong = client(NQ_V1);
	struct qt_cid other = qt_cid(77, 8);
	static struct nq_flight before;

	(void)state;
	hello_of(2000);
	nq_flight_init(&f);
	assert_int_equal(feed_part(&p, 0, 1000), NQ_MORE);
	before = f;

	wrong.key_cid = &other; /* the flight's DCID, other keys */
	assert_int_equal(feed_part(&wrong, 1000, 2000), NQ_NOT_OURS);
	assert_int_equal(res.bad_tag, 1);
	assert_false(res.dead);
	wrong.dcid = qt_cid(55, 12); /* a new DCID, other keys */
	assert_int_equal(feed_part(&wrong, 1000, 2000), NQ_NOT_OURS);
	assert_int_equal(res.bad_tag, 1);

	p.server = true; /* the server's Initial */
	assert_int_equal(feed_part(&p, 1000, 2000), NQ_NOT_OURS);
	p.server = false;

	d.len = 0;
	part(&p, 1000, 2000);
	d.p[700] ^= 4;
	assert_int_equal(feed(), NQ_NOT_OURS);
	assert_memory_equal(&f, &before, sizeof(f));
	assert_int_equal(feed_part(&p, 1000, 2000), NQ_DONE);
}

/* A forged Initial in front does not hide a good one, but many are not worth the work. */
static void forged_in_front(void **state)
{
	struct qt_cid other = qt_cid(77, 8);

	(void)state;
	hello_of(0);
	for (unsigned int n = 1; n < 12; n++) {
		struct qt_packet p = client(NQ_V1), wrong = client(NQ_V1);

		wrong.key_cid = &other;
		wrong.pad_to = 100;
		nq_flight_init(&f);
		d.len = 0;
		for (unsigned int i = 0; i < n; i++)
			part(&wrong, 0, 30);
		part(&p, 0, msg.len);
		assert_int_equal(feed(), n < 4 ? NQ_DONE : NQ_NOT_OURS);
		assert_int_equal(res.bad_tag, n < 4 ? n : 4);
		assert_true(res.left);
	}
}

static void dead(bool with_started_flight)
{
	assert_int_equal(feed(), NQ_NOT_OURS);
	assert_int_equal(res.opened, 1);
	assert_int_equal(res.dead, with_started_flight);
}

/* A flight for which a server would close the connection is ended. */
static void what_ends_a_flight(void **state)
{
	struct qt_packet p = client(NQ_V1), q;

	(void)state;
	for (int started = 0; started < 2; started++) {
		for (int what = 0; what < 6; what++) {
			p = client(NQ_V1);
			hello_of(2000);
			nq_flight_init(&f);
			if (started)
				assert_int_equal(feed_part(&p, 1000, 2000), NQ_MORE);
			frames.len = d.len = 0;
			switch (what) {
			case 0: /* a STREAM frame */
				qt_frame_crypto(&frames, 0, msg.p, 1000);
				qt_put_hex(&frames, "0a0001 61");
				break;
			case 1:
				qt_frame_close(&frames, 0x128);
				break;
			case 2: /* reserved bits */
				qt_frame_crypto(&frames, 0, msg.p, 1000);
				p.reserved = 1;
				break;
			case 3: /* longer than the limit */
				qt_frame_crypto(&frames, 0, "\1\0\x40\0\3\3", 6);
				break;
			case 4: /* a ServerHello */
				qt_frame_crypto(&frames, 0, "\2\0\0\x5a\3\3", 6);
				break;
			case 5: /* a frame that is cut off */
				qt_put_hex(&frames, "06 00 48ff 01");
				p.pad_to = 0;
				break;
			}
			qt_initial(&d, &p, &frames);
			if (what == 5) {
				q = client(NQ_V1);
				qt_opaque(&d, QT_0RTT, &q, 1200);
			}
			dead(true);
		}
	}
}

/* A malformed packet that would begin the flight anew leaves it as it was. */
static void malformed_restart(void **state)
{
	struct qt_packet p = client(NQ_V1), other = client(NQ_V1);

	(void)state;
	hello_of(2000);
	nq_flight_init(&f);
	assert_int_equal(feed_part(&p, 0, 1000), NQ_MORE);
	other.dcid = qt_cid(66, 9);
	frames.len = d.len = 0;
	qt_frame_close(&frames, 1);
	qt_initial(&d, &other, &frames);
	dead(false);
	assert_false(res.restart);
	assert_int_equal(feed_part(&p, 1000, 2000), NQ_DONE);
	assert_int_equal(f.datagrams, 2);
}

static void malformed_hello(void **state)
{
	struct qt_packet p = client(NQ_V1);

	(void)state;
	hello_of(2000);
	msg.p[4] = 2; /* legacy_version */
	nq_flight_init(&f);
	assert_int_equal(feed_part(&p, 1000, 2000), NQ_MORE);
	assert_int_equal(feed_part(&p, 0, 1000), NQ_NOT_OURS);
	assert_true(res.dead);
}

static void the_gate(void **state)
{
	struct qt_packet p = client(NQ_V1);
	u8 keep;

	(void)state;
	hello_of(0);
	d.len = 0;
	part(&p, 0, msg.len);
	assert_true(nq_flight_gate(d.p, d.len, 1200));
	assert_false(nq_flight_gate(d.p, d.len, 1199));
	assert_false(nq_flight_gate(d.p, 0, 1200));
	for (size_t head = 0; head < 23; head++) /* up to the end of the source ID */
		assert_false(nq_flight_gate(d.p, head, 1200));
	assert_true(nq_flight_gate(d.p, 23, 1200));
	keep = d.p[0];
	for (unsigned int first = 0; first < 256; first++) {
		d.p[0] = first;
		assert_int_equal(nq_flight_gate(d.p, d.len, 1200), (first & 0xb0) == 0x80);
	}
	d.p[0] = keep;
	d.p[4] = 7; /* the version */
	assert_false(nq_flight_gate(d.p, d.len, 1200));

	for (u8 len = 0; len < 24; len++) {
		p = client(NQ_V2);
		p.dcid = qt_cid(1, len);
		d.len = 0;
		part(&p, 0, msg.len);
		assert_int_equal(nq_flight_gate(d.p, d.len, 1200), len >= 8 && len <= 20);
		assert_int_equal(nq_flight_gate_on(d.p, d.len, 1200), len <= 20);
		p = client(NQ_V2);
		p.scid = qt_cid(1, len);
		d.len = 0;
		part(&p, 0, msg.len);
		assert_int_equal(nq_flight_gate(d.p, d.len, 1200), len <= 20);
	}
	d.len = 0;
	qt_opaque(&d, QT_0RTT, &p, 1300);
	assert_false(nq_flight_gate(d.p, d.len, d.len));
}

/* feed() has the gate's rules too. */
static void refused_without_crypto(void **state)
{
	struct qt_packet p = client(NQ_V1);

	(void)state;
	hello_of(0);
	nq_flight_init(&f);
	p.pad_to = 1199;
	assert_int_equal(feed_part(&p, 0, msg.len), NQ_NOT_OURS);
	assert_int_equal(res.initials, 0);
	p = client(NQ_V1);
	p.dcid = qt_cid(1, 7);
	assert_int_equal(feed_part(&p, 0, msg.len), NQ_NOT_OURS);
	assert_int_equal(res.bad_tag, 1);
	p = client(0x1a2a3a4a);
	p.keys_as = NQ_V1;
	assert_int_equal(feed_part(&p, 0, msg.len), NQ_NOT_OURS);
	assert_int_equal(res.initials, 0);
	d.len = 0;
	qt_fill(&d, 0x40, 1200);
	assert_int_equal(feed(), NQ_NOT_OURS);
	qt_fill(&d, 0, 0);
	assert_int_equal(nq_flight_feed(&f, d.p, 0, NULL), NQ_NOT_OURS);
}

/* A copy of nq_flight_size() bytes continues where the flight was. */
static void moved(void **state)
{
	struct qt_packet p = client(NQ_V1);
	static struct nq_flight copy;
	size_t size;
	u8 *store;

	(void)state;
	hello_of(3000);
	nq_flight_init(&f);
	size = nq_flight_size(&f);
	assert_int_equal(size, offsetof(struct nq_flight, crypto.buf));
	assert_int_equal(feed_part(&p, 1000, 2000), NQ_MORE);
	assert_int_equal(nq_flight_size(&f), size + 2000);
	assert_int_equal(feed_part(&p, 0, 1000), NQ_MORE);
	size = nq_flight_size(&f);
	store = test_malloc(size);
	memcpy(store, &f, size);
	memset(&f, 0xdd, sizeof(f));
	memset(&copy, 0xcc, sizeof(copy));
	memcpy(&copy, store, size);
	test_free(store);
	d.len = 0;
	part(&p, 2000, 3000);
	assert_int_equal(nq_flight_feed(&copy, d.p, d.len, &res), NQ_DONE);
	assert_memory_equal(copy.crypto.buf, msg.p, 3000);
	assert_int_equal(copy.datagrams, 3);
}

/* So does a packed one, whose size is that of what came. */
static void packed(void **state)
{
	struct qt_packet p = client(NQ_V1);
	static struct nq_flight copy;
	size_t size;
	u8 *store;

	(void)state;
	hello_of(16000);
	nq_flight_init(&f);
	assert_int_equal(feed_part(&p, 15000, 15900), NQ_MORE);
	assert_int_equal(feed_part(&p, 300, 1000), NQ_MORE);
	assert_int_equal(feed_part(&p, 10000, 10001), NQ_MORE);
	size = nq_flight_packed_size(&f);
	assert_int_equal(size, offsetof(struct nq_flight, crypto.ranges) +
				       3 * sizeof(struct nq_range) + 900 + 700 + 1);
	store = test_malloc(size);
	nq_flight_pack(&f, store);
	memset(&copy, 0xcc, sizeof(copy));
	nq_flight_unpack(&copy, store);
	assert_int_equal(nq_flight_packed_size(&copy), size);
	test_free(store);
	assert_memory_equal(&copy, &f, offsetof(struct nq_flight, crypto.ranges[3]));
	for (u16 i = 0; i < 3; i++) {
		const struct nq_range *r = &f.crypto.ranges[i];

		assert_memory_equal(copy.crypto.buf + r->start, msg.p + r->start,
				    r->end - r->start);
	}
	memcpy(&f, &copy, sizeof(f));
	for (size_t at = 0; at < msg.len; at += 1000)
		feed_part(&p, at, at + 1000 < msg.len ? at + 1000 : msg.len);
	assert_memory_equal(f.crypto.buf, msg.p, msg.len);
	check_names();

	nq_flight_init(&f);
	assert_int_equal(nq_flight_packed_size(&f), offsetof(struct nq_flight, crypto.ranges));
}

static void done_stays_done(void **state)
{
	struct qt_packet p = client(NQ_V1);

	(void)state;
	hello_of(0);
	nq_flight_init(&f);
	assert_int_equal(feed_part(&p, 0, msg.len), NQ_DONE);
	assert_int_equal(feed_part(&p, 0, msg.len), NQ_DONE);
	for (int i = 0; i < 300; i++)
		assert_int_equal(feed_part(&p, 0, 10), NQ_DONE);
	assert_int_equal(f.datagrams, 255);
	check_names();
}

UNIT_MAIN("flight", cmocka_unit_test(one_datagram_of_each_version),
	  cmocka_unit_test(five_datagrams_in_every_order), cmocka_unit_test(shuffled_frames),
	  cmocka_unit_test(tiny_frames), cmocka_unit_test(duplicates_and_conflicts),
	  cmocka_unit_test(conflicts_behind_the_end), cmocka_unit_test(initials_coalesced),
	  cmocka_unit_test(coalesced_under_a_foreign_dcid),
	  cmocka_unit_test(switch_to_the_servers_id), cmocka_unit_test(retry),
	  cmocka_unit_test(new_connection_of_another_version), cmocka_unit_test(forged),
	  cmocka_unit_test(forged_in_front), cmocka_unit_test(what_ends_a_flight),
	  cmocka_unit_test(malformed_restart), cmocka_unit_test(malformed_hello),
	  cmocka_unit_test(the_gate), cmocka_unit_test(refused_without_crypto),
	  cmocka_unit_test(moved), cmocka_unit_test(packed), cmocka_unit_test(done_stays_done))
