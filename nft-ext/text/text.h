/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text and its translation, with the way back from columns of one to the other. */
#ifndef NX_TEXT_H
#define NX_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/**
 * struct nx_edit - one replaced piece, in bytes of source and of translation
 *
 * There are millions of them; a source has less than 2 GiB (nx_lex), a translation less than 4.
 */
struct nx_edit {
	uint32_t src, src_len;
	uint32_t dst, dst_len;
};

/**
 * struct nx_text - a text and its translation
 * @name:	file name as libnftables will call it, NULL for a command line
 * @src:	the user's text, owned unless @borrowed, NUL-terminated
 * @len:	its length
 * @dst:	the translation; empty unless @n
 * @mapped:	bytes of the mapping that @dst is in, 0 if it is on the heap
 * @pos:	@src is copied to @dst up to here
 * @edit:	the replaced pieces, in order
 * @n:		how many; 0 means that the translation is the text itself
 * @cap:	room in @edit
 * @opened:	how often it was handed to libnftables
 * @warned:	kinds of warnings that were given, a bit each
 * @borrowed:	@src is another's
 * @once:	the file cannot be read again: it is always handed over from memory
 *
 * The translation has the same lines: a replaced piece keeps its newlines.
 */
struct nx_text {
	char *name;
	char *src;
	size_t len;
	struct nx_buf dst;
	size_t mapped;
	size_t pos;
	struct nx_edit *edit;
	size_t n, cap;
	unsigned int opened;
	unsigned int warned;
	bool borrowed;
	bool once;
};

/** nx_text_new - take over @src (malloc'ed) as a text called @name (copied, may be NULL) */
struct nx_text *nx_text_new(const char *name, char *src, size_t len);
void nx_text_free(struct nx_text *t);

/**
 * nx_text_edit - replace a piece
 * @t:		the text
 * @off:	where it begins; not before the end of the piece replaced last
 * @len:	its length
 * @with:	what stands there in the translation
 * @with_len:	its length
 *
 * Out of memory shows in @t->dst.oom.
 */
void nx_text_edit(struct nx_text *t, size_t off, size_t len, const char *with, size_t with_len);

/**
 * nx_text_tabs - write the blanks before a replaced piece as tabs
 * @t:	the text
 * @n:	number of the edit, not the first
 *
 * Of a file nft's scanner reads no further than to a blank or a line's end at a time, and starts
 * anew there; to a tab it pays no attention. Columns stay. Text with quotes is left alone.
 */
void nx_text_tabs(struct nx_text *t, size_t n);

/** nx_text_undo - drop edit number @n, which was an insertion */
void nx_text_undo(struct nx_text *t, size_t n);

/** nx_text_finish - copy what is left */
void nx_text_finish(struct nx_text *t);

/**
 * nx_text_map - read the finished translation from a file from now on, not from the heap
 * @t:	the text
 * @fd:	a file with the translation
 *
 * A large one is needed only once, but for messages.
 */
void nx_text_map(struct nx_text *t, int fd);

/** nx_text_result - the translation, or the text itself if nothing was replaced */
const char *nx_text_result(const struct nx_text *t, size_t *len);

/**
 * nx_text_back - the user's columns of a span of the translation
 * @t:		the text
 * @line:	line, from 1
 * @first:	first column of the span in the translation, from 1; the user's on return
 * @last:	last column of the span; the user's on return
 *
 * A span that touches a replaced piece covers all of it.
 */
void nx_text_back(const struct nx_text *t, unsigned int line, unsigned int *first,
		  unsigned int *last);

/** nx_text_line - the user's line number @line, without its newline; NULL if there is none */
const char *nx_text_line(const struct nx_text *t, unsigned int line, size_t *len);

#endif /* NX_TEXT_H */
