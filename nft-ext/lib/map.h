/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash table from byte strings to pointers. */
#ifndef NX_MAP_H
#define NX_MAP_H

#include <stddef.h>
#include <stdint.h>

struct nx_map_entry;

/**
 * struct nx_map - the table; all zero is an empty one
 * @slot:	chains, or NULL
 * @nslots:	how many, a power of two
 * @n:		entries
 */
struct nx_map {
	struct nx_map_entry **slot;
	size_t nslots, n;
};

/** nx_map_get - value of a key, or NULL */
void *nx_map_get(const struct nx_map *m, const void *key, size_t len);

/**
 * nx_map_put - set a key's value
 * @m:		the table
 * @key:	copied
 * @len:	bytes of @key
 * @val:	not NULL; NULL deletes
 * @old:	if not NULL, the value that was there before, or NULL
 *
 * Return: 0 or -ENOMEM, with nothing changed.
 */
int nx_map_put(struct nx_map *m, const void *key, size_t len, void *val, void **old);

/** nx_map_clear - empty it, calling @fn (if any) for each value */
void nx_map_clear(struct nx_map *m, void (*fn)(void *val));

#endif /* NX_MAP_H */
