// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A library does not tell its version, and distributions patch theirs. So each ability is
 * told by a function that came with it, or (in nx_hooks_install) by a call that the library makes.
 */
#include <dlfcn.h>

#include "abilities.h"

void nx_abilities_find(struct nx_abilities *can, void *handle)
{
	/* the input flags came with all of these */
	bool flags = dlsym(handle, "nft_ctx_input_set_flags");

	can->json_typeof = flags;
	can->json_stdin = flags;
	can->lists_range_maps = flags;
}
