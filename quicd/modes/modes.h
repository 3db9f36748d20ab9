/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of all modes. Only main() knows it, and hands it to the server. */
#ifndef QUICD_MODES_H
#define QUICD_MODES_H

#include "../server/mode.h"

extern const struct mode *const modes[]; /* ends with NULL */

#endif
