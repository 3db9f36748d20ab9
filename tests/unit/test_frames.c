// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"
#include "frames.h"
#include "initial.h"

static struct qt_buf f;

/* Is a payload given in hex valid? */
static bool valid(const char *hex)
{
	f.len = 0;
	qt_put_hex(&f, hex);
	return nq_frames_valid(NQ_FRAMING_IETF, f.p, f.len);
}

static void crypto_between_others(void **state)
{
	struct nq_crypto crypto;
	struct nq_cursor c;

	(void)state;
	f.len = 0;
	qt_frame_padding(&f, 3);
	qt_frame_ping(&f);
	qt_frame_crypto(&f, 7, "abc", 3);
	qt_frame_ack(&f, 9, 4, false);
	qt_frame_crypto(&f, 1 << 20, "", 0);
	qt_frame_ack(&f, 2, 2, true);
	qt_frame_crypto(&f, 70000, "de", 2);
	qt_frame_padding(&f, 1);
	assert_true(nq_frames_valid(NQ_FRAMING_IETF, f.p, f.len));

	nq_frames_init(&c, f.p, f.len);
	assert_int_equal(nq_frames_next(&c, NQ_FRAMING_IETF, &crypto), NQ_MORE);
	assert_int_equal(crypto.off, 7);
	assert_int_equal(crypto.len, 3);
	assert_memory_equal(crypto.data, "abc", 3);
	assert_int_equal(nq_frames_next(&c, NQ_FRAMING_IETF, &crypto), NQ_MORE);
	assert_int_equal(crypto.off, 1 << 20);
	assert_int_equal(crypto.len, 0);
	assert_int_equal(nq_frames_next(&c, NQ_FRAMING_IETF, &crypto), NQ_MORE);
	assert_int_equal(crypto.off, 70000);
	assert_int_equal(crypto.len, 2);
	assert_int_equal(nq_frames_next(&c, NQ_FRAMING_IETF, &crypto), NQ_DONE);
	assert_int_equal(nq_frames_next(&c, NQ_FRAMING_IETF, &crypto), NQ_DONE);
}

static void empty_packet(void **state)
{
	(void)state;
	assert_false(valid(""));
	assert_true(valid("00"));
	assert_true(valid("01"));
}

/* RFC 9000 12.4, table 3: what may be in an Initial; CONNECTION_CLOSE we refuse as well. */
static void every_type(void **state)
{
	char hex[64];

	(void)state;
	for (unsigned int type = 0; type < 0x40; type++) {
		snprintf(hex, sizeof(hex), "%02x 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
			 type);
		assert_int_equal(valid(hex), type <= 3 || type == 6);
	}
	/* The same in two bytes is not the shortest form. */
	assert_false(valid("4006 00 01 61"));
	assert_false(valid("4000"));
}

/* T050 and T051 number their frames otherwise: CRYPTO is 8, PING 7. */
static void google(void **state)
{
	struct nq_crypto crypto;
	struct nq_cursor c;
	uint8_t bytes[16] = {0};

	(void)state;
	f.len = 0;
	qt_put_hex(&f, "00 07 08 4001 03 616263 00");
	assert_true(nq_frames_valid(NQ_FRAMING_GOOGLE, f.p, f.len));
	assert_false(nq_frames_valid(NQ_FRAMING_IETF, f.p, f.len));
	nq_frames_init(&c, f.p, f.len);
	assert_int_equal(nq_frames_next(&c, NQ_FRAMING_GOOGLE, &crypto), NQ_MORE);
	assert_int_equal(crypto.off, 1);
	assert_int_equal(crypto.len, 3);
	assert_memory_equal(crypto.data, "abc", 3);
	assert_int_equal(nq_frames_next(&c, NQ_FRAMING_GOOGLE, &crypto), NQ_DONE);

	for (unsigned int type = 0; type <= 0xff; type++) {
		bytes[0] = type;
		assert_int_equal(nq_frames_valid(NQ_FRAMING_GOOGLE, bytes, sizeof(bytes)),
				 !type || type == 7 || type == 8);
	}
}

static void cut_off(void **state)
{
	(void)state;
	f.len = 0;
	qt_frame_crypto(&f, 70000, "abcdefgh", 8);
	for (size_t len = 1; len < f.len; len++)
		assert_false(nq_frames_valid(NQ_FRAMING_IETF, f.p, len));
	assert_true(nq_frames_valid(NQ_FRAMING_IETF, f.p, f.len));

	f.len = 0;
	qt_put_hex(&f, "03 50 19 02 05 01 02 00 03 01 02 4003"); /* ACK_ECN, two more ranges */
	for (size_t len = 1; len < f.len; len++)
		assert_false(nq_frames_valid(NQ_FRAMING_IETF, f.p, len));
	assert_false(nq_frames_valid(NQ_FRAMING_IETF, f.p, f.len));
	f.len = 0;
	qt_put_hex(&f, "03 3f 19 02 05 01 02 00 03 01 02 4003");
	for (size_t len = 1; len < f.len; len++)
		assert_false(nq_frames_valid(NQ_FRAMING_IETF, f.p, len));
	assert_true(nq_frames_valid(NQ_FRAMING_IETF, f.p, f.len));
}

static void ack_below_zero(void **state)
{
	(void)state;
	assert_true(valid("02 05 00 00 05"));
	assert_false(valid("02 05 00 00 06"));
	assert_true(valid("02 0a 00 01 02 03 03")); /* 10..8, then 3..0 */
	assert_false(valid("02 0a 00 01 02 03 04"));
	assert_false(valid("02 0a 00 01 02 07 00"));
	/* The largest number of ranges that a varint can hold, and not one is there. */
	assert_false(valid("02 0a 00 ffffffffffffffff 02"));
}

static void crypto_past_the_end_of_offsets(void **state)
{
	(void)state;
	assert_true(valid("06 fffffffffffffffe 01 61"));
	assert_true(valid("06 ffffffffffffffff 00"));
	assert_false(valid("06 ffffffffffffffff 01 61"));
	assert_false(valid("06 00 ffffffffffffffff 61"));
}

UNIT_MAIN("frames", cmocka_unit_test(crypto_between_others), cmocka_unit_test(empty_packet),
	  cmocka_unit_test(every_type), cmocka_unit_test(google), cmocka_unit_test(cut_off),
	  cmocka_unit_test(ack_below_zero), cmocka_unit_test(crypto_past_the_end_of_offsets))
