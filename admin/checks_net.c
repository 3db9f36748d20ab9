// SPDX-License-Identifier: GPL-2.0-or-later
/* Targets of rules, and what stands between them and their clients. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "doctor.h"
#include "eval.h"
#include "serves.h"
#include "text.h"

#define DAY 86400

static bool is(const char *a, const char *b)
{
	return !strcmp(a, b);
}

/* Calls @one for each local target once for each form and family of rule. */
static void each_target(const struct na_host *h, struct na_found *f,
			void (*one)(const struct na_host *h, const struct na_way *w,
				    struct na_found *f))
{
	bool *seen;

	if (!na_has_rules(h, f))
		return;
	seen = na_need(calloc(1 << 16, 6));
	for (size_t i = 0; i < h->ways.n; i++) {
		const struct na_way *w = &h->ways.way[i];
		const char *family = w->rule->chain->family;
		size_t at = (size_t)w->port * 6 + (w->how == NA_NAT ? 3 : 0) +
			    (is(family, "ip")	 ? 1
			     : is(family, "ip6") ? 2
						 : 0);

		if (!na_way_is_local(h, w) || w->port > 65535 || seen[at])
			continue;
		seen[at] = true;
		one(h, w, f);
	}
	free(seen);
}

/* Of services beside the loopback's that do not take what comes by a way, one finding. */
static void put_missing(const struct na_way *w, const struct na_serves *s, struct na_found *f)
{
	const struct na_chain *c = w->rule->chain;
	char addr[INET6_ADDRSTRLEN] = "";

	na_listener_bound(s->other, addr, sizeof(addr));
	if (s->l && s->family)
		na_found_add(f, NA_NOTE, "UDP port %d, where %s %s %s leads to, is not open for %s",
			     w->port, c->family, c->table, c->name, s->missing);
	else
		na_found_add(f, NA_FAULT,
			     "nobody takes %s at UDP port %d, where %s %s %s leads to: %s listens "
			     "at %s",
			     s->missing, w->port, c->family, c->table, c->name,
			     s->other->comm ? s->other->comm : "a process", addr);
}

static void has_listener(const struct na_host *h, const struct na_way *w, struct na_found *f)
{
	const struct na_chain *c = w->rule->chain;
	struct na_serves s;

	na_way_serves(h, w, &s);
	if (!s.l && !s.other)
		na_found_add(f, NA_FAULT, "nobody listens on UDP port %d, where %s %s %s leads to",
			     w->port, c->family, c->table, c->name);
	else if (!s.l && c->hook && is(c->hook, "prerouting") && na_host_only_loopback(h, w->port))
		na_found_add(f, NA_FAULT,
			     "UDP port %d, where %s %s %s leads to, listens on the loopback alone",
			     w->port, c->family, c->table, c->name);
	else if (*s.missing)
		put_missing(w, &s, f);
}

/* A port may be served at one rule's address and not at another's: each rule is looked at. */
void na_check_services(const struct na_host *h, struct na_found *f)
{
	if (h->no_sockets)
		na_found_add(f, NA_NOTE, "not checked, as /proc/net/udp cannot be read");
	else if (na_has_rules(h, f))
		for (size_t i = 0; i < h->ways.n; i++)
			if (na_way_is_local(h, &h->ways.way[i]))
				has_listener(h, &h->ways.way[i], f);
	if (!h->root)
		na_found_add(f, NA_NOTE,
			     "quicd's services that run are not seen, as only root sees whose "
			     "sockets these are");
}

/* Does a packet that is at a rule of one family come to a chain of the other? */
static bool meet(const char *a, const char *b)
{
	return !(is(a, "ip") && is(b, "ip6")) && !(is(a, "ip6") && is(b, "ip"));
}

static void is_let_in(const struct na_host *h, const struct na_way *w, struct na_found *f)
{
	struct na_packet pkt = {.dport = w->port, .untracked = w->how == NA_WRITE};

	for (size_t i = 0; i < h->rs->n_chains; i++) {
		const struct na_chain *c = &h->rs->chain[i];

		if (!c->hook || c->dormant || !is(c->hook, "input") || !c->type ||
		    !is(c->type, "filter") || is(c->family, "bridge") || is(c->family, "netdev") ||
		    is(c->family, "arp") || !meet(w->rule->chain->family, c->family))
			continue;
		if (na_eval_chain(h->rs, c, &pkt) == NA_NO)
			na_found_add(f, NA_FAULT,
				     "%s %s %s lets no client through to UDP port %d%s", c->family,
				     c->table, c->name, w->port,
				     pkt.untracked ? ", as ct state untracked" : "");
	}
}

void na_check_input(const struct na_host *h, struct na_found *f)
{
	each_target(h, f, is_let_in);
}

static unsigned long long sysctl(const char *name)
{
	char *path = na_printf("/proc/sys/net/netfilter/%s", name);
	long long n = na_read_number(path);

	free(path);
	return n < 0 ? 0 : (unsigned long long)n;
}

static void near_limit(const struct na_host *h, struct na_found *f, const char *gauge,
		       const char *limit)
{
	char *name = na_printf("nft_quic/%s", limit);
	unsigned long long now = na_count(&h->counts, gauge), most = sysctl(name);

	if (most && now > most / 10 * 9)
		na_found_add(f, NA_WARN, "%s is %llu, the limit %s is %llu", gauge, now, limit,
			     most);
	free(name);
}

/* Counters never go back: some drops of long ago are no news, one in a thousand Initials is. */
void na_check_limits(const struct na_host *h, struct na_found *f)
{
	static const char *const hits[] = {"overload", "evicted", "lookups_spent", "unfollowed"};
	unsigned long long all = na_count(&h->counts, "initials") +
				 na_count(&h->counts, "zero_rtt"),
			   n;

	for (size_t i = 0; i < sizeof(hits) / sizeof(hits[0]); i++) {
		n = na_count(&h->counts, hits[i]);
		if (n && n * 1000 >= all)
			na_found_add(f, NA_WARN, "%s: %llu of %llu since the module was loaded",
				     hits[i], n, all);
	}
	near_limit(h, f, "holding_flows", "hold_flows");
	near_limit(h, f, "holding_bytes", "hold_bytes");
	n = sysctl("nf_conntrack_max");
	if (n && sysctl("nf_conntrack_count") > n / 10 * 9)
		na_found_add(f, NA_WARN, "conntrack has %llu entries of at most %llu",
			     sysctl("nf_conntrack_count"), n);
}

static void is_valid(const struct na_service *s, const char *cert, struct na_found *f)
{
	time_t now = time(NULL), when = na_cert_expires(cert);
	char *shown = na_shown(cert);

	if (when < 0)
		na_found_add(f, s->pid ? NA_WARN : NA_NOTE, "%s: %s cannot be read", s->name,
			     shown);
	else if (when < now)
		na_found_add(f, s->pid ? NA_FAULT : NA_NOTE, "%s: %s has expired", s->name, shown);
	else if (when < now + 14 * DAY)
		na_found_add(f, s->pid ? NA_WARN : NA_NOTE, "%s: %s expires in %lld days", s->name,
			     shown, (long long)(when - now) / DAY);
	free(shown);
}

void na_check_certificates(const struct na_host *h, struct na_found *f)
{
	for (size_t i = 0; i < h->n_services; i++)
		for (size_t k = 0; k < h->service[i].n_certs; k++)
			is_valid(&h->service[i], h->service[i].cert[k], f);
}

static void is_remembered(const struct na_host *h, const struct na_way *w, struct na_found *f)
{
	unsigned long long s = sysctl("nf_conntrack_udp_timeout_stream");
	const struct na_service *service = na_host_service(h, w->port);

	if (w->how == NA_NAT && s && service && service->pid && service->idle_s >= (double)s)
		na_found_add(f, NA_WARN, "%s: idle-timeout is %g s, conntrack forgets after %llu s",
			     service->name, service->idle_s, s);
}

void na_check_conntrack(const struct na_host *h, struct na_found *f)
{
	each_target(h, f, is_remembered);
}

static void is_fast(const struct na_host *h, const struct na_way *w, struct na_found *f)
{
	for (size_t i = 0; i < h->n_listeners; i++) {
		const struct na_listener *l = &h->listener[i];

		if (l->port == w->port && l->drops)
			na_found_add(
				f, NA_WARN,
				"UDP port %d, %s: %llu datagrams found the receive buffer full",
				l->port, l->comm ? l->comm : "?", l->drops);
	}
}

void na_check_buffers(const struct na_host *h, struct na_found *f)
{
	each_target(h, f, is_fast);
}

static bool is_strict(const char *dev)
{
	char *path = na_printf("/proc/sys/net/ipv4/conf/%s/rp_filter", dev);
	long long all = na_read_number("/proc/sys/net/ipv4/conf/all/rp_filter");
	long long own = na_read_number(path);

	free(path);
	return (all > own ? all : own) == 1;
}

/* With one uplink a strict filter is right. */
void na_check_rp_filter(const struct na_host *h, struct na_found *f)
{
	char *text = na_read_file("/proc/thread-self/net/route", NULL), dev[32], first[32] = "";
	bool several = false;

	if (!na_has_rules(h, f) || !h->ways.n || !text) {
		free(text);
		return;
	}
	for (int round = 0; round < 2; round++) {
		for (const char *line = strchr(text, '\n'); line; line = strchr(line, '\n')) {
			unsigned int to, via;

			line++;
			if (sscanf(line, "%31s %x %x", dev, &to, &via) != 3 || to)
				continue;
			if (!round && !*first)
				strcpy(first, dev);
			several |= strcmp(first, dev) != 0;
			if (round && several && is_strict(dev))
				na_found_add(f, NA_WARN,
					     "%s has a default route beside others, and a strict "
					     "rp_filter",
					     dev);
		}
	}
	free(text);
}
