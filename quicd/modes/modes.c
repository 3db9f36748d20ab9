// SPDX-License-Identifier: GPL-2.0-or-later
#include "modes.h"

#include <stddef.h>

/* A mode is a line here, in the order in which messages list them. */
#define MODES(X)                                                                                   \
	X(stream)                                                                                  \
	X(echo)                                                                                    \
	X(handoff)                                                                                 \
	X(http3)

#define X(name) extern const struct mode mode_##name;
MODES(X)
#undef X

#define X(name) &mode_##name,
const struct mode *const modes[] = {MODES(X) NULL};
#undef X
