/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Application error codes that quicd itself sends in RESET_STREAM, STOP_SENDING and
 * CONNECTION_CLOSE, in every mode except http3. Documented in quicd(8). A code from the peer is
 * passed on unchanged.
 */
#ifndef QUICD_CODES_H
#define QUICD_CODES_H

#define QUICD_NO_ERROR		  0x0
#define QUICD_BACKEND_UNREACHABLE 0x51430001 /* refused, no route, no such socket */
#define QUICD_BACKEND_TIMEOUT	  0x51430002 /* no connection within connect-timeout */
#define QUICD_BACKEND_RESET	  0x51430003 /* the backend broke off in the middle */
#define QUICD_STREAM_IDLE	  0x51430004 /* no byte either way for the stream's idle-timeout */
#define QUICD_NO_RESOURCES	  0x51430005 /* out of memory or descriptors */
#define QUICD_SHUTDOWN		  0x51430006 /* the drain deadline passed */

#endif
