// SPDX-License-Identifier: GPL-2.0-or-later
#include "hist.h"

#include <inttypes.h>
#include <stddef.h>

/* Bounds in the unit of the value, and as OpenMetrics has them. */
struct bound {
	uint64_t value;
	const char *text;
};

static const struct bound durations[] = {
	{1000000, "0.001"},    {5000000, "0.005"},    {10000000, "0.01"},   {25000000, "0.025"},
	{50000000, "0.05"},    {100000000, "0.1"},    {250000000, "0.25"},  {500000000, "0.5"},
	{1000000000, "1.0"},   {2500000000, "2.5"},   {5000000000, "5.0"},  {10000000000, "10.0"},
	{30000000000, "30.0"}, {60000000000, "60.0"}, {UINT64_MAX, "+Inf"},
};

static const struct bound sizes[] = {
	{256, "256.0"},
	{1024, "1024.0"},
	{4096, "4096.0"},
	{16384, "16384.0"},
	{65536, "65536.0"},
	{262144, "262144.0"},
	{1048576, "1.048576e+06"},
	{4194304, "4.194304e+06"},
	{16777216, "1.6777216e+07"},
	{67108864, "6.7108864e+07"},
	{268435456, "2.68435456e+08"},
	{1073741824, "1.073741824e+09"},
	{UINT64_MAX, "+Inf"},
};

_Static_assert(sizeof(durations) / sizeof(durations[0]) <= HIST_BUCKETS, "bounds of durations");
_Static_assert(sizeof(sizes) / sizeof(sizes[0]) <= HIST_BUCKETS, "bounds of sizes");

static const struct bound *bounds_of(enum hist_kind kind)
{
	return kind == HIST_DURATION ? durations : sizes;
}

static uint64_t get(const _Atomic uint64_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

static void add(_Atomic uint64_t *n, uint64_t value)
{
	atomic_store_explicit(n, get(n) + value, memory_order_relaxed);
}

void hist_add(struct hist_set *h, unsigned int class, enum hist_kind kind, uint64_t value)
{
	struct hist *to = &h->of[class < HIST_CLASSES ? class : 0][kind];
	const struct bound *b = bounds_of(kind);
	size_t i = 0;

	while (value > b[i].value)
		i++;
	add(&to->bucket[i], 1);
	add(&to->sum, value);
}

void hist_sum(struct hist_set *to, const struct hist_set *from)
{
	for (size_t c = 0; c < HIST_CLASSES; c++)
		for (size_t k = 0; k < HIST_KINDS; k++) {
			for (size_t i = 0; i < HIST_BUCKETS; i++)
				add(&to->of[c][k].bucket[i], get(&from->of[c][k].bucket[i]));
			add(&to->of[c][k].sum, get(&from->of[c][k].sum));
		}
}

static void print_one(FILE *f, const struct hist *h, enum hist_kind kind, const char *name,
		      const char *label)
{
	const struct bound *b = bounds_of(kind);
	uint64_t n = 0, sum = get(&h->sum);

	for (size_t i = 0;; i++) {
		n += get(&h->bucket[i]);
		fprintf(f, "quicd_%s_bucket{%s,le=\"%s\"} %" PRIu64 "\n", name, label, b[i].text,
			n);
		if (b[i].value == UINT64_MAX)
			break;
	}
	fprintf(f, "quicd_%s_count{%s} %" PRIu64 "\n", name, label, n);
	if (kind == HIST_DURATION)
		fprintf(f, "quicd_%s_sum{%s} %" PRIu64 ".%09u\n", name, label, sum / 1000000000,
			(unsigned int)(sum % 1000000000));
	else
		fprintf(f, "quicd_%s_sum{%s} %" PRIu64 "\n", name, label, sum);
}

void hist_print(FILE *f, const struct hist_set *h, const char *label, int requests)
{
	static const char *const classes[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
	static const char *const ends[] = {"ok", "reset", "closed"};
	static const struct {
		const char *name, *unit, *help;
	} kinds[2][HIST_KINDS] = {
		{{"stream_duration_seconds", "seconds", "How long streams lasted"},
		 {"stream_sent_bytes", "bytes", "Bytes sent on a stream"},
		 {"stream_received_bytes", "bytes", "Bytes received on a stream"}},
		{{"http_request_duration_seconds", "seconds",
		  "Time from the header of a request to the end of its stream"},
		 {"http_response_size_bytes", "bytes", "Bytes of response bodies"},
		 {"http_request_size_bytes", "bytes", "Bytes of request bodies"}},
	};
	size_t n = requests ? HIST_CLASSES : sizeof(ends) / sizeof(ends[0]);
	char all[1024];

	for (int k = 0; k < HIST_KINDS; k++) {
		const char *name = kinds[!!requests][k].name;

		fprintf(f, "# TYPE quicd_%s histogram\n# UNIT quicd_%s %s\n# HELP quicd_%s %s.\n",
			name, name, kinds[!!requests][k].unit, name, kinds[!!requests][k].help);
		for (size_t c = 0; c < n; c++) {
			snprintf(all, sizeof(all), "%s,%s=\"%s\"", label,
				 requests ? "class" : "end", requests ? classes[c] : ends[c]);
			print_one(f, &h->of[c][k], (enum hist_kind)k, name, all);
		}
	}
}
