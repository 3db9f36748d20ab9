/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The live ruleset, as `list ruleset` shows it. Strings and JSON belong to the ruleset. */
#ifndef NA_RULESET_H
#define NA_RULESET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct na_chain {
	const char *family, *table, *name;
	const char *type, *hook, *policy; /* NULL if it is no base chain */
	int prio;
	bool dormant; /* its table is: no packet comes to it */
};

/**
 * struct na_set - a named set or map
 * @elems:	NULL until na_set_elems() has asked for them
 * @cut:	@elems are not all of them
 * @total:	how many there are, -1 if that is not known; of a set that is cut
 */
struct na_set {
	const char *family, *table, *name;
	const json_t *type, *data; /* @data of maps only */
	bool dynamic, cut;
	json_t *elems;
	json_int_t total;
};

struct na_rule {
	const struct na_chain *chain;
	json_int_t handle;
	const json_t *expr;
	char *text;
	bool quic; /* has a key of quic anywhere */
};

struct na_ruleset {
	json_t *list;
	struct na_chain *chain;
	struct na_set *set;
	struct na_rule *rule;
	size_t n_chains, n_sets, n_rules;
	bool flowtable;
	const char *nft_version;
	bool offline; /* from a file: no elements but those in it */
	size_t most;  /* elements of a set that are read, 0 for all; set by the caller */
};

/** na_ruleset_load() - read the ruleset of this network namespace; NULL with a message in *@err */
struct na_ruleset *na_ruleset_load(char **err);

/** na_ruleset_parse() - a ruleset from the array of its JSON, and from its text with handles (or
 * NULL) */
struct na_ruleset *na_ruleset_parse(json_t *list, const char *text);

void na_ruleset_free(struct na_ruleset *rs);

/** na_ruleset_set() - the set or map that a rule of @chain calls @name, with or without "@" */
struct na_set *na_ruleset_set(const struct na_ruleset *rs, const struct na_chain *chain,
			      const char *name);

/** na_ruleset_chain() - the chain of that name in @of's table */
const struct na_chain *na_ruleset_chain(const struct na_ruleset *rs, const struct na_chain *of,
					const char *name);

/**
 * na_set_elems() - a set's elements, as an array; of a map pairs of key and data
 *
 * Of more than NA_ELEMS_FULL elements the kernel is asked itself: keys that are no single name are
 * null then, and so is data that is no verdict, port, address or a pair of these. An
 * element with a timeout has a true "expires".
 */
const json_t *na_set_elems(const struct na_ruleset *rs, struct na_set *set);
#define NA_ELEMS_FULL  1024
#define NA_ELEMS_SHOWN 32768 /* @most of those who only show what there is */

/** na_rule_asked() - a rule with quic that packets can come to: its table is not dormant */
bool na_rule_asked(const struct na_rule *rule);

/** na_has_key() - whether a key of quic is used in @j: that one, or any if @key is NULL */
bool na_has_key(const json_t *j, const char *key);

#endif
