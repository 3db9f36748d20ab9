/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules with names of quic that a chain reaches before names are known. */
#ifndef NX_EARLY_H
#define NX_EARLY_H

#include "buf.h"
#include "text.h"

/**
 * nx_early_warn - tell of the first jump to such a rule
 * @text:	as the user wrote it
 * @out:	a message is added, in nft's form
 *
 * The kernel accepts it where the rule's chain is also reached from a later hook, and it never
 * matches. Only blocks `table { chain { } }` of this text are looked at.
 */
void nx_early_warn(const struct nx_text *text, struct nx_buf *out);

#endif /* NX_EARLY_H */
