/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The typeof of a set, out of the userdata that nft keeps with it in the kernel. */
#ifndef NX_UDATA_H
#define NX_UDATA_H

#include <stddef.h>

#include "buf.h"
#include "keys.h"

/**
 * nx_udata_layout - which parts of a set are quic keys
 * @udata:	NFTA_SET_USERDATA
 * @len:	its length
 * @layout:	the result; without quic keys if nothing is known
 */
void nx_udata_layout(const void *udata, size_t len, struct nx_layout *layout);

/** nx_udata_ranges - is it a map from a concatenation with quic keys to ranges? */
bool nx_udata_ranges(const void *udata, size_t len);

/**
 * nx_udata_name_data - add the typeof of a map's data, where nft has none
 * @out:	the new userdata
 * @udata:	userdata of a map whose key is a concatenation with quic keys
 * @len:	its length
 * @type:	the data's type, as NFTA_SET_DATA_TYPE has it
 * @bytes:	the data's length
 *
 * Without it nft forgets the typeof of the key, too, and aborts on a concatenation with it.
 * Return: true if @out is to be used; it may be out of memory.
 */
bool nx_udata_name_data(struct nx_buf *out, const void *udata, size_t len, uint32_t type,
			uint32_t bytes);

#endif /* NX_UDATA_H */
