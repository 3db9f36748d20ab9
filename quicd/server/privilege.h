/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_PRIVILEGE_H
#define QUICD_PRIVILEGE_H

#include <sys/types.h>

#include "config.h"

/* The user of @c and its group. Returns 0, or -errno after saying which does not exist. */
int privilege_find(const struct config *c, uid_t *uid, gid_t *gid);

/*
 * Becomes the user of @c, with its group or the user's own, and gives up all other privileges
 * for good. Logs the reason and returns -errno on failure.
 */
int privilege_drop(const struct config *c);

/* Lets the process open as many descriptors as its hard limit allows. */
void privilege_raise_nofile(void);

#endif
