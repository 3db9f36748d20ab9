/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests: nghttp3's callbacks, and what h3.c needs of them. */
#ifndef QUICD_H3REQ_H
#define QUICD_H3REQ_H

#include "h3.h"

extern const nghttp3_callbacks h3_callbacks;

/* The client acknowledged data: whoever fills the body may go on. */
void h3_req_room(struct h3_req *r);
void h3_req_free(struct h3_req *r);

#endif
