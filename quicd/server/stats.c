// SPDX-License-Identifier: GPL-2.0-or-later
#include "stats.h"

#include <math.h>

void stats_rtt(struct stats *s, uint64_t ns)
{
	double us = (double)ns / 1000;
	int i = us < 1 ? 0 : (int)(4 * log2(us));

	if (i >= STATS_RTT_BUCKETS)
		i = STATS_RTT_BUCKETS - 1;
	STAT_INC(s, rtt[i]);
}

void stats_sum(struct stats *to, const struct stats *from)
{
#define X(field, name, help) STAT_ADD(to, field, STAT_GET(from, field));
	STATS_COUNTERS(X)
	STATS_GAUGES(X)
#undef X
	for (int i = 0; i < STATS_RTT_BUCKETS; i++)
		STAT_ADD(to, rtt[i], STAT_GET(from, rtt[i]));
	hist_sum(&to->hist, &from->hist);
}

uint64_t stats_rtt_count(const struct stats *s)
{
	uint64_t n = 0;

	for (int i = 0; i < STATS_RTT_BUCKETS; i++)
		n += STAT_GET(s, rtt[i]);
	return n;
}

double stats_rtt_quantile(const struct stats *s, double q)
{
	uint64_t n = stats_rtt_count(s), seen = 0;

	if (!n)
		return 0;
	for (int i = 0; i < STATS_RTT_BUCKETS; i++) {
		seen += STAT_GET(s, rtt[i]);
		if ((double)seen >= q * (double)n)
			return exp2((i + 1) / 4.0);
	}
	return exp2(STATS_RTT_BUCKETS / 4.0);
}
