/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our SETTINGS frame. */
#ifndef QUICD_SETTINGS_H
#define QUICD_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

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

#endif
