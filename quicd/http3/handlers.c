// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of all handlers, and what is done for each of them. */
#include <errno.h>
#include <stdlib.h>

#include "../server/worker.h"
#include "handler.h"

/* A handler is a line here. They are asked in this order. */
#define HANDLERS(X)                                                                                \
	X(redirect)                                                                                \
	X(proxy)                                                                                   \
	X(static)

#define X(name) extern const struct h3_handler h3_##name;
HANDLERS(X)
#undef X

#define X(name) &h3_##name,
static const struct h3_handler *const handlers[] = {HANDLERS(X)};
#undef X

#define NHANDLERS (sizeof(handlers) / sizeof(handlers[0]))

/* worker.mode_data */
struct h3_worker {
	void *state[NHANDLERS];
};

void h3_handlers_check(struct loader *l)
{
	for (size_t i = 0; i < NHANDLERS; i++)
		handlers[i]->check(l);
}

int h3_worker_init(struct worker *w)
{
	struct h3_worker *hw = calloc(1, sizeof(*hw));
	int err = 0;

	if (!hw)
		return -ENOMEM;
	w->mode_data = hw;
	for (size_t i = 0; !err && i < NHANDLERS; i++)
		if (handlers[i]->worker_init)
			err = handlers[i]->worker_init(w, &hw->state[i]);
	return err;
}

void h3_worker_free(struct worker *w)
{
	struct h3_worker *hw = w->mode_data;

	for (size_t i = 0; i < NHANDLERS; i++)
		if (handlers[i]->worker_free)
			handlers[i]->worker_free(hw->state[i]);
	free(hw);
}

void h3_choose(struct h3_req *r)
{
	const struct h3_worker *hw = r->hc->conn->worker->mode_data;
	size_t i = 0;

	while (handlers[i]->takes && !handlers[i]->takes(r))
		i++;
	r->handler = handlers[i];
	r->state = hw->state[i];
}
