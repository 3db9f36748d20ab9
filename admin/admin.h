/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of nft-quic. */
#ifndef NA_ADMIN_H
#define NA_ADMIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "../inspect/packet.h"
#include "host.h"

/* --alpn and --sni */
#define NA_NAMES_ASKED 32

enum na_exit { NA_OK, NA_WARNINGS, NA_ERRORS };

struct na_options {
	bool json, report;
	const char *only;	 /* doctor: checks, with commas between them */
	unsigned int interval_s; /* watch */
	unsigned int count;	 /* watch: how often, 0 for ever */
	const char *dir;	 /* try: where its files go */
	bool all;		 /* status: each element of large sets, too */
	bool http;		 /* metrics: answer a request on standard input */

	/* explain; its capture is @dir */
	const char *alpn[NA_NAMES_ASKED], *sni[NA_NAMES_ASKED];
	size_t n_alpn, n_sni;
	const char *daddr, *saddr, *iif;
	unsigned int dport; /* 0 if none is said */
	enum qi_net net;
};

/* Each returns an enum na_exit. */
int na_status(const struct na_options *o);
int na_doctor(const struct na_options *o);
int na_watch(const struct na_options *o);
int na_metrics(const struct na_options *o);
int na_try(const struct na_options *o);
int na_explain(const struct na_options *o);

/** na_status_json() - the object that `status --json` prints */
json_t *na_status_json(const struct na_host *h);

/** na_status_text() - the same for people; @before may be NULL, else rates since then are shown */
void na_status_text(FILE *f, const struct na_host *h);

/** na_status_rc() - 0, 1 or 2, as `status` exits */
int na_status_rc(const struct na_host *h);

/** na_is_gauge() - is that one of the module's counters an amount of now, which may go down */
bool na_is_gauge(const char *name);

/** na_metrics_write() - the module's counters as OpenMetrics */
void na_metrics_write(FILE *f, const struct na_counts *counts, const char *module);

#endif
