/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ngtcp2's callbacks of a server connection, and the parts of conn.c that they need. */
#ifndef QUICD_CONNCB_H
#define QUICD_CONNCB_H

#include "conn.h"

/* How many packets this thread has decrypted: ngtcp2 does not say it of a single one. */
unsigned long conn_packets_opened(void);

extern const ngtcp2_callbacks conn_callbacks;

/* A fresh ID of the connection's worker, in QUIC-LB format. Returns 0 or -EIO. */
int conn_new_cid(struct conn *c, ngtcp2_cid *cid);

/* In conn.c: the handshake is complete. */
void conn_handshake_done(struct conn *c);

/* The event log of one connection, if the configuration asks for it. */
struct qlog *conn_qlog_open(struct conn *c, const struct conn_accept *a, ngtcp2_settings *s);
void conn_qlog_close(struct conn *c);

#endif
