/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tokens of nft's language, as far as finding `quic` needs them.
 *
 * Blanks, comments and continued lines leave no token. A word is what nft's scanner
 * would call a string, number, address or time; the translator passes it on as it is.
 */
#ifndef NX_LEX_H
#define NX_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * enum nx_tok_type - kinds of token
 * @NX_END:	behind the last token
 * @NX_NL:	end of a line
 * @NX_WORD:	letters, digits and what may be among them
 * @NX_QUOTED:	"...", with its quotes
 * @NX_OP:	== != <= >= < > << >>
 * @NX_PUNCT:	any other single character
 */
enum nx_tok_type { NX_END, NX_NL, NX_WORD, NX_QUOTED, NX_OP, NX_PUNCT };

/**
 * struct nx_tok - one token
 * @off:	where it begins, in bytes
 * @len:	its length
 * @mate:	index of the other brace of a pair ({} or ()), of itself if there is none
 * @type:	enum nx_tok_type
 */
struct nx_tok {
	uint32_t off, len, mate;
	uint8_t type;
};

/**
 * struct nx_toks - the tokens of a text
 * @src:	the text; not owned
 * @len:	its length
 * @t:		tokens; t[n] is NX_END
 * @n:		how many
 */
struct nx_toks {
	const char *src;
	size_t len;
	struct nx_tok *t;
	size_t n;
};

/**
 * nx_lex - split a text
 * @toks:	the result, to be released with nx_lex_free
 * @src:	text; must outlive @toks
 * @len:	its length in bytes, less than 2 GiB
 * @out:	it is stock nft's output, where a comment may end within a line (nx_out_handle)
 *
 * Takes any bytes. Return: 0, -ENOMEM, -EFBIG.
 */
int nx_lex(struct nx_toks *toks, const char *src, size_t len, bool out);
void nx_lex_free(struct nx_toks *toks);

/**
 * nx_out_handle - length of a comment that ends within its line in stock nft's output, or 0
 * @s:		text from the # on
 * @len:	its length
 *
 * That is `# handle N` of a set, an object or a flowtable in one line: behind the opening brace,
 * and a blank and the contents follow.
 */
size_t nx_out_handle(const char *s, size_t len);

/** nx_tok_is - is token @i this word, operator or character? */
bool nx_tok_is(const struct nx_toks *toks, size_t i, const char *s);

/** nx_tok_text - first byte of token @i */
static inline const char *nx_tok_text(const struct nx_toks *toks, size_t i)
{
	return toks->src + toks->t[i].off;
}

#endif /* NX_LEX_H */
