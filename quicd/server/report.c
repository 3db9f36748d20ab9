// SPDX-License-Identifier: GPL-2.0-or-later
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/quicver.h"
#include "access.h"
#include "expiry.h"
#include "mode.h"
#include "worker.h"

static const double quantiles[] = {0.5, 0.9, 0.99};

static struct stats *sum(const struct server *s)
{
	struct stats *total = calloc(1, sizeof(*total));

	for (uint64_t i = 0; total && i < s->config->workers; i++)
		stats_sum(total, &s->workers[i]->stats);
	if (!total)
		return NULL;
	STAT_ADD(total, access_lost, access_lost(s->access));
	STAT_ADD(total, upgrades_failed, atomic_load(&s->upgrades_failed));
	STAT_ADD(total, earlier, atomic_load(&s->links.live));
	return total;
}

/* The length of the character of UTF-8 that @p begins with, or 0. */
static size_t utf8_len(const unsigned char *p)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	/* Neither longer than need be, nor a surrogate, nor behind U+10FFFF. */
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	else if (p[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (p[i] < low || p[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return len;
}

void report_label(FILE *f, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		size_t len = utf8_len(p);

		if (!len)
			fprintf(f, "\\\\x%02x", *p);
		else if (*p == '"' || *p == '\\')
			fprintf(f, "\\%c", *p);
		else
			fwrite(p, 1, len, f);
		p += len ? len : 1;
	}
}

/* The label that each sample has; the caller frees it. */
static char *make_label(const struct server *s)
{
	char *label = NULL;
	size_t len;
	FILE *f = open_memstream(&label, &len);

	if (!f)
		return NULL;
	fputs("service=\"", f);
	report_label(f, s->config->name);
	fputc('"', f);
	fclose(f);
	return label;
}

static void put_sample(FILE *f, const char *label, const char *name, const char *suffix,
		       uint64_t value)
{
	fprintf(f, "quicd_%s%s{%s} %" PRIu64 "\n", name, suffix, label, value);
}

void report_metrics(FILE *f, const struct server *s)
{
	struct stats *t = sum(s);
	char *label = t ? make_label(s) : NULL;

	if (!label) {
		free(t);
		return;
	}
#define X(field, name, help)                                                                       \
	fprintf(f, "# TYPE quicd_%s counter\n# HELP quicd_%s %s.\n", #name, #name, help);          \
	put_sample(f, label, #name, "_total", STAT_GET(t, field));
	STATS_COUNTERS(X)
#undef X
#define X(field, name, help)                                                                       \
	fprintf(f, "# TYPE quicd_%s gauge\n# HELP quicd_%s %s.\n", #name, #name, help);            \
	put_sample(f, label, #name, "", STAT_GET(t, field));
	STATS_GAUGES(X)
#undef X
	fprintf(f, "# TYPE quicd_rtt_seconds summary\n# UNIT quicd_rtt_seconds seconds\n"
		   "# HELP quicd_rtt_seconds Smoothed RTT of connections when they ended.\n");
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		fprintf(f, "quicd_rtt_seconds{%s,quantile=\"%g\"} %.6f\n", label, quantiles[i],
			stats_rtt_quantile(t, quantiles[i]) / 1e6);
	}
	put_sample(f, label, "rtt_seconds", "_count", stats_rtt_count(t));
	expiry_print(f, s->tls, label);
	if (s->config->mode->access_log)
		hist_print(f, &t->hist, label, s->config->mode->access_requests);
	fprintf(f, "# EOF\n");
	free(label);
	free(t);
}

void report_status(FILE *f, const struct server *s)
{
	const struct config *c = s->config;
	struct stats *t = sum(s);

	if (!t)
		return;
	fprintf(f, "service: %s\nmode: %s\nworkers: %" PRIu64 "\n", c->name, c->mode->name,
		c->workers);
	fprintf(f, "process: %d\ngeneration: %u\n", (int)getpid(), s->generation);
	for (size_t i = 0; i < c->nlisten; i++)
		fprintf(f, "listen: %s\n", c->listen[i].text);
	fprintf(f, "alpn:");
	for (size_t i = 0; i < c->alpn.n; i++)
		fprintf(f, " %s", c->alpn.item[i]);
	fprintf(f, "\nngtcp2: %s\n", ngtcp2_version(0)->version_str);
#define X(field, name, help) fprintf(f, "%s: %" PRIu64 "\n", #name, STAT_GET(t, field));
	STATS_GAUGES(X)
	STATS_COUNTERS(X)
#undef X
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		fprintf(f, "rtt_p%g_ms: %.3f\n", 100 * quantiles[i],
			stats_rtt_quantile(t, quantiles[i]) / 1e3);
	if (!QUICVER_HAVE_LOSS)
		fprintf(f, "note: this ngtcp2 does not count lost packets\n");
	free(t);
}
