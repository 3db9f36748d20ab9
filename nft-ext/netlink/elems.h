/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The elements of an nx_bulk on the wire, beside the one that the library sends. */
#ifndef NX_ELEMS_H
#define NX_ELEMS_H

#include <linux/netlink.h>

#include "bulk.h"

/** nx_elems_are - is this NFT_MSG_NEWSETELEM for the set of @b? */
bool nx_elems_are(const struct nlmsghdr *nlh, const struct nx_bulk *b);

/**
 * nx_elems_put - add messages with all elements but the first
 * @out:	gets them
 * @nlh:	the library's message, which has the first one alone
 * @b:		the elements
 *
 * Return: 0, -EINVAL if that message is not of the form that was relied on, -ENOMEM.
 */
int nx_elems_put(struct nx_buf *out, const struct nlmsghdr *nlh, const struct nx_bulk *b);

#endif /* NX_ELEMS_H */
