// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin.h"
#include "text.h"

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool has_line(const char *text, const char *line, size_t len)
{
	for (const char *p = text; p && *p; p = *p ? p + 1 : p) {
		size_t n = strcspn(p, "\n");

		if (n == len && !memcmp(p, line, len))
			return true;
		p += n;
	}
	return false;
}

/* A line that the time before did not have is marked. */
static void put_marked(const char *text, const char *before)
{
	for (const char *p = text; *p; p += *p == '\n') {
		size_t n = strcspn(p, "\n");

		printf("%c %.*s\n", before && n && !has_line(before, p, n) ? '*' : ' ', (int)n, p);
		p += n;
	}
}

static void put_rates(const struct na_counts *c, const struct na_counts *before, double s)
{
	bool any = false;

	printf("\n  In the last %.1f s:\n", s);
	for (size_t i = 0; i < c->n; i++) {
		unsigned long long old = na_count(before, c->c[i].name);

		if (na_is_gauge(c->c[i].name) || c->c[i].value <= old)
			continue;
		printf("* %-18s %.1f/s\n", c->c[i].name, (double)(c->c[i].value - old) / s);
		any = true;
	}
	if (!any)
		puts("  nothing");
}

/* One whose screen can be cleared. */
static bool is_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

int na_watch(const struct na_options *o)
{
	bool terminal = is_terminal();
	struct sigaction sa = {.sa_handler = stop};
	struct na_counts counts = {0};
	char *before = NULL;
	double then = 0;
	int rc = NA_OK;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	for (unsigned int n = 0; !stopped; n++) {
		struct na_host *h = na_host_read(NA_ELEMS_SHOWN);
		double at = now();
		struct na_buf b;
		char *text;

		na_buf_open(&b);
		na_status_text(b.f, h);
		text = na_take(&b);
		if (terminal)
			fputs("\033[H\033[2J", stdout);
		put_marked(text, before);
		if (before)
			put_rates(&h->counts, &counts, at - then);
		fflush(stdout);
		rc = na_status_rc(h);
		counts = h->counts;
		then = at;
		na_host_free(h);
		free(before);
		before = text;
		if (n + 1 == o->count || ferror(stdout))
			break;
		sleep(o->interval_s);
	}
	free(before);
	return rc;
}
