// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pump between a socket pair and a connection whose ngtcp2 is played here: the functions of
 * that library which a pump calls note what they are told.
 */
#include "tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../quicd/common/clock.h"
#include "../../../quicd/common/log.h"
#include "../../../quicd/modes/pump.h"
#include "../../../quicd/server/codes.h"
#include "../../../quicd/server/worker.h"

#define WINDOW 4096
#define STREAM 4
#define NONE   UINT64_MAX

static struct {
	void *user;
	uint64_t stream_credit, conn_credit;
	uint64_t reset, stop; /* error codes; NONE: not sent */
} quic;

int ngtcp2_conn_set_stream_user_data(ngtcp2_conn *conn, int64_t id, void *user)
{
	(void)conn;
	assert_int_equal(id, STREAM);
	quic.user = user;
	return 0;
}

int ngtcp2_conn_extend_max_stream_offset(ngtcp2_conn *conn, int64_t id, uint64_t len)
{
	(void)conn;
	assert_int_equal(id, STREAM);
	quic.stream_credit += len;
	return 0;
}

void ngtcp2_conn_extend_max_offset(ngtcp2_conn *conn, uint64_t len)
{
	(void)conn;
	quic.conn_credit += len;
}

int ngtcp2_conn_shutdown_stream_read(ngtcp2_conn *conn, uint32_t flags, int64_t id, uint64_t code)
{
	(void)conn;
	(void)flags;
	assert_int_equal(id, STREAM);
	quic.stop = code;
	return 0;
}

int ngtcp2_conn_shutdown_stream(ngtcp2_conn *conn, uint32_t flags, int64_t id, uint64_t code)
{
	quic.reset = code;
	return ngtcp2_conn_shutdown_stream_read(conn, flags, id, code);
}

struct fixture {
	struct server server;
	struct config config;
	struct pump_conf conf;
	struct worker w;
	struct conn c;
	struct pump *p;
	int backend; /* the other end of the pump's socket */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int pair[2];

	assert_non_null(f);
	memset(&quic, 0, sizeof(quic));
	quic.reset = quic.stop = NONE;
	f->config.stream_window = f->config.connection_window = WINDOW;
	f->config.mode_conf = &f->conf;
	f->conf.connect_timeout = 10 * NS_PER_S;
	f->server.config = &f->config;
	f->w.server = &f->server;
	f->w.txbuf = malloc(TXBUF_LEN);
	assert_int_equal(loop_init(&f->w.loop), 0);
	chunk_pool_init(&f->w.pool, 4);
	list_init(&f->w.dirty);
	assert_int_equal(pump_worker_init(&f->w), 0);
	f->c.worker = &f->w;
	f->c.quic = (ngtcp2_conn *)(void *)&quic;
	list_init(&f->c.dirty);
	list_init(&f->c.sendq);
	assert_int_equal(pump_start(&f->c), 0);
	f->p = pump_new(&f->c, STREAM);
	assert_ptr_equal(quic.user, f->p);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	f->backend = pair[1];
	pump_attach(f->p, pair[0]);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pump_stop(&f->c);
	assert_true(list_empty(&f->c.sendq));
	pump_worker_free(&f->w);
	assert_int_equal(f->w.pool.in_use, 0);
	chunk_pool_free(&f->w.pool);
	loop_free(&f->w.loop);
	close(f->backend);
	free(f->w.txbuf);
	free(f);
	return 0;
}

static void client_sends(struct fixture *f, const char *data, size_t len, bool fin)
{
	assert_int_equal(pump_recv(&f->c, STREAM, quic.user, (const uint8_t *)data, len, fin), 0);
	assert_int_equal(pump_flush(&f->c), 0);
}

static void turn(struct fixture *f)
{
	for (int i = 0; i < 8; i++)
		assert_int_equal(loop_once(&f->w.loop, 0), 0);
}

/* All that the backend has now; @end: and then the end of file. */
static size_t backend_reads(struct fixture *f, char *buf, size_t size, bool end)
{
	size_t got = 0;
	ssize_t n;

	while ((n = read(f->backend, buf + got, size - got)) > 0)
		got += (size_t)n;
	assert_true(end ? n == 0 : n < 0 && errno == EAGAIN);
	return got;
}

/* As if the client had received and acknowledged all that waits for it. */
static size_t client_takes(struct fixture *f, char *buf, bool *fin)
{
	size_t got = 0;
	struct tx tx;

	tx_clear(&tx);
	while (sendq_next(&f->c, &tx) > 0) {
		for (size_t i = 0; i < tx.nvec; i++) {
			memcpy(buf + got, tx.vec[i].base, tx.vec[i].len);
			got += tx.vec[i].len;
		}
		*fin |= tx.fin;
		sendq_sent(&f->c, &tx, tx.len);
		pump_acked(&f->c, STREAM, quic.user, tx.len);
		tx_clear(&tx);
	}
	return got;
}

static void client_to_backend(void **state)
{
	struct fixture *f = *state;
	char buf[64];

	assert_int_equal(pump_header(f->p, "HEAD", 4), 0);
	client_sends(f, "hello", 5, false);
	assert_int_equal(backend_reads(f, buf, sizeof(buf), false), 9);
	assert_memory_equal(buf, "HEADhello", 9);
	/* Our own header was never the client's credit. */
	assert_int_equal(quic.stream_credit, 5);
	assert_int_equal(quic.conn_credit, 5);
	client_sends(f, "", 0, true);
	assert_int_equal(backend_reads(f, buf, sizeof(buf), true), 0);
	assert_int_equal(STAT_GET(&f->w.stats, backend_tx), 9);
}

/* Credit comes with what the backend takes, not with what arrives. */
static void slow_backend_holds_back_the_client(void **state)
{
	struct fixture *f = *state;
	static char data[1 << 20], got[1 << 20];
	int small = 1;
	size_t n;

	setsockopt(f->p->io.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7);
	client_sends(f, data, sizeof(data), true);
	assert_true(f->p->write_blocked);
	assert_true(quic.stream_credit < sizeof(data));
	assert_int_equal(quic.stream_credit + f->p->rx.len, sizeof(data));
	n = backend_reads(f, got, sizeof(got), false);
	assert_int_equal(n, quic.stream_credit);
	while (n < sizeof(got)) {
		ssize_t more;

		turn(f);
		more = read(f->backend, got + n, sizeof(got) - n);
		assert_true(more > 0);
		n += (size_t)more;
	}
	assert_memory_equal(got, data, sizeof(data));
	assert_int_equal(quic.stream_credit, sizeof(data));
	assert_int_equal(quic.conn_credit, sizeof(data));
	assert_int_equal(backend_reads(f, got, sizeof(got), true), 0);
}

/* No more than the stream window waits for the client. */
static void slow_client_holds_back_the_backend(void **state)
{
	struct fixture *f = *state;
	char data[3 * WINDOW], got[3 * WINDOW];
	bool fin = false;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 11);
	assert_int_equal(write(f->backend, data, sizeof(data)), sizeof(data));
	shutdown(f->backend, SHUT_WR);
	for (int i = 0; i < 3; i++) {
		turn(f);
		assert_int_equal(f->p->tx.q.len, WINDOW);
		assert_false(f->p->watched);
		n += client_takes(f, got + n, &fin);
	}
	assert_false(fin);
	turn(f);
	n += client_takes(f, got + n, &fin);
	assert_int_equal(n, sizeof(data));
	assert_memory_equal(got, data, n);
	assert_true(fin);
	assert_int_equal(STAT_GET(&f->w.stats, backend_rx), sizeof(data));
}

static void reset_breaks_off(void **state)
{
	struct fixture *f = *state;
	char buf[16];

	/* Not flushed: these bytes have no taker any more. */
	pump_recv(&f->c, STREAM, f->p, (const uint8_t *)"abc", 3, false);
	pump_reset(&f->c, STREAM, f->p, 77);
	assert_int_equal(quic.reset, 77);
	assert_int_equal(quic.stop, 77);
	assert_int_equal(quic.conn_credit, 3);
	assert_int_equal(quic.stream_credit, 0);
	assert_int_equal(backend_reads(f, buf, sizeof(buf), true), 0);
	/* Bytes that come late cost the connection nothing either. */
	client_sends(f, "defg", 4, false);
	assert_int_equal(quic.conn_credit, 7);
}

/* A backend that reads no more may have answered before. */
static void backend_reads_no_more(void **state)
{
	struct fixture *f = *state;
	char got[16];
	bool fin = false;

	assert_int_equal(write(f->backend, "enough", 6), 6);
	shutdown(f->backend, SHUT_RD);
	client_sends(f, "abc", 3, false);
	assert_int_equal(quic.stop, QUICD_BACKEND_RESET);
	assert_int_equal(quic.reset, NONE);
	assert_int_equal(quic.conn_credit, 3);
	shutdown(f->backend, SHUT_WR);
	turn(f);
	assert_int_equal(client_takes(f, got, &fin), 6);
	assert_true(fin);
	assert_int_equal(f->p->io.fd, -1);
}

static void client_reads_no_more(void **state)
{
	struct fixture *f = *state;
	struct tx tx = {.stream_id = STREAM, .stream = f->p};

	pump_shut(&f->c, &tx);
	/* A Unix socket is told so. */
	assert_int_equal(send(f->backend, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	client_sends(f, "bye", 3, true);
	assert_int_equal(quic.stream_credit, 3);
	assert_int_equal(f->p->tx.q.len, 0);
	assert_int_equal(f->p->io.fd, -1);
}

static void silence_ends_it(void **state)
{
	struct fixture *f = *state;

	f->conf.idle_timeout = 20 * NS_PER_MS;
	pump_attach(f->p, f->p->io.fd);
	turn(f);
	assert_int_equal(quic.reset, NONE);
	for (uint64_t end = clock_now() + 5 * NS_PER_S; quic.reset == NONE && clock_now() < end;)
		assert_int_equal(loop_once(&f->w.loop, NS_PER_MS), 0);
	assert_int_equal(quic.reset, QUICD_STREAM_IDLE);
	assert_int_equal(f->p->io.fd, -1);
}

/* The stream is gone, but the client had finished: its bytes still arrive. */
static void the_rest_is_delivered(void **state)
{
	struct fixture *f = *state;
	char buf[16];

	pump_recv(&f->c, STREAM, f->p, (const uint8_t *)"rest", 4, true);
	pump_closed(&f->c, STREAM, f->p, false, 0);
	quic.user = NULL;
	assert_true(pump_idle(&f->c));
	assert_false(pump_worker_idle(&f->w));
	assert_int_equal(quic.conn_credit, 4);
	turn(f);
	assert_int_equal(backend_reads(f, buf, sizeof(buf), true), 4);
	assert_memory_equal(buf, "rest", 4);
	shutdown(f->backend, SHUT_WR);
	turn(f);
	assert_true(pump_worker_idle(&f->w));
}

static void no_backend_answers(void **state)
{
	struct fixture *f = *state;
	static struct backends nowhere = {
		.one = {{.addrs = {.addr = {{.un = {AF_UNIX, "/nonexistent/a"}},
					    {.un = {AF_UNIX, "/nonexistent/b"}}},
				   .n = 2}}},
		.n = 1,
	};

	pump_closed(&f->c, STREAM, f->p, false, 0);
	f->p = pump_new(&f->c, STREAM);
	client_sends(f, "abc", 3, false);
	pump_dial(f->p, &nowhere);
	assert_int_equal(quic.reset, QUICD_BACKEND_UNREACHABLE);
	assert_int_equal(quic.conn_credit, 3);
	assert_int_equal(STAT_GET(&f->w.stats, backend_fail), 1);
	assert_true(atomic_load(&f->server.backend_down));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(client_to_backend),
		CASE(slow_backend_holds_back_the_client),
		CASE(slow_client_holds_back_the_backend),
		CASE(reset_breaks_off),
		CASE(backend_reads_no_more),
		CASE(client_reads_no_more),
		CASE(silence_ends_it),
		CASE(the_rest_is_delivered),
		CASE(no_backend_answers),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return RUN_TAP(tests);
}
