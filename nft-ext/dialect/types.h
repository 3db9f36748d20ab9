/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types of stock nft, by the expressions that have them. */
#ifndef NX_TYPES_H
#define NX_TYPES_H

#include <stddef.h>

/**
 * nx_type_expr - an expression of a type
 * @name:	the type's name, e.g. "ipv4_addr"
 * @len:	its length
 *
 * Return: what may stand behind `typeof`, NULL for a type that is not known here.
 */
const char *nx_type_expr(const char *name, size_t len);

#endif /* NX_TYPES_H */
