/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests: nghttp3's callbacks, and the functions that h3.c needs. */
#ifndef QUICD_H3REQ_H
#define QUICD_H3REQ_H

#include "h3.h"

extern const nghttp3_callbacks h3_callbacks;

/* The client acknowledged data: the handler may continue to fill the body. */
void h3_req_room(struct h3_req *r);
/* A stream has opened on which a request will come. Returns NULL if there is no memory. */
struct h3_req *h3_req_new(struct h3_conn *hc, int64_t id);
void h3_req_free(struct h3_req *r);
/*
 * The request breaks the rules, and nghttp3 must not be given the rest: ends it with the status 431
 * if it is too large, otherwise by a reset with @code. Others on the connection are not
 * touched. Returns 0, or -1 to end the connection.
 */
int h3_req_too_large(struct h3_req *r);
int h3_req_fault(struct h3_req *r, uint64_t code);

#endif
