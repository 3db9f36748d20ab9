/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The typeof of a set, out of the userdata that nft keeps with it in the kernel. */
#ifndef NX_UDATA_H
#define NX_UDATA_H

#include <stddef.h>

#include "keys.h"

/**
 * nx_udata_layout - which parts of a set are quic keys
 * @udata:	NFTA_SET_USERDATA
 * @len:	its length
 * @layout:	the result; without quic keys if nothing is known
 */
void nx_udata_layout(const void *udata, size_t len, struct nx_layout *layout);

#endif /* NX_UDATA_H */
