/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What our SETTINGS say. */
#ifndef QUICD_SETTINGS_H
#define QUICD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * nghttp3 reads extended CONNECT (RFC 9220) only if it also offers it; otherwise such a request
 * ends the whole connection. We refuse each on its stream and offer none, or browsers would send
 * their WebSockets here. In the first bytes of the control stream, of nghttp3's making, this makes
 * a reserved identifier (RFC 9114, 7.2.4.1) of SETTINGS_ENABLE_CONNECT_PROTOCOL. Returns true if
 * the setting was found.
 */
bool settings_hide_connect(uint8_t *data, size_t len);

#endif
