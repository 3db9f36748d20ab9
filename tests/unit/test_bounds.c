// SPDX-License-Identifier: GPL-2.0-or-later
/* Flights that say more than a ClientHello needs, or say it oddly, and are read all the same. */
#include "unit.h"
#include "flight_unit.h"

/* One byte far behind the ClientHello, before, in or after the datagram that completes it. */
static void crypto_behind_the_hello(void **state)
{
	static const u64 offs[] = {700, 5000, NQ_CRYPTO_MAX, 20000, (1ULL << 62) - 2};
	struct qt_packet p = client(NQ_V1);

	(void)state;
	for (size_t i = 0; i < 3 * COUNT(offs); i++) {
		u64 off = offs[i / 3];

		hello_of(700);
		nq_flight_init(&f);
		d.len = frames.len = 0;
		if (i % 3 == 0)
			qt_frame_crypto(&frames, off, "x", 1);
		qt_frame_crypto(&frames, 300, msg.p + 300, 400);
		qt_initial(&d, &p, &frames);
		assert_int_equal(feed(), NQ_MORE);
		d.len = frames.len = 0;
		if (i % 3 == 1)
			qt_frame_crypto(&frames, off, "x", 1);
		qt_frame_crypto(&frames, 0, msg.p, 300);
		if (i % 3 == 2)
			qt_frame_crypto(&frames, off, "x", 1);
		qt_initial(&d, &p, &frames);
		assert_int_equal(feed(), NQ_DONE);
		assert_int_equal(f.crypto.top, 700);
		check_names();
	}
}

/* Many short pieces behind the hello are no reason to give up on it. */
static void pieces_behind_the_hello(void **state)
{
	struct qt_packet p = client(NQ_V1);

	(void)state;
	hello_of(2000);
	nq_flight_init(&f);
	d.len = frames.len = 0;
	qt_frame_crypto(&frames, 0, msg.p, 500);
	for (unsigned int i = 0; i < 200; i++)
		qt_frame_crypto(&frames, 3000 + 3 * i, "x", 1);
	qt_initial(&d, &p, &frames);
	assert_int_equal(feed(), NQ_MORE);
	assert_false(res.limit);
	assert_int_equal(feed_part(&p, 500, 2000), NQ_DONE);
	check_names();
}

/*
 * A flight whose first datagram begins with an Initial with @len bytes of a ClientHello of 700;
 * behind it come small ones, of @frames.
 */
static void begin_coalesced(struct qt_packet *p, size_t len)
{
	hello_of(700);
	nq_flight_init(&f);
	d.len = frames.len = 0;
	qt_frame_crypto(&frames, 0, msg.p, len);
	p->pad_to = 1200;
	qt_initial(&d, p, &frames);
	p->pad_to = 0;
	frames.len = 0;
	qt_frame_ping(&frames);
	qt_frame_padding(&frames, 2);
}

/* However many Initials are coalesced, eight are opened, and no count wraps. */
static void many_coalesced(void **state)
{
	static const unsigned int counts[] = {8, 9, 255, 256, 257};
	struct qt_packet p = client(NQ_V1);

	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++) {
		begin_coalesced(&p, 700);
		for (unsigned int k = 1; k < counts[i]; k++)
			qt_initial(&d, &p, &frames);
		assert_int_equal(feed(), NQ_DONE);
		assert_int_equal(res.opened, 8);
		check_names();
	}
}

/*
 * Half a ClientHello, and Initials behind those that are opened: the other half, or another one,
 * may be in them, so what comes later is not believed.
 */
static void many_hide(void **state)
{
	static const struct {
		unsigned int pings, forged;
		bool hides;
	} rests[] = {{7, 0, false}, {8, 0, true}, {0, 4, false}, {1, 4, true}, {300, 0, true}};
	struct qt_packet p = client(NQ_V1);

	(void)state;
	for (size_t i = 0; i < COUNT(rests); i++) {
		begin_coalesced(&p, 300);
		for (unsigned int k = 0; k < rests[i].forged; k++) {
			qt_initial(&d, &p, &frames);
			d.p[d.len - 1] ^= 1;
		}
		for (unsigned int k = 0; k < rests[i].pings; k++)
			qt_initial(&d, &p, &frames);
		assert_int_equal(feed(), rests[i].hides ? NQ_NOT_OURS : NQ_MORE);
		assert_int_equal(res.dead, rests[i].hides);
		assert_int_equal(nq_flight_doubtful(&f), rests[i].hides);
	}
}

/* A client may clear the fixed bit (RFC 9287); that it has a token then is the server's to check.
 */
static void fixed_bit_cleared(void **state)
{
	struct qt_packet p = client(NQ_V1);

	(void)state;
	p.clear_fixed = true;
	hello_of(0);
	nq_flight_init(&f);
	d.len = 0;
	part(&p, 0, msg.len);
	assert_true(nq_flight_gate(d.p, d.len, d.len));
	assert_int_equal(feed(), NQ_DONE);
	nq_flight_init(&f);
	d.len = 0;
	p.token = "token";
	p.token_len = 5;
	part(&p, 0, msg.len);
	assert_true(nq_flight_gate(d.p, d.len, d.len));
	assert_int_equal(feed(), NQ_DONE);
	check_names();
}

/* The second ClientHello of a HelloRetryRequest, under the server's ID or the first one. */
static void second_hello(void **state)
{
	struct qt_packet p = client(NQ_V1);
	struct qt_cid first = p.dcid;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		hello_of(1000);
		p.dcid = i ? qt_cid(50, 12) : first;
		p.key_cid = &first;
		nq_flight_resume(&f, nq_version_find(NQ_V1), first.id, first.len, 300);
		d.len = frames.len = 0;
		qt_frame_crypto(&frames, 900, msg.p + 600, 400);
		qt_initial(&d, &p, &frames);
		assert_int_equal(feed(), NQ_MORE);
		assert_int_equal(nq_reasm_from(&f.crypto, 300), 0);
		d.len = frames.len = 0;
		qt_frame_crypto(&frames, 100, msg.p, 50); /* of the first: decides nothing */
		qt_frame_crypto(&frames, 300, msg.p, 600);
		qt_initial(&d, &p, &frames);
		assert_int_equal(feed(), NQ_DONE);
		assert_memory_equal(f.crypto.buf + 300 + f.hello.sni_off, "fs.example.com", 14);
	}
	/* Nothing else opens, though it would begin a flight of its own. */
	hello_of(0);
	p = client(NQ_V1);
	p.dcid = qt_cid(70, 8);
	nq_flight_resume(&f, nq_version_find(NQ_V1), first.id, first.len, 0);
	assert_int_equal(feed_part(&p, 0, msg.len), NQ_NOT_OURS);
	assert_int_equal(res.bad_tag, 1);
	/* One that comes at once is noticed, in any order. */
	for (unsigned int i = 0; i < 3; i++) {
		hello_of(300);
		p = client(NQ_V1);
		nq_flight_init(&f);
		if (i == 2)
			assert_int_equal(feed_part(&p, 0, 100), NQ_MORE);
		d.len = frames.len = 0;
		if (i)
			qt_frame_crypto(&frames, 300, msg.p, 50);
		qt_frame_crypto(&frames, 0, msg.p, 300);
		if (!i)
			qt_frame_crypto(&frames, 300, msg.p, 50);
		qt_initial(&d, &p, &frames);
		assert_int_equal(feed(), NQ_DONE);
		assert_true(f.second);
		assert_int_equal(f.crypto.top, 300);
	}
	/* Two that do not fit together cannot be read. */
	p = client(NQ_V1);
	nq_flight_resume(&f, nq_version_find(NQ_V1), first.id, first.len, NQ_CRYPTO_MAX - 100);
	hello_of(500);
	d.len = frames.len = 0;
	qt_frame_crypto(&frames, NQ_CRYPTO_MAX - 100, msg.p, 50);
	qt_initial(&d, &p, &frames);
	assert_int_equal(feed(), NQ_NOT_OURS);
	assert_true(res.dead);
}

UNIT_MAIN("bounds", cmocka_unit_test(crypto_behind_the_hello),
	  cmocka_unit_test(pieces_behind_the_hello), cmocka_unit_test(many_coalesced),
	  cmocka_unit_test(many_hide), cmocka_unit_test(fixed_bit_cleared),
	  cmocka_unit_test(second_hello))
