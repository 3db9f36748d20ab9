/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration file being read: what config.c and its checks share. */
#ifndef QUICD_LOADER_H
#define QUICD_LOADER_H

#include <stdio.h>

struct config;

struct loader {
	struct config *c;
	const char *path;
	FILE *file;
	int line;   /* of the line read last */
	int *given; /* line of each key of keytab, 0 if it is not there */
	int errors;
};

/* Logs "FILE:LINE: text" (no line if it is 0) and counts the mistake. */
__attribute__((format(printf, 3, 4))) void loader_complain(struct loader *l, int line,
							   const char *fmt, ...);
/* Line of a key, for messages; 0 if it was not given. */
int loader_line(const struct loader *l, const char *section, const char *name);

/* Everything that can be said when the whole file has been read. */
void confcheck(struct loader *l);

#endif
