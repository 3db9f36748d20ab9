/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SETTINGS frames: ours on their way out, the client's on their way in. */
#ifndef QUICD_SETTINGS_H
#define QUICD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "varint.h"

/* As long as SETTINGS_ENABLE_CONNECT_PROTOCOL, and without a meaning (RFC 9114, 7.2.4.1). */
#define SETTINGS_RESERVED 0x21

/*
 * nghttp3 reads extended CONNECT (RFC 9220) only if it also offers it; otherwise such a request
 * ends the whole connection. We refuse each on its stream and offer none, or browsers would send
 * their WebSockets here. In the first bytes of the control stream, of nghttp3's making, finds
 * SETTINGS_ENABLE_CONNECT_PROTOCOL; the caller puts a reserved identifier there. Returns where it
 * is, or 0 if it is not there.
 */
size_t settings_find_connect(const uint8_t *data, size_t len);

/* How far a client's unidirectional stream, which may be its control stream, has been read. */
struct settings_reader {
	enum settings_at {
		SETTINGS_STREAM_TYPE,
		SETTINGS_FRAME_TYPE,
		SETTINGS_FRAME_LENGTH,
		SETTINGS_ID,
		SETTINGS_VALUE,
		SETTINGS_END, /* nothing is left to change */
	} at;
	struct varint v; /* the integer that is being read */
	uint64_t left;	 /* bytes of the frame */
	bool other;	 /* the stream has another type */
};

/*
 * nghttp3 uses the client's SETTINGS_QPACK_BLOCKED_STREAMS up: its first answers refer to dynamic
 * entries that the client has not yet got, and wait there if a packet is lost. Without that setting
 * it refers only to entries that were acknowledged (RFC 9204, 2.1.2). Puts a reserved identifier
 * in its place, in the next @len bytes of the stream.
 */
void settings_never_block(struct settings_reader *s, uint8_t *data, size_t len);

#endif
