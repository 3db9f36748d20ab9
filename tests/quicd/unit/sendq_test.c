// SPDX-License-Identifier: GPL-2.0-or-later
/* A connection without ngtcp2's part: conn_touch() leaves such a one alone. */
#include "tap.h"

#include <stdlib.h>

#include "../../../quicd/modes/sendq.h"
#include "../../../quicd/server/conn.h"
#include "../../../quicd/server/worker.h"

struct fixture {
	struct worker *w;
	struct conn *c;
	struct send_stream s[2];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->w = calloc(1, sizeof(*f->w));
	f->c = calloc(1, sizeof(*f->c));
	assert_true(f->w && f->c);
	chunk_pool_init(&f->w->pool, 4);
	f->c->worker = f->w;
	list_init(&f->c->sendq);
	for (int i = 0; i < 2; i++)
		sendq_init(&f->s[i], 4 * i);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++)
		sendq_free(&f->s[i], f->c);
	assert_true(list_empty(&f->c->sendq));
	assert_int_equal(f->w->pool.in_use, 0);
	chunk_pool_free(&f->w->pool);
	free(f->c);
	free(f->w);
	free(f);
	return 0;
}

static void add(struct fixture *f, int i, const char *text, size_t len)
{
	assert_int_equal(chunkq_append(&f->s[i].q, &f->w->pool, text, len), 0);
	sendq_ready(&f->s[i], f->c);
}

static void next_is(struct fixture *f, struct tx *tx, int64_t id, size_t len, bool fin)
{
	tx_clear(tx);
	assert_int_equal(sendq_next(f->c, tx), 1);
	assert_int_equal(tx->stream_id, id);
	assert_int_equal(tx->len, len);
	assert_int_equal(tx->fin, fin);
}

static void streams_take_turns(void **state)
{
	struct fixture *f = *state;
	struct tx tx;

	tx_clear(&tx);
	assert_int_equal(sendq_next(f->c, &tx), 0);
	add(f, 0, "abcdef", 6);
	add(f, 1, "xyz", 3);
	next_is(f, &tx, 0, 6, false);
	sendq_sent(f->c, &tx, 2);
	next_is(f, &tx, 4, 3, false);
	sendq_sent(f->c, &tx, 3);
	next_is(f, &tx, 0, 4, false);
	sendq_sent(f->c, &tx, 4);
	tx_clear(&tx);
	assert_int_equal(sendq_next(f->c, &tx), 0);
}

/* The end goes with the last byte, alone if need be, and once. */
static void end_is_sent_once(void **state)
{
	struct fixture *f = *state;
	struct tx tx;

	f->s[0].fin = true;
	add(f, 0, "abc", 3);
	next_is(f, &tx, 0, 3, true);
	sendq_sent(f->c, &tx, 1);
	assert_false(f->s[0].fin_sent);
	next_is(f, &tx, 0, 2, true);
	sendq_sent(f->c, &tx, 2);
	assert_true(f->s[0].fin_sent);
	sendq_ready(&f->s[0], f->c);
	assert_true(list_empty(&f->c->sendq));
	f->s[1].fin = true;
	sendq_ready(&f->s[1], f->c);
	next_is(f, &tx, 4, 0, true);
	sendq_sent(f->c, &tx, 0);
	assert_true(list_empty(&f->c->sendq));
}

static void blocked_waits_and_shut_stays_out(void **state)
{
	struct fixture *f = *state;
	struct tx tx;

	add(f, 0, "abc", 3);
	next_is(f, &tx, 0, 3, false);
	sendq_blocked(f->c, &tx);
	add(f, 0, "d", 1);
	assert_true(list_empty(&f->c->sendq));
	sendq_unblocked(f->c, 0, &f->s[0]);
	next_is(f, &tx, 0, 4, false);
	sendq_shut(f->c, &tx);
	sendq_unblocked(f->c, 0, &f->s[0]);
	assert_true(list_empty(&f->c->sendq));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(streams_take_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(end_is_sent_once, setup, teardown),
		cmocka_unit_test_setup_teardown(blocked_waits_and_shut_stays_out, setup, teardown),
	};

	return RUN_TAP(tests);
}
