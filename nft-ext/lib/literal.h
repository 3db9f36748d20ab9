/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of quic keys: what an admin writes, what the wire has, what stock nft is told. */
#ifndef NX_LITERAL_H
#define NX_LITERAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "keys.h"

/**
 * struct nx_lit - a literal of a name or connection ID
 * @len:	bytes, at most NFT_QUIC_DATA_MAX
 * @b:		the wire's bytes
 */
struct nx_lit {
	uint8_t len;
	uint8_t b[NFT_QUIC_DATA_MAX];
};

/**
 * nx_lit_parse - read a name or connection ID
 * @k:		its key, of kind NX_NAME or NX_CID
 * @s:		text, without quotes
 * @len:	its length
 * @quoted:	it had quotes
 * @lit:	the result; an SNI in lower case and without its trailing dot
 * @err:	on failure a message without newline is added
 *
 * Without quotes 0x and an even number of hex digits stand for any bytes; 0x alone is
 * the empty connection ID.
 * Return: 0 or -EINVAL.
 */
int nx_lit_parse(const struct nx_key *k, const char *s, size_t len, bool quoted, struct nx_lit *lit,
		 struct nx_buf *err);

/** nx_lit_fits - can it be told from all others when padded with zeros to @width bytes? */
bool nx_lit_fits(const struct nx_lit *lit, size_t width);

/** nx_lit_hex - add it as 0x and hex digits, padded with zeros to @width bytes */
void nx_lit_hex(struct nx_buf *out, const struct nx_lit *lit, size_t width);

/** nx_lit_quotable - can nx_lit_text write it as a name that nx_lit_parse reads back? */
bool nx_lit_quotable(const struct nx_key *k, const struct nx_lit *lit);

/** nx_lit_text - add it as an admin writes it: a quoted name, or 0x and hex digits */
void nx_lit_text(struct nx_buf *out, const struct nx_key *k, const struct nx_lit *lit);

/**
 * nx_lit_from_number - bytes of a number that stock nft printed
 * @s:		0x and hex digits, or decimal digits
 * @len:	how many characters
 * @width:	bytes of the register
 * @lit:	the result, without the padding
 *
 * Return: 0, or -EINVAL if it is no number or too large.
 */
int nx_lit_from_number(const char *s, size_t len, size_t width, struct nx_lit *lit);

/**
 * nx_num_parse - number of a symbol
 * @k:		its key, of kind NX_NUM
 * @s:		symbol, e.g. "v1", or digits
 * @len:	its length
 * @val:	the result
 *
 * Return: 0, -ENOENT if there is no such symbol, -ERANGE if digits do not fit the key.
 */
int nx_num_parse(const struct nx_key *k, const char *s, size_t len, uint32_t *val);

/** nx_num_text - add the symbol, or the number if it has none or @numeric */
void nx_num_text(struct nx_buf *out, const struct nx_key *k, uint32_t val, bool numeric);

/**
 * nx_id_width - bytes of a connection ID's part, by its digits
 * @s:		0x and two hex digits for each byte; or a decimal number, as a port's, of two bytes
 * @len:	how many characters
 *
 * Return: 0 if it is neither.
 */
size_t nx_id_width(const char *s, size_t len);

/**
 * nx_id_parse - read one
 * @k:		its key, of kind NX_ID
 * @s:		text
 * @len:	its length
 * @lit:	the result, as wide as the key
 * @err:	on failure a message without newline is added
 *
 * Return: 0 or -EINVAL.
 */
int nx_id_parse(const struct nx_key *k, const char *s, size_t len, struct nx_lit *lit,
		struct nx_buf *err);

/**
 * nx_id_text - add it as an admin writes it
 * @hex:	digits, also of a port
 */
void nx_id_text(struct nx_buf *out, const struct nx_key *k, const uint8_t *b, bool hex);

/** nx_num_symbols - the symbols of a key, for messages */
const char *nx_num_symbols(const struct nx_key *k);

#endif /* NX_LITERAL_H */
