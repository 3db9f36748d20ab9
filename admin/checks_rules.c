// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules that do not do what they were written for. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "eval.h"
#include "reach.h"
#include "text.h"

static const json_t *get(const json_t *j, const char *key)
{
	return json_object_get(j, key);
}

static bool is(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

#define RULE_FMT     "%s %s %s: %s"
#define RULE_ARGS(r) (r)->chain->family, (r)->chain->table, (r)->chain->name, (r)->text

bool na_has_rules(const struct na_host *h, struct na_found *f)
{
	if (!h->rs)
		na_found_add(f, NA_NOTE, "not checked, as the rules cannot be read");
	return h->rs;
}

void na_check_rules(const struct na_host *h, struct na_found *f)
{
	const char *why = h->rs_err && *h->rs_err ? h->rs_err : "no answer";

	if (!h->rs)
		na_found_add(f, NA_FAULT, "the rules cannot be read: %.*s", (int)strcspn(why, "\n"),
			     why);
	for (size_t i = 0; h->rs && i < h->rs->n_sets; i++) {
		const struct na_set *s = &h->rs->set[i];

		if (s->cut)
			na_found_add(f, NA_NOTE,
				     "of %s %s @%s about %d elements are looked at; `nft-quic "
				     "doctor --all` looks at all",
				     s->family, s->table, s->name, NA_ELEMS_SHOWN);
	}
}

/* Rules whose chain no packet comes to. */
static void not_reached(const struct na_ruleset *rs, struct na_found *f)
{
	bool *reached = na_reach(rs);

	for (size_t i = 0; i < rs->n_rules; i++) {
		const struct na_rule *r = &rs->rule[i];
		const struct na_chain *c = r->chain;

		if (!r->quic)
			continue;
		if (c->dormant)
			na_found_add(
				f, NA_WARN,
				"%s %s: the table is dormant, and no packet comes to its rules "
				"with quic; `nft add table %s %s` wakes it",
				c->family, c->table, c->family, c->table);
		else if (!reached[c - rs->chain])
			na_found_add(f, NA_WARN, RULE_FMT ": nothing leads to its chain",
				     RULE_ARGS(r));
	}
	free(reached);
}

static void in_vain(const struct na_ruleset *rs, const struct na_rule *r, struct na_found *f)
{
	const json_t *s, *left;
	const char *proto;
	size_t i;

	json_array_foreach(r->expr, i, s)
	{
		left = get(get(get(s, "match"), "left"), "payload");
		proto = json_string_value(get(left, "protocol"));
		if (is(proto, "tcp") || is(proto, "sctp"))
			na_found_add(f, NA_WARN, RULE_FMT ": QUIC is UDP, not %s", RULE_ARGS(r),
				     proto);
	}
	for (const struct na_rule *e = rs->rule; e < r; e++) {
		if (e->chain != r->chain || !na_eval_ends(e) || !na_eval_implied(e, r))
			continue;
		na_found_add(f, NA_WARN, RULE_FMT ": never reached, as this one comes before: %s",
			     RULE_ARGS(r), e->text);
		return;
	}
}

static bool says_notrack(const struct na_rule *r)
{
	const json_t *s;
	bool found = false;
	size_t i;

	json_array_foreach(r->expr, i, s)
	{
		found |= get(s, "notrack") != NULL;
		/* one that looks up a name lets other packets by */
		if (!get(s, "match") && na_has_key(s, NULL))
			return false;
	}
	return found;
}

static void untracked(const struct na_ruleset *rs, const struct na_rule *r, struct na_found *f)
{
	if (!is(r->chain->type, "nat"))
		return;
	for (size_t i = 0; i < rs->n_rules; i++) {
		const struct na_rule *e = &rs->rule[i];

		if (e->chain->dormant ||
		    !is(e->chain->hook, r->chain->hook ? r->chain->hook : "") ||
		    e->chain->prio > -200 || !says_notrack(e) || !na_eval_implied(e, r))
			continue;
		na_found_add(f, NA_WARN,
			     RULE_FMT ": never asked, as this one says notrack before: %s",
			     RULE_ARGS(r), e->text);
		return;
	}
}

static bool is_address(const char *name)
{
	char inside[INET6_ADDRSTRLEN];
	unsigned char addr[16];
	size_t len = strlen(name);

	if (*name == '[' && name[len - 1] == ']' && len < sizeof(inside)) {
		snprintf(inside, sizeof(inside), "%.*s", (int)len - 2, name + 1);
		name = inside;
	}
	return inet_pton(AF_INET, name, addr) == 1 || inet_pton(AF_INET6, name, addr) == 1;
}

/* RFC 1035 2.3.4: a name as text has at most 253 bytes without its last dot, a label 63. */
static bool too_long(const char *name)
{
	if (strlen(name) > 253)
		return true;
	for (size_t n; *name; name += n + (name[n] == '.'))
		if ((n = strcspn(name, ".")) > 63)
			return true;
	return false;
}

static const char *bad_sni(const char *name)
{
	if (strstr(name, "://"))
		return "a server name has no scheme";
	if (strchr(name, '/'))
		return "a server name has no path";
	if (strchr(name, ':'))
		return "a server name has no port";
	if (strchr(*name == '*' ? name + 1 : name, '*'))
		return "a * stands for the first labels alone";
	if (too_long(name))
		return "a server name has at most 253 bytes and each label 63";
	return NULL;
}

static const char *bad_alpn(const char *name)
{
	static const char *const known[] = {"h3", "doq", "smb", "hq-interop", "h3-29"};

	if (strcmp(name, "*") && strchr(name, '*'))
		return "* is no wildcard in a protocol";
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcasecmp(name, known[i]) && strcmp(name, known[i]))
			return "protocols are compared as they are written, this one is in lower "
			       "case";
	return NULL;
}

/* @type: a selector, or what a set is typeof; @value: a value of it. */
static void bad_name(struct na_found *f, const json_t *type, const json_t *value, const char *where)
{
	bool sni = na_word_in(get(get(type, "quic"), "key"), "sni");
	bool alpn = na_word_in(get(get(type, "quic"), "key"), "alpn");
	const json_t *types = get(type, "concat"), *part;
	const char *name = json_string_value(value), *why;
	char *shown;
	size_t i;

	json_array_foreach(types, i, part)
		bad_name(f, part, json_array_get(get(value, "concat"), i), where);
	if (!name || (!sni && !alpn))
		return;
	shown = na_name(name, strlen(name), NA_NAME_MAX);
	why = alpn ? bad_alpn(name) : bad_sni(name);
	if (sni && is_address(name))
		na_found_add(f, NA_NOTE,
			     "%s: \"%s\" matches only some clients: most send no address as server "
			     "name",
			     where, shown);
	else if (why)
		na_found_add(f, NA_WARN, "%s: \"%s\" can hardly match: %s", where, shown, why);
	free(shown);
}

static void bad_names(struct na_found *f, const json_t *type, const json_t *names, bool pairs,
		      const char *where)
{
	const json_t *v;
	size_t i;

	if (!na_has_key(type, "sni") && !na_has_key(type, "alpn"))
		return;
	json_array_foreach(names, i, v)
		bad_name(f, type, na_elem_key(pairs ? json_array_get(v, 0) : v), where);
}

/* A name or symbol that is looked up in a set of another key: the kernel compares it all the same.
 */
static void other_set(struct na_found *f, const json_t *left, const json_t *type, const char *where)
{
	const char *key = json_string_value(get(get(left, "quic"), "key"));
	const char *of = json_string_value(get(get(type, "quic"), "key"));
	const json_t *parts = get(left, "concat"), *v;
	size_t i;

	json_array_foreach(parts, i, v)
		other_set(f, v, json_array_get(get(type, "concat"), i), where);
	if (key && of && strcmp(key, of))
		na_found_add(f, NA_WARN, "%s: quic %s can hardly be in a set of quic %s", where,
			     key, of);
}

/* The value, list or set that @left is compared with, or mapped by. */
static void compared(const struct na_ruleset *rs, const struct na_rule *r, const json_t *left,
		     const json_t *right, bool pairs, const char *where, struct na_found *f)
{
	const char *name = json_string_value(right);
	const struct na_set *set;

	if (name && *name == '@') {
		set = na_ruleset_set(rs, r->chain, name);
		if (set)
			other_set(f, left, get(set->type, "typeof"), where);
	} else if (get(right, "set")) {
		bad_names(f, left, get(right, "set"), pairs, where);
	} else {
		bad_name(f, left, right, where);
	}
}

/* The matches and maps in @j, a part of the rule. */
static void literals(const struct na_ruleset *rs, const struct na_rule *r, const json_t *j,
		     const char *where, struct na_found *f)
{
	const char *word;
	const json_t *v;
	size_t i;

	if (get(j, "left"))
		compared(rs, r, get(j, "left"), get(j, "right"), false, where, f);
	else if (get(j, "key") && get(j, "data"))
		compared(rs, r, get(j, "key"), get(j, "data"), true, where, f);
	json_array_foreach(j, i, v) literals(rs, r, v, where, f);
	json_object_foreach((json_t *)j, word, v) literals(rs, r, v, where, f);
}

void na_check_never(const struct na_host *h, struct na_found *f)
{
	if (!na_has_rules(h, f))
		return;
	not_reached(h->rs, f);
	for (size_t i = 0; i < h->rs->n_rules; i++) {
		const struct na_rule *r = &h->rs->rule[i];
		char *where;

		if (!na_rule_asked(r))
			continue;
		in_vain(h->rs, r, f);
		untracked(h->rs, r, f);
		where = na_printf(RULE_FMT, RULE_ARGS(r));
		literals(h->rs, r, r->expr, where, f);
		free(where);
	}
	for (size_t i = 0; i < h->rs->n_sets; i++) {
		struct na_set *s = &h->rs->set[i];
		const json_t *type = get(s->type, "typeof");
		char *where;

		/* packets add the elements of a dynamic set */
		if (!type || !na_has_key(type, NULL) || s->dynamic)
			continue;
		where = na_printf("%s %s, %s %s", s->family, s->table, s->data ? "map" : "set",
				  s->name);
		if (!json_array_size(na_set_elems(h->rs, s)))
			na_found_add(f, NA_NOTE, "%s: it is empty", where);
		bad_names(f, type, s->elems, s->data != NULL, where);
		free(where);
	}
}

/* A rule that denies by name: by its verdict, or by one in a map. */
static bool denies(const struct na_host *h, const struct na_rule *r)
{
	for (size_t i = 0; i < h->ways.n; i++) {
		const struct na_way *w = &h->ways.way[i];

		if (w->rule == r && w->how == NA_VERDICT &&
		    (is(w->to, "drop") || is(w->to, "reject")))
			return strstr(w->key, "alpn") || strstr(w->key, "sni") ||
			       strstr(w->key, "ech");
	}
	return false;
}

static bool has_word(const struct na_rule *r, const char *word)
{
	const json_t *s;
	size_t i;

	json_array_foreach(r->expr, i, s) if (get(s, word)) return true;
	return false;
}

/* A rule by quic that writes another destination into packets that no conntrack sees. */
static bool rewrites(const struct na_host *h, const struct na_rule *r)
{
	if (!na_rule_asked(r) || !has_word(r, "notrack"))
		return false;
	for (size_t i = 0; i < h->ways.n; i++)
		if (h->ways.way[i].rule == r && h->ways.way[i].how == NA_WRITE)
			return true;
	return false;
}

/* Two ports by number that differ, or families that never meet. */
static bool are_apart(const struct na_rule *a, const struct na_rule *b)
{
	char *one = na_rule_ports(a), *two = na_rule_ports(b);
	bool apart = strspn(one, "0123456789") == strlen(one) &&
		     strspn(two, "0123456789") == strlen(two) && strcmp(one, two);

	apart |= is(a->chain->family, "ip") && is(b->chain->family, "ip6");
	apart |= is(a->chain->family, "ip6") && is(b->chain->family, "ip");
	free(one);
	free(two);
	return apart;
}

static void behind_rewriting(const struct na_host *h, const struct na_rule *r, struct na_found *f)
{
	for (size_t i = 0; r->chain->hook && i < h->rs->n_rules; i++) {
		const struct na_rule *e = &h->rs->rule[i];

		if (!is(e->chain->hook, r->chain->hook) || !rewrites(h, e) || are_apart(e, r) ||
		    (e->chain == r->chain ? e > r : e->chain->prio > r->chain->prio))
			continue;
		na_found_add(f, NA_WARN,
			     RULE_FMT ": connections are rewritten before they come here, by: %s",
			     RULE_ARGS(r), e->text);
		f->remedy = "make it the first rule of the chain that rewrites, or deny in a chain "
			    "at `priority raw - 10`: docs/blocking.md";
		return;
	}
}

void na_check_deny(const struct na_host *h, struct na_found *f)
{
	if (!na_has_rules(h, f))
		return;
	for (size_t i = 0; i < h->rs->n_rules; i++) {
		const struct na_rule *r = &h->rs->rule[i];

		if (!na_rule_asked(r) || !denies(h, r))
			continue;
		if (is(r->chain->type, "nat"))
			na_found_add(f, NA_WARN,
				     RULE_FMT ": a nat chain sees the first connection of a port "
					      "only, others pass",
				     RULE_ARGS(r));
		for (const struct na_rule *e = h->rs->rule; e < r; e++) {
			if (e->chain != r->chain || !na_eval_established(e))
				continue;
			na_found_add(f, NA_WARN,
				     RULE_FMT ": a second connection of a port does not come here, "
					      "as this one accepts it before: %s",
				     RULE_ARGS(r), e->text);
			break;
		}
		behind_rewriting(h, r, f);
		if (h->rs->flowtable)
			na_found_add(f, NA_WARN,
				     RULE_FMT ": packets of a flowtable do not come here",
				     RULE_ARGS(r));
	}
}

/* Does it look at the destination, or at the device that a packet came by? */
static bool is_restricted(const struct na_rule *r)
{
	static const char *const words[] = {"\"daddr\"", "\"fib\"", "\"iif"};
	const json_t *s;
	bool found = false;
	char *text;
	size_t i;

	json_array_foreach(r->expr, i, s)
	{
		const json_t *left = get(get(s, "match"), "left");

		text = left ? na_need(json_dumps(left, 0)) : NULL;
		for (size_t k = 0; text && k < sizeof(words) / sizeof(words[0]); k++)
			found |= strstr(text, words[k]) != NULL;
		free(text);
	}
	return found;
}

static bool forwards(const char *family)
{
	static const char ip[] = "/proc/sys/net/ipv4/ip_forward";
	static const char ip6[] = "/proc/sys/net/ipv6/conf/all/forwarding";

	return (!is(family, "ip6") && na_read_number(ip) > 0) ||
	       (!is(family, "ip") && na_read_number(ip6) > 0);
}

void na_check_others(const struct na_host *h, struct na_found *f)
{
	const struct na_rule *last = NULL;

	if (!na_has_rules(h, f))
		return;
	for (size_t i = 0; i < h->ways.n; i++) {
		const struct na_way *w = &h->ways.way[i];
		const struct na_rule *r = w->rule, *e = h->rs->rule;

		/* a rule that denies is meant for all that comes by */
		if (r == last || w->how == NA_VERDICT || r->chain->dormant ||
		    !is(r->chain->hook, "prerouting") || is(r->chain->family, "bridge") ||
		    is_restricted(r) || !forwards(r->chain->family))
			continue;
		while (e < r && !(e->chain == r->chain && is_restricted(e) &&
				  (has_word(e, "accept") || has_word(e, "return"))))
			e++;
		if (e == r)
			na_found_add(f, NA_WARN,
				     RULE_FMT
				     ": this host forwards, and the rule takes connections "
				     "to other hosts, too",
				     RULE_ARGS(r));
		last = r;
	}
}

void na_check_redirect(const struct na_host *h, struct na_found *f)
{
	const json_t *optimizing = na_boot_read(h->boot)->optimizing, *unit;
	size_t u;

	json_array_foreach(optimizing, u, unit)
	{
		char *name = na_shown(json_string_value(unit));

		na_found_add(f, NA_WARN, "%s loads rules by `nft -o`", name);
		free(name);
	}
	if (!na_has_rules(h, f))
		return;
	for (size_t i = 0; i < h->rs->n_rules; i++) {
		const struct na_rule *r = &h->rs->rule[i];
		bool bare = false, port = false;
		const json_t *s;
		size_t k;

		if (r->chain->dormant)
			continue;
		json_array_foreach(r->expr, k, s)
		{
			bare |= get(s, "redirect") && !get(get(s, "redirect"), "port");
			port |= is(json_string_value(get(
					   get(get(get(s, "match"), "left"), "payload"), "field")),
				   "dport");
		}
		if (bare && !port)
			na_found_add(f, NA_WARN,
				     RULE_FMT ": it has neither a port to match nor one to go to",
				     RULE_ARGS(r));
	}
}

/* Packets of this host's own clients do not pass prerouting before they are sent. */
void na_check_local(const struct na_host *h, struct na_found *f)
{
	bool before = false, out = false;

	if (!na_has_rules(h, f))
		return;
	for (size_t i = 0; i < h->ways.n; i++) {
		const struct na_way *w = &h->ways.way[i];

		if (w->how != NA_NAT || w->rule->chain->dormant)
			continue;
		before |= is(w->rule->chain->hook, "prerouting");
		out |= is(w->rule->chain->hook, "output");
	}
	if (before && !out)
		na_found_add(
			f, NA_NOTE,
			"clients on this host itself are not redirected: no nat chain in output "
			"has a rule with quic");
}

void na_check_too_early(const struct na_host *h, struct na_found *f)
{
	unsigned long long n = na_count(&h->counts, "too_early");

	if (n)
		na_found_add(f, NA_WARN,
			     "%llu times an Initial came to a rule before its names were known", n);
}

void na_check_strayed(const struct na_host *h, struct na_found *f)
{
	char *text = na_read_file("/proc/thread-self/net/nft_quic", NULL);

	if (!text && h->module)
		na_found_add(f, NA_NOTE, "what the rules ask for is not seen%s",
			     h->root ? "" : ", as only root may read it");
	if (na_count(&h->counts, "strayed"))
		na_found_add(f, NA_WARN,
			     "%llu packets were dropped at a rule that did not ask for them",
			     na_count(&h->counts, "strayed"));
	if (text && strstr(text, "too many different matches"))
		na_found_add(f, NA_NOTE,
			     "every packet is read: the rules have too many different matches");
	else if (text && (strstr(text, "ip ip6 all") || !strncmp(text, "ip all", 6)))
		na_found_add(f, NA_NOTE,
			     "every UDP port is read: a rule with a name has no `udp dport`");
	free(text);
}
