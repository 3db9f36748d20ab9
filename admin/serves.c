// SPDX-License-Identifier: GPL-2.0-or-later
#include "serves.h"

#include <arpa/inet.h>
#include <string.h>

#include "eval.h"

#define DESTS_MAX 64

/* A destination: an address, or one of those that a kind of client comes to. */
struct dest {
	bool ip6;
	enum { KNOWN, OUTSIDE, LOOPBACK, ANYWHERE } where;
	unsigned char addr[16];
};

struct dests {
	struct dest d[DESTS_MAX];
	size_t n;
	bool ip, ip6; /* families that come by */
};

static const json_t *get(const json_t *j, const char *key)
{
	return json_object_get(j, key);
}

static bool read_address(const char *text, struct dest *d)
{
	memset(d, 0, sizeof(*d));
	d->where = KNOWN;
	if (!text)
		return false;
	d->ip6 = strchr(text, ':') != NULL;
	return inet_pton(d->ip6 ? AF_INET6 : AF_INET, text, d->addr) == 1;
}

/* Clients from outside do not come to the loopback. */
static bool is_own(const struct na_host *h, const struct dest *d, const struct na_chain *c)
{
	bool out = c->hook && !strcmp(c->hook, "output");

	for (size_t i = 0; i < h->n_addrs; i++)
		if (h->addr[i].ip6 == d->ip6 && (out || !h->addr[i].loopback) &&
		    !memcmp(h->addr[i].addr, d->addr, 16))
			return true;
	return false;
}

bool na_way_is_local(const struct na_host *h, const struct na_way *w)
{
	struct dest d;

	if (w->how == NA_VERDICT || !w->port || w->rule->chain->dormant)
		return false;
	return !w->host || (read_address(w->host, &d) && is_own(h, &d, w->rule->chain));
}

/* Addresses that the rule asks for by name; false if these are not all. */
static bool named(struct dests *ds, const json_t *right)
{
	const json_t *list = get(right, "set"), *v;
	bool all = true;
	size_t i;

	if (json_is_string(right)) {
		if (ds->n == DESTS_MAX || !read_address(json_string_value(right), &ds->d[ds->n]))
			return false;
		ds->n++;
		return true;
	}
	json_array_foreach(list, i, v) all &= named(ds, na_elem_key(v));
	return list && all;
}

static void narrow(struct dests *ds, const char *family)
{
	ds->ip &= strcmp(family, "ip6") != 0;
	ds->ip6 &= strcmp(family, "ip") != 0;
}

/* The rule's matches. */
static void by_rule(struct dests *ds, const struct na_rule *r)
{
	const json_t *s, *m, *left, *right;
	const char *proto, *field, *op;
	size_t i, n;

	json_array_foreach(r->expr, i, s)
	{
		m = get(s, "match");
		left = get(m, "left");
		right = get(m, "right");
		op = json_string_value(get(m, "op"));
		proto = json_string_value(get(get(left, "payload"), "protocol"));
		field = json_string_value(get(get(left, "payload"), "field"));
		if (proto && (!strcmp(proto, "ip") || !strcmp(proto, "ip6")))
			narrow(ds, proto);
		if (na_is_other(op))
			continue;
		if (na_word_in(get(get(left, "meta"), "key"), "nfproto") && json_is_string(right))
			narrow(ds, na_word_in(right, "ipv6") ? "ip6" : "ip");
		n = ds->n;
		if (proto && field && !strcmp(field, "daddr") && !named(ds, right))
			ds->n = n;
	}
}

static void dests_of(struct dests *ds, const struct na_way *w)
{
	const struct na_chain *c = w->rule->chain;
	bool out = c->hook && !strcmp(c->hook, "output");
	bool pre = c->hook && !strcmp(c->hook, "prerouting");

	memset(ds, 0, sizeof(*ds));
	ds->ip = ds->ip6 = true;
	narrow(ds, c->family);
	by_rule(ds, w->rule);
	if (w->host) {
		ds->n = read_address(w->host, &ds->d[0]);
		return;
	}
	/* a redirect writes an address of the device that the packet came by, or the loopback's */
	if (ds->n && w->how == NA_WRITE)
		return;
	ds->n = 0;
	for (int ip6 = 0; ip6 < 2; ip6++)
		if (ip6 ? ds->ip6 : ds->ip)
			ds->d[ds->n++] =
				(struct dest){.ip6 = ip6,
					      .where = pre			 ? OUTSIDE
						       : out && w->how == NA_NAT ? LOOPBACK
										 : ANYWHERE};
}

static bool gets(const struct na_listener *l, const struct dest *d)
{
	static const unsigned char any[16];

	if (!l->loopback && !memcmp(l->addr, any, sizeof(any)))
		return l->ip6 || !d->ip6;
	if (l->ip6 != d->ip6)
		return false;
	switch (d->where) {
	case KNOWN:
		return !memcmp(l->addr, d->addr, sizeof(any));
	case OUTSIDE:
		return !l->loopback;
	case LOOPBACK:
		return l->loopback;
	default:
		return true;
	}
}

/* Families that this host has no address of are not missed. */
static bool is_missed(const struct na_host *h, const struct dest *d)
{
	if (d->where == KNOWN || !d->ip6)
		return true;
	for (size_t i = 0; i < h->n_addrs; i++)
		if (h->addr[i].ip6 && (d->where != OUTSIDE || !h->addr[i].loopback))
			return true;
	return false;
}

static void miss(struct na_serves *s, const struct dest *d)
{
	s->family = d->where != KNOWN;
	if (s->family)
		strcpy(s->missing, d->ip6 ? "IPv6" : "IPv4");
	else
		inet_ntop(d->ip6 ? AF_INET6 : AF_INET, d->addr, s->missing, sizeof(s->missing));
}

void na_way_serves(const struct na_host *h, const struct na_way *w, struct na_serves *s)
{
	struct dests ds;

	memset(s, 0, sizeof(*s));
	dests_of(&ds, w);
	for (size_t i = 0; i < ds.n; i++) {
		const struct na_listener *found = NULL;

		for (size_t k = 0; k < h->n_listeners; k++) {
			const struct na_listener *l = &h->listener[k];

			if (l->port != w->port)
				continue;
			if (gets(l, &ds.d[i]) && (!found || l->pid))
				found = l;
			s->other = l;
		}
		if (found && !s->l)
			s->l = found;
		if (!found && !*s->missing && is_missed(h, &ds.d[i]))
			miss(s, &ds.d[i]);
	}
	if (s->l && !*s->missing)
		s->other = NULL;
}
