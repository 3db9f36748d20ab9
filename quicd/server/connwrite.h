/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_CONNWRITE_H
#define QUICD_CONNWRITE_H

struct conn;

/*
 * Writes what congestion control and pacing allow now, as trains of equal datagrams
 * for GSO. Returns 0 or an error of ngtcp2.
 */
int conn_write(struct conn *c);

#endif
