/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One QUIC stream to one socket and back. Bytes from the client wait in rx until the socket
 * takes them, and only then earn new stream credit; bytes from the socket wait in tx until the
 * client has acknowledged them. Neither grows beyond the stream window.
 */
#ifndef QUICD_PUMP_H
#define QUICD_PUMP_H

#include "../common/loop.h"
#include "../server/conn.h"
#include "../server/resolve.h"
#include "backends.h"
#include "linger.h"
#include "sendq.h"

struct pump_conn;

/* First in the configuration of a mode that pumps. */
struct pump_conf {
	uint64_t connect_timeout, idle_timeout; /* ns; idle: 0: never */
};

#define PUMP_CONF_DEFAULT {.connect_timeout = 10 * NS_PER_S}

/* First in its state of a worker. */
struct pump_worker {
	struct linger_set lingering;
};

struct pump {
	struct send_stream tx; /* first: the stream's user data (sendq.h) */
	struct conn *conn;
	struct pump_conn *owner;
	struct list of_owner, dirty, waiting;
	struct chunkq rx;
	size_t rx_header;   /* bytes in front of rx that we put there ourselves */
	struct io io;	    /* fd < 0: no socket (any more) */
	bool watched;	    /* io is in the loop */
	struct timer timer; /* pause before another try, connect timeout, then idle timeout */
	uint64_t deadline;  /* for the present address to answer */
	uint64_t last_active;
	uint64_t begin;		  /* clock_now() */
	uint64_t acked, received; /* bytes of the stream */
	uint64_t code;		  /* with which we reset the stream; 0: we did not */
	struct backend_pick pick; /* of == NULL: the mode has only one */
	const struct backend_addrs *addrs;
	int addr_next; /* address being tried */
	bool connected;
	bool rx_fin;	    /* the client has finished */
	bool rx_done;	    /* and the socket was told, or nobody takes the client's data */
	bool tx_eof;	    /* the socket has finished */
	bool discard;	    /* the client stopped reading: throw away the socket's output */
	bool write_blocked; /* the socket's buffer is full */
};

/* The pumps of a connection; mode_data of the modes that use them. */
struct pump_conn {
	struct list pumps, dirty;
	size_t count;
};

int pump_start(struct conn *c);
void pump_stop(struct conn *c);

/* Makes the pump of a new stream and makes it the stream's user data. NULL: out of memory. */
struct pump *pump_new(struct conn *c, int64_t id);
/* Connects to the first of @b that answers. Failure resets the stream. */
void pump_dial(struct pump *p, struct backends *b);
/* The backend cannot take the stream yet; resets it after the connect timeout. */
void pump_wait(struct pump *p, const struct backend_addrs *addrs);
/* Takes over a connected, non-blocking socket. */
void pump_attach(struct pump *p, int fd);
/* Puts bytes in front of what the client sends. Returns 0 or -ENOMEM. */
int pump_header(struct pump *p, const void *data, size_t len);
/* Resets both directions of the stream and breaks off the socket. */
void pump_abort(struct pump *p, uint64_t code);

/* For struct mode. A mode with more state for a worker has its own worker_init and _free. */
int pump_worker_init(struct worker *w);
bool pump_worker_idle(const struct worker *w);
void pump_worker_free(struct worker *w);
int pump_recv(struct conn *c, int64_t id, void *stream, const uint8_t *data, size_t len, bool fin);
int pump_acked(struct conn *c, int64_t id, void *stream, size_t len);
int pump_reset(struct conn *c, int64_t id, void *stream, uint64_t code);
int pump_shut(struct conn *c, const struct tx *tx);
int pump_closed(struct conn *c, int64_t id, void *stream, bool has_code, uint64_t code);
int pump_flush(struct conn *c);
bool pump_idle(const struct conn *c);

#endif
