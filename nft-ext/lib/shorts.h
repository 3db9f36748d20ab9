/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words that stand for names in the texts of a run. nft's scanner and parser take their time for
 * each character, so a word is much shorter than a name, let alone than its digits.
 */
#ifndef NX_SHORTS_H
#define NX_SHORTS_H

#include "literal.h"

/**
 * nx_short_put - remember a name, and add its word
 * @shorts:	the names of the run
 * @out:	where the word goes
 * @lit:	the name
 * @width:	bytes of the register
 *
 * Return: false, and nothing is added, for a name or a width that cannot be had so.
 */
bool nx_short_put(struct nx_buf *shorts, struct nx_buf *out, const struct nx_lit *lit,
		  size_t width);

/**
 * nx_short_get - bytes of a word
 * @shorts:	the names of the run
 * @s:		text; anything
 * @b:		the bytes, padded with zeros
 *
 * Return: how many they are, padding included; 0 for any other text.
 */
size_t nx_short_get(const struct nx_buf *shorts, const char *s, uint8_t b[NFT_QUIC_SNI_LEN]);

#endif /* NX_SHORTS_H */
