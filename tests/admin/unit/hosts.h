/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts that are made up, and what a check finds there. */
#ifndef HOSTS_H
#define HOSTS_H

#include "unit.h"

#include "boot.h"
#include "doctor.h"

#define BASE_OF(family, name, hook, type, policy)                                                  \
	"{'chain': {'family': '" family "', 'table': 't', 'name': '" name "', 'type': '" type      \
	"', 'hook': '" hook "', 'prio': 0, 'policy': '" policy "'}},"
#define REDIRECT(family, name, port)                                                               \
	"{'rule': {'family': '" family "', 'table': 't', 'chain': '" name                          \
	"', 'handle': 1, 'expr': [" QUIC("sni", "'a'") ", {'redirect': {'port': " port "}}]}},"

/* A boot without a unit, so that nothing depends on this machine's. */
static struct na_boot no_boot;

static inline struct na_host host_of(const char *objects)
{
	struct na_host h = {
		.rs = ruleset_of(objects), .knows_quic = true, .root = true, .boot = &no_boot};

	na_ways_read(h.rs, &h.ways);
	return h;
}

static inline void host_end(struct na_host *h)
{
	na_ways_free(&h->ways);
	na_ruleset_free(h->rs);
}

/* The findings of a check, one a line. */
static inline char *found_by(void (*check)(const struct na_host *h, struct na_found *f),
			     const struct na_host *h)
{
	struct na_found f = {.list = json_array()};
	struct na_buf b;
	const json_t *v;
	size_t i;

	na_buf_open(&b);
	check(h, &f);
	json_array_foreach(f.list, i, v)
		fprintf(b.f, "%s: %s\n", json_string_value(json_object_get(v, "level")),
			json_string_value(json_object_get(v, "text")));
	json_decref(f.list);
	return na_take(&b);
}

static inline int hosts_setup(void **state)
{
	(void)state;
	no_boot.units = json_object();
	no_boot.files = json_array();
	no_boot.optimizing = json_array();
	return 0;
}

static inline int hosts_teardown(void **state)
{
	(void)state;
	na_boot_clear(&no_boot);
	return 0;
}

#endif
