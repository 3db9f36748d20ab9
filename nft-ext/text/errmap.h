/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stock nft's error messages, brought from the translation back to the user's text. */
#ifndef NX_ERRMAP_H
#define NX_ERRMAP_H

#include "lang.h"

/**
 * nx_errmap - translate messages
 * @raw:	what stock nft printed
 * @len:	its length
 * @text:	texts of the run; their translations are what the messages speak of
 * @ntext:	how many; text[0] is the command or file itself
 * @lang:	what translated them
 * @out:	the messages with the user's places, lines, carets and words
 *
 * Return: does a message point at an expression with quic?
 *
 * Unrecognised messages pass unchanged.
 */
bool nx_errmap(const char *raw, size_t len, struct nx_text *const *text, size_t ntext,
	       const struct nx_lang *lang, struct nx_buf *out);

#endif /* NX_ERRMAP_H */
