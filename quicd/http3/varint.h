/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variable-length integers that come in pieces (RFC 9000, 16). */
#ifndef QUICD_VARINT_H
#define QUICD_VARINT_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed before the first one. */
struct varint {
	uint64_t n;	   /* the value so far */
	unsigned int need; /* bytes that are to come */
};

/* One byte of it. Returns true with the last, after which the next integer may begin. */
static inline bool varint_take(struct varint *v, uint8_t b)
{
	if (v->need) {
		v->n = v->n << 8 | b;
		v->need--;
	} else {
		v->n = b & 0x3f;
		v->need = (1U << (b >> 6)) - 1;
	}
	return !v->need;
}

#endif
