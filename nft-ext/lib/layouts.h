/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Known sets: which of their parts are quic keys. */
#ifndef NX_LAYOUTS_H
#define NX_LAYOUTS_H

#include "keys.h"
#include "map.h"

/**
 * struct nx_set_id - a set's full name
 * @family:	"ip", "inet", ...; NULL stands for "ip", nft's default
 * @table:	name of the table, not terminated
 * @table_len:	its length
 * @set:	name of the set, not terminated
 * @set_len:	its length
 */
struct nx_set_id {
	const char *family;
	const char *table;
	size_t table_len;
	const char *set;
	size_t set_len;
};

/** nx_layouts_get - the layout of a set; NULL if unknown or without quic keys */
const struct nx_layout *nx_layouts_get(const struct nx_map *m, const struct nx_set_id *id);

/**
 * nx_layouts_put - remember a set
 * @m:	the table, string to struct nx_layout
 * @id:	the set
 * @l:	its layout; NULL or one without quic keys forgets the set
 *
 * Return: 0 or -ENOMEM.
 */
int nx_layouts_put(struct nx_map *m, const struct nx_set_id *id, const struct nx_layout *l);

/** nx_layouts_clear - forget all */
void nx_layouts_clear(struct nx_map *m);

/** nx_family_name - nft's name of an NFPROTO_* number, or "?" */
const char *nx_family_name(uint32_t family);

/** nx_family_word - the constant name equal to this word, NULL if it names no family */
const char *nx_family_word(const char *s, size_t len);

#endif /* NX_LAYOUTS_H */
