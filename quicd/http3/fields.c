// SPDX-License-Identifier: GPL-2.0-or-later
#include "fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLOCK_BYTES 480 /* most messages need one */

struct fields_block {
	struct fields_block *older;
	size_t used, size;
	char text[];
};

/* Room for @len bytes, which stay where they are. */
static char *make_room(struct fields *f, size_t len)
{
	struct fields_block *b = f->block;

	if (!b || b->size - b->used < len) {
		size_t size = len < BLOCK_BYTES ? BLOCK_BYTES : len;

		b = malloc(sizeof(*b) + size);
		if (!b)
			return NULL;
		*b = (struct fields_block){.older = f->block, .size = size};
		f->block = b;
	}
	b->used += len;
	return b->text + b->used - len;
}

/* Adds a copy, the name as it is. */
static int add(struct fields *f, const char *name, size_t name_len, const char *value,
	       size_t value_len)
{
	struct field *d;

	if (f->n == FIELDS_MAX || f->bytes + name_len + value_len > FIELDS_BYTES_MAX)
		return -E2BIG;
	if (f->n == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 8;
		struct field *v = realloc(f->v, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		f->v = v;
		f->cap = cap;
	}
	d = &f->v[f->n];
	d->name = make_room(f, name_len + value_len + 2);
	if (!d->name)
		return -ENOMEM;
	memcpy(d->name, name, name_len);
	d->name[name_len] = '\0';
	d->value = d->name + name_len + 1;
	if (value_len)
		memcpy(d->value, value, value_len);
	d->value[value_len] = '\0';
	d->name_len = name_len;
	d->value_len = value_len;
	f->bytes += name_len + value_len;
	f->n++;
	return 0;
}

int fields_add(struct fields *f, const char *name, size_t name_len, const char *value,
	       size_t value_len)
{
	int err = add(f, name, name_len, value, value_len);

	for (char *p = err ? NULL : f->v[f->n - 1].name; p && *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
	return err;
}

int fields_put(struct fields *f, const char *name, const char *value)
{
	return add(f, name, strlen(name), value, strlen(value));
}

char *fields_keep(struct fields *f, const char *text, size_t len)
{
	char *to = make_room(f, len + 1);

	if (!to)
		return NULL;
	memcpy(to, text, len);
	to[len] = '\0';
	return to;
}

const struct field *fields_find(const struct fields *f, const char *name, size_t len)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].name_len == len && !memcmp(f->v[i].name, name, len))
			return &f->v[i];
	return NULL;
}

void fields_free(struct fields *f)
{
	while (f->block) {
		struct fields_block *b = f->block;

		f->block = b->older;
		free(b);
	}
	free(f->v);
	*f = (struct fields){0};
}

bool fields_list_has(const char *list, const char *token)
{
	size_t want = strlen(token);

	while (*list) {
		size_t len;

		list += strspn(list, ", \t");
		len = strcspn(list, ",");
		while (len && (list[len - 1] == ' ' || list[len - 1] == '\t'))
			len--;
		if (len == want && !strncasecmp(list, token, len))
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

bool fields_hop_by_hop(const struct fields *f, const char *name)
{
	static const char *const fixed[] = {
		"connection",	     "keep-alive", "proxy-connection", "te",
		"transfer-encoding", "upgrade",	   "http2-settings",
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (!strcmp(name, fixed[i]))
			return true;
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->v[i].name, "connection") && fields_list_has(f->v[i].value, name))
			return true;
	return false;
}

bool fields_in_trailer(const struct fields *f, const char *name)
{
	static const char *const never[] = {
		"content-length", "content-encoding", "content-type", "content-range", "host",
		"trailer",	  "authorization",    "cookie",	      "set-cookie",
	};

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (!strcmp(name, never[i]))
			return false;
	return !fields_hop_by_hop(f, name) && !fields_ours(name);
}

bool fields_ours(const char *name)
{
	static const char *const names[] = {"forwarded", "x-real-ip", "early-data"};
	static const char prefix[] = "x-forwarded-";
	char plain[32];
	size_t n;

	/* CGI and its descendants cannot tell "-" from "_", so both spellings are ours. */
	for (n = 0; name[n] && n < sizeof(plain) - 1; n++)
		plain[n] = name[n] == '_' ? '-' : name[n];
	plain[n] = '\0';
	if (!strncmp(plain, prefix, sizeof(prefix) - 1))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(plain, names[i]))
			return true;
	return false;
}
