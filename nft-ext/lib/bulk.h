/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The elements of a large set of names. The library is told of the first one alone: its parser
 * takes more time for an element than all the rest of nft does, and some 450 bytes. The others join
 * that one on its way to the kernel.
 */
#ifndef NX_BULK_H
#define NX_BULK_H

#include "layouts.h"
#include "literal.h"

#define NX_BULK_MIN 1000 /* elements for which this pays */

/**
 * enum nx_bulk_data - what the elements of a map stand for
 * @NX_BULK_NONE:	nothing: it is a set
 * @NX_BULK_SAME:	all the same
 * @NX_BULK_MARK:	a number of 32 bits, in the host's order
 * @NX_BULK_PORT:	a port, in network order
 */
enum nx_bulk_data { NX_BULK_NONE, NX_BULK_SAME, NX_BULK_MARK, NX_BULK_PORT };

/**
 * struct nx_bulk - the elements of one set
 * @next:	those of another set
 * @family:	of its table, a constant
 * @table:	name of the table
 * @set:	name of the set
 * @width:	bytes of a key
 * @data:	kind of what they stand for
 * @n:		how many there are
 * @elems:	of each: its number if @data has one, length of its name, the name. The first one is
 *		the one that the library is told of
 */
struct nx_bulk {
	struct nx_bulk *next;
	const char *family;
	char *table, *set;
	uint8_t width;
	enum nx_bulk_data data;
	size_t n;
	struct nx_buf elems;
};

/** struct nx_bulk_elem - one of them; @name is @len bytes, at most the key's width */
struct nx_bulk_elem {
	uint32_t num;
	uint8_t len;
	const char *name;
};

/** nx_bulk_new - for a set without elements; NULL without memory */
struct nx_bulk *nx_bulk_new(const struct nx_set_id *id, uint8_t width, enum nx_bulk_data data);

/** nx_bulk_add - one more element; without memory @b->elems.oom is set */
void nx_bulk_add(struct nx_bulk *b, const struct nx_lit *name, uint32_t num);

/** nx_bulk_next - the element at @at, which is moved on from 0; false behind the last one */
bool nx_bulk_next(const struct nx_bulk *b, size_t *at, struct nx_bulk_elem *e);

/** nx_bulk_free - those of all sets from @b on */
void nx_bulk_free(struct nx_bulk *b);

#endif /* NX_BULK_H */
