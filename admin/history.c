// SPDX-License-Identifier: GPL-2.0-or-later
#include "history.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

#define DIR "/run/nft-quic"

void na_history_parse(struct na_history *hist, const char *text)
{
	char *end;

	memset(hist, 0, sizeof(*hist));
	for (size_t i = 0; i < 2; i++) {
		hist->sample[i].at = strtod(text, &end);
		if (end == text || *end != '\n' || !(hist->sample[i].at > 0)) {
			hist->sample[i].at = 0;
			return;
		}
		na_counts_parse(&hist->sample[i].counts, end + 1);
		/* behind the line of names and that of values */
		for (int n = 0; n < 3 && end; n++)
			end = strchr(end + (n != 0), '\n');
		if (!end)
			return;
		text = end + 1;
	}
}

char *na_history_print(const struct na_history *hist)
{
	struct na_buf b;

	na_buf_open(&b);
	for (size_t i = 0; i < 2; i++) {
		const struct na_counts *c = &hist->sample[i].counts;

		if (!(hist->sample[i].at > 0))
			continue;
		fprintf(b.f, "%.1f\n", hist->sample[i].at);
		for (size_t k = 0; k < c->n; k++)
			fprintf(b.f, "%s ", c->c[k].name);
		fputc('\n', b.f);
		for (size_t k = 0; k < c->n; k++)
			fprintf(b.f, "%llx ", c->c[k].value);
		fputc('\n', b.f);
	}
	return na_take(&b);
}

/* A counter that is lower now is of another load of the module. */
static bool fits(const struct na_sample *s, const struct na_sample *now)
{
	if (!(s->at > 0) || s->at >= now->at || now->at - s->at > NA_HISTORY_MAX)
		return false;
	return na_count(&s->counts, "initials") <= na_count(&now->counts, "initials") &&
	       na_count(&s->counts, "unasked") <= na_count(&now->counts, "unasked");
}

const struct na_sample *na_history_base(const struct na_history *hist, const struct na_sample *now)
{
	for (size_t i = 0; i < 2; i++)
		if (fits(&hist->sample[i], now))
			return &hist->sample[i];
	return NULL;
}

bool na_history_add(struct na_history *hist, const struct na_sample *now)
{
	size_t newest = hist->sample[1].at > 0;

	if (fits(&hist->sample[newest], now) && now->at - hist->sample[newest].at < NA_HISTORY_STEP)
		return false;
	if (!fits(&hist->sample[newest], now))
		memset(hist, 0, sizeof(*hist));
	else if (newest)
		hist->sample[0] = hist->sample[1];
	hist->sample[hist->sample[0].at > 0] = *now;
	return true;
}

static void save(const char *path, const struct na_history *hist)
{
	char *text = na_history_print(hist), *tmp = na_printf("%s.%d", path, (int)getpid());
	FILE *f;

	mkdir(DIR, 0700);
	f = fopen(tmp, "we");
	if (f) {
		fputs(text, f);
		if (fclose(f) || rename(tmp, path))
			unlink(tmp);
	}
	free(text);
	free(tmp);
}

double na_history_recent(const struct na_counts *counts, struct na_counts *then)
{
	struct na_sample now = {.counts = *counts};
	const struct na_sample *base;
	struct na_history hist;
	struct timespec t;
	struct stat st;
	double ago = 0;
	char *path, *text;

	if (!counts->n || stat("/proc/thread-self/ns/net", &st))
		return 0;
	clock_gettime(CLOCK_BOOTTIME, &t);
	now.at = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	path = na_printf(DIR "/%lu.counts", (unsigned long)st.st_ino);
	text = na_read_file(path, NULL);
	na_history_parse(&hist, text ? text : "");
	base = na_history_base(&hist, &now);
	if (base) {
		ago = now.at - base->at;
		*then = base->counts;
	}
	if (na_history_add(&hist, &now))
		save(path, &hist);
	free(text);
	free(path);
	return ago;
}
