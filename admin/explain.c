// SPDX-License-Identifier: GPL-2.0-or-later
/* nft-quic explain: a first flight through a copy of the live rules, with nftrace. */
#include "explain.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin.h"
#include "nft.h"
#include "parts.h"
#include "text.h"

/* of the hook at which it holds packets: just behind defragmentation */
#define MODULE_PRIORITY (-399)

static const char own_rules[] =
	"table inet " NA_OWN_TABLE " {\n"
	"\tchain first { type filter hook prerouting priority -2147483647; meta nftrace set 1; }\n"
	"\tchain out { type filter hook output priority -2147483647; meta nftrace set 1; }\n"
	"\tchain routed { type filter hook prerouting priority 2147483647; }\n"
	"\tchain input { type filter hook input priority 2147483647; }\n"
	"\tchain sent { type filter hook postrouting priority 2147483647; }\n"
	"}\n";

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "nft-quic explain: %s%s%s\n", what, why ? ": " : "", why ? why : "");
	return -1;
}

/* The addresses that were asked for; net is QI_NET_NONE if there are none. */
static int read_addr(const char *text, enum qi_net *net, unsigned char addr[16])
{
	enum qi_net found = strchr(text, ':') ? QI_NET_IPV6 : QI_NET_IPV4;

	memset(addr, 0, 16);
	if (inet_pton(found == QI_NET_IPV6 ? AF_INET6 : AF_INET, text, addr) != 1)
		return fail("no address", text);
	if (*net && *net != found)
		return fail("an address of the other family", text);
	*net = found;
	return 0;
}

/* An address of documentation that is not this host's. */
static void foreign(struct na_explained *x, enum qi_net net, unsigned char addr[16])
{
	static const char *const list[2][2] = {{"203.0.113.77", "198.51.100.77"},
					       {"2001:db8:4d::77", "2001:db8:4e::77"}};
	bool ip6 = net == QI_NET_IPV6;
	const struct na_device *d;

	for (int i = 0; i < 2; i++) {
		memset(addr, 0, 16);
		inet_pton(ip6 ? AF_INET6 : AF_INET, list[ip6][i], addr);
		d = na_copy_towards(&x->copy, net, addr);
		if (!d || d->index != 1)
			return;
	}
}

/* By which device a client of @src would come: where answers go, or else the first with an
 * address. */
static const struct na_device *device_for(const struct na_explained *x, const struct qi_tuple *t)
{
	const struct na_device *d = na_copy_towards(&x->copy, t->net, t->src);
	unsigned char addr[16];

	for (size_t i = 0; i < x->copy.n_devices && !d; i++) {
		const struct na_device *other = &x->copy.device[i];

		if (other->index != 1 && other->up && na_copy_local(&x->copy, t->net, other, addr))
			d = other;
	}
	return d ? d : na_copy_device(&x->copy, "lo");
}

static int place_one(struct na_explained *x, const struct na_options *o, size_t i)
{
	struct qi_tuple *t = &x->firsts.d[i].tuple;
	enum qi_net net = o->net;
	bool made = !t->net;

	if ((o->daddr && read_addr(o->daddr, &net, t->dst)) ||
	    (o->saddr && read_addr(o->saddr, &net, t->src)))
		return -1;
	if (!made && net && net != t->net && !(o->saddr && o->daddr))
		return fail("the capture is of the other IP version",
			    "say both --saddr and --daddr");
	if (net || made)
		t->net = net ? net : QI_NET_IPV4;
	if (o->dport || made)
		t->dport = (uint16_t)(o->dport ? o->dport : 443);
	if (made && !o->saddr)
		foreign(x, t->net, t->src);
	x->iif[i] = o->iif ? na_copy_device(&x->copy, o->iif) : device_for(x, t);
	if (!x->iif[i])
		return fail("no such device", o->iif);
	if (o->iif && !x->iif[i]->up)
		return fail("this device is down", o->iif);
	if (made && !o->daddr && !na_copy_local(&x->copy, t->net, x->iif[i], t->dst) &&
	    !na_copy_local(&x->copy, t->net, NULL, t->dst))
		return fail("this namespace has no address of this IP version",
			    "say --daddr, or -4 or -6");
	/* a client on this host */
	if (made && !o->saddr && x->iif[i]->index == 1)
		memcpy(t->src, t->dst, sizeof(t->src));
	return 0;
}

static void leave_out(struct na_explained *x, const char *fmt, const char *a, const char *b)
{
	char *shown_a = na_shown(a), *shown_b = na_shown(b),
	     *text = na_printf(fmt, shown_a, shown_b);

	json_array_append_new(x->left_out, na_need(json_string(text)));
	free(shown_a);
	free(shown_b);
	free(text);
}

static int make_flights(struct na_explained *x, const struct na_options *o)
{
	const char *wrong = NULL;

	if (o->dir) {
		if (!na_first_capture(&x->firsts, o->dir))
			return 0;
		/* the reader has said what is wrong; as of one that is still written */
		if (!x->firsts.n)
			return -1;
		leave_out(x, "%s%s", "", "the rest of the capture, which cannot be read");
		return 0;
	}
	for (size_t i = 0; i < (o->n_sni ? o->n_sni : 1) && !wrong; i++)
		wrong = na_first_make(&x->firsts, o->n_sni ? o->sni[i] : NULL, o->alpn, o->n_alpn);
	return wrong ? fail("no ClientHello can be made of this", wrong) : 0;
}

static bool is_word(const char *at, size_t len, const char *word)
{
	return len == strlen(word) && !memcmp(at, word, len);
}

void na_explain_disown(char *table)
{
	static const char flags[] = "\tflags ";
	char *line, *end, *to, *word;
	size_t len;

	/* the table's own stand before its sets and chains, with one tab */
	for (line = table; strncmp(line, flags, sizeof(flags) - 1); line = end + 1) {
		end = strchrnul(line, '\n');
		if (!*end || strchr("}", end[1]))
			return;
	}
	end = strchrnul(line, '\n');
	to = line + sizeof(flags) - 1;
	for (word = to; word < end; word += len + strspn(word + len, " ,;")) {
		len = strcspn(word, " ,;\n");
		if (is_word(word, len, "owner") || is_word(word, len, "persist"))
			continue;
		if (to != line + sizeof(flags) - 1)
			*to++ = ',';
		memmove(to, word, len);
		to += len;
	}
	if (to == line + sizeof(flags) - 1)
		to = line;
	memset(to, ' ', (size_t)(end - to));
}

static void tell_lost(struct na_explained *x)
{
	const struct na_copy *c = &x->copy;
	const struct {
		size_t n;
		const char *what;
	} lost[] = {{c->addrs.lost, "addresses"},
		    {c->routes.lost, "routes"},
		    {c->rules.lost, "policy rules"},
		    {c->lost_sysctls, "sysctls"}};

	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		char *n = na_printf("%zu", lost[i].n);

		if (lost[i].n)
			leave_out(x, "%s %s, which could not be copied", n, lost[i].what);
		free(n);
	}
}

/* The listing, a table at a time: one that cannot be loaded takes no other with it. */
static void load_tables(struct na_explained *x, char *text)
{
	char *end, *out, *err;

	for (char *table = text; *table; table = end) {
		end = strstr(table, "\n}\n");
		end = end ? end + 3 : strchr(table, '\0');
		if (*end || end[-1] == '\n')
			end[-1] = '\0';
		na_explain_disown(table);
		out = na_nft(table, NA_TEXT, &err);
		if (!out) {
			char *at = strstr(table, "table "), *brace = at ? strchr(at, '{') : NULL;

			if (brace)
				*brace = '\0';
			err = err ? err : na_printf("?");
			err[strcspn(err, "\n")] = '\0';
			leave_out(x, "%snot copied: %s", at ? at : "a table ", err);
			free(err);
		}
		free(out);
	}
}

static int load(struct na_explained *x, char *text)
{
	char *err = NULL, *out, *ingress;

	load_tables(x, text);
	out = na_nft(own_rules, NA_TEXT, &err);
	for (size_t i = 0; i < x->firsts.n && out; i++) {
		if (i && x->iif[i] == x->iif[i - 1])
			continue;
		/* where the kernel has it; without it a trace begins in prerouting */
		ingress = na_printf("table netdev " NA_OWN_TABLE " {\nchain i%d {\n"
				    "type filter hook ingress device \"%s\" priority -2147483647;\n"
				    "meta nftrace set 1;\n}\n}\n",
				    x->iif[i]->index, x->iif[i]->name);
		free(na_nft(ingress, NA_TEXT, NULL));
		free(ingress);
	}
	if (out)
		x->copied = na_ruleset_load(&err);
	free(out);
	if (!x->copied)
		fail("the rules cannot be traced", err);
	free(err);
	return x->copied ? 0 : -1;
}

/* The module reads everything for a moment, until it has looked at new rules. */
static void await_module(void)
{
	for (int i = 0; i < 40; i++) {
		char *asked = na_read_file("/proc/thread-self/net/nft_quic", NULL);
		bool all = asked && !strncmp(asked, "all", 3);

		free(asked);
		if (!all)
			return;
		usleep(25000);
	}
}

static bool is_own(const struct na_step *s, const char *chain)
{
	return !strcmp(s->chain->table, NA_OWN_TABLE) && !strcmp(s->chain->name, chain);
}

/* Might the module hold it? Then it came to no chain behind the module's own hook. */
static bool may_be_held(const struct na_trail *trail)
{
	bool begun = false;

	for (size_t i = 0; i < trail->n; i++) {
		const struct na_step *s = &trail->step[i];

		begun |= is_own(s, "first") || is_own(s, "out");
		if (s->chain->hook && strcmp(s->chain->hook, "ingress") != 0 &&
		    s->chain->prio > MODULE_PRIORITY)
			return false;
	}
	return begun;
}

enum na_end na_explain_end(const struct na_trail *trail, bool complete, const struct na_step **last)
{
	const struct na_step *s = trail->n ? &trail->step[trail->n - 1] : NULL;

	*last = s;
	if (s && is_own(s, "input"))
		return NA_END_INPUT;
	if (s && is_own(s, "sent") && s->oif != 1)
		return NA_END_FORWARD;
	if (s && (s->code & NF_VERDICT_MASK) == NF_DROP)
		return NA_END_DROP;
	if (s && s->code >= 0 &&
	    ((s->code & NF_VERDICT_MASK) == NF_QUEUE || (s->code & NF_VERDICT_MASK) == NF_STOLEN))
		return NA_END_QUEUE;
	for (size_t i = 0; i < trail->n; i++)
		if (is_own(&trail->step[i], "routed"))
			return NA_END_ROUTE;
	return !complete && may_be_held(trail) ? NA_END_HELD : NA_END_UNKNOWN;
}

static bool over(const struct na_trail *trails, size_t n)
{
	const struct na_step *last;

	for (size_t i = 0; i < n; i++)
		if (na_explain_end(&trails[i], true, &last) >= NA_END_ROUTE)
			return false;
	return true;
}

static int replay(struct na_explained *x)
{
	long long hold = na_read_number("/proc/sys/net/netfilter/nft_quic/hold_ms");
	struct na_trace *t = na_trace_open(x->copied, x->trails, x->firsts.n);
	bool whole = true;
	int err = 0;

	if (!t)
		return fail("no trace of this namespace", strerror(errno));
	await_module();
	for (size_t i = 0; i < x->firsts.n && !err; i++) {
		const struct na_first *d = &x->firsts.d[i];

		err = na_copy_send(&x->copy, x->iif[i], &d->tuple, d->data, d->len,
				   (unsigned int)i + 1);
	}
	if (err)
		fail("a datagram cannot be sent", strerror(-err));
	else
		whole = na_trace_wait(t, over, (int)(hold > 0 ? hold : 4000) + 300);
	if (!whole)
		leave_out(x, "%s%s", "", "a part of the trace, as too much came at once");
	na_trace_close(t);
	return err ? -1 : 0;
}

const struct na_rule *na_explain_live(const struct na_explained *x, const struct na_rule *rule)
{
	const struct na_chain *chain =
		na_ruleset_chain(x->host->rs, rule->chain, rule->chain->name);
	size_t place = 0;

	for (const struct na_rule *r = x->copied->rule; r < rule; r++)
		place += r->chain == rule->chain;
	for (size_t i = 0; i < x->host->rs->n_rules; i++)
		if (x->host->rs->rule[i].chain == chain && !place--)
			return &x->host->rs->rule[i];
	return NULL;
}

int na_explain_rc(const struct na_explained *x)
{
	int rc = json_array_size(x->left_out) || x->firsts.left ? NA_WARNINGS : NA_OK;
	const struct na_step *last;

	for (size_t i = 0; i < x->firsts.n; i++) {
		enum na_end end =
			na_explain_end(&x->trails[i], na_first_complete(&x->firsts, i), &last);

		if (end >= NA_END_ROUTE ||
		    (end == NA_END_INPUT && !na_host_reached(x->host, &last->tuple)))
			rc = NA_WARNINGS;
	}
	return rc;
}

static int has_rules(const struct na_host *h)
{
	if (!h->rs)
		return fail("the rules cannot be read", h->rs_err);
	for (size_t i = 0; i < h->rs->n_rules; i++)
		if (h->rs->rule[i].quic && h->module)
			return 0;
	if (!h->module)
		return fail("the module nft_quic is not loaded", NULL);
	return fail("no rule with quic is loaded in this network namespace", NULL);
}

static int explain(struct na_explained *x, const struct na_options *o)
{
	char *text, *err = NULL;
	int rc;

	if (make_flights(x, o))
		return -1;
	if (!x->firsts.n)
		return fail("no client's Initial in this capture", o->dir);
	if (has_rules(x->host))
		return -1;
	if (na_copy_read(&x->copy))
		return fail(x->copy.wrong, NULL);
	x->trails = na_need(calloc(x->firsts.n, sizeof(*x->trails)));
	x->iif = na_need(calloc(x->firsts.n, sizeof(*x->iif)));
	for (size_t i = 0; i < x->firsts.n; i++)
		if (place_one(x, o, i))
			return -1;
	na_first_names(&x->firsts);
	text = na_nft("list ruleset", NA_STATELESS, &err);
	if (!text) {
		rc = fail("the rules cannot be read", err);
		free(err);
		return rc;
	}
	rc = na_copy_enter(&x->copy);
	if (rc)
		fail(x->copy.wrong, rc == -EPERM ? "it takes root, or CAP_SYS_ADMIN" : NULL);
	else
		rc = load(x, text);
	free(text);
	tell_lost(x);
	return rc ? rc : replay(x);
}

int na_explain(const struct na_options *o)
{
	struct na_explained x = {.host = na_need(calloc(1, sizeof(*x.host)))};
	int rc = NA_ERRORS;
	json_t *j;

	if (!o->dir == !(o->n_alpn || o->n_sni)) {
		fail("either a capture, or --alpn and --sni", NULL);
		free(x.host);
		return rc;
	}
	x.left_out = na_need(json_array());
	x.host->module = na_module_version();
	x.host->rs = na_ruleset_load(&x.host->rs_err);
	na_listeners_read(x.host);
	na_services_read(x.host);
	x.copy.packet = x.copy.raw[0] = x.copy.raw[1] = -1;
	if (!explain(&x, o)) {
		rc = na_explain_rc(&x);
		if (o->json) {
			j = na_explain_json(&x);
			json_dumpf(j, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
			putchar('\n');
			json_decref(j);
		} else {
			na_explain_text(stdout, &x);
		}
	}
	for (size_t i = 0; x.trails && i < x.firsts.n; i++)
		na_trail_free(&x.trails[i]);
	free(x.trails);
	free(x.iif);
	na_firsts_free(&x.firsts);
	na_copy_free(&x.copy);
	na_ruleset_free(x.copied);
	json_decref(x.left_out);
	na_host_free(x.host);
	return rc;
}
