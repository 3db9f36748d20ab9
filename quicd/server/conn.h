/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A QUIC connection of the server. Belongs to one worker; nothing here is shared. */
#ifndef QUICD_CONN_H
#define QUICD_CONN_H

#include "../common/list.h"
#include "../common/quicver.h"
#include "../common/timer.h"
#include "endpoint.h"
#include "mode.h"
#include "tls.h"

enum conn_state {
	CONN_HANDSHAKE,
	CONN_OPEN,
	CONN_CLOSING,  /* we sent CONNECTION_CLOSE; repeated if the peer keeps sending */
	CONN_DRAINING, /* the peer closed; nothing may be sent */
};

struct conn {
	struct list of_worker, dirty, cids;
	struct worker *worker;
	struct endpoint *ep;	      /* the socket of the current path */
	const struct cid_format *cid; /* of the socket that it began at, wherever it moves */
	enum conn_state state;
	struct timer timer;
	struct tls_session tls;
	ngtcp2_conn *quic;  /* NULL in the closing and draining states */
	ngtcp2_ccerr error; /* why we close */
	const struct mode *mode;
	void *mode_data;
	struct list sendq;    /* streams with something to send (sendq.h) */
	size_t nstreams;      /* open streams that the mode keeps */
	bool started;	      /* the mode knows this connection */
	bool pressed;	      /* more was to be sent than could be, in the last round that sent */
	bool announced;	      /* the client knows that it should make a new connection */
	uint64_t quiet_since; /* when the last stream ended, or the connection began */
	bool counted_open;    /* counted as half open */
	char alpn[256], sni[256];
	size_t alpn_len;
	uint64_t serial;	  /* unique in the process */
	char peer[ADDR_TEXT_MAX]; /* address at the first Initial, for the log */
	struct qlog *qlog;

	/*
	 * The client's address has changed during the handshake, when ngtcp2 knows only the
	 * first path: packets are read as if from there, and answers go to @remote, no more
	 * than three times the bytes received from there (early.h). Ends when the client is
	 * back at its first address and that is valid, or the handshake is over and a path is
	 * validated.
	 */
	struct {
		bool active;
		bool token;   /* validated the first address */
		bool leaked;  /* another address was sent packets of the handshake */
		bool renamed; /* ngtcp2 is to take the first address for a new one (early.c) */
		unsigned int moves; /* so far, those back to the first address not counted */
		union addr first, remote;
		uint64_t received, sent; /* bytes from and to @remote since the change */
	} early;

	/* The closing state: the packet, its path and how often it may be repeated. */
	struct {
		uint8_t *pkt;
		size_t len;
		union addr local, remote;
		unsigned int received, answer_at;
	} close;
};

struct conn_accept {
	const ngtcp2_pkt_hd *hd;
	const ngtcp2_cid *original_dcid; /* from the Retry token; NULL without Retry */
	bool address_validated;		 /* by a token of either kind */
};

/* Makes the connection of a first Initial. Returns NULL if that fails (nothing is kept). */
struct conn *conn_accept(struct endpoint *ep, const struct udp_msg *m, const struct conn_accept *a);
void conn_free(struct conn *c);

/* Processes one datagram. The connection may be gone afterwards. */
void conn_read(struct conn *c, struct endpoint *ep, const struct udp_msg *m, const uint8_t *data,
	       size_t len);

/* There is something to write: the worker will call conn_flush() in this round. */
void conn_touch(struct conn *c);
/* Hands received data on and writes packets. The connection may be gone afterwards. */
void conn_flush(struct conn *c);

/* Keeps the worker's count of pressed connections. */
void conn_set_pressed(struct conn *c, bool pressed);

/* Closes with an application error code (RFC 9000, 10.2). The connection may be gone afterwards. */
void conn_close(struct conn *c, uint64_t app_error, const char *reason);
/* The worker drains: finish what is open, then close. The connection may be gone afterwards. */
void conn_drain(struct conn *c);

/*
 * The process was replaced: once in a while, at @now. Announces it to the client, if the protocol
 * can, and closes a connection that has had no stream for some time. It may be gone afterwards.
 */
void conn_close_quiet(struct conn *c, uint64_t now);

/* Where packets for this remote address of a path are to be sent. */
const union addr *conn_remote(const struct conn *c, const ngtcp2_path *path);
/* The current path's addresses. */
void conn_addrs(const struct conn *c, union addr *local, union addr *remote);

#endif
