/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stock nft's output as it comes, translated in pieces that mean something by themselves: a rule,
 * an element, a set without its elements, a line outside of blocks.
 */
#ifndef NX_PIECES_H
#define NX_PIECES_H

#include "lang.h"

/**
 * struct nx_pieces - a listing under translation; all zero but @lang is its beginning
 * @lang:	NX_OUT; shared by all pieces
 * @raw:	what came and is not translated yet
 * @start:	where in @raw the piece begins that has not ended
 * @seen:	@raw is looked at up to here
 * @line:	where its last line begins, or what is left of that behind a piece or a block
 * @hash:	where the comment begins
 * @depth:	braces open in @raw
 * @quoted:	in a quoted string
 * @comment:	behind a #
 * @in:		the block that @raw stands in
 * @family:	of the table, a constant
 * @table:	its name
 * @set:	name of the set
 * @layout:	of the set, known from @head_done on
 * @head_done:	all lines of the set before its elements are through
 * @elements:	in the braces of `elements = { }`
 */
struct nx_pieces {
	struct nx_lang lang;
	struct nx_buf raw;
	size_t start, seen, line, hash;
	unsigned int depth;
	bool quoted, comment;
	enum nx_block_kind in;
	const char *family;
	struct nx_buf table, set;
	struct nx_layout layout;
	bool head_done;
	bool elements;
};

/**
 * nx_pieces_add - take more output
 * @p:		state
 * @s:		text, cut anywhere
 * @len:	its length
 * @out:	gets the translation of all pieces that are complete
 *
 * Return: false without memory.
 */
bool nx_pieces_add(struct nx_pieces *p, const char *s, size_t len, struct nx_buf *out);

/** nx_pieces_flush - translate the piece that has begun, too; false without memory */
bool nx_pieces_flush(struct nx_pieces *p, struct nx_buf *out);

/** nx_pieces_free - give the memory back */
void nx_pieces_free(struct nx_pieces *p);

#endif /* NX_PIECES_H */
