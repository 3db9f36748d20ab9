/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Warnings about a text that is right: it loads, and each kind is told once a file. */
#ifndef NX_WARN_H
#define NX_WARN_H

#include "edit.h"

/** enum nx_warning - kinds, of which each text gets one message at most */
enum nx_warning {
	NX_WARN_SNI_SCHEME,
	NX_WARN_SNI_PORT,
	NX_WARN_SNI_PATH,
	NX_WARN_SNI_ADDRESS,
	NX_WARN_SNI_LONG,
	NX_WARN_ALPN_STAR,
	NX_WARN_ALPN_CAPITALS,
	NX_WARN_OTHER_SET,
};

/**
 * nx_warn - a message about tokens @from up to, not with, @to, unless its kind is told
 * @w:		the walk
 * @kind:	what it is about
 * @from:	first token
 * @to:		the token after
 * @fmt:	the sentence, without newline
 */
void nx_warn(struct nx_walk *w, enum nx_warning kind, size_t from, size_t to, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/** nx_warn_literal - warn if the name at @i can hardly be what a client sends */
void nx_warn_literal(struct nx_walk *w, size_t i, const struct nx_key *k, const char *s,
		     size_t len);

#endif /* NX_WARN_H */
