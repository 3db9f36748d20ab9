// SPDX-License-Identifier: GPL-2.0-or-later
#include "ways.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

#define MAX_JUMPS 8

/* A rule's destination. @host and @port may be values, maps or quic's server ID. */
struct dest {
	const json_t *host, *port, *vmap, *verdict;
	enum na_how how;
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
	static const char *const verdicts[] = {"accept", "drop", "reject", "goto", "jump", "queue"};
	const json_t *s, *nat;
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
		}
		for (k = 0; k < sizeof(verdicts) / sizeof(verdicts[0]); k++)
			if (get(s, verdicts[k]))
				d->verdict = s;
	}
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

/* Adds @name, which may be NULL, to the rule's way to host and port. Takes @host. */
static void add(struct reading *r, enum na_how how, char *host, int port, const char *verdict,
		const char *name)
{
	struct na_way *w, new = {.rule = r->rule, .how = how, .host = host, .port = port};
	const json_t *at;

	new.to = verdict       ? na_printf("%s", verdict)
		 : host &&port ? na_printf(strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port)
		 : host	       ? na_printf("%s", host)
		 : port	       ? na_printf("port %d", port)
			       : na_printf("the same port");
	at = get(r->index, new.to);
	if (at) {
		w = &r->ways->way[json_integer_value(at)];
		free(new.to);
		free(host);
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

/* A value of nft's as host and port; a concatenation has both. */
static void place(const json_t *value, bool is_port, char **host, int *port)
{
	const json_t *parts = get(value, "concat");

	if (parts) {
		place(json_array_get(parts, 0), false, host, port);
		place(json_array_get(parts, 1), true, host, port);
	} else if (is_port && json_is_integer(value)) {
		*port = (int)json_integer_value(value);
	} else if (!is_port && json_is_string(value)) {
		free(*host);
		*host = na_value_text(value);
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
		char *host = NULL;
		int port = 0;

		if (r->rs->rule[i].chain != c)
			continue;
		dest_of(&r->rs->rule[i], &d);
		if (target_of(d.verdict) && depth < MAX_JUMPS) {
			verdict_way(r, d.verdict, name, depth + 1);
			return true;
		}
		if (d.how == NA_VERDICT)
			continue;
		place(d.host, false, &host, &port);
		place(d.port, true, &host, &port);
		if (!host && !port)
			continue;
		add(r, d.how, host, port, NULL, name);
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
		add(r, NA_VERDICT, NULL, 0, text, name);
		free(text);
		return;
	}
}

/* Adds the way of one name to a rule's destination. Takes @text, which shows the name. */
static void name_to_dest(struct reading *r, const struct dest *d, const json_t *name, char *text)
{
	char *host = NULL;
	int port = 0;

	if (d->how == NA_VERDICT) {
		verdict_way(r, d->verdict, text, 0);
	} else {
		place(d->host, false, &host, &port);
		place(na_has_key(d->port, "server-id") ? name : d->port, true, &host, &port);
		add(r, d->how, host, port, NULL, text);
	}
	free(text);
}

/* All names but those: as one, "!= @allowed". */
static void others_to_dest(struct reading *r, const struct dest *d, const char *op,
			   const json_t *right)
{
	char *names = na_value_text(right);

	name_to_dest(r, d, NULL, na_printf("%s %s", op, names));
	free(names);
}

/* The names in matches of the rule. */
static void by_names(struct reading *r, const struct dest *d)
{
	const json_t *s, *m, *right, *list, *v;
	struct na_set *set;
	const char *op;
	size_t i, k;

	json_array_foreach(r->rule->expr, i, s)
	{
		m = get(s, "match");
		if (!m || !na_has_key(get(m, "left"), NULL))
			continue;
		right = get(m, "right");
		op = json_string_value(get(m, "op"));
		if (na_is_other(op)) {
			others_to_dest(r, d, op, right);
			continue;
		}
		list = get(right, "set");
		set = json_is_string(right) && *json_string_value(right) == '@'
			      ? na_ruleset_set(r->rs, r->rule->chain, json_string_value(right))
			      : NULL;
		if (set)
			list = elems(r, set);
		if (list)
			json_array_foreach(list, k, v)
				name_to_dest(r, d, na_elem_key(v), na_value_text(na_elem_key(v)));
		else
			name_to_dest(r, d, right, na_value_text(right));
	}
}

/* A map from names, or other things, to hosts, ports or verdicts. */
static void by_map(struct reading *r, const struct dest *d, const json_t *map)
{
	bool quic = na_has_key(get(map, "key"), NULL);
	const json_t *pairs = map_pairs(r, get(map, "data")), *pair;
	size_t i;

	json_array_foreach(pairs, i, pair)
	{
		const json_t *value = json_array_get(pair, 1);
		char *name = quic ? na_value_text(na_elem_key(json_array_get(pair, 0))) : NULL;
		char *host = NULL;
		int port = 0;

		if (map == d->vmap) {
			verdict_way(r, value, name, 0);
		} else {
			place(d->host, false, &host, &port);
			place(d->port, true, &host, &port);
			place(value, map == get(d->port, "map"), &host, &port);
			add(r, d->how, host, port, NULL, name);
		}
		free(name);
	}
}

/* The keys of quic that a rule uses, in order. */
static char *keys_of(const json_t *expr)
{
	static const char *const keys[] = {"alpn",    "sni",  "ech",  "hello", "server-id",
					   "version", "type", "dcid", "scid",  "state"};
	struct na_buf b;
	bool first = true;

	na_buf_open(&b);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!na_has_key(expr, keys[i]))
			continue;
		fprintf(b.f, "%s%s", first ? "" : " . ", keys[i]);
		first = false;
	}
	return na_take(&b);
}

static void by_rule(struct reading *r)
{
	const json_t *map;
	struct dest d;
	size_t before = r->ways->n;

	dest_of(r->rule, &d);
	map = d.how == NA_VERDICT ? d.vmap : get(d.port, "map");
	if (!map && d.how != NA_VERDICT)
		map = get(d.host, "map");
	if (map)
		by_map(r, &d, map);
	else if (d.how != NA_VERDICT || d.verdict)
		by_names(r, &d);
	if (r->ways->n == before)
		add(r, NA_VERDICT, NULL, 0, map ? "nothing: the map is empty" : "the next rule",
		    NULL);
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
