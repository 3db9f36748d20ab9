/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Redirects the calls that one loaded library makes to functions of others. */
#ifndef NX_GOT_H
#define NX_GOT_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct nx_patch - one function
 * @name:	its name
 * @with:	what is called instead; NULL: it is only looked for
 * @optional:	the library need not call it
 * @found:	places that have its address, set by nx_got_patch
 */
struct nx_patch {
	const char *name;
	void *with;
	bool optional;
	unsigned int found;
};

#define NX_MAX_PATCHES 16

/**
 * nx_got_patch - change the library's table of addresses
 * @map:	the library; calls that are not bound yet are bound by this
 * @patch:	functions
 * @n:		how many
 *
 * @n is at most NX_MAX_PATCHES. No other thread may call into the library meanwhile. All or
 * nothing: no place is changed unless each function was found that is not optional.
 *
 * Return: NULL, or a sentence that says why not.
 */
const char *nx_got_patch(const struct link_map *map, struct nx_patch *patch, size_t n);

#endif /* NX_GOT_H */
