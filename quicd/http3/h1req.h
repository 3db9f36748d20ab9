/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header of an HTTP/1.1 request, written for an upstream. Pure functions. */
#ifndef QUICD_H1REQ_H
#define QUICD_H1REQ_H

#include <stdint.h>

#include "fields.h"

struct h1_request {
	/* Checked: a token, visible characters, a host. */
	const char *method, *target, *authority;
	const struct fields *fields; /* as the client sent them */
	int64_t length;		     /* Content-Length, -1: none */
	bool has_body;		     /* a body follows, even if it is empty */
	bool early;		     /* came in early data */
	const char *client;	     /* its numeric address */
	bool client_v6;
	const char *alpn;
	const char *subject; /* of a verified client certificate; empty without one */
};

enum h1_framing {
	H1_NO_BODY,
	H1_LENGTH,
	H1_CHUNKED,
};

/* How the request's body goes to an HTTP/1.1 upstream (RFC 9112, 6). */
enum h1_framing h1_framing(const struct h1_request *q);

/*
 * The request line and the fields, without hop-by-hop fields and those that a client may not
 * set, and with Forwarded, X-Forwarded-* and Via added. Returns malloc'ed text and its length,
 * or NULL if out of memory.
 */
char *h1_request_text(const struct h1_request *q, size_t *len);

/*
 * The end of a chunked body, with those of the trailers @t that may be passed on. Returns the
 * same.
 */
char *h1_trailer_text(const struct fields *t, size_t *len);

#endif
