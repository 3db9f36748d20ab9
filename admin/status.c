// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "history.h"
#include "nft.h"
#include "serves.h"
#include "text.h"

/* More ways of one rule are counted, not shown. */
#define WAYS_SHOWN 32

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

/* The packets that a rule's counter has seen, -1 if it has no counter. */
static json_int_t packets(const struct na_rule *r)
{
	const json_t *s, *c;
	size_t i;

	json_array_foreach(r->expr, i, s)
	{
		c = json_object_get(json_object_get(s, "counter"), "packets");
		if (c)
			return json_integer_value(c);
	}
	return -1;
}

static json_t *service_json(const struct na_service *s)
{
	json_t *certs = json_array(), *j;
	char *file;

	for (size_t i = 0; i < s->n_certs; i++) {
		time_t when = na_cert_expires(s->cert[i]);
		char *shown = na_shown(s->cert[i]);

		json_array_append_new(certs,
				      json_pack("{ss, so}", "file", shown, "expires",
						when < 0 ? json_null() : json_integer(when)));
		free(shown);
	}
	file = na_shown(s->file);
	j = json_pack("{ss, ss, so, so}", "name", s->name, "file", file, "alpn",
		      text_or_null(s->alpn), "certificates", certs);
	free(file);
	return j;
}

static json_t *listener_json(const struct na_host *h, const struct na_way *w)
{
	const struct na_listener *l;
	const struct na_service *s;
	struct na_serves serves;

	if (!na_way_is_local(h, w))
		return json_null();
	na_way_serves(h, w, &serves);
	l = serves.l;
	s = l ? na_host_service(h, w->port) : NULL;
	if (!l)
		return json_null();
	return json_pack("{si, so, sI, so}", "pid", (int)l->pid, "command", text_or_null(l->comm),
			 "drops", (json_int_t)l->drops, "service",
			 s && s->pid ? service_json(s) : json_null());
}

static json_t *way_json(const struct na_host *h, const struct na_way *w)
{
	static const char *const hows[] = {"verdict", "nat", "write"};

	return json_pack("{sO, sI, ss, ss, so, so, so}", "names", w->names, "names_total",
			 (json_int_t)w->n_names, "to", w->to, "how", hows[w->how], "host",
			 text_or_null(w->host), "port",
			 w->port ? json_integer(w->port) : json_null(), "listener",
			 listener_json(h, w));
}

static json_t *cut_json(const struct na_set *s)
{
	if (!s)
		return json_null();
	return json_pack("{ss, sI, so}", "set", s->name, "read",
			 (json_int_t)json_array_size(s->elems), "total",
			 s->total < 0 ? json_null() : json_integer(s->total));
}

static json_t *rule_json(const struct na_way *w, json_t *ways)
{
	const struct na_rule *r = w->rule;
	const struct na_chain *c = r->chain;
	char *ports = na_rule_ports(r);
	json_int_t n = packets(r);
	json_t *j = json_pack(
		"{ss, ss, ss, so, sb, sI, ss, ss, ss, so, so, so}", "family", c->family, "table",
		c->table, "chain", c->name, "hook", text_or_null(c->hook), "dormant", c->dormant,
		"handle", r->handle, "rule", r->text, "key", w->key, "ports", ports, "packets",
		n < 0 ? json_null() : json_integer(n), "cut", cut_json(w->cut), "ways", ways);

	free(ports);
	return j;
}

static json_t *rules_json(const struct na_host *h)
{
	json_t *rules = json_array(), *ways = NULL;
	const struct na_way *w, *before = NULL;

	for (size_t i = 0; i < h->ways.n; i++, before = w) {
		w = &h->ways.way[i];
		if (!before || before->rule != w->rule) {
			ways = json_array();
			json_array_append_new(rules, rule_json(w, ways));
		}
		json_array_append_new(ways, way_json(h, w));
	}
	return rules;
}

json_t *na_status_json(const struct na_host *h)
{
	json_t *counts = json_object();

	for (size_t i = 0; i < h->counts.n; i++)
		json_object_set_new(counts, h->counts.c[i].name,
				    json_integer((json_int_t)h->counts.c[i].value));
	return na_need(json_pack("{ss, so, so, sb, so, so, so}", "version", NFT_QUIC_VERSION,
				 "module", text_or_null(h->module), "nft",
				 text_or_null(h->rs ? h->rs->nft_version : NULL), "nft_knows_quic",
				 h->knows_quic, "facade", text_or_null(na_nft_facade()), "rules",
				 rules_json(h), "counters", counts));
}

static void put_names(FILE *f, const struct na_way *w)
{
	json_t *v;
	size_t i;

	json_array_foreach(w->names, i, v) fprintf(f, "%s%s", i ? ", " : "", json_string_value(v));
	if (w->n_names > json_array_size(w->names))
		fprintf(f, " and %zu more", w->n_names - json_array_size(w->names));
	if (!w->n_names)
		fputs("-", f);
}

static void put_listener(FILE *f, const struct na_host *h, const struct na_way *w)
{
	char day[32], addr[INET6_ADDRSTRLEN] = "";
	const struct na_listener *l;
	const struct na_service *s;
	struct na_serves serves;
	time_t when;

	na_way_serves(h, w, &serves);
	l = serves.l;
	s = l ? na_host_service(h, w->port) : NULL;
	if (h->no_sockets) {
		fputs(", whose listener is not seen: /proc/net/udp cannot be read", f);
		return;
	}
	if (!l) {
		fputs(", nobody listens", f);
		if (serves.other) {
			na_listener_bound(serves.other, addr, sizeof(addr));
			fprintf(f, " there, but at %s", addr);
		}
		return;
	}
	fprintf(f, ", %s", l->comm ? l->comm : "a process that is not seen");
	if (l->pid)
		fprintf(f, " (%d)", (int)l->pid);
	if (!s || !s->pid)
		return;
	fprintf(f, " %s, alpn %s", s->name, s->alpn ? s->alpn : "-");
	when = s->n_certs ? na_cert_expires(s->cert[0]) : -1;
	if (when >= 0 && strftime(day, sizeof(day), "%Y-%m-%d", gmtime(&when)))
		fprintf(f, ", certificate until %s", day);
}

static void put_rule(FILE *f, const struct na_rule *r, const char *key)
{
	char *ports = na_rule_ports(r);
	json_int_t n = packets(r);

	fprintf(f, "\n%s %s %s, handle %lld: by %s on UDP port %s", r->chain->family,
		r->chain->table, r->chain->name, (long long)r->handle, key, ports);
	if (n >= 0)
		fprintf(f, ", %lld packets", (long long)n);
	if (r->chain->dormant)
		fputs(", DORMANT: no packet comes to this table", f);
	fprintf(f, "\n    %s\n", r->text);
	free(ports);
}

static void put_cut(FILE *f, const struct na_set *s)
{
	size_t n = json_array_size(s->elems);

	if (s->total < 0)
		fprintf(f, "  @%s has more elements than these %zu", s->name, n);
	else
		fprintf(f, "  these are %zu of the %lld elements of @%s", n, (long long)s->total,
			s->name);
	fputs("; `nft-quic status --all` reads all\n", f);
}

static void put_rules(FILE *f, const struct na_host *h)
{
	const struct na_rule *rule = NULL;
	size_t shown = 0, left = 0;

	for (size_t i = 0; i <= h->ways.n; i++) {
		const struct na_way *w = i < h->ways.n ? &h->ways.way[i] : NULL;

		if (!w || w->rule != rule) {
			if (left)
				fprintf(f, "  and %zu more destinations\n", left);
			if (i && h->ways.way[i - 1].cut)
				put_cut(f, h->ways.way[i - 1].cut);
			if (!w)
				return;
			rule = w->rule;
			shown = left = 0;
			put_rule(f, rule, w->key);
		}
		if (shown++ >= WAYS_SHOWN) {
			left++;
			continue;
		}
		fputs("  ", f);
		put_names(f, w);
		fprintf(f, " -> %s", w->to);
		if (na_way_is_local(h, w))
			put_listener(f, h, w);
		fputc('\n', f);
	}
}

static void put_counts(FILE *f, const struct na_counts *c)
{
	unsigned long long dropped = na_count(c, "timed_out") + na_count(c, "overload") +
				     na_count(c, "evicted") + na_count(c, "lookups_spent") +
				     na_count(c, "strayed");

	fprintf(f, "\nSince the module was loaded: %llu Initials, %llu ClientHellos complete\n",
		na_count(c, "initials"), na_count(c, "complete"));
	fprintf(f, "  held now: %llu flows, %llu bytes; names of %llu connections\n",
		na_count(c, "holding_flows"), na_count(c, "holding_bytes"),
		na_count(c, "names_flows"));
	fprintf(f,
		"  not decided by a name: %llu unreadable, %llu of an unknown version, %llu "
		"unasked\n",
		na_count(c, "unreadable"), na_count(c, "unknown_version"), na_count(c, "unasked"));
	fprintf(f, "  over a limit or never complete: %llu\n", dropped);
	fprintf(f, "  under an ID of another connection: %llu dropped, %llu without names\n",
		na_count(c, "foreign"), na_count(c, "reused"));
}

void na_status_text(FILE *f, const struct na_host *h)
{
	const char *facade = na_nft_facade();

	fprintf(f, "nft-quic %s, module %s, nft %s %s\n", NFT_QUIC_VERSION,
		h->module ? h->module : "not loaded",
		h->rs && h->rs->nft_version ? h->rs->nft_version : "?",
		h->knows_quic ? "with quic" : "WITHOUT quic: `nft-quic doctor` says why");
	if (h->module && strcmp(h->module, NFT_QUIC_VERSION))
		fprintf(f, "The module is of another version than this program.\n");
	if (facade && strcmp(facade, NFT_QUIC_VERSION))
		fprintf(f, "The libnftables with quic is of another version than this program.\n");
	if (!h->rs) {
		fprintf(f, "The rules cannot be read: %s\n", h->rs_err ? h->rs_err : "no answer");
		return;
	}
	if (!h->ways.n)
		fputs("\nNo rule with quic is loaded in this network namespace.\n", f);
	put_rules(f, h);
	if (h->counts.n)
		put_counts(f, &h->counts);
}

int na_status_rc(const struct na_host *h)
{
	const char *facade = na_nft_facade();
	struct na_serves serves;

	if (!h->rs || !h->knows_quic)
		return NA_ERRORS;
	if ((h->module && strcmp(h->module, NFT_QUIC_VERSION)) ||
	    (facade && strcmp(facade, NFT_QUIC_VERSION)))
		return NA_WARNINGS;
	for (size_t i = 0; i < h->ways.n; i++) {
		if (h->no_sockets || !na_way_is_local(h, &h->ways.way[i]))
			continue;
		na_way_serves(h, &h->ways.way[i], &serves);
		if (!serves.l)
			return NA_WARNINGS;
	}
	return NA_OK;
}

/* Counters that say what became of a datagram, in words. */
static const struct {
	const char *name, *text;
} recent[] = {
	{"initials", "Initials"},
	{"complete", "ClientHellos complete"},
	{"held", "held"},
	{"timed_out", "held in vain, dropped or passed"},
	{"overload", "not held because of a limit"},
	{"evicted", "pushed out by a limit"},
	{"lookups_spent", "dropped for too many look-ups"},
	{"strayed", "dropped at a rule that did not ask for them"},
	{"unreadable", "unreadable"},
	{"unknown_version", "of an unknown version"},
	{"unasked", "that no rule asks for"},
	{"foreign", "dropped under an ID of another connection"},
	{"reused", "without names under an ID that was another's"},
};

static unsigned long long grown(const struct na_counts *now, const struct na_counts *then,
				const char *name)
{
	unsigned long long a = na_count(now, name), b = na_count(then, name);

	return a > b ? a - b : 0;
}

static void put_recent(const struct na_host *h, const struct na_counts *then, double ago)
{
	if (!(ago > 0)) {
		if (h->counts.n)
			puts("The last minutes: known from the next `nft-quic status` on.");
		return;
	}
	printf("In the last %.1f minutes:", ago / 60);
	for (size_t i = 0; i < sizeof(recent) / sizeof(recent[0]); i++)
		printf("%s %llu %s", i ? "," : "", grown(&h->counts, then, recent[i].name),
		       recent[i].text);
	putchar('\n');
}

static json_t *recent_json(const struct na_host *h, const struct na_counts *then, double ago)
{
	json_t *j;

	if (!(ago > 0))
		return json_null();
	j = na_need(json_pack("{sf}", "seconds", ago));
	for (size_t i = 0; i < sizeof(recent) / sizeof(recent[0]); i++)
		json_object_set_new(
			j, recent[i].name,
			json_integer((json_int_t)grown(&h->counts, then, recent[i].name)));
	return j;
}

int na_status(const struct na_options *o)
{
	struct na_host *h = na_host_read(o->all ? 0 : NA_ELEMS_SHOWN);
	struct na_counts then = {0};
	double ago = na_history_recent(&h->counts, &then);
	int rc = na_status_rc(h);
	json_t *j;

	if (o->json) {
		j = na_status_json(h);
		json_object_set_new(j, "recent", recent_json(h, &then, ago));
		json_dumpf(j, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		putchar('\n');
		json_decref(j);
	} else {
		na_status_text(stdout, h);
		put_recent(h, &then, ago);
	}
	na_host_free(h);
	return rc;
}
