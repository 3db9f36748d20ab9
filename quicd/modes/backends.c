// SPDX-License-Identifier: GPL-2.0-or-later
#include "backends.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../server/config.h"
#include "../server/loader.h"
#include "../server/worker.h"
#include "backend.h"

#define FAIL_WINDOW (10 * NS_PER_S)
#define ASIDE_TIME  (10 * NS_PER_S)

const char *const balance_names[] = {"order", "round-robin", NULL};

int backends_parse(struct backends *b, const char *value, int line, char *why)
{
	struct backend *new = &b->one[b->n];

	if (!value[0] || b->n == BACKENDS_MAX) {
		snprintf(why, CONF_WHY_MAX, value[0] ? "more than %d backends" : "empty",
			 BACKENDS_MAX);
		return -EINVAL;
	}
	new->text = strdup(value);
	if (!new->text)
		return -ENOMEM;
	new->line = line;
	b->n++;
	return 0;
}

void backends_check(struct loader *l, const char *section, struct backends *b)
{
	int line = config_line(l->c, section, "balance");
	char why[CONF_WHY_MAX];

	for (int i = 0; i < b->n; i++) {
		struct backend *one = &b->one[i];

		for (int j = 0; j < i; j++)
			if (!strcmp(one->text, b->one[j].text))
				loader_complain(l, one->line,
						"backend = %s: was given before, in line %d",
						one->text, b->one[j].line);
		if (resolve_backend(one->text, &one->addrs, why, sizeof(why)))
			loader_complain(l, one->line, "backend = %s: %s", one->text, why);
	}
	if (line && b->n < 2)
		loader_complain(l, line, "balance needs more than one backend");
}

void backends_free(struct backends *b)
{
	for (int i = 0; i < b->n; i++)
		free(b->one[i].text);
}

static bool is_aside(struct backend *b, uint64_t now)
{
	return now < atomic_load_explicit(&b->aside_until, memory_order_relaxed);
}

void backends_pick(struct backends *b, struct backend_pick *p, uint64_t now)
{
	unsigned int turn = 0;
	bool aside[BACKENDS_MAX];

	if (b->balance == BALANCE_ROUND_ROBIN)
		turn = atomic_fetch_add_explicit(&b->turn, 1, memory_order_relaxed);
	for (int i = 0; i < b->n; i++)
		aside[i] = is_aside(&b->one[i], now);
	p->of = b;
	p->n = p->at = 0;
	/* Each group takes its own turns: else the one behind a missing one had the turns of both.
	 */
	for (int group = 0; group < 2; group++) {
		uint8_t member[BACKENDS_MAX];
		unsigned int n = 0;

		for (int i = 0; i < b->n; i++)
			if (aside[i] == group)
				member[n++] = (uint8_t)i;
		for (unsigned int i = 0; i < n; i++)
			p->order[p->n++] = member[(turn % n + i) % n];
	}
}

static struct backend *present(const struct backend_pick *p)
{
	return &p->of->one[p->order[p->at]];
}

const struct backend_addrs *backends_addrs(const struct backend_pick *p)
{
	return &present(p)->addrs;
}

bool backend_note_failure(struct backend *b, uint64_t now)
{
	unsigned int n = atomic_fetch_add(&b->nfailed, 1);
	uint64_t oldest;

	atomic_store(&b->failed[n % BACKEND_FAILS_MAX], now);
	oldest = atomic_load(&b->failed[(n + 1) % BACKEND_FAILS_MAX]);
	if (!oldest || now - oldest > FAIL_WINDOW)
		return false;
	/* Failures of tries that were under way do not lengthen the time. */
	if (is_aside(b, now))
		return false;
	atomic_store(&b->aside_until, now + ASIDE_TIME);
	return true;
}

bool backends_failed(struct conn *c, struct backend_pick *p)
{
	struct backend *b = present(p);
	struct server *s = c->worker->server;
	int err = errno;

	/* Without descriptors of our own the next one cannot be reached, either. */
	if (p->of->n == 1 || err == EMFILE || err == ENFILE) {
		backend_failed(c, &b->addrs);
		return false;
	}
	STAT_INC(&c->worker->stats, backend_fail);
	if (backend_note_failure(b, clock_now()))
		log_warn("backend %s: %s; put aside for 10 s", b->text, strerror(err));
	else
		log_debug("%s: backend %s: %s", c->peer, b->text, strerror(err));
	if (p->at + 1 < p->n) {
		p->at++;
		return true;
	}
	if (!atomic_exchange(&s->backend_down, true))
		log_warn("none of %d backends answers; streams are reset until one does", p->of->n);
	return false;
}

void backends_worked(struct conn *c, struct backend_pick *p)
{
	struct backend *b = present(p);

	backend_worked(c);
	if (atomic_load_explicit(&b->aside_until, memory_order_relaxed) &&
	    atomic_exchange(&b->aside_until, 0))
		log_info("backend %s answers again", b->text);
}
