/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of `nft-quic explain`. */
#ifndef NA_EXPLAIN_H
#define NA_EXPLAIN_H

#include "copy.h"
#include "first.h"
#include "host.h"
#include "trace.h"

/* The table that is added to the copy: where the trace begins, and what got to an end. */
#define NA_OWN_TABLE "nft_quic_explain"

enum na_end {
	NA_END_INPUT,
	NA_END_FORWARD,
	NA_END_DROP,
	NA_END_QUEUE,
	NA_END_ROUTE,
	NA_END_HELD,
	NA_END_UNKNOWN
};

/**
 * struct na_explained - all that is told
 * @host:	the live namespace: rules, listeners, services
 * @copied:	the copy's rules
 * @iif:	by what each datagram came, as many as @firsts
 * @left_out:	texts: what could not be copied
 */
struct na_explained {
	struct na_host *host;
	struct na_ruleset *copied;
	struct na_copy copy;
	struct na_firsts firsts;
	struct na_trail *trails;
	const struct na_device **iif;
	json_t *left_out;
};

/** na_explain_end() - where a datagram's trail ends; @last gets its last step or NULL. Of one that
 * is not @complete the module may wait for the rest. */
enum na_end na_explain_end(const struct na_trail *trail, bool complete,
			   const struct na_step **last);

/** na_explain_disown() - take the flags owner and persist out of a table's listing: it would go
 * with the socket that loads it */
void na_explain_disown(char *table);

/** na_explain_live() - the live rule of which @rule is the copy, or NULL */
const struct na_rule *na_explain_live(const struct na_explained *x, const struct na_rule *rule);

/** na_explain_text() - all of it in words */
void na_explain_text(FILE *f, const struct na_explained *x);

/** na_explain_json() - all of it as `explain --json` prints it */
json_t *na_explain_json(const struct na_explained *x);

/** na_explain_rc() - the exit status */
int na_explain_rc(const struct na_explained *x);

/** na_place_find() - the file and line with a rule of this text; false if there is not just one.
 * The caller frees @file. */
bool na_place_find(const char *rule, char **file, int *line);

#endif
