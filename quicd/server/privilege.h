/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_PRIVILEGE_H
#define QUICD_PRIVILEGE_H

#include "config.h"

/* Do user and group of @c exist? Returns 0, or -errno after saying which does not. */
int privilege_check(const struct config *c);

/*
 * Becomes the user of @c, with its group or the user's own, and gives up all else for good.
 * Logs the reason and returns -errno on failure.
 */
int privilege_drop(const struct config *c);

/* Lets the process open as many descriptors as its hard limit allows. */
void privilege_raise_nofile(void);

#endif
