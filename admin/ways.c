// SPDX-License-Identifier: GPL-2.0-or-later
#include "ways.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

#define MAX_JUMPS 8

/*
 * A rule's destination. @host and @port may be values, maps or quic's server ID; with @tproxy they
 * are of the socket on this host that a transparent proxy has.
 */
struct dest {
	const json_t *host, *port, *vmap, *verdict;
	enum na_how how;
	bool tproxy;
};

static const json_t *get(const json_t *j, const char *key)
{
	return json_object_get(j, key);
}

bool na_is_udp_port(const json_t *selector)
{
	const char *proto = json_string_value(get(get(selector, "payload"), "protocol"));
	const char *field = json_string_value(get(get(selector, "payload"), "field"));

	return proto && field && (!strcmp(proto, "udp") || !strcmp(proto, "th")) &&
	       !strcmp(field, "dport");
}

const json_t *na_elem_key(const json_t *elem)
{
	const json_t *val = get(get(elem, "elem"), "val");

	return val ? val : elem;
}

bool na_is_other(const char *op)
{
	return op && strcmp(op, "==") && strcmp(op, "in");
}

char *na_value_text(const json_t *value)
{
	static const char *const joint[] = {"concat", " . ", "range", "-", "set", ", "};
	const char *text = json_string_value(value);
	const json_t *parts, *v;
	struct na_buf b;
	size_t i, k;
	char *part;

	if (text)
		return na_name(text, strlen(text), NA_NAME_MAX);
	if (json_is_integer(value))
		return na_printf("%lld", (long long)json_integer_value(value));
	na_buf_open(&b);
	for (k = 0; k < 6; k += 2) {
		parts = get(value, joint[k]);
		json_array_foreach(parts, i, v)
		{
			part = na_value_text(na_elem_key(v));
			fprintf(b.f, "%s%s", i ? joint[k + 1] : "", part);
			free(part);
		}
	}
	parts = get(get(value, "prefix"), "addr");
	if (json_is_string(parts))
		fprintf(b.f, "%s/%lld", json_string_value(parts),
			(long long)json_integer_value(get(get(value, "prefix"), "len")));
	return na_take(&b);
}

static bool is_write(const json_t *stmt, struct dest *d)
{
	const json_t *m = get(stmt, "mangle"), *key = get(m, "key");
	const char *field = json_string_value(get(get(key, "payload"), "field"));

	if (na_is_udp_port(key))
		d->port = get(m, "value");
	else if (field && !strcmp(field, "daddr"))
		d->host = get(m, "value");
	else
		return false;
	d->how = NA_WRITE;
	return true;
}

static void dest_of(const struct na_rule *r, struct dest *d)
{
	static const char *const verdicts[] = {"accept", "drop",  "reject", "goto",
					       "jump",	 "queue", "return", "continue"};
	const json_t *s, *nat, *tproxy = NULL;
	size_t i, k;

	memset(d, 0, sizeof(*d));
	json_array_foreach(r->expr, i, s)
	{
		nat = get(s, "dnat");
		if (is_write(s, d))
			continue;
		if (nat || (nat = get(s, "redirect"))) {
			d->host = get(nat, "addr");
			d->port = get(nat, "port");
			d->how = NA_NAT;
		} else if (get(s, "vmap")) {
			d->vmap = get(s, "vmap");
		} else if (get(s, "tproxy")) {
			tproxy = get(s, "tproxy");
		}
		for (k = 0; k < sizeof(verdicts) / sizeof(verdicts[0]); k++)
			if (get(s, verdicts[k]))
				d->verdict = s;
	}
	if (!tproxy || d->how != NA_VERDICT)
		return;
	d->tproxy = true;
	d->host = get(tproxy, "addr");
	d->port = get(tproxy, "port");
}

/* The chain that a verdict leads to. */
static const char *target_of(const json_t *verdict)
{
	const json_t *t = get(get(verdict, "goto"), "target");

	return json_string_value(t ? t : get(get(verdict, "jump"), "target"));
}

static void put(struct na_ways *ways, struct na_way *w)
{
	if (ways->n == ways->room) {
		ways->room = ways->room ? 2 * ways->room : 64;
		ways->way = na_need(realloc(ways->way, ways->room * sizeof(*ways->way)));
	}
	ways->way[ways->n++] = *w;
}

struct reading {
	const struct na_ruleset *rs;
	struct na_ways *ways;
	const struct na_rule *rule;
	const char *key;
	json_t *index; /* the rule's ways by @to */
	const struct na_set *cut;
};

/* A destination as far as it is known: a host or several, a port or in words which ones. */
struct target {
	char *host, *ports;
	int port;
};

/* Takes what is in it. */
static char *target_text(struct target *t)
{
	char *ports = t->ports ? t->ports : na_printf("port %d", t->port), *text;

	if (t->host && t->port)
		text = na_printf(strchr(t->host, ':') ? "[%s]:%d" : "%s:%d", t->host, t->port);
	else if (t->host)
		text = t->ports ? na_printf("%s, %s", t->host, ports) : na_printf("%s", t->host);
	else
		text = na_printf("%s", t->ports || t->port ? ports : "the same port");
	free(ports);
	t->ports = NULL;
	return text;
}

/* Adds @name, which may be NULL, to the rule's way to @t. Takes @t. */
static void add(struct reading *r, enum na_how how, struct target t, const char *verdict,
		const char *name)
{
	struct na_way *w, new = {.rule = r->rule, .how = how, .host = t.host, .port = t.port};
	const json_t *at;

	new.to = verdict ? na_printf("%s", verdict) : target_text(&t);
	at = get(r->index, new.to);
	if (at) {
		w = &r->ways->way[json_integer_value(at)];
		free(new.to);
		free(t.host);
	} else {
		json_object_set_new(r->index, new.to, json_integer((json_int_t)r->ways->n));
		new.key = na_printf("%s", r->key);
		new.names = na_need(json_array());
		put(r->ways, &new);
		w = &r->ways->way[r->ways->n - 1];
	}
	if (!name)
		return;
	if (w->n_names++ < NA_NAMES_KEPT)
		json_array_append_new(w->names, json_string(name));
}

/* Adds @name to the rule's way to @t, as @d says how it gets there. Takes @t. */
static void add_target(struct reading *r, const struct dest *d, struct target t, const char *name)
{
	char *to, *text;

	if (!d->tproxy) {
		add(r, d->how, t, NULL, name);
		return;
	}
	to = target_text(&t);
	text = na_printf("tproxy to %s", to);
	add(r, NA_VERDICT, (struct target){0}, text, name);
	free(t.host);
	free(text);
	free(to);
}

static void place_port(const json_t *value, struct target *t)
{
	char *range;

	if (json_is_integer(value)) {
		t->port = (int)json_integer_value(value);
		return;
	}
	/* the values of a map come by themselves */
	if (!json_is_object(value) || get(value, "map"))
		return;
	free(t->ports);
	range = na_value_text(value);
	t->ports = get(value, "range")		    ? na_printf("ports %s", range)
		   : na_has_key(value, "server-id") ? na_printf("the port of the server ID")
						    : na_printf("a port that the rule computes");
	free(range);
}

/* A value of nft's as host and port; a concatenation has both. */
static void place(const json_t *value, bool is_port, struct target *t)
{
	const json_t *parts = get(value, "concat");

	if (parts) {
		place(json_array_get(parts, 0), false, t);
		place(json_array_get(parts, 1), true, t);
	} else if (is_port) {
		place_port(value, t);
	} else if (json_is_string(value) || get(value, "range") || get(value, "prefix")) {
		free(t->host);
		t->host = na_value_text(value);
	} else if (json_is_object(value) && !get(value, "map")) {
		free(t->host);
		t->host = na_printf("an address that the rule computes");
	}
}

static const json_t *elems(struct reading *r, struct na_set *set)
{
	const json_t *list = na_set_elems(r->rs, set);

	if (set->cut)
		r->cut = set;
	return list;
}

static const json_t *map_pairs(struct reading *r, const json_t *data)
{
	struct na_set *set;

	if (!json_is_string(data))
		return get(data, "set");
	set = na_ruleset_set(r->rs, r->rule->chain, json_string_value(data));
	return set ? elems(r, set) : NULL;
}

static void verdict_way(struct reading *r, const json_t *verdict, const char *name, int depth);

/* The rules of @chain send on by themselves; the first that does so is taken. */
static bool chain_way(struct reading *r, const char *chain, const char *name, int depth)
{
	const struct na_chain *c = na_ruleset_chain(r->rs, r->rule->chain, chain);
	struct dest d;

	for (size_t i = 0; c && i < r->rs->n_rules; i++) {
		struct target t = {0};

		if (r->rs->rule[i].chain != c)
			continue;
		dest_of(&r->rs->rule[i], &d);
		if (target_of(d.verdict) && depth < MAX_JUMPS) {
			verdict_way(r, d.verdict, name, depth + 1);
			return true;
		}
		if (d.how == NA_VERDICT && !d.tproxy)
			continue;
		place(d.host, false, &t);
		place(d.port, true, &t);
		if (!t.host && !t.port && !t.ports)
			continue;
		add_target(r, &d, t, name);
		return true;
	}
	return false;
}

static void verdict_way(struct reading *r, const json_t *verdict, const char *name, int depth)
{
	const char *chain = target_of(verdict), *word;
	const json_t *v;
	char *text;

	if (chain && chain_way(r, chain, name, depth))
		return;
	json_object_foreach((json_t *)verdict, word, v)
	{
		text = chain ? na_printf("%s %s", word, chain) : na_printf("%s", word);
		add(r, NA_VERDICT, (struct target){0}, text, name);
		free(text);
		return;
	}
}

/* Adds the way of one name to a rule's destination; @text shows the name, or is NULL. */
static void name_to_dest(struct reading *r, const struct dest *d, const json_t *name,
			 const char *text)
{
	struct target t = {0};

	if (d->how == NA_VERDICT && !d->tproxy && !d->verdict) {
		add(r, NA_VERDICT, t, "the next rule", text);
	} else if (d->how == NA_VERDICT && !d->tproxy) {
		verdict_way(r, d->verdict, text, 0);
	} else {
		bool by_id = na_has_key(d->port, "server-id");

		place(d->host, false, &t);
		place(by_id && json_is_integer(name) ? name : d->port, true, &t);
		add_target(r, d, t, text);
	}
}

/* The elements of what a name is compared with, a set or a list; NULL if it is one value. */
static const json_t *list_of(struct reading *r, const json_t *match)
{
	const char *name = json_string_value(get(match, "right"));
	struct na_set *set;

	if (na_is_other(json_string_value(get(match, "op"))))
		return NULL;
	if (!name || *name != '@')
		return get(get(match, "right"), "set");
	set = na_ruleset_set(r->rs, r->rule->chain, name);
	return set ? elems(r, set) : NULL;
}

/* The right side of a match; all names but some are as one, "!= @allowed". */
static char *match_text(const json_t *match)
{
	const char *op = json_string_value(get(match, "op"));
	const json_t *right = get(match, "right");
	char *all = na_value_text(right), *text;

	if (na_is_other(op))
		text = na_printf("%s %s", op, all);
	else
		text = na_printf(json_array_size(get(right, "set")) > 1 ? "{ %s }" : "%s", all);
	free(all);
	return text;
}

static bool is_match(const json_t *stmt)
{
	return na_has_key(get(get(stmt, "match"), "left"), NULL);
}

/*
 * Calls @one for each name in the rule's match, or in the last of several that has a list of them;
 * the others stand beside each name, "h3 . a.example". False if the rule has no such match.
 */
static bool each_name(struct reading *r,
		      void (*one)(struct reading *r, const void *arg, const json_t *name,
				  const char *text),
		      const void *arg)
{
	const json_t *s, *v, *list = NULL, *last = NULL;
	char *before = na_printf("%s", ""), *behind = na_printf("%s", ""), *text, *name;
	bool seen = false;
	size_t i;

	json_array_foreach(r->rule->expr, i, s)
	{
		const json_t *found = is_match(s) ? list_of(r, get(s, "match")) : NULL;

		if (is_match(s) && (found || !list))
			last = s;
		if (found)
			list = found;
	}
	json_array_foreach(r->rule->expr, i, s)
	{
		if (!is_match(s) || s == last) {
			seen |= s == last && last;
			continue;
		}
		name = match_text(get(s, "match"));
		text = seen ? na_printf("%s . %s", behind, name)
			    : na_printf("%s%s . ", before, name);
		free(seen ? behind : before);
		*(seen ? &behind : &before) = text;
		free(name);
	}
	json_array_foreach(list, i, v)
	{
		name = na_value_text(na_elem_key(v));
		text = na_printf("%s%s%s", before, name, behind);
		one(r, arg, na_elem_key(v), text);
		free(text);
		free(name);
	}
	if (last && !list) {
		name = match_text(get(last, "match"));
		text = na_printf("%s%s%s", before, name, behind);
		one(r, arg,
		    na_is_other(json_string_value(get(get(last, "match"), "op")))
			    ? NULL
			    : get(get(last, "match"), "right"),
		    text);
		free(text);
		free(name);
	}
	free(before);
	free(behind);
	return last;
}

static void by_name(struct reading *r, const void *arg, const json_t *name, const char *text)
{
	name_to_dest(r, arg, name, text);
}

/* The pairs of a map and the destination that it is a part of. */
struct mapped {
	const struct dest *d;
	const json_t *map, *pairs;
};

static void pair_way(struct reading *r, const struct mapped *m, const json_t *value,
		     const char *name)
{
	struct target t = {0};

	if (m->map == m->d->vmap) {
		verdict_way(r, value, name, 0);
		return;
	}
	place(m->d->host, false, &t);
	place(m->d->port, true, &t);
	place(value, m->map == get(m->d->port, "map"), &t);
	add_target(r, m->d, t, name);
}

static void by_pairs(struct reading *r, const void *arg, const json_t *name, const char *text)
{
	const struct mapped *m = arg;
	const json_t *pair;
	size_t i;

	(void)name;
	json_array_foreach(m->pairs, i, pair) pair_way(r, m, json_array_get(pair, 1), text);
}

/* A map from names, or other things, to hosts, ports or verdicts. */
static void by_map(struct reading *r, const struct dest *d, const json_t *map)
{
	const struct mapped m = {d, map, map_pairs(r, get(map, "data"))};
	const json_t *pair;
	size_t i;

	/* what a hash maps from is no name */
	if (!na_has_key(get(map, "key"), NULL) || get(get(map, "key"), "jhash")) {
		if (!each_name(r, by_pairs, &m))
			by_pairs(r, &m, NULL, NULL);
		return;
	}
	json_array_foreach(m.pairs, i, pair)
	{
		char *name = na_value_text(na_elem_key(json_array_get(pair, 0)));

		pair_way(r, &m, json_array_get(pair, 1), name);
		free(name);
	}
}

/* Puts the keys of quic that are in @j, in the order of the rule. */
static void put_keys(const json_t *j, json_t *keys)
{
	const json_t *key = get(get(j, "quic"), "key"), *v;
	const char *name;
	size_t i;

	if (json_is_string(key))
		json_object_set_new(keys, json_string_value(key), json_true());
	json_array_foreach(j, i, v) put_keys(v, keys);
	json_object_foreach((json_t *)j, name, v) put_keys(v, keys);
}

/* "alpn . sni" */
static char *keys_of(const json_t *expr)
{
	json_t *keys = na_need(json_object());
	const char *name;
	struct na_buf b;
	json_t *v;

	put_keys(expr, keys);
	na_buf_open(&b);
	json_object_foreach(keys, name, v) fprintf(b.f, "%s%s", ftell(b.f) ? " . " : "", name);
	json_decref(keys);
	return na_take(&b);
}

static void by_rule(struct reading *r)
{
	const json_t *map;
	struct dest d;
	size_t before = r->ways->n;

	dest_of(r->rule, &d);
	map = d.how == NA_VERDICT ? d.vmap : NULL;
	if (!map)
		map = get(d.port, "map");
	if (!map)
		map = get(d.host, "map");
	if (map)
		by_map(r, &d, map);
	else if (!each_name(r, by_name, &d))
		name_to_dest(r, &d, NULL, NULL);
	if (r->ways->n == before)
		add(r, NA_VERDICT, (struct target){0},
		    map ? "nothing: the map is empty" : "nothing: the set is empty", NULL);
	for (; before < r->ways->n; before++)
		r->ways->way[before].cut = r->cut;
}

void na_ways_read(const struct na_ruleset *rs, struct na_ways *ways)
{
	struct reading r = {.rs = rs, .ways = ways};
	char *key;

	memset(ways, 0, sizeof(*ways));
	for (size_t i = 0; i < rs->n_rules; i++) {
		r.rule = &rs->rule[i];
		if (!r.rule->quic)
			continue;
		key = keys_of(r.rule->expr);
		r.key = key;
		r.cut = NULL;
		r.index = na_need(json_object());
		by_rule(&r);
		json_decref(r.index);
		free(key);
	}
}

void na_ways_free(struct na_ways *ways)
{
	for (size_t i = 0; i < ways->n; i++) {
		free(ways->way[i].key);
		free(ways->way[i].to);
		free(ways->way[i].host);
		json_decref(ways->way[i].names);
	}
	free(ways->way);
	memset(ways, 0, sizeof(*ways));
}

char *na_rule_ports(const struct na_rule *rule)
{
	const json_t *s, *m;
	const char *op;
	char *ports, *text;
	size_t i;

	json_array_foreach(rule->expr, i, s)
	{
		m = get(s, "match");
		if (!na_is_udp_port(get(m, "left")))
			continue;
		op = json_string_value(get(m, "op"));
		ports = na_value_text(get(m, "right"));
		text = na_is_other(op) ? na_printf("%s %s", op, ports) : na_printf("%s", ports);
		free(ports);
		return text;
	}
	return na_printf("any");
}
