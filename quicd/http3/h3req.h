/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests: nghttp3's callbacks, and the functions that h3.c needs. */
#ifndef QUICD_H3REQ_H
#define QUICD_H3REQ_H

#include "h3.h"

extern const nghttp3_callbacks h3_callbacks;

/* The client acknowledged data: the handler may continue to fill the body. */
void h3_req_room(struct h3_req *r);
void h3_req_free(struct h3_req *r);

#endif
