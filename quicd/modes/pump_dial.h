/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a pump comes to its socket: one address of the backend after the other. */
#ifndef QUICD_PUMP_DIAL_H
#define QUICD_PUMP_DIAL_H

#include "pump.h"

/* No room in the backlog yet, or no answer in time: try the same address again, or the next. */
void pump_dial_timeout(struct pump *p);
/* The outcome of a connect() is known: the pump begins, or the next address is tried. */
void pump_dial_done(struct pump *p);

/* In pump.c. The socket is connected: the pump begins. */
void pump_connected(struct pump *p);
/*
 * Tells the loop what to wait for. With nothing to wait for, the socket leaves the loop:
 * epoll would report a hang-up endlessly.
 */
void pump_watch(struct pump *p);
/* Closes the socket; @broken: with a RST, so that the backend does not take it for the end. */
void pump_drop(struct pump *p, bool broken);

#endif
