/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration file being read, as config.c, its checks and those of the modes share it. */
#ifndef QUICD_LOADER_H
#define QUICD_LOADER_H

#include <stdbool.h>
#include <stdio.h>

#include "resolve.h"

struct config;

struct loader {
	struct config *c;
	FILE *file;
	int line;   /* of the line read last */
	char *text; /* that line, in text_size octets */
	size_t text_size;
	bool rubbish; /* a line that makes no sense was reported */
	int errors;
};

/* As config_err(), and counts the mistake. */
__attribute__((format(printf, 3, 4))) void loader_complain(struct loader *l, int line,
							   const char *fmt, ...);
/* Complains if the key was not given. */
void loader_need(struct loader *l, const char *section, const char *name);
/* Resolves @value of a key that must be there, or complains. */
void loader_backend(struct loader *l, const char *section, const char *name, const char *value,
		    struct backend_addrs *addrs);
/* All checks that need the whole file. */
void confcheck(struct loader *l);

#endif
