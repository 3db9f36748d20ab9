/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client whose address changes during the handshake: where answers go, and how many bytes. */
#ifndef QUICD_EARLY_H
#define QUICD_EARLY_H

#include "conn.h"

/* With less room than this no packet is worth writing. */
#define EARLY_ROOM_MIN 100

/*
 * Reads a packet of the handshake, wherever it came from, as if from the first path: ngtcp2 would
 * drop it otherwise, and so the handshake of a client whose NAT gives it another port just then.
 * Answers follow a packet that could be decrypted. An attacker on the path could have sent it
 * from an address that is not its own: so this happens a few times only, the first address may
 * always come back, and no other gets more than early_room(). ngtcp2's own limit does not help:
 * it ends for the first path, and so for all of them, with a token or the first Handshake packet.
 * Returns 0 or an error of ngtcp2.
 */
int early_read(struct conn *c, const ngtcp2_path *from, const ngtcp2_pkt_info *pi,
	       const uint8_t *data, size_t len);

/*
 * The same after the handshake: ngtcp2 takes care of every path but the first one, and of that,
 * too, if it is not valid by then: under another name.
 */
int early_read_later(struct conn *c, const ngtcp2_path *from, const ngtcp2_pkt_info *pi,
		     const uint8_t *data, size_t len);

/* Is an address of a path the first one's other name? conn_remote() has the true one. */
bool early_is_renamed(const struct conn *c, const union addr *remote);

/* @len bytes came from @remote: all count, opened or not (RFC 9000, 8.1). */
void early_received(struct conn *c, const union addr *remote, size_t len);

/* How many bytes may be sent to @remote: three times those received since the change. */
size_t early_room(const struct conn *c, const union addr *remote);
void early_sent(struct conn *c, const union addr *remote, size_t len);

#endif
