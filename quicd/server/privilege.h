/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_PRIVILEGE_H
#define QUICD_PRIVILEGE_H

/* Do the accounts exist? Returns 0, or -errno after saying which does not. */
int privilege_check(const char *user, const char *group);

/*
 * Becomes @user with @group (NULL: the user's own) and gives up all else for good.
 * Logs the reason and returns -errno on failure.
 */
int privilege_drop(const char *user, const char *group);

/* Lets the process open as many descriptors as its hard limit allows. */
void privilege_raise_nofile(void);

#endif
