/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of nft's language that tell a name without quotes from what follows it. */
#ifndef NX_WORDS_H
#define NX_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/** nx_word_reserved - a word of the language, that cannot be a name without quotes */
bool nx_word_reserved(const char *s, size_t len);

/** nx_word_begins_expr - can an expression begin with it? */
bool nx_word_begins_expr(const char *s, size_t len);

/** nx_word_after_key - can it follow the key of an element or a dynamic set? */
bool nx_word_after_key(const char *s, size_t len);

#endif /* NX_WORDS_H */
