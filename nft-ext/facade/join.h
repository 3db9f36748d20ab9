/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements that went around the library join its messages to the kernel. */
#ifndef NX_JOIN_H
#define NX_JOIN_H

#include <sys/socket.h>
#include <sys/types.h>

#include "bulk.h"

/**
 * nx_join_send - send a batch and, behind the first element of each set of @bulk, all others
 * @bulk:	the sets
 * @fd:		the library's netlink socket
 * @msg:	the batch: whole messages in each piece of memory
 * @flags:	of sendmsg
 *
 * All is one transaction, as without them. Return: as sendmsg. Nothing is sent if a set has not
 * just one message, with just the element that was expected or without memory
 * (ECANCELED): the run is to start anew, without.
 */
ssize_t nx_join_send(const struct nx_bulk *bulk, int fd, const struct msghdr *msg, int flags);

#endif /* NX_JOIN_H */
