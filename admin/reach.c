// SPDX-License-Identifier: GPL-2.0-or-later
#include "reach.h"

#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "text.h"

struct reach {
	const struct na_ruleset *rs;
	bool *chain, *set; /* by index; of sets: their verdicts have been looked at */
	bool more;	   /* a chain was found since the last round */
};

/* Marks the chains that the verdicts in @j, of a rule or set of @of's table, lead to. */
static void mark(struct reach *r, const struct na_chain *of, const json_t *j)
{
	const struct na_chain *to;
	const char *key, *name;
	struct na_set *set;
	json_t *v;
	size_t i;

	if (json_is_array(j))
		json_array_foreach(j, i, v) mark(r, of, v);
	if (json_is_object(j))
		json_object_foreach((json_t *)j, key, v)
		{
			name = json_string_value(v);
			to = name && !strcmp(key, "target") ? na_ruleset_chain(r->rs, of, name)
							    : NULL;
			if (to && !r->chain[to - r->rs->chain])
				r->more = r->chain[to - r->rs->chain] = true;
			mark(r, of, v);
		}
	name = json_string_value(j);
	set = name && *name == '@' ? na_ruleset_set(r->rs, of, name) : NULL;
	if (!set || r->set[set - r->rs->set] || !na_word_in(set->data, "verdict"))
		return;
	r->set[set - r->rs->set] = true;
	mark(r, of, na_set_elems(r->rs, set));
}

bool *na_reach(const struct na_ruleset *rs)
{
	struct reach r = {.rs = rs,
			  .chain = na_need(calloc(rs->n_chains + 1, sizeof(bool))),
			  .set = na_need(calloc(rs->n_sets + 1, sizeof(bool)))};
	bool *done = na_need(calloc(rs->n_rules + 1, sizeof(bool)));

	for (size_t i = 0; i < rs->n_chains; i++)
		r.chain[i] = rs->chain[i].hook != NULL;
	do {
		r.more = false;
		for (size_t i = 0; i < rs->n_rules; i++) {
			const struct na_chain *c = rs->rule[i].chain;

			if (done[i] || !r.chain[c - rs->chain])
				continue;
			done[i] = true;
			mark(&r, c, rs->rule[i].expr);
		}
	} while (r.more);
	free(done);
	free(r.set);
	return r.chain;
}
