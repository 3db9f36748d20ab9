/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --listen: each TCP connection that is accepted becomes a stream of one QUIC connection, which
 * is made when the first one comes and ended when none has been there for a while.
 */
#ifndef QUICC_FORWARD_H
#define QUICC_FORWARD_H

struct ctls;
struct options;

/* Runs until the process is ended. Returns an exit status after saying why it cannot. */
int forward_run(const struct options *o, struct ctls *tls);

#endif
