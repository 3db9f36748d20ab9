/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP fields (headers and trailers) of one message, bounded in number and size. */
#ifndef QUICD_FIELDS_H
#define QUICD_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define FIELDS_MAX	 200
#define FIELDS_BYTES_MAX 65536
#define FIELD_NAME_MAX	 256 /* of a request */

struct field {
	char *name, *value; /* NUL-terminated */
	size_t name_len, value_len;
};

struct fields_block;

struct fields {
	struct field *v;
	size_t n, cap, bytes;
	struct fields_block *block; /* holds the text; the newest one has room */
};

/* Adds a copy, the name in lower case. Returns 0, -ENOMEM, or -E2BIG at a limit. */
int fields_add(struct fields *f, const char *name, size_t name_len, const char *value,
	       size_t value_len);
/* Likewise; the name is in lower case. */
int fields_put(struct fields *f, const char *name, const char *value);
/* Keeps a copy of other text as long as the fields, with a NUL behind it. Returns it, or NULL. */
char *fields_keep(struct fields *f, const char *text, size_t len);
/* The first field of that name (in lower case), or NULL. */
const struct field *fields_find(const struct fields *f, const char *name, size_t len);
/* Likewise. A request looks for a dozen names, all constants. */
static inline const struct field *fields_get(const struct fields *f, const char *name)
{
	return fields_find(f, name, strlen(name));
}
void fields_free(struct fields *f);

/* True if @list, a comma-separated list, has @token (any case). */
bool fields_list_has(const char *list, const char *token);

/*
 * Fields that belong to one connection only and must not be passed on (RFC 9110, 7.6.1):
 * the fixed ones and those that a Connection field in @f names.
 */
bool fields_hop_by_hop(const struct fields *f, const char *name);
/* True if the field @name may be in the trailers @f and be passed on (RFC 9110, 6.5.1). */
bool fields_in_trailer(const struct fields *f, const char *name);
/* Fields that only we may send to an upstream: it would believe a client's own. */
bool fields_ours(const char *name);

#endif
