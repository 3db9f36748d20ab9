/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions that the distribution's library calls on its way to files and to the kernel.
 *
 * The hooks act on the run that the calling thread is in; outside of one they do nothing.
 */
#ifndef NX_HOOKS_H
#define NX_HOOKS_H

#include <link.h>
struct nx_abilities;
struct nx_run;

/**
 * nx_hooks_install - hook the library
 * @map:	the library
 * @handle:	the same, as dlopen has it
 * @can:	what its calls tell of it: basedir and short_names
 *
 * Return: NULL, or why it cannot be done.
 */
const char *nx_hooks_install(const struct link_map *map, void *handle, struct nx_abilities *can);

/** nx_hooks_enter - this thread is in @run now (NULL: in none); returns the one before */
struct nx_run *nx_hooks_enter(struct nx_run *run);

#endif /* NX_HOOKS_H */
