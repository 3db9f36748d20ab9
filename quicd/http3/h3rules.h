/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of the file for answers: fields to add and to remove, error pages, redirects. */
#ifndef QUICD_H3RULES_H
#define QUICD_H3RULES_H

#include <stddef.h>

#include "fields.h"

struct loader;

/* Fields that the file may add to an answer. */
#define RULES_ADD_MAX 32

struct error_page {
	unsigned int status;
	int line;
	char *path, *data;
	size_t len;
};

struct redirect {
	char *prefix, *target;
	unsigned int status;
};

struct h3_rules {
	struct fields add, remove; /* the values of those to remove are empty */
	struct error_page *page;
	size_t npages;
	struct redirect *redirect;
	size_t nredirects;
};

/* Of struct conf_key; @values is the struct h3_conf. */
int h3_parse_add(void *values, const char *value, int line, char *why);
int h3_parse_remove(void *values, const char *value, int line, char *why);
int h3_parse_page(void *values, const char *value, int line, char *why);
int h3_parse_redirect(void *values, const char *value, int line, char *why);

/* Reads the error pages. */
void h3_rules_check(struct loader *l);
void h3_rules_free(struct h3_rules *r);

/* The page for an error, or NULL. */
const struct error_page *h3_page(const struct h3_rules *r, unsigned int status);
/* The first redirect whose prefix the path @path has, or NULL. */
const struct redirect *h3_redirect_find(const struct h3_rules *r, const char *path);
/*
 * Where it leads to, with the rest of @path. The rest cannot name another host, whatever a client
 * puts there. Returns malloc'ed text or NULL.
 */
char *h3_redirect_to(const struct redirect *d, const char *path);

#endif
