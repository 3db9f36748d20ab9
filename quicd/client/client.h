/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One client connection with its streams. */
#ifndef QUICC_CLIENT_H
#define QUICC_CLIENT_H

#include "../common/chunkq.h"
#include "../common/loop.h"
#include "../common/quicver.h"
#include "ctls.h"
#include "net.h"

#define LABEL_MAX 280 /* a number and a name of 255 octets */

struct client_stream {
	int64_t id;
	struct chunkq q; /* to send, kept until acknowledged */
	bool announced;	 /* the server knows the stream: it may want to speak first */
	bool fin, fin_sent;
	bool blocked; /* by flow control */
	bool shut;    /* stopped by the server */
	bool ended;   /* the server has finished */
	bool closed;  /* and all that we sent has arrived */
	bool reset;   /* by the server */
	uint64_t received;
	void *user;
};

struct client {
	const struct options *o;
	struct net *net;
	struct ctls *tls;
	unsigned int index;	/* among the connections */
	char *name;		/* to ask for by SNI; NULL for an address */
	char label[LABEL_MAX];	/* before each line of output; empty for a single connection */
	unsigned int migrated;	/* how many of the net's migrations this one has followed */
	uint64_t last, longest; /* when data came, and the longest time without */
	struct timer timer;
	uint32_t offered, version; /* by a Version Negotiation packet; of the try after it */
	ngtcp2_crypto_conn_ref ref;
	gnutls_session_t session;
	ngtcp2_conn *quic;
	ngtcp2_ccerr error;
	struct chunk_pool pool;
	struct client_stream *stream;
	unsigned int nstreams, opened, turn;
	bool keeps;	 /* streams come and go, and none of them ends the connection */
	bool fetch_only; /* end as soon as a ticket is here */
	bool early;	 /* trying 0-RTT */
	bool started, connected, done;
	int status; /* exit status */
	/* Called with the bytes a stream received; returns how much credit to give back now. */
	size_t (*on_data)(struct client *c, struct client_stream *s, const uint8_t *data,
			  size_t len);
	void *user;
};

/* Prepares connection @i of @net. Returns -1, or an exit status after saying why. */
int client_init(struct client *c, struct net *net, unsigned int i, struct ctls *tls);
/* Connects and opens the streams as soon as the server lets us; failures end it. */
void client_start(struct client *c);
/* After client_end(): says good-bye at once, where other connections are not done yet. */
void client_close(struct client *c);
void client_free(struct client *c);

/* A line about this connection on standard error. */
__attribute__((format(printf, 2, 3))) void client_say(const struct client *c, const char *fmt, ...);
/* An error of this connection. */
__attribute__((format(printf, 2, 3))) void client_err(const struct client *c, const char *fmt, ...);

/* One datagram, which came to @local. */
void client_read(struct client *c, const union addr *local, uint8_t ecn, const uint8_t *data,
		 size_t len);
/* Begins again at the net's new remote address: all input is still to be sent. */
void client_again(struct client *c);
/* The local address has changed, or migration to a new one is due. */
void client_moved(struct client *c);

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
