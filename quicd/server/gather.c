// SPDX-License-Identifier: GPL-2.0-or-later
#include "gather.h"

/* It is worth it when it finds two requests: one alone would have had its answer at once. */
static void learn(struct gather *g, uint64_t found)
{
	g->in_vain = found >= 2 ? 0 : 2 * g->in_vain + 1;
	if (g->in_vain > GATHER_SELDOM)
		g->in_vain = GATHER_SELDOM;
	g->skip = g->in_vain;
}

uint64_t gather_wait(struct gather *g, const struct gather_round *r)
{
	uint64_t until = r->begin + GATHER_ROUND;

	if (g->waited)
		learn(g, r->streams);
	g->waited = false;
	if (!r->bytes || r->bytes > GATHER_BYTES || r->pressed)
		return 0;
	if (g->skip) {
		g->skip--;
		return 0;
	}
	g->waited = r->end < until;
	return g->waited ? until - r->end : 0;
}
