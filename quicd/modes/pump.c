// SPDX-License-Identifier: GPL-2.0-or-later
#include "pump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "../common/sock.h"
#include "../server/codes.h"
#include "../server/worker.h"
#include "backend.h"
#include "pump_dial.h"
#include "pump_log.h"

#define READS_A_ROUND 4
#define WRITE_IOV     32

static const struct pump_conf *conf_of(const struct pump *p)
{
	return p->conn->worker->server->config->mode_conf;
}

static uint64_t window_of(const struct pump *p)
{
	return p->conn->worker->server->config->stream_window;
}

static struct loop *loop_of(const struct pump *p)
{
	return &p->conn->worker->loop;
}

void pump_watch(struct pump *p)
{
	uint32_t want = 0;

	if (p->io.fd < 0)
		return;
	if (p->connected && !p->tx_eof && (p->discard || p->tx.q.len < window_of(p)))
		want |= EPOLLIN;
	if (!p->connected || p->write_blocked)
		want |= EPOLLOUT;
	if (!want) {
		if (p->watched)
			loop_del(loop_of(p), &p->io);
		p->watched = false;
	} else if (p->watched) {
		loop_mod(loop_of(p), &p->io, want);
	} else if (loop_add(loop_of(p), &p->io, p->io.fd, want)) {
		pump_abort(p, QUICD_NO_RESOURCES);
	} else {
		p->watched = true;
	}
}

void pump_drop(struct pump *p, bool broken)
{
	timer_cancel(&loop_of(p)->timers, &p->timer);
	if (p->io.fd < 0)
		return;
	if (p->watched)
		loop_del(loop_of(p), &p->io);
	p->watched = false;
	sock_close(p->io.fd, broken);
	p->io.fd = -1;
}

static void hand_to_linger(struct pump *p)
{
	struct pump_worker *pw = p->conn->worker->mode_data;

	timer_cancel(&loop_of(p)->timers, &p->timer);
	if (p->watched)
		loop_del(loop_of(p), &p->io);
	p->watched = false;
	linger_close(&pw->lingering, p->io.fd, p->rx_done ? NULL : &p->rx);
	p->io.fd = -1;
}

/*
 * Both directions of the socket have ended; or the backend has got everything and nobody wants
 * its output any more.
 */
static void close_if_done(struct pump *p)
{
	if (!p->rx_done || (!p->tx_eof && !p->discard))
		return;
	if (p->tx_eof || p->io.fd < 0) {
		pump_drop(p, false);
		return;
	}
	hand_to_linger(p);
	p->tx_eof = true;
}

static void set_timer(struct pump *p)
{
	uint64_t idle = conf_of(p)->idle_timeout;

	if (idle && p->io.fd >= 0)
		timer_set(&loop_of(p)->timers, &p->timer, p->last_active + idle);
	else
		timer_cancel(&loop_of(p)->timers, &p->timer);
}

static void on_timer(struct timer *t)
{
	struct pump *p = container_of(t, struct pump, timer);
	uint64_t idle = conf_of(p)->idle_timeout;

	if (!p->connected) {
		pump_dial_timeout(p);
	} else if (clock_now() < p->last_active + idle) {
		/* Activity only notes the time; the timer catches up when it fires. */
		set_timer(p);
	} else {
		log_info("%s: stream %lld idle", p->conn->peer, (long long)p->tx.id);
		pump_abort(p, QUICD_STREAM_IDLE);
	}
}

static void give_credit(struct pump *p, size_t len)
{
	size_t own = len < p->rx_header ? len : p->rx_header;

	p->rx_header -= own;
	len -= own;
	if (!len)
		return;
	ngtcp2_conn_extend_max_stream_offset(p->conn->quic, p->tx.id, len);
	ngtcp2_conn_extend_max_offset(p->conn->quic, len);
	conn_touch(p->conn);
}

/* The bytes left in rx will never be read; the connection gets its credit back all the same. */
static void discard_rx(struct pump *p)
{
	size_t len = p->rx.len;

	chunkq_clear(&p->rx, &p->conn->worker->pool);
	p->rx_done = true;
	len -= len < p->rx_header ? len : p->rx_header;
	p->rx_header = 0;
	if (len && p->conn->quic)
		ngtcp2_conn_extend_max_offset(p->conn->quic, len);
	list_del(&p->dirty);
}

void pump_abort(struct pump *p, uint64_t code)
{
	struct conn *c = p->conn;

	p->code = code;
	pump_drop(p, true);
	discard_rx(p);
	list_del(&p->waiting);
	p->tx_eof = true;
	if (!p->tx.shut)
		ngtcp2_conn_shutdown_stream(c->quic, 0, p->tx.id, code);
	else
		ngtcp2_conn_shutdown_stream_read(c->quic, 0, p->tx.id, code);
	p->tx.shut = true;
	list_del(&p->tx.ready);
	conn_touch(c);
}

/* The backend will not take any more of the client's data. */
static void stop_client(struct pump *p, uint64_t code)
{
	discard_rx(p);
	if (!p->rx_fin)
		ngtcp2_conn_shutdown_stream_read(p->conn->quic, 0, p->tx.id, code);
	conn_touch(p->conn);
	close_if_done(p);
}

static void write_socket(struct pump *p)
{
	struct worker *w = p->conn->worker;
	struct iovec iov[WRITE_IOV];

	while (p->rx.len && !p->rx_done) {
		struct msghdr h = {.msg_iov = iov};
		ssize_t n;

		h.msg_iovlen = chunkq_peek(&p->rx, iov, WRITE_IOV);
		n = sendmsg(p->io.fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			p->write_blocked = true;
			break;
		}
		if (n < 0) {
			/* It closed its reading side. Its output may still be read. */
			stop_client(p, QUICD_BACKEND_RESET);
			return;
		}
		p->write_blocked = false;
		p->last_active = clock_now();
		STAT_ADD(&w->stats, backend_tx, (uint64_t)n);
		chunkq_drop(&p->rx, &w->pool, (size_t)n);
		give_credit(p, (size_t)n);
	}
	if (!p->rx.len) {
		p->write_blocked = false;
		if (p->rx_fin && !p->rx_done) {
			p->rx_done = true;
			shutdown(p->io.fd, SHUT_WR);
			close_if_done(p);
		}
	}
}

/* The socket failed. A reset in the middle is passed on; after the end it no longer matters. */
static void socket_error(struct pump *p, int err)
{
	if (p->tx_eof) {
		stop_client(p, QUICD_BACKEND_RESET);
		return;
	}
	log_debug("%s: stream %lld: backend: %s", p->conn->peer, (long long)p->tx.id,
		  strerror(err));
	pump_abort(p, QUICD_BACKEND_RESET);
}

/* The client does not want the output any more: read to the end, keep nothing. */
static void discard_socket(struct pump *p)
{
	struct worker *w = p->conn->worker;
	ssize_t n = recv(p->io.fd, w->txbuf, UDP_BUF, MSG_DONTWAIT);

	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	p->tx_eof = true;
	close_if_done(p);
}

static void read_socket(struct pump *p)
{
	struct worker *w = p->conn->worker;
	uint64_t window = window_of(p);

	if (p->discard) {
		discard_socket(p);
		return;
	}
	for (int i = 0; i < READS_A_ROUND && p->tx.q.len < window; i++) {
		size_t room = (size_t)(window - p->tx.q.len);
		size_t max = room < CHUNKQ_READ_MAX ? room : CHUNKQ_READ_MAX;
		ssize_t n = chunkq_read(&p->tx.q, &w->pool, p->io.fd, max, -1);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0 && errno == ENOMEM) {
			pump_abort(p, QUICD_NO_RESOURCES);
			return;
		}
		if (n < 0) {
			socket_error(p, errno);
			return;
		}
		if (n == 0) {
			p->tx_eof = true;
			p->tx.fin = true;
			break;
		}
		p->last_active = clock_now();
		STAT_ADD(&w->stats, backend_rx, (uint64_t)n);
		if ((size_t)n < max)
			break;
	}
	sendq_ready(&p->tx, p->conn);
	if (p->tx_eof)
		close_if_done(p);
}

void pump_connected(struct pump *p)
{
	p->connected = true;
	p->last_active = clock_now();
	STAT_INC(&p->conn->worker->stats, backend_ok);
	if (p->pick.of)
		backends_worked(p->conn, &p->pick);
	else if (p->addrs)
		backend_worked(p->conn);
	set_timer(p);
	write_socket(p);
}

static void on_event(struct io *io, uint32_t events)
{
	struct pump *p = container_of(io, struct pump, io);

	if (!p->connected) {
		pump_dial_done(p);
	} else {
		if (events & (EPOLLOUT | EPOLLERR) && p->rx.len)
			write_socket(p);
		if (p->io.fd >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !p->tx_eof)
			read_socket(p);
		else if (p->io.fd >= 0 && events & EPOLLERR)
			socket_error(p, EPIPE);
	}
	pump_watch(p);
}

struct pump *pump_new(struct conn *c, int64_t id)
{
	struct pump_conn *pc = c->mode_data;
	struct pump *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	if (ngtcp2_conn_set_stream_user_data(c->quic, id, p)) {
		free(p);
		return NULL;
	}
	sendq_init(&p->tx, id);
	p->begin = clock_now();
	p->conn = c;
	p->owner = pc;
	p->io.fd = -1;
	p->io.fn = on_event;
	p->timer.fn = on_timer;
	list_init(&p->dirty);
	list_init(&p->waiting);
	list_add_tail(&pc->pumps, &p->of_owner);
	pc->count++;
	return p;
}

void pump_attach(struct pump *p, int fd)
{
	p->io.fd = fd;
	pump_connected(p);
	pump_watch(p);
}

int pump_header(struct pump *p, const void *data, size_t len)
{
	int err = chunkq_append(&p->rx, &p->conn->worker->pool, data, len);

	if (!err)
		p->rx_header += len;
	return err;
}

/* The stream is gone. Data that the client finished in good order is still delivered. */
static void pump_free(struct pump *p)
{
	size_t held = p->rx.len - (p->rx.len < p->rx_header ? p->rx.len : p->rx_header);

	if (p->rx_fin && p->io.fd >= 0 && !(p->rx_done && p->tx_eof)) {
		hand_to_linger(p);
		if (p->conn->quic && !p->rx.len)
			ngtcp2_conn_extend_max_offset(p->conn->quic, held);
	} else {
		pump_drop(p, !p->rx_done || !p->tx_eof);
	}
	discard_rx(p);
	list_del(&p->waiting);
	sendq_free(&p->tx, p->conn);
	list_del(&p->of_owner);
	p->owner->count--;
	free(p);
}

int pump_worker_init(struct worker *w)
{
	struct pump_worker *pw = calloc(1, sizeof(*pw));

	if (!pw)
		return -ENOMEM;
	linger_init(&pw->lingering, w);
	w->mode_data = pw;
	return 0;
}

bool pump_worker_idle(const struct worker *w)
{
	const struct pump_worker *pw = w->mode_data;

	return list_empty(&pw->lingering.ends);
}

void pump_worker_free(struct worker *w)
{
	struct pump_worker *pw = w->mode_data;

	linger_free(&pw->lingering);
	free(pw);
}

int pump_start(struct conn *c)
{
	struct pump_conn *pc = calloc(1, sizeof(*pc));

	if (!pc)
		return -1;
	list_init(&pc->pumps);
	list_init(&pc->dirty);
	c->mode_data = pc;
	return 0;
}

void pump_stop(struct conn *c)
{
	struct pump_conn *pc = c->mode_data;

	while (!list_empty(&pc->pumps)) {
		struct pump *p = container_of(pc->pumps.next, struct pump, of_owner);

		STAT_DEC(&c->worker->stats, open_streams);
		pump_log(p, p->code			  ? ACCESS_RESET
			    : p->rx_fin && p->tx.fin_sent ? ACCESS_OK
							  : ACCESS_CLOSED);
		pump_free(p);
	}
	free(pc);
	c->mode_data = NULL;
}

int pump_recv(struct conn *c, int64_t id, void *stream, const uint8_t *data, size_t len, bool fin)
{
	struct pump *p = stream;

	(void)id;
	if (p)
		p->received += len;
	if (!p || p->rx_done) {
		ngtcp2_conn_extend_max_offset(c->quic, len);
		return 0;
	}
	if (len && chunkq_append(&p->rx, &c->worker->pool, data, len))
		return -1;
	p->rx_fin |= fin;
	if (!list_linked(&p->dirty))
		list_add_tail(&p->owner->dirty, &p->dirty);
	return 0;
}

int pump_flush(struct conn *c)
{
	struct pump_conn *pc = c->mode_data;

	while (!list_empty(&pc->dirty)) {
		struct pump *p = container_of(pc->dirty.next, struct pump, dirty);

		list_del(&p->dirty);
		if (p->connected && p->io.fd >= 0 && !p->write_blocked) {
			write_socket(p);
			pump_watch(p);
		}
	}
	return 0;
}

int pump_acked(struct conn *c, int64_t id, void *stream, size_t len)
{
	struct pump *p = stream;

	(void)id;
	/* Bytes acknowledged after that stay in the queue: pump_log() counts them there. */
	if (!p || p->tx.shut)
		return 0;
	p->acked += len;
	chunkq_drop(&p->tx.q, &c->worker->pool, len);
	pump_watch(p);
	return 0;
}

/* The client reset its direction: TCP cannot reset only one, so the backend sees a RST. */
int pump_reset(struct conn *c, int64_t id, void *stream, uint64_t code)
{
	struct pump *p = stream;

	(void)c;
	(void)id;
	if (p && !p->rx_done)
		pump_abort(p, code);
	return 0;
}

static bool is_unix(int fd)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);

	return !getsockname(fd, (struct sockaddr *)&a, &len) && a.ss_family == AF_UNIX;
}

/*
 * The client stopped reading (ngtcp2 answers with RESET_STREAM). A Unix socket can be told so;
 * from TCP the rest is read and thrown away until the client has sent its part.
 */
int pump_shut(struct conn *c, const struct tx *tx)
{
	struct pump *p = tx->stream;

	sendq_shut(c, tx);
	if (p->discard)
		return 0;
	p->discard = true;
	if (p->io.fd >= 0 && p->connected && is_unix(p->io.fd))
		shutdown(p->io.fd, SHUT_RD);
	close_if_done(p);
	pump_watch(p);
	return 0;
}

int pump_closed(struct conn *c, int64_t id, void *stream, bool has_code, uint64_t code)
{
	struct pump *p = stream;

	(void)c;
	(void)id;
	if (!p)
		return 0;
	if (!p->code && has_code)
		p->code = code;
	pump_log(p, p->code || has_code ? ACCESS_RESET : ACCESS_OK);
	pump_free(p);
	return 0;
}

bool pump_idle(const struct conn *c)
{
	const struct pump_conn *pc = c->mode_data;

	return pc->count == 0;
}
