/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One client connection with its streams. */
#ifndef QUICC_CLIENT_H
#define QUICC_CLIENT_H

#include <netdb.h>

#include "../common/chunkq.h"
#include "../common/loop.h"
#include "../common/quicver.h"
#include "../common/udp.h"
#include "ctls.h"

struct client;

struct client_stream {
	int64_t id;
	struct chunkq q; /* to send, kept until acknowledged */
	bool announced;	 /* the server knows the stream: it may want to speak first */
	bool fin, fin_sent;
	bool blocked; /* by flow control */
	bool shut;    /* stopped by the server */
	bool ended;   /* the server has finished */
	bool closed;  /* and all that we sent has arrived */
	uint64_t received;
};

struct client {
	const struct options *o;
	struct ctls *tls;
	struct loop loop;
	struct udp_sock sock;
	struct io io;
	struct timer timer;
	union addr remote;
	struct addrinfo *addrs, *addr_now, *addr_next; /* of the host; to be tried in turn */
	uint32_t offered, version; /* by a Version Negotiation packet; of the try after it */
	ngtcp2_crypto_conn_ref ref;
	gnutls_session_t session;
	ngtcp2_conn *quic;
	ngtcp2_ccerr error;
	struct chunk_pool pool;
	struct client_stream *stream;
	unsigned int nstreams, opened, turn;
	bool fetch_only; /* end as soon as a ticket is here */
	bool early;	 /* trying 0-RTT */
	bool connected, done;
	int status; /* exit status */
	struct udp_batch *batch;
	/* Called with the bytes a stream received; returns how much credit to give back now. */
	size_t (*on_data)(struct client *c, struct client_stream *s, const uint8_t *data,
			  size_t len);
	void *user;
};

/*
 * Connects and opens the streams as soon as the server lets us. Returns -1 if client_run() is
 * to follow, or an exit status after saying why.
 */
int client_start(struct client *c, const struct options *o, struct ctls *tls);
void client_free(struct client *c);

/* Writes whatever is waiting and sets the timer. */
void client_write(struct client *c);
/* Gives @len bytes of receive credit back. */
void client_credit(struct client *c, struct client_stream *s, size_t len);
/* Ends with this exit status; the connection is closed in good order. */
void client_end(struct client *c, int status);
/* Every stream has ended on the server's side. */
bool client_all_ended(const struct client *c);
/* And everything we sent has arrived, or is not wanted. */
bool client_all_closed(const struct client *c);

#endif
