/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steering of packets to the worker that owns their connection. */
#ifndef QUICD_STEER_H
#define QUICD_STEER_H

#include "cid.h"

/*
 * Attaches the program to the SO_REUSEPORT group of @fd; sockets are numbered in the
 * order in which they joined. Returns 0 or -errno.
 */
int steer_attach(int fd, const struct cid_format *f);

#endif
