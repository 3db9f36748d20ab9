/* SPDX-License-Identifier: GPL-2.0-only */
/* Verdicts and limits that every part of the core shares. */
#ifndef NQ_TYPES_H
#define NQ_TYPES_H

#include "port.h"

/**
 * enum nq_verdict - what a look at some bytes of a client's first flight says
 * @NQ_NOT_OURS: not a client Initial that can be read, or a ClientHello that breaks its grammar
 * @NQ_MORE:	 fine so far, the ClientHello is not complete
 * @NQ_DONE:	 the ClientHello is complete and its names are known
 */
enum nq_verdict {
	NQ_NOT_OURS = 0,
	NQ_MORE,
	NQ_DONE,
};

#define NQ_V1	   0x00000001U /* RFC 9000 */
#define NQ_V2	   0x6b3343cfU /* RFC 9369 */
#define NQ_DRAFT29 0xff00001dU

#define NQ_CID_MAX     20    /* RFC 9000 17.2 */
#define NQ_DCID_MIN    8     /* of a client's first Initial, RFC 9000 7.2 */
#define NQ_INITIAL_MIN 1200  /* UDP payload of a datagram with a client Initial, RFC 9000 14.1 */
#define NQ_CRYPTO_MAX  16384 /* bytes of CRYPTO kept of one flight */
#define NQ_RANGES_MAX  64    /* disjoint ranges of CRYPTO kept of one flight */
#define NQ_RANGES_ROOM 512   /* of them while a datagram is read: enough for 1,500 bytes */
#define NQ_SNI_MAX     255

#endif /* NQ_TYPES_H */
