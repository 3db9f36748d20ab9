/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many bytes of a connection ID a selector takes. */
#ifndef NX_WIDTH_H
#define NX_WIDTH_H

#include "selector.h"

/**
 * nx_fit_selector - give each part of a connection ID the width of what it is compared with
 * @w:		the text
 * @i:		the token behind the selector
 * @to:		where the rule ends
 * @s:		the selector
 *
 * That is a set, a literal or the first element of a list. A server ID without any of these has two
 * bytes. NX_IN also finds out where stock nft wants a port, NX_OUT which widths need not be
 * written.
 */
void nx_fit_selector(struct nx_walk *w, size_t i, size_t to, struct nx_selector *s);

/** nx_set_layout - the layout of the set whose name is at @i, or NULL if it has no quic keys */
const struct nx_layout *nx_set_layout(struct nx_walk *w, size_t i);

#endif /* NX_WIDTH_H */
