/* SPDX-License-Identifier: GPL-2.0-only */
/* How paths and connection IDs are kept: as 64 bits of a keyed hash, their print. */
#ifndef NQ_CONN_PRINT_H
#define NQ_CONN_PRINT_H

#include "dgram.h"

/** nq_path_print - of a path outside of conntrack's zones */
u64 nq_path_print(const struct nq_path *path);

/**
 * nq_id_print - of a connection ID and where its packets go
 * @path:	from the client to the server: its destination, VRF and link count
 * @id:		the ID
 * @len:	its length, at most NQ_CID_MAX
 */
u64 nq_id_print(const struct nq_path *path, const u8 *id, u8 len);

/**
 * nq_opener_print - of how a connection began
 * @path:	print of its path
 * @first:	DCID of its first Initial
 */
u64 nq_opener_print(u64 path, const struct nq_cid *first);

#endif /* NQ_CONN_PRINT_H */
