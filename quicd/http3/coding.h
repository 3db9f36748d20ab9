/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Content codings: which of a file's compressed forms a client takes. Pure functions. */
#ifndef QUICD_CODING_H
#define QUICD_CODING_H

#include "fields.h"

#define CODINGS 3

struct coding {
	const char *name, *alias; /* in Accept-Encoding; alias may be NULL */
	const char *ending;	  /* of the file's name, its dot included */
};

/*
 * The codings that a request with these fields takes (RFC 9110, 12.5.3) and prefers to none, the
 * best one first. Returns how many.
 */
size_t coding_choose(const struct fields *f, const struct coding *out[CODINGS]);

#endif
