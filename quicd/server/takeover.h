/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Upgrade, the side of the new program: it finds a socket to the running process, takes
 * what that hands over, and says when it can serve. See handmsg.h.
 */
#ifndef QUICD_TAKEOVER_H
#define QUICD_TAKEOVER_H

#include "server.h"

/* Where the socket is, and the variable that says so. */
#define TAKEOVER_ENV	 "QUICD_TAKEOVER"
#define TAKEOVER_FD	 3
#define TAKEOVER_FD_TEXT "3"

/* The socket to a running process, or -1: this is a start like any other. */
int takeover_socket(void);

/*
 * Takes what the running process hands over into @s, which has its configuration and files
 * loaded. Logs the reason and returns -errno on failure.
 */
int takeover_receive(int sock, struct server *s);
/* All is ready: lets the running process stop reading. 0 or -errno, logged. */
int takeover_go(int sock, struct server *s);
/* The workers run: the running process gives way, and systemd knows it. */
int takeover_done(int sock);

#endif
