/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Translation of nft's language, `quic` to placeholders or placeholders to `quic`: the state that
 * the texts of a run share.
 *
 * One grammar serves both ways. It follows nft's as far as is needed to know where an
 * expression can stand and which set a value belongs to; all else passes untouched.
 */
#ifndef NX_LANG_H
#define NX_LANG_H

#include "buf.h"
#include "bulk.h"
#include "keys.h"
#include "layouts.h"
#include "slots.h"
#include "text.h"

/** enum nx_dir - NX_IN: the user's language to stock nft's; NX_OUT: stock output back */
enum nx_dir { NX_IN, NX_OUT };

/** enum nx_block_kind - where a text stands, for files included in a block */
enum nx_block_kind { NX_TOP, NX_TABLE, NX_CHAIN, NX_SET };

/**
 * struct nx_block - the block that a text stands in
 * @kind:	its kind
 * @family:	of the table, a constant of nx_family_word; not in NX_TOP
 * @table:	the table's name, not terminated; not in NX_TOP
 * @table_len:	its length
 * @layout:	of the set; in NX_SET
 */
struct nx_block {
	enum nx_block_kind kind;
	const char *family;
	const char *table;
	size_t table_len;
	const struct nx_layout *layout;
};

/**
 * struct nx_asked - an element command or a rule on a set that the text does not define
 * @next:	the one before it
 * @family:	of the table, a constant
 * @table:	the table's name
 * @set:	the set's name
 * @layout:	taken for granted; n == 0 for a set without quic keys
 */
struct nx_asked {
	struct nx_asked *next;
	const char *family;
	char *table;
	char *set;
	struct nx_layout layout;
};

/**
 * struct nx_suspect - `quic WORD` where an expression can stand, WORD being no key
 * @next:	the one before it
 * @text:	in which text
 * @off:	offset of `quic`
 * @len:	bytes from there to the end of the word
 * @word:	offset of the word
 * @told:	a message was made of it
 *
 * It may still be right, as the name of an interface is; stock nft decides.
 */
struct nx_suspect {
	struct nx_suspect *next;
	const struct nx_text *text;
	size_t off, len, word;
	bool told;
};

/** struct nx_var - a define: its value as one line without comments */
struct nx_var {
	struct nx_var *older;	/* of all */
	struct nx_var *shadows; /* the outer one of this name */
	char *name;
	char *value;
	unsigned int depth;
};

struct nx_lang;

/**
 * typedef nx_include_fn - translate the files that an include names
 * @lang:	state, to be handed on to nx_translate
 * @block:	the block that the include stands in
 * @pattern:	file name or glob, not terminated
 * @len:	its length
 */
typedef void nx_include_fn(struct nx_lang *lang, const struct nx_block *block, const char *pattern,
			   size_t len);

/**
 * struct nx_lang - the state that one or more texts share
 * @dir:	which way
 * @numeric:	NX_OUT: numbers instead of symbols
 * @per_rule:	NX_IN: make rules with quic unlike each other, for nft -o
 * @short_names: NX_IN: names of elements may be written as words of nx_short_put
 * @shorts:	those that are
 * @word:	for the one at hand
 * @bulk_min:	NX_IN: so many elements of a set, two at least, may go around the library; 0: none
 * @bulk:	those that do
 * @named_marks: NX_IN: a mark may have a name, even one of digits
 * @slots:	literals that do not fit a placeholder
 * @known:	layouts of sets by name, as the kernel has them
 * @made:	NX_OUT: layouts of the sets that the commands of this run define, or NULL
 * @sets:	layouts of the sets that these texts define
 * @vars:	defines in force, name to struct nx_var
 * @scope:	all defines, the youngest first
 * @depth:	of blocks, the scope of defines
 * @expanding:	defines being expanded
 * @family:	of the table in which rules are walked, a constant, or NULL
 * @table:	its name, not terminated
 * @table_len:	its length
 * @port_word:	NX_IN: number of the expression that stands for a server ID in this rule where a
 *		port is wanted, or 0; see struct nx_port_word. NX_NO_PORT_WORD if the rule itself
 *uses them all
 * @port_used:	NX_IN: it stands in this rule
 * @dynset:	NX_IN: within the braces of a statement on a set: that set's layout, all zero if
 *		it has no quic keys
 * @nesting:	braces open in expressions; what is deeper than NX_MAX_NESTING is not looked at
 * @asked:	NX_IN: element commands and rules that rely on @known
 * @must_know:	NX_IN: the kernel's sets must be known before the library runs: a concatenation is
 *		looked up in such a set, and it aborts if that is not as long, or an element of one
 *		is no word of its own
 * @suspects:	NX_IN: what may be an unknown key
 * @describe:	NX_IN: two bytes for each `describe`: the key, or 0xff for one of stock nft's, and
 *		its width
 * @describe_at: NX_OUT: how many of them are used up
 * @include:	NX_IN: called for includes, or NULL
 * @arg:	for @include
 * @looking:	NX_IN: @include is only to remember the sets of a table (nx_look_for_sets)
 * @nested:	files open
 * @errors:	messages in nft's form
 * @nerrs:	how many
 * @warnings:	NX_IN: messages about what loads and can hardly be meant
 * @no_warnings: not in this command
 * @asks:	NX_IN: a command shows what is there, also of what this run adds
 * @chains:	NX_IN: some text has the block of a chain
 * @oom:	memory ran out; the result is not to be used
 */
struct nx_lang {
	enum nx_dir dir;
	bool numeric;
	bool per_rule;
	bool short_names;
	struct nx_buf shorts;
	struct nx_buf word;
	size_t bulk_min;
	struct nx_bulk *bulk;
	bool named_marks;
	struct nx_slots *slots;
	const struct nx_map *known;
	const struct nx_map *made;
	struct nx_map sets;
	struct nx_map vars;
	struct nx_var *scope;
	unsigned int depth;
	unsigned int expanding;
	const char *family;
	const char *table;
	size_t table_len;
	uint32_t port_word;
	bool port_used;
	const struct nx_layout *dynset;
	unsigned int nesting;
	struct nx_asked *asked;
	bool must_know;
	struct nx_suspect *suspects;
	struct nx_buf describe;
	size_t describe_at;
	nx_include_fn *include;
	void *arg;
	bool looking;
	unsigned int nested;
	struct nx_buf errors;
	unsigned int nerrs;
	struct nx_buf warnings;
	bool no_warnings;
	bool asks;
	bool chains;
	bool oom;
};

#define NX_MAX_NESTING 100 /* more than nft's own parser takes */
#define NX_MAX_ERRORS  10  /* as nft -f stops */

/**
 * nx_lang_layout - the layout of a set that an element command is on; NULL if it has no quic
 *
 * If the texts do not define the set, this use of what is known goes to @lang->asked.
 */
const struct nx_layout *nx_lang_layout(struct nx_lang *lang, const struct nx_set_id *id);

/** nx_lang_free - release what translations have gathered */
void nx_lang_free(struct nx_lang *lang);

#endif /* NX_LANG_H */
