// SPDX-License-Identifier: GPL-2.0-or-later
/* A trace in words, and as JSON. */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "text.h"

static const char *const ends[] = {
	[NA_END_INPUT] = "input",     [NA_END_FORWARD] = "forward", [NA_END_DROP] = "drop",
	[NA_END_QUEUE] = "queue",     [NA_END_ROUTE] = "unrouted",  [NA_END_HELD] = "held",
	[NA_END_UNKNOWN] = "unknown",
};

static void put_addr(char *out, size_t room, const struct qi_tuple *t, bool dst)
{
	const unsigned char *addr = dst ? t->dst : t->src;
	bool ip6 = t->net == QI_NET_IPV6;
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(ip6 ? AF_INET6 : AF_INET, addr, text, sizeof(text));
	snprintf(out, room, ip6 ? "[%s]:%u" : "%s:%u", text, dst ? t->dport : t->sport);
}

/* "from -> to", in a buffer that the next call writes again */
static const char *tuple_text(const struct qi_tuple *t)
{
	static char text[2 * 64 + 8];
	char src[64], dst[64];

	put_addr(src, sizeof(src), t, false);
	put_addr(dst, sizeof(dst), t, true);
	snprintf(text, sizeof(text), "%s -> %s", src, dst);
	return text;
}

static const char *verdict_word(int code)
{
	switch (code) {
	case NFT_CONTINUE:
		return "continue";
	case NFT_JUMP:
		return "jump";
	case NFT_GOTO:
		return "goto";
	case NFT_RETURN:
		return "return";
	case NFT_BREAK:
		return "no match";
	}
	switch (code & NF_VERDICT_MASK) {
	case NF_ACCEPT:
		return "accept";
	case NF_DROP:
		return "drop";
	case NF_QUEUE:
		return "queue";
	default:
		return "stolen";
	}
}

static bool is_own(const struct na_step *s)
{
	return !strcmp(s->chain->table, NA_OWN_TABLE);
}

/* The device of an index in the copy. */
static const char *device_name(const struct na_explained *x, int index)
{
	for (size_t i = 0; i < x->copy.n_devices; i++)
		if (x->copy.device[i].inner == index)
			return x->copy.device[i].name;
	return NULL;
}

static json_t *listener(const struct na_host *h, const struct na_listener *l)
{
	const struct na_service *s = l ? na_host_service(h, l->port) : NULL;
	char addr[INET6_ADDRSTRLEN] = "";

	if (!l)
		return json_null();
	na_listener_bound(l, addr, sizeof(addr));
	return na_need(json_pack("{si, ss?, ss?, ss}", "pid", (int)l->pid, "command", l->comm,
				 "service", s && s->pid ? s->name : NULL, "address", addr));
}

/* A socket of this port that does not get the datagram, if none does. */
static const struct na_listener *elsewhere(const struct na_host *h, const struct qi_tuple *t)
{
	return na_host_reached(h, t) ? NULL : na_host_listener(h, t->dport);
}

static json_t *step_json(const struct na_explained *x, const struct na_step *s)
{
	static const char *const types[] = {"rule", "return", "policy"};
	const struct na_rule *live = s->rule ? na_explain_live(x, s->rule) : NULL;
	const struct na_chain *c = s->chain;
	char src[64], dst[64], *file = NULL;
	json_t *j, *place;
	int line = 0;

	put_addr(src, sizeof(src), &s->tuple, false);
	put_addr(dst, sizeof(dst), &s->tuple, true);
	j = na_need(json_pack("{ss, ss, ss, ss?, so, ss, ss, ss?, ss, ss}", "family", c->family,
			      "table", c->table, "chain", c->name, "hook", c->hook, "priority",
			      c->hook ? json_integer(c->prio) : json_null(), "type", types[s->type],
			      "verdict", verdict_word(s->code), "target", s->target, "from", src,
			      "to", dst));
	place = s->rule && na_place_find(s->rule->text, &file, &line)
			? json_pack("{ss, si}", "file", file, "line", line)
			: json_null();
	json_object_set_new(j, "rule", s->rule ? json_string(s->rule->text) : json_null());
	json_object_set_new(j, "handle", live ? json_integer(live->handle) : json_null());
	json_object_set_new(j, "place", place);
	free(file);
	return j;
}

static json_t *end_json(const struct na_explained *x, size_t i)
{
	const struct na_step *last;
	enum na_end end = na_explain_end(&x->trails[i], na_first_complete(&x->firsts, i), &last);
	char dst[64] = "";
	json_t *j = na_need(json_pack("{ss}", "what", ends[end]));

	if (end == NA_END_INPUT || end == NA_END_FORWARD || end == NA_END_ROUTE) {
		put_addr(dst, sizeof(dst), &last->tuple, true);
		json_object_set_new(j, "to", json_string(dst));
		json_object_set_new(j, "port", json_integer(last->tuple.dport));
	}
	if (end == NA_END_INPUT) {
		json_object_set_new(j, "listener",
				    listener(x->host, na_host_reached(x->host, &last->tuple)));
		json_object_set_new(j, "elsewhere",
				    listener(x->host, elsewhere(x->host, &last->tuple)));
	}
	if (end == NA_END_FORWARD)
		json_object_set_new(j, "device",
				    na_need(json_pack("s?", device_name(x, last->oif))));
	return j;
}

json_t *na_explain_json(const struct na_explained *x)
{
	json_t *list = na_need(json_array());
	char src[64], dst[64];

	for (size_t i = 0; i < x->firsts.n; i++) {
		const struct na_first *d = &x->firsts.d[i];
		json_t *steps = na_need(json_array());

		for (size_t k = 0; k < x->trails[i].n; k++)
			if (!is_own(&x->trails[i].step[k]))
				json_array_append_new(steps, step_json(x, &x->trails[i].step[k]));
		put_addr(src, sizeof(src), &d->tuple, false);
		put_addr(dst, sizeof(dst), &d->tuple, true);
		json_array_append_new(
			list, na_need(json_pack("{ss, ss, ss, sI, sO?, so, so}", "from", src, "to",
						dst, "device", x->iif[i]->name, "bytes",
						(json_int_t)d->len, "names", d->names, "trace",
						steps, "end", end_json(x, i))));
	}
	return na_need(json_pack("{ss, so, sI, sO}", "version", NFT_QUIC_VERSION, "datagrams", list,
				 "datagrams_left", (json_int_t)x->firsts.left, "left_out",
				 x->left_out));
}

static void put_names(FILE *f, const json_t *names)
{
	const json_t *alpn = json_object_get(names, "alpn"), *v;
	const char *sni = json_string_value(json_object_get(names, "sni"));
	size_t i;

	if (!names) {
		fputs("    read: no names yet, the ClientHello is not complete with it\n", f);
		return;
	}
	if (!json_is_true(json_object_get(names, "complete"))) {
		fputs("    read: no names, the ClientHello cannot be read\n", f);
		return;
	}
	fprintf(f, "    read: version %s, alpn",
		json_string_value(json_object_get(names, "version")));
	json_array_foreach(alpn, i, v) fprintf(f, "%s %s", i ? "," : "", json_string_value(v));
	fprintf(f, "%s, sni %s%s\n", i ? "" : " none", sni ? sni : "none",
		json_is_true(json_object_get(names, "ech")) ? ", with ECH" : "");
}

static void put_step(FILE *f, const struct na_explained *x, const struct na_step *s)
{
	const struct na_rule *live;
	char *file;
	int line;

	if (s->type == NA_STEP_POLICY) {
		fprintf(f, "      policy: %s\n", verdict_word(s->code));
		return;
	}
	fprintf(f, "      %s\n        ",
		s->rule			    ? s->rule->text
		: s->type == NA_STEP_RETURN ? "the end of the chain"
					    : "a rule");
	live = s->rule ? na_explain_live(x, s->rule) : NULL;
	if (live)
		fprintf(f, "handle %lld", (long long)live->handle);
	if (s->rule && na_place_find(s->rule->text, &file, &line)) {
		fprintf(f, ", %s:%d", file, line);
		free(file);
	}
	fprintf(f, "%s%s%s%s\n", live ? ": " : "", verdict_word(s->code), s->target ? " " : "",
		s->target ? s->target : "");
}

static void put_process(FILE *f, const struct na_listener *l)
{
	fputs(l->comm ? l->comm : "a process that is not seen", f);
	if (l->pid)
		fprintf(f, " (%d)", (int)l->pid);
}

static void put_listener(FILE *f, const struct na_explained *x, const struct qi_tuple *t)
{
	const struct na_listener *l = na_host_reached(x->host, t), *o = elsewhere(x->host, t);
	const struct na_service *s = l ? na_host_service(x->host, l->port) : NULL;
	char addr[INET6_ADDRSTRLEN] = "";

	if (l) {
		fputs(", where ", f);
		put_process(f, l);
		fprintf(f, " listens%s%s\n", s && s->pid ? ": " : "", s && s->pid ? s->name : "");
	} else if (o && na_host_only_loopback(x->host, o->port)) {
		fputs(", where ", f);
		put_process(f, o);
		fputs(" listens on the loopback alone\n", f);
	} else if (o) {
		na_listener_bound(o, addr, sizeof(addr));
		fputs(", where nobody listens at that address: ", f);
		put_process(f, o);
		fprintf(f, " listens at %s\n", addr);
	} else {
		fputs(", where nobody listens\n", f);
	}
}

static void put_end(FILE *f, const struct na_explained *x, size_t i)
{
	const struct na_step *last;
	enum na_end end = na_explain_end(&x->trails[i], na_first_complete(&x->firsts, i), &last);
	const char *device = last ? device_name(x, last->oif) : NULL;
	char dst[64] = "";

	if (last)
		put_addr(dst, sizeof(dst), &last->tuple, true);
	fputs("    ends: ", f);
	switch (end) {
	case NA_END_INPUT:
		fprintf(f, "at this host, %s", dst);
		put_listener(f, x, &last->tuple);
		break;
	case NA_END_FORWARD:
		fprintf(f, "it is sent on to %s by %s\n", dst, device ? device : "?");
		break;
	case NA_END_DROP:
		fprintf(f, "dropped in %s %s %s\n", last->chain->family, last->chain->table,
			last->chain->name);
		break;
	case NA_END_QUEUE:
		fputs("a program decides (queue), or it is sent elsewhere\n", f);
		break;
	case NA_END_ROUTE:
		fprintf(f, "not routed: no way to %s, or this host does not forward\n", dst);
		break;
	case NA_END_HELD:
		fputs("held, and given up: the rest of the ClientHello is missing\n", f);
		break;
	default:
		fputs("its trace ends here: a device that is down, conntrack, a limit of the "
		      "module, or a rule that ends the trace\n",
		      f);
	}
}

static void put_trail(FILE *f, const struct na_explained *x, size_t number)
{
	const struct na_trail *trail = &x->trails[number];
	struct qi_tuple now = x->firsts.d[number].tuple;
	const struct na_chain *chain = NULL;

	for (size_t i = 0; i < trail->n; i++) {
		const struct na_step *s = &trail->step[i];

		if (memcmp(&s->tuple, &now, sizeof(now))) {
			fprintf(f, "    now %s\n", tuple_text(&s->tuple));
			now = s->tuple;
		}
		if (is_own(s))
			continue;
		if (s->chain != chain) {
			chain = s->chain;
			fprintf(f, "    %s %s %s", chain->family, chain->table, chain->name);
			if (chain->hook)
				fprintf(f, " (%s, priority %d)", chain->hook, chain->prio);
			fputs(":\n", f);
		}
		put_step(f, x, s);
	}
	put_end(f, x, number);
}

void na_explain_text(FILE *f, const struct na_explained *x)
{
	const json_t *v;
	size_t i;

	for (i = 0; i < x->firsts.n; i++) {
		const struct na_first *d = &x->firsts.d[i];

		fprintf(f, "%sdatagram %zu of %zu: %s by %s, %zu bytes\n", i ? "\n" : "", i + 1,
			x->firsts.n, tuple_text(&d->tuple), x->iif[i]->name, d->len);
		put_names(f, d->names);
		put_trail(f, x, i);
	}
	if (x->firsts.left)
		fprintf(f, "\n%zu more datagrams were not replayed.\n", x->firsts.left);
	json_array_foreach(x->left_out, i, v)
		fprintf(f, "%sLeft out: %s\n", i ? "" : "\n", json_string_value(v));
}
