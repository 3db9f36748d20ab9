/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor: the least that opening a flow's Initials takes on this processor, by AES-NI,
 * PCLMUL and SHA-NI, for packets whose layout is known beforehand. Shares no code with the core.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOOR_CID_LEN 8 /* of every DCID */

/** struct floor_keys - a client's Initial keys */
struct floor_keys {
	uint8_t key[32], iv[32], hp[32]; /* the first 16, 12 and 16 bytes count */
};

/** floor_init - prepare what is the same for all flows; false if this processor has not all */
bool floor_init(void);

/** floor_keys - 14 compressions of SHA-256; @dcid: FLOOR_CID_LEN bytes, QUIC version 1 */
void floor_keys(const uint8_t *dcid, struct floor_keys *keys);

/**
 * floor_open - check the tag of one Initial, then decrypt it in place
 * @keys:	from floor_keys()
 * @dgram:	the datagram, all of it one packet with a packet number of 4 bytes
 * @pn_off:	where the packet number stands
 * @len:	the datagram's length
 */
bool floor_open(const struct floor_keys *keys, uint8_t *dgram, size_t pn_off, size_t len);

#endif /* BENCH_FLOOR_H */
