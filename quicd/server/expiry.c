// SPDX-License-Identifier: GPL-2.0-or-later
#include "expiry.h"

#include <gnutls/x509.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "report.h"
#include "tls_load.h"

#define WARN_DAYS   21
#define DAY_SECONDS 86400

/* The first end in the chain of pair @i: with it clients refuse the whole. -1: none is known. */
static time_t chain_end(const struct tls *t, unsigned int i)
{
	gnutls_x509_crt_t *chain;
	unsigned int n;
	time_t first = -1;

	if (gnutls_certificate_get_x509_crt(t->cred, i, &chain, &n))
		return -1;
	for (unsigned int j = 0; j < n; j++) {
		time_t end = gnutls_x509_crt_get_expiration_time(chain[j]);

		if (first == -1 || end < first)
			first = end;
		gnutls_x509_crt_deinit(chain[j]);
	}
	gnutls_free(chain);
	return first;
}

uint64_t expiry_warn(const struct tls *t)
{
	time_t now = time(NULL);

	for (unsigned int i = 0; i < t->config->cert.n; i++) {
		time_t end = chain_end(t, i);
		char date[32];
		struct tm tm;

		if (end == -1 || end > now + WARN_DAYS * DAY_SECONDS)
			continue;
		gmtime_r(&end, &tm);
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm);
		if (end <= now)
			log_warn("certificate %s has ended on %s", t->config->cert.item[i], date);
		else
			log_warn("certificate %s ends on %s, in %d days", t->config->cert.item[i],
				 date, (int)((end - now) / DAY_SECONDS));
	}
	return clock_wall() + NS_PER_DAY;
}

static void print_gauge(FILE *f, const char *name, const char *help)
{
	fprintf(f, "# TYPE quicd_%s gauge\n# UNIT quicd_%s seconds\n# HELP quicd_%s %s.\n", name,
		name, name, help);
}

static void print_time(FILE *f, const char *name, const char *label, const char *file, time_t end)
{
	if (end == (time_t)-1 || end == (time_t)-2)
		return;
	fprintf(f, "quicd_%s{%s,file=\"", name, label);
	report_label(f, file);
	fprintf(f, "\"} %" PRId64 "\n", (int64_t)end);
}

/* One file may serve several names: two samples with the same labels are none. */
static bool was_before(const struct string_list *files, unsigned int i)
{
	for (unsigned int j = 0; j < i; j++)
		if (!strcmp(files->item[j], files->item[i]))
			return true;
	return false;
}

/* 0, which alerts see, if the response had ended or was of another certificate when loaded. */
static time_t ocsp_end(const struct tls *t, unsigned int i)
{
	time_t end = gnutls_certificate_get_ocsp_expiration(t->cred, i, 0, 0);

	return end < 0 ? 0 : end;
}

void expiry_print(FILE *f, const struct tls *t, const char *label)
{
	const struct config *c = t->config;

	print_gauge(f, "certificate_expiry_timestamp_seconds",
		    "When the first certificate of the file's chain ends");
	for (unsigned int i = 0; i < c->cert.n; i++)
		if (!was_before(&c->cert, i))
			print_time(f, "certificate_expiry_timestamp_seconds", label,
				   c->cert.item[i], chain_end(t, i));
	if (!c->ocsp.n)
		return;
	print_gauge(f, "ocsp_expiry_timestamp_seconds",
		    "When the OCSP response in the file ends, 0 if it is not sent");
	for (unsigned int i = 0; i < c->ocsp.n; i++)
		if (tls_has_ocsp(c, i) && !was_before(&c->ocsp, i))
			print_time(f, "ocsp_expiry_timestamp_seconds", label, c->ocsp.item[i],
				   ocsp_end(t, i));
}
