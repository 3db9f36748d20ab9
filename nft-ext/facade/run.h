/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run of commands: its texts, its state, and what the hooks ask of it and tell it. */
#ifndef NX_RUN_H
#define NX_RUN_H

#include <stdbool.h>
#include <stdio.h>

#include "ctx.h"
#include "lang.h"
#include "pieces.h"

#define NX_MAX_TRIES 3

/** struct nx_pipes - the included pipes that the runs of a command have read, in their order */
struct nx_pipes {
	struct nx_buf *text;
	size_t n;
};

/**
 * struct nx_run - a run
 * @ctx:	its context
 * @lang:	translation of its texts
 * @text:	the texts: the command or file and all that it includes
 * @ntext:	how many
 * @cap:	room in @text
 * @pipes:	those that this run or the ones before it have read
 * @npipes:	how many of them this run has come to
 * @input:	text that the real library will read from descriptor 0, or NULL
 * @input_len:	its length
 * @input_pos:	read up to here
 * @monitor:	it does not end by itself, and the library cannot be asked in between
 * @hold:	output is kept until the run ends: it can only be understood as a whole
 * @sure:	the assumptions have been looked at, and output is under way
 * @pieces:	output under translation
 * @json:	the output is JSON
 * @json_in:	the commands came as JSON, and messages have no places
 * @nquic:	quic expressions sent
 * @wide_interval: a set with intervals has a part that is too wide for them
 * @tries:	runs of the real library so far
 * @again:	a set is not of the type that was assumed
 * @notes:	what the hooks have to say, in nft's form
 * @failed:	a note is an error
 */
struct nx_run {
	struct nx_ctx *ctx;
	struct nx_lang lang;
	struct nx_text **text;
	size_t ntext, cap;
	struct nx_pipes *pipes;
	size_t npipes;
	const char *input;
	size_t input_len, input_pos;
	bool monitor;
	bool hold;
	bool sure;
	struct nx_pieces pieces;
	bool json;
	bool json_in;
	unsigned int nquic;
	bool wide_interval;
	unsigned int tries;
	bool again;
	struct nx_buf notes;
	bool failed;
};

/** nx_run_fopen - the translation of file @name, NULL if the file itself will do */
FILE *nx_run_fopen(struct nx_run *run, const char *name);

/** nx_run_stale - has the kernel shown an assumption of the translation to be wrong? */
bool nx_run_stale(struct nx_run *run);

/** nx_run_note - an error from within a hook; the run fails */
void nx_run_note(struct nx_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** nx_run_add - a further text, owned by the run from now on; false without memory */
bool nx_run_add(struct nx_run *run, struct nx_text *text);

#endif /* NX_RUN_H */
