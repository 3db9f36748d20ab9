/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink attributes written into a growing buffer. */
#ifndef NX_ATTR_H
#define NX_ATTR_H

#include <libmnl/libmnl.h>

#include "buf.h"

/** nx_attr_put - append an attribute with @len bytes of @data */
void nx_attr_put(struct nx_buf *b, uint16_t type, const void *data, size_t len);
/** nx_attr_u32 - append a number, in network order */
void nx_attr_u32(struct nx_buf *b, uint16_t type, uint32_t val);
/** nx_attr_str - append a string with its NUL */
void nx_attr_str(struct nx_buf *b, uint16_t type, const char *s);
/** nx_attr_copy - append an attribute as it is */
void nx_attr_copy(struct nx_buf *b, const struct nlattr *attr);
/** nx_attr_begin - open a nested attribute; give the result to nx_attr_end */
size_t nx_attr_begin(struct nx_buf *b, uint16_t type);
/** nx_attr_end - close it; without room for its length @b->oom is set */
void nx_attr_end(struct nx_buf *b, size_t at);
/** nx_attr_find - the attribute of this type inside of @nest, or NULL */
const struct nlattr *nx_attr_find(const struct nlattr *nest, uint16_t type);
/** nx_attr_get_u32 - a number in network order inside of @nest; false without one */
bool nx_attr_get_u32(const struct nlattr *nest, uint16_t type, uint32_t *val);
/** nx_attr_is - is the attribute of this type inside of @nest the string @s? */
bool nx_attr_is(const struct nlattr *nest, uint16_t type, const char *s);

#endif /* NX_ATTR_H */
