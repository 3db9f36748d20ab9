/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mode = http3: connections and requests. */
#ifndef QUICD_H3_H
#define QUICD_H3_H

#include <nghttp3/nghttp3.h>

#include "../common/chunkq.h"
#include "../common/list.h"
#include "../server/conn.h"
#include "fields.h"
#include "fieldscan.h"
#include "settings.h"

struct h3_handler;

struct h3_conn {
	struct conn *conn;
	nghttp3_conn *h3;
	struct list requests;
	struct list dirty; /* requests with body bytes to hand on in this round */
	size_t nrequests;
	struct tx ahead; /* bytes from nghttp3 for this round that no packet has taken yet */
	/* Bytes that packets have taken, perhaps only the end; nghttp3 is to be told of them. */
	int64_t taken_of; /* their stream */
	size_t taken;
	bool untold;
	/* The client has acknowledged bytes of this stream; nghttp3 is to be told. */
	struct {
		int64_t id;
		struct h3_req *req; /* NULL: none */
		uint64_t len;
	} ack;
	uint64_t nstreams;    /* the client's, of both kinds */
	int64_t control;      /* our control stream, until its first bytes were seen; then -1 */
	int64_t peer_control; /* the client's; -1: not known yet */
	struct settings_reader peer_settings;
	struct h3_req *reading; /* whose bytes nghttp3 is given */
	uint64_t max_requests;	/* that the client may have opened since the beginning */
};

struct h3_req {
	struct list of_conn, dirty;
	struct h3_conn *hc;
	int64_t id;
	bool begun; /* a HEADERS frame has come: it is counted, and nghttp3 knows it */
	struct fieldscan scan;

	char *method, *scheme, *authority, *path; /* NULL until received; kept by fields */
	struct fields fields, trailers;
	int64_t length;		  /* Content-Length, -1: none */
	uint64_t begin;		  /* clock_now() */
	uint64_t acked, received; /* bytes of the bodies */
	unsigned int status;	  /* of the final response; 0: none yet */
	uint64_t code;		  /* with which the stream was reset */
	bool ended;		  /* the stream ended before the connection */
	bool too_big;
	bool deferred; /* waits for its end, or for a body */
	bool early;    /* came before the handshake's end: may be a replay */

	struct chunkq in; /* request body, waiting for the upstream */
	bool in_fin;	  /* all of it has come */
	bool in_discard;  /* nobody wants it */
	size_t discarded; /* bytes of it that came all the same */
	bool in_stopped;  /* the client was asked to stop */

	union addr backend; /* that was asked last; sa_family 0: none */

	bool responded;	    /* the final response's header has been submitted */
	bool aborted;	    /* the stream has been reset */
	struct chunkq body; /* response body, kept until acknowledged */
	bool body_fin;	    /* nothing will be added */
	bool answered;	    /* all of the answer is on its way */
	bool body_waiting;  /* nghttp3 was told to wait for more */
	struct fields out_trailers;

	const struct h3_handler *handler; /* NULL until it was chosen */
	void *state;			  /* the handler's, of the worker */
	void *work; /* the handler's, of this request; NULL: it is not at work on it */
};

/*
 * For handlers. A response's fields; h3_respond() adds :status, date and server. Each
 * returns 0, or -1 to end the connection.
 */
int h3_respond(struct h3_req *r, unsigned int status, const struct fields *f, bool has_body);
/* An interim response (1xx). */
int h3_inform(struct h3_req *r, unsigned int status, const struct fields *f);
/* A response with a short text that says what is wrong; @f may be NULL. */
int h3_error(struct h3_req *r, unsigned int status, const struct fields *f);
/* A redirect to @where, which it frees; NULL: there was no memory. One too long gives 414. */
int h3_moved(struct h3_req *r, unsigned int status, char *where);
/* Bytes or the end were added to r->body. */
void h3_body_more(struct h3_req *r);
/* There is room for more of the body: only a bounded amount waits for the client. */
bool h3_body_room(const struct h3_req *r);
/* @len bytes of r->in have been dealt with: gives flow control credit back. */
void h3_consumed(struct h3_req *r, size_t len);
/* Nobody needs the rest of the request body: asks the client to stop if it is long. */
void h3_discard_input(struct h3_req *r);
/*
 * Ends the request at once: both directions of the stream are reset with @code, the
 * handler's work is cancelled. Not from within nghttp3_conn_writev_stream().
 */
void h3_abort(struct h3_req *r, uint64_t code);

#endif
