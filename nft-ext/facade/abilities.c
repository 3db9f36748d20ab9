// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A library does not tell its version, and distributions patch theirs. So each ability is
 * told by a function that came with it, or (in nx_hooks_install) by a call that the library makes.
 */
#include "abilities.h"

void nx_abilities_find(struct nx_abilities *can, bool input_flags)
{
	/* these came with all of it */
	can->json_typeof = input_flags;
	can->json_stdin = input_flags;
	can->lists_range_maps = input_flags;
}
