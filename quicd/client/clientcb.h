/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICC_CLIENTCB_H
#define QUICC_CLIENTCB_H

#include "client.h"

extern const ngtcp2_callbacks client_callbacks;

/* A connection ID of ours; the net finds the connection by it. Returns 0 or -1. */
int client_make_cid(struct client *c, uint8_t *data, size_t len);
/* Opens as many of the streams as the server allows by now. */
void client_open_streams(struct client *c);
/* Forgets that anything was sent on the streams, so that it goes out again on new ones. */
void client_rewind(struct client *c);

#endif
