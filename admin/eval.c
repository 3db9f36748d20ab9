// SPDX-License-Identifier: GPL-2.0-or-later
#include "eval.h"

#include <string.h>

#include "ways.h"

#define MAX_JUMPS 16

struct run {
	const struct na_ruleset *rs;
	const struct na_packet *pkt;
	bool maybe; /* some of these packets were accepted on the way */
};

enum end { NEXT, OPEN, CLOSED };

static enum end walk(struct run *run, const struct na_chain *chain, int depth);

static const json_t *get(const json_t *j, const char *key)
{
	return json_object_get(j, key);
}

static enum na_tri tri(bool yes)
{
	return yes ? NA_YES : NA_NO;
}

bool na_word_in(const json_t *j, const char *word)
{
	const json_t *list = json_is_array(j) ? j : get(j, "set"), *v;
	size_t i;

	if (json_is_string(j))
		return !strcmp(json_string_value(j), word);
	if (!list)
		list = get(j, "|");
	json_array_foreach(list, i, v) if (na_word_in(na_elem_key(v), word)) return true;
	return false;
}

static enum na_tri port_in(const struct na_ruleset *rs, const struct na_chain *chain,
			   const json_t *j, int port)
{
	const json_t *range = get(j, "range"), *list = get(j, "set"), *v;
	const char *name = json_string_value(j);
	struct na_set *set;
	size_t i;

	if (json_is_integer(j))
		return tri(json_integer_value(j) == port);
	if (range)
		return tri(json_integer_value(json_array_get(range, 0)) <= port &&
			   port <= json_integer_value(json_array_get(range, 1)));
	if (name) {
		set = *name == '@' && rs ? na_ruleset_set(rs, chain, name) : NULL;
		if (!set)
			return NA_MAYBE;
		if (set->dynamic)
			return NA_MAYBE;
		list = na_set_elems(rs, set);
	}
	if (!list)
		return NA_MAYBE;
	json_array_foreach(list, i, v) if (port_in(NULL, chain, na_elem_key(v), port) ==
					   NA_YES) return NA_YES;
	return NA_NO;
}

static bool is_meta(const json_t *left, const char *what, const char *key)
{
	return na_word_in(get(get(left, what), "key"), key);
}

/* A protocol's number or name, alone or in a set. */
static enum na_tri is_udp(const json_t *right)
{
	const json_t *v;
	size_t i;

	if (na_word_in(right, "udp") || json_integer_value(right) == 17)
		return NA_YES;
	json_array_foreach(get(right, "set"), i, v) if (json_integer_value(v) == 17) return NA_YES;
	return json_is_string(right) && *json_string_value(right) == '@' ? NA_MAYBE : NA_NO;
}

/* Does the packet have the value @right in the selector @left? */
static enum na_tri has(const struct run *run, const struct na_chain *chain, const json_t *left,
		       const json_t *right)
{
	const char *proto = json_string_value(get(get(left, "payload"), "protocol"));
	const char *field = json_string_value(get(get(left, "payload"), "field"));

	if (na_is_udp_port(left))
		return port_in(run->rs, chain, right, run->pkt->dport);
	if (proto &&
	    (!strcmp(proto, "tcp") || !strncmp(proto, "icmp", 4) || !strcmp(proto, "sctp")))
		return NA_NO;
	if (is_meta(left, "meta", "l4proto") ||
	    (field && (!strcmp(field, "protocol") || !strcmp(field, "nexthdr"))))
		return is_udp(right);
	if (is_meta(left, "ct", "state"))
		return tri(na_word_in(right, run->pkt->untracked ? "untracked" : "new"));
	if (is_meta(left, "ct", "status") && run->pkt->untracked)
		return NA_NO;
	if (is_meta(left, "ct", "status") && na_word_in(right, "dnat"))
		return NA_YES;
	if ((is_meta(left, "meta", "iifname") || is_meta(left, "meta", "iif")) &&
	    na_word_in(right, "lo") && json_is_string(right))
		return NA_NO;
	return NA_MAYBE;
}

/* Statements that let each packet pass on, or are looked at elsewhere. */
static bool is_known(const json_t *s)
{
	static const char *const known[] = {"match", "counter", "log",	   "comment",  "accept",
					    "drop",  "reject",	"return",  "continue", "jump",
					    "goto",  "vmap",	"notrack", "mangle"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (get(s, known[i]))
			return true;
	return false;
}

/* A target of iptables or a program in userspace may accept. Older versions of nft tell no type. */
static bool may_accept(const json_t *s)
{
	const json_t *xt = get(s, "xt"), *type = get(xt, "type");

	return get(s, "queue") || (xt && (!type || na_word_in(type, "target")));
}

static enum na_tri matches(const struct run *run, const struct na_rule *r)
{
	enum na_tri all = NA_YES, one;
	const json_t *s, *m;
	const char *op;
	size_t i;

	json_array_foreach(r->expr, i, s)
	{
		if (!is_known(s) && all == NA_YES)
			all = NA_MAYBE;
		m = get(s, "match");
		if (!m)
			continue;
		op = json_string_value(get(m, "op"));
		one = has(run, r->chain, get(m, "left"), get(m, "right"));
		if (op && !strcmp(op, "!="))
			one = NA_YES - one;
		else if (na_is_other(op))
			one = NA_MAYBE;
		if (one < all)
			all = one;
	}
	return all;
}

static enum end verdict(struct run *run, const struct na_chain *chain, const json_t *v,
			enum na_tri m, int depth, bool *back)
{
	const json_t *jump = get(v, "jump"), *go = get(v, "goto");
	const struct na_chain *to;
	enum end end = NEXT;

	if (get(v, "accept"))
		end = OPEN;
	else if (get(v, "drop") || get(v, "reject"))
		end = CLOSED;
	else if (get(v, "return"))
		*back = m == NA_YES;
	if (jump || go) {
		to = na_ruleset_chain(run->rs, chain,
				      json_string_value(get(jump ? jump : go, "target")));
		if (to && depth < MAX_JUMPS)
			end = walk(run, to, depth + 1);
		*back = go && m == NA_YES;
	}
	if (m == NA_MAYBE && end == OPEN)
		run->maybe = true;
	return m == NA_YES ? end : NEXT;
}

static enum end by_map(struct run *run, const struct na_rule *r, const json_t *vmap, enum na_tri m,
		       int depth, bool *back)
{
	const json_t *data = get(vmap, "data"), *pair;
	const char *name = json_string_value(data);
	struct na_set *set = name ? na_ruleset_set(run->rs, r->chain, name) : NULL;
	enum end end;
	size_t i;

	data = set ? na_set_elems(run->rs, set) : get(data, "set");
	json_array_foreach(data, i, pair)
	{
		enum na_tri k =
			has(run, r->chain, get(vmap, "key"), na_elem_key(json_array_get(pair, 0)));

		if (k == NA_NO)
			continue;
		end = verdict(run, r->chain, json_array_get(pair, 1), k < m ? k : m, depth, back);
		if (end != NEXT || *back)
			return end;
	}
	return NEXT;
}

static enum end walk(struct run *run, const struct na_chain *chain, int depth)
{
	for (size_t i = 0; i < run->rs->n_rules; i++) {
		const struct na_rule *r = &run->rs->rule[i];
		enum na_tri m;
		const json_t *s;
		bool back = false;
		enum end end;
		size_t k;

		if (r->chain != chain)
			continue;
		m = matches(run, r);
		if (m == NA_NO)
			continue;
		json_array_foreach(r->expr, k, s)
		{
			run->maybe |= may_accept(s);
			end = get(s, "vmap") ? by_map(run, r, get(s, "vmap"), m, depth, &back)
					     : verdict(run, chain, s, m, depth, &back);
			if (end != NEXT || back)
				return end;
		}
	}
	return NEXT;
}

enum na_tri na_eval_chain(const struct na_ruleset *rs, const struct na_chain *chain,
			  const struct na_packet *pkt)
{
	struct run run = {.rs = rs, .pkt = pkt};
	enum end end = walk(&run, chain, 0);

	if (end == NEXT)
		end = chain->policy && !strcmp(chain->policy, "drop") ? CLOSED : OPEN;
	if (end == OPEN)
		return NA_YES;
	return run.maybe ? NA_MAYBE : NA_NO;
}

/* All of @part, ports, are in @whole. */
static bool ports_within(const json_t *part, const json_t *whole)
{
	const json_t *list = get(part, "set"), *v;
	size_t i;

	if (json_is_integer(part))
		return port_in(NULL, NULL, whole, (int)json_integer_value(part)) == NA_YES;
	json_array_foreach(list, i, v) if (!ports_within(na_elem_key(v), whole)) return false;
	return json_array_size(list) > 0;
}

static bool implied_match(const json_t *m, const struct na_rule *b)
{
	const json_t *s, *other;
	size_t i;

	json_array_foreach(b->expr, i, s)
	{
		other = get(s, "match");
		if (!other)
			continue;
		if (json_equal((json_t *)m, (json_t *)other))
			return true;
		if (na_is_udp_port(get(m, "left")) && na_word_in(get(m, "op"), "==") &&
		    na_is_udp_port(get(other, "left")) && na_word_in(get(other, "op"), "==") &&
		    ports_within(get(other, "right"), get(m, "right")))
			return true;
		/* a UDP port is a match of the protocol, too */
		if (is_meta(get(m, "left"), "meta", "l4proto") && na_word_in(get(m, "op"), "==") &&
		    is_udp(get(m, "right")) == NA_YES && na_is_udp_port(get(other, "left")) &&
		    na_word_in(get(get(get(other, "left"), "payload"), "protocol"), "udp"))
			return true;
	}
	return false;
}

bool na_eval_implied(const struct na_rule *a, const struct na_rule *b)
{
	const json_t *s, *m;
	size_t i;

	json_array_foreach(a->expr, i, s)
	{
		m = get(s, "match");
		if (m && !implied_match(m, b))
			return false;
	}
	return true;
}

/* Statements that let each packet pass on to the next one of their rule. */
static bool is_plain(const json_t *s)
{
	static const char *const plain[] = {"match",	"counter", "log",    "notrack",
					    "accept",	"drop",	   "reject", "goto",
					    "redirect", "dnat",	   "comment"};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (get(s, plain[i]))
			return true;
	return false;
}

static bool has_map(const json_t *j)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)j, key, v) if (!strcmp(key, "map") || has_map(v)) return true;
	return false;
}

bool na_eval_ends(const struct na_rule *r)
{
	bool ends = false;
	const json_t *s;
	size_t i;

	json_array_foreach(r->expr, i, s)
	{
		if (!is_plain(s))
			return false;
		if (get(s, "match"))
			continue;
		if (has_map(s) || na_has_key(s, NULL))
			return false;
		if (get(s, "accept") || get(s, "drop") || get(s, "reject") || get(s, "goto") ||
		    get(s, "redirect") || get(s, "dnat"))
			ends = true;
	}
	return ends;
}

bool na_eval_established(const struct na_rule *r)
{
	const json_t *s, *m, *pair;
	bool state = false, accept = false, more = false;
	size_t i, k;

	json_array_foreach(r->expr, i, s)
	{
		m = get(s, "match");
		if (m && is_meta(get(m, "left"), "ct", "state") && !na_word_in(get(m, "op"), "!="))
			state = na_word_in(get(m, "right"), "established");
		else if (m)
			more = true;
		if (get(s, "accept"))
			accept = true;
		m = get(s, "vmap");
		if (!is_meta(get(m, "key"), "ct", "state"))
			continue;
		json_array_foreach(get(get(m, "data"), "set"), k,
				   pair) if (na_word_in(json_array_get(pair, 0), "established") &&
					     get(json_array_get(pair, 1), "accept")) state =
			accept = true;
	}
	return state && accept && !more;
}
