/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet of which little is known, at the rules: yes, no, or it depends on the rest of it. */
#ifndef NA_EVAL_H
#define NA_EVAL_H

#include "ruleset.h"

enum na_tri { NA_NO, NA_MAYBE, NA_YES };

/* The first UDP packet of a client, from another host. */
struct na_packet {
	int dport;
	bool untracked; /* notrack at raw; else conntrack calls it new, and it has been through NAT
			 */
};

/** na_eval_input() - may such a packet pass @chain, a base chain */
enum na_tri na_eval_chain(const struct na_ruleset *rs, const struct na_chain *chain,
			  const struct na_packet *pkt);

/** na_eval_implied() - does rule @a match every packet that @b matches, by its plain matches */
bool na_eval_implied(const struct na_rule *a, const struct na_rule *b);

/** na_eval_ends() - does @r end its chain for each packet that its matches let through */
bool na_eval_ends(const struct na_rule *r);

/** na_eval_established() - does the rule accept all packets of established connections */
bool na_eval_established(const struct na_rule *r);

/** na_word_in() - is @word the value @j, or in it as a set or list */
bool na_word_in(const json_t *j, const char *word);

#endif
