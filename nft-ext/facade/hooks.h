/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions that the distribution's library calls on its way to files and to the kernel.
 *
 * The hooks act on the run that the calling thread is in; outside of one they do nothing.
 */
#ifndef NX_HOOKS_H
#define NX_HOOKS_H

#include <link.h>
#include <stdbool.h>

struct nx_run;

/**
 * nx_hooks_install - hook the library
 * @map:	the library
 * @handle:	the same, as dlopen has it
 *
 * Return: NULL, or why it cannot be done.
 */
const char *nx_hooks_install(const struct link_map *map, void *handle);

/** nx_hooks_short - is the hook in place that reads words of nx_short_put? */
bool nx_hooks_short(void);

/** nx_hooks_enter - this thread is in @run now (NULL: in none); returns the one before */
struct nx_run *nx_hooks_enter(struct nx_run *run);

#endif /* NX_HOOKS_H */
