/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Differences between versions of libnftables, each named once.
 *
 * A function that an old library does not have at all is a NULL pointer in struct nx_real;
 * this is about the behaviour of those that all have.
 */
#ifndef NX_ABILITIES_H
#define NX_ABILITIES_H

#include <stdbool.h>

/**
 * struct nx_abilities - abilities of the real library
 * @json_typeof:	it takes typeof in JSON (not nft 1.0.6)
 * @json_stdin:		it reads JSON from /dev/stdin by read(), where the hook is (not nft 1.0.6)
 * @lists_range_maps:	it lists a map from a concatenation to ranges (nft 1.0.6 aborts)
 * @basedir:		it looks for includes beside the file that it was given (since nft 1.1.1)
 * @short_names:	it understands words of nx_short_put: the hook that reads numbers is there
 */
struct nx_abilities {
	bool json_typeof;
	bool json_stdin;
	bool lists_range_maps;
	bool basedir;
	bool short_names;
};

/**
 * nx_abilities_find - find out what the library can do
 * @can:	the result, all but what nx_hooks_install finds
 * @input_flags:	it has the functions for the flags of its input
 */
void nx_abilities_find(struct nx_abilities *can, bool input_flags);

#endif /* NX_ABILITIES_H */
