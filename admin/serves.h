/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose socket gets what a rule sends to a port of this host. */
#ifndef NA_SERVES_H
#define NA_SERVES_H

#include <netinet/in.h>

#include "host.h"

/**
 * struct na_serves - the sockets behind one way
 * @l:		one that gets it; NULL if none does
 * @other:	one of that port that does not, as it is bound elsewhere; NULL if there is none
 * @missing:	a destination of the rule's that no socket takes: "192.0.2.1", "IPv6"; "" if none
 * @family:	@missing is all of a family, not an address that the rule names
 */
struct na_serves {
	const struct na_listener *l, *other;
	char missing[INET6_ADDRSTRLEN];
	bool family;
};

/** na_way_is_local() - does the way lead to a port of this host, as such or by one of its addresses
 */
bool na_way_is_local(const struct na_host *h, const struct na_way *w);

/**
 * na_way_serves() - who gets what comes by @w, a way that is local
 *
 * By port, family and address: of the chain, of the rule's matches, of the destination that it
 * writes. An address that the rule does not tell may be any of the host's.
 */
void na_way_serves(const struct na_host *h, const struct na_way *w, struct na_serves *s);

#endif
