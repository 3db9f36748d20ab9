/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A service's handling of its streams, with the options and the state that it needs for
 * that. The server knows a mode only by this structure.
 */
#ifndef QUICD_MODE_H
#define QUICD_MODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/quicver.h"
#include "confkey.h"

struct conn;
struct loader;
struct worker;

#define TX_IOV 16

/* The bytes that a mode wants to send next. */
struct tx {
	int64_t stream_id; /* -1: nothing */
	bool fin;
	ngtcp2_vec vec[TX_IOV]; /* nvec of them */
	size_t nvec;
	size_t len; /* sum of vec */
	void *stream;
	size_t want; /* bytes that the packet can take: more of them are of no use */
};

/* Once a packet: the vectors themselves are left as they are. */
static inline void tx_clear(struct tx *tx)
{
	tx->stream_id = -1;
	tx->fin = false;
	tx->nvec = tx->len = 0;
	tx->stream = NULL;
	tx->want = SIZE_MAX;
}

/* A mode's own section of the configuration file, which has the mode's name. */
struct mode_conf {
	const struct conf_key *keys;
	size_t nkeys;
	/* The keys' offsets count from a copy of @values, of @size bytes: config.mode_conf. */
	const void *values;
	size_t size;
	/* The file has been read, and this is its mode: reports mistakes. */
	void (*check)(struct loader *l);
	/* Frees what check() added; strings of keys are freed for it. May be NULL. */
	void (*free)(void *values);
};

struct mode {
	const char *name;
	uint64_t uni_streams; /* unidirectional streams that a client may open */
	bool tickets;	      /* session tickets are given by default */

	bool gathers; /* a round may wait for more streams (gather.h) */

	bool access_log;      /* it has an access log, */
	bool access_requests; /* of requests, not of streams */

	const struct mode_conf *conf; /* NULL: the mode has no section */

	/* The state of a worker, if the mode has any: worker.mode_data. Returns 0 or -errno. */
	int (*worker_init)(struct worker *w);
	/* Nothing is left to do for connections that have ended. May be NULL. */
	bool (*worker_idle)(const struct worker *w);
	/* After all connections of the worker were freed. */
	void (*worker_free)(struct worker *w);

	/*
	 * All functions below run in the worker of the connection. If they return int it is
	 * 0, or -1 to end the connection with an internal error.
	 */

	/*
	 * Before the first stream: the handshake is complete, or early data arrives. With
	 * @speaks_first as soon as something can be sent, though nobody has answered yet.
	 */
	int (*start)(struct conn *c);
	bool speaks_first;
	/* The connection ends; ngtcp2 will not touch stream data any more. */
	void (*stop)(struct conn *c);

	/* From ngtcp2's callbacks: must not write packets. */
	int (*open)(struct conn *c, int64_t id);
	int (*recv)(struct conn *c, int64_t id, void *stream, const uint8_t *data, size_t len,
		    bool fin);
	int (*acked)(struct conn *c, int64_t id, void *stream, size_t len);
	int (*reset)(struct conn *c, int64_t id, void *stream, uint64_t code);
	/* Our own STOP_SENDING goes out: nothing more will be received. May be NULL. */
	int (*read_stopped)(struct conn *c, int64_t id);
	int (*closed)(struct conn *c, int64_t id, void *stream, bool has_code, uint64_t code);
	int (*unblocked)(struct conn *c, int64_t id, void *stream);

	/* After a batch of datagrams: pass on the bytes that were received. */
	int (*flush)(struct conn *c);

	/* Fills @tx. Returns 1, 0 when there is nothing to send, or -1. */
	int (*next)(struct conn *c, struct tx *tx);
	/* @len bytes of @tx went into a packet (all, if its FIN did). */
	int (*sent)(struct conn *c, const struct tx *tx, size_t len);
	/* Flow control holds the stream back. */
	int (*blocked)(struct conn *c, const struct tx *tx);
	/*
	 * The stream's sending side is closed: the client sent STOP_SENDING (of which ngtcp2
	 * tells only when there is something to send), or the stream was reset.
	 */
	int (*shut)(struct conn *c, const struct tx *tx);
	/* All packets of the round were written: what sent() has put off. May be NULL. */
	int (*wrote)(struct conn *c);

	/*
	 * The client should make its next requests on a new connection; nothing is refused
	 * yet. May be NULL.
	 */
	void (*announce)(struct conn *c);
	/* Announce the end (GOAWAY), if the protocol can. May be NULL. */
	void (*drain)(struct conn *c);
	/* Nothing is in progress: a draining connection may be closed. */
	bool (*idle)(const struct conn *c);
	uint64_t no_error; /* application error code of a clean close */
};

#endif
