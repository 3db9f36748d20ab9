/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lengths of names and values in a request's HEADERS frames, before nghttp3 reads them: one that is
 * beyond its limits would end the whole connection.
 */
#ifndef QUICD_FIELDSCAN_H
#define QUICD_FIELDSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "varint.h"

/* How far a request stream has been looked at. Zeroed at its beginning. */
struct fieldscan {
	enum fieldscan_at {
		SCAN_FRAME_TYPE,
		SCAN_FRAME_LENGTH,
		SCAN_SKIP, /* the payload of a frame without fields */
		/* In the payload of HEADERS (RFC 9204, 4.5): */
		SCAN_INSERT_COUNT,
		SCAN_BASE,
		SCAN_LINE,
		SCAN_INDEX,
		SCAN_NAME_REF,
		SCAN_NAME_LENGTH,
		SCAN_NAME,
		SCAN_VALUE_LENGTH,
		SCAN_VALUE,
		SCAN_OFF, /* not understood, which is nghttp3's to say, or too long */
	} at;
	struct varint frame; /* the integer of a frame */
	bool more;	     /* in the midst of one of QPACK */
	bool huffman;	     /* the string is coded */
	unsigned int n;	     /* bits of that integer so far */
	uint64_t value;	     /* and its value */
	uint64_t type;	     /* of the frame */
	uint64_t left;	     /* bytes of the frame */
	uint64_t string;     /* bytes of the string */
};

/*
 * Looks at the next @len bytes of a request stream. Returns how many of them nghttp3 may read: all,
 * or those before the length of a name or value that it cannot take.
 */
size_t fieldscan(struct fieldscan *s, const uint8_t *data, size_t len);

#endif
