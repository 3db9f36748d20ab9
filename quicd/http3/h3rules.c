// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "h3rules.h"

#include <errno.h>
#include <nghttp3/nghttp3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../server/config.h"
#include "../server/loader.h"
#include "h3conf.h"
#include "httpval.h"

#define PAGE_MAX (1 << 16) /* each answer with it has a copy */

static struct h3_rules *rules_of(void *values)
{
	return &((struct h3_conf *)values)->rules;
}

/* A field that an answer may have or be without; those that frame a message are not for rules. */
static bool may_change(const char *name, char *why)
{
	static const struct fields none;

	if (!http_is_token(name)) {
		snprintf(why, CONF_WHY_MAX, "\"%.40s\" is not a field's name", name);
		return false;
	}
	if (fields_hop_by_hop(&none, name) || !strcmp(name, "content-length") ||
	    !strcmp(name, "trailer")) {
		snprintf(why, CONF_WHY_MAX, "%.40s belongs to the transfer", name);
		return false;
	}
	return true;
}

static int add_field(struct fields *f, const char *name, size_t len, const char *value, char *why)
{
	struct field *d;
	int err = fields_add(f, name, len, value, strlen(value));

	if (err)
		return err;
	d = &f->v[f->n - 1];
	if (!may_change(d->name, why))
		return -EINVAL;
	if (!nghttp3_check_header_value((const uint8_t *)d->value, d->value_len)) {
		snprintf(why, CONF_WHY_MAX, "the value has octets that no field may have");
		return -EINVAL;
	}
	return 0;
}

int h3_parse_add(void *values, const char *value, int line, char *why)
{
	struct fields *f = &rules_of(values)->add;
	size_t len = strcspn(value, ": \t");
	const char *text = value + len + 1;

	(void)line;
	if (value[len] != ':' || !text[strspn(text, " \t")]) {
		snprintf(why, CONF_WHY_MAX, "not of the form NAME: VALUE");
		return -EINVAL;
	}
	if (f->n == RULES_ADD_MAX) {
		snprintf(why, CONF_WHY_MAX, "more than %d fields", RULES_ADD_MAX);
		return -EINVAL;
	}
	return add_field(f, value, len, text + strspn(text, " \t"), why);
}

int h3_parse_remove(void *values, const char *value, int line, char *why)
{
	struct string_list l = {0};
	int err = conf_list_add(&l, value);

	(void)line;
	if (!err && !l.n) {
		snprintf(why, CONF_WHY_MAX, "empty");
		err = -EINVAL;
	}
	for (size_t i = 0; !err && i < l.n; i++)
		err = add_field(&rules_of(values)->remove, l.item[i], strlen(l.item[i]), "", why);
	for (size_t i = 0; i < l.n; i++)
		free(l.item[i]);
	free(l.item);
	if (err == -E2BIG) {
		snprintf(why, CONF_WHY_MAX, "more than %d fields", FIELDS_MAX);
		return -EINVAL;
	}
	return err;
}

/* The words of @value, @n of them; -EINVAL if there are more or fewer. */
static int split(const char *value, char *word[], size_t n)
{
	struct string_list l = {0};
	int err = 0;
	char *copy = strdup(value), *save, *w;

	if (!copy)
		return -ENOMEM;
	for (w = strtok_r(copy, " \t", &save); w && l.n < n; w = strtok_r(NULL, " \t", &save))
		word[l.n++] = w;
	if (w || l.n != n)
		err = -EINVAL;
	for (size_t i = 0; !err && i < n; i++) {
		word[i] = strdup(word[i]);
		if (!word[i])
			err = -ENOMEM;
	}
	free(copy);
	return err;
}

int h3_parse_page(void *values, const char *value, int line, char *why)
{
	static const struct conf_key status = {.type = CONF_UINT, .min = 400, .max = 599};
	struct h3_rules *r = rules_of(values);
	struct error_page *p;
	uint64_t number;
	char *word[2];
	int err = split(value, word, 2);

	if (err) {
		snprintf(why, CONF_WHY_MAX, "not of the form STATUS FILE");
		return err;
	}
	err = conf_value(&status, &number, word[0], why);
	free(word[0]);
	if (!err && h3_page(r, (unsigned int)number)) {
		snprintf(why, CONF_WHY_MAX, "that status has a page, from line %d",
			 h3_page(r, (unsigned int)number)->line);
		err = -EINVAL;
	}
	p = err ? NULL : realloc(r->page, (r->npages + 1) * sizeof(*p));
	if (!p) {
		free(word[1]);
		return err ? err : -ENOMEM;
	}
	r->page = p;
	r->page[r->npages++] = (struct error_page){
		.status = (unsigned int)number,
		.line = line,
		.path = word[1],
	};
	return 0;
}

static bool ends_in_slash(const char *text)
{
	size_t len = strlen(text);

	return len && text[len - 1] == '/';
}

/*
 * The rest of a path is put behind the target: with a slash at the end of only one of the two, a
 * client could lengthen the name of the target's host.
 */
static const char *unfit(const struct redirect *d)
{
	static const char *const schemes[] = {"https://", "http://"};
	/* "//host" and, for browsers, "/\\host" would be a host. */
	bool known = d->target[0] == '/' && d->target[1] != '/' && d->target[1] != '\\';

	for (size_t i = 0; i < 2; i++)
		known |= !strncmp(d->target, schemes[i], strlen(schemes[i])) &&
			 strcspn(d->target + strlen(schemes[i]), "/\\?#");
	if (d->prefix[0] != '/' || !http_is_visible(d->prefix))
		return "PREFIX does not begin with a slash";
	if (!known || !http_is_visible(d->target))
		return "TARGET is neither a path nor a URL with http or https";
	if (ends_in_slash(d->prefix) != ends_in_slash(d->target))
		return "PREFIX and TARGET both end in a slash, or neither does";
	return NULL;
}

int h3_parse_redirect(void *values, const char *value, int line, char *why)
{
	static const unsigned int statuses[] = {301, 302, 303, 307, 308};
	struct h3_rules *r = rules_of(values);
	struct redirect *all, d = {0};
	const char *problem;
	char *word[3];
	int err = split(value, word, 3);

	(void)line;
	if (err) {
		snprintf(why, CONF_WHY_MAX, "not of the form PREFIX TARGET STATUS");
		return err;
	}
	d.prefix = word[0];
	d.target = word[1];
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (strlen(word[2]) == 3 && statuses[i] == (unsigned int)atoi(word[2]))
			d.status = statuses[i];
	free(word[2]);
	problem = d.status ? unfit(&d) : "STATUS is 301, 302, 303, 307 or 308";
	if (problem) {
		snprintf(why, CONF_WHY_MAX, "%s", problem);
		err = -EINVAL;
	}
	all = err ? NULL : realloc(r->redirect, (r->nredirects + 1) * sizeof(d));
	if (!all) {
		free(d.prefix);
		free(d.target);
		return err ? err : -ENOMEM;
	}
	r->redirect = all;
	r->redirect[r->nredirects++] = d;
	return 0;
}

static int read_page(struct error_page *p)
{
	FILE *f = fopen(p->path, "re");
	int err = 0;

	if (!f)
		return -errno;
	p->data = malloc(PAGE_MAX + 1);
	if (!p->data) {
		fclose(f);
		return -ENOMEM;
	}
	p->len = fread(p->data, 1, PAGE_MAX + 1, f);
	if (ferror(f))
		err = -errno;
	else if (p->len > PAGE_MAX)
		err = -EFBIG;
	fclose(f);
	return err;
}

void h3_rules_check(struct loader *l)
{
	struct h3_rules *r = &((struct h3_conf *)l->c->mode_conf)->rules;

	for (size_t i = 0; i < r->npages; i++) {
		struct error_page *p = &r->page[i];
		int err = read_page(p);
		void *fit = err || !p->len ? NULL : realloc(p->data, p->len);

		if (err)
			loader_complain(l, p->line, "error-page = %u %s: %s", p->status, p->path,
					strerror(-err));
		if (fit)
			p->data = fit;
	}
}

void h3_rules_free(struct h3_rules *r)
{
	for (size_t i = 0; i < r->npages; i++) {
		free(r->page[i].path);
		free(r->page[i].data);
	}
	for (size_t i = 0; i < r->nredirects; i++) {
		free(r->redirect[i].prefix);
		free(r->redirect[i].target);
	}
	free(r->page);
	free(r->redirect);
	fields_free(&r->add);
	fields_free(&r->remove);
}

const struct error_page *h3_page(const struct h3_rules *r, unsigned int status)
{
	for (size_t i = 0; i < r->npages; i++)
		if (r->page[i].status == status)
			return &r->page[i];
	return NULL;
}

const struct redirect *h3_redirect_find(const struct h3_rules *r, const char *path)
{
	for (size_t i = 0; i < r->nredirects; i++) {
		const struct redirect *d = &r->redirect[i];
		size_t len = strlen(d->prefix);

		if (!strncmp(path, d->prefix, len) &&
		    (d->prefix[len - 1] == '/' || strchr("/?", path[len])))
			return d;
	}
	return NULL;
}

char *h3_redirect_to(const struct redirect *d, const char *path)
{
	const char *rest = path + strlen(d->prefix);
	char *text;

	/* "//host" and, for browsers, "/\host" would be a host. */
	if (ends_in_slash(d->target))
		rest += strspn(rest, "/\\");
	return asprintf(&text, "%s%s", d->target, rest) < 0 ? NULL : text;
}
