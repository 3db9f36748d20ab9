/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `nft --debug=netlink`: expressions as libnftnl prints them. */
#ifndef NX_DEBUG_H
#define NX_DEBUG_H

#include <stdbool.h>

#include "buf.h"
#include "slots.h"

/**
 * nx_debug_out - say of placeholders what the kernel gets instead
 * @s:		what was printed, any text
 * @len:	its length
 * @slots:	literals of the context
 * @as_sent:	a word's digits are its bytes in their order, as of libnftnl 1.3; before that they
 *		were a number of this machine's
 * @out:	gets the translation
 *
 *	[ payload load 16b @ inner header + 65536 => reg 1 ]	[ quic load alpn => reg 1 ]
 *	the same and [ cmp eq reg 1 0x00003368 ... ]		[ quic match alpn eq "h3" ]
 */
void nx_debug_out(const char *s, size_t len, const struct nx_slots *slots, bool as_sent,
		  struct nx_buf *out);

/**
 * nx_debug_whole - how much of what was printed so far can be translated without the rest
 *
 * Whole lines, but no load at their end: a comparison may follow it.
 */
size_t nx_debug_whole(const char *s, size_t len);

#endif /* NX_DEBUG_H */
