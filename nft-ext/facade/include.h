/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Includes: the real library opens them while it parses; here they are found and translated
 * before that, since their defines are used in the text that follows.
 */
#ifndef NX_INCLUDE_H
#define NX_INCLUDE_H

#include "lang.h"

struct nx_run;

/** nx_include - nx_include_fn whose lang->arg is the run */
void nx_include(struct nx_lang *lang, const struct nx_block *block, const char *pattern,
		size_t len);

/**
 * nx_read_file - a whole file
 * @name:	its name
 * @len:	its length, on success
 * @regular:	set to whether it can be read again, as a regular file can; may be NULL
 *
 * Return: its content with a NUL after it, to be freed; NULL with errno.
 */
char *nx_read_file(const char *name, size_t *len, bool *regular);

/** nx_read_fd - likewise from a descriptor, up to its end */
char *nx_read_fd(int fd, size_t *len);

#endif /* NX_INCLUDE_H */
