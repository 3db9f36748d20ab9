// SPDX-License-Identifier: GPL-2.0-or-later
#include "coding.h"

#include <string.h>
#include <strings.h>

/* In our order of preference, for clients that have none. */
static const struct coding codings[CODINGS] = {
	{"br", NULL, ".br"},
	{"zstd", NULL, ".zst"},
	{"gzip", "x-gzip", ".gz"},
};

/* A weight of 0 to 1 with up to three digits (RFC 9110, 12.4.2), times 1000; -1: it is not one. */
static int weight(const char *s, size_t len)
{
	int value;

	if (!len || len > 5 || (s[0] != '0' && s[0] != '1') || (len > 1 && s[1] != '.'))
		return -1;
	value = (s[0] - '0') * 1000;
	for (size_t i = 2, unit = 100; i < len; i++, unit /= 10) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		value += (int)unit * (s[i] - '0');
	}
	return value > 1000 ? -1 : value;
}

static size_t trim(const char **s, size_t len)
{
	while (len && strchr(" \t", **s)) {
		(*s)++;
		len--;
	}
	while (len && strchr(" \t", (*s)[len - 1]))
		len--;
	return len;
}

/* The weight of one member of the list, if it is for @name; else -1. */
static int member(const char *item, size_t len, const char *name)
{
	const char *semicolon = memchr(item, ';', len), *q = NULL;
	size_t qlen = 0;

	if (semicolon) {
		q = semicolon + 1;
		qlen = trim(&q, len - (size_t)(q - item));
		len = (size_t)(semicolon - item);
	}
	len = trim(&item, len);
	if (len != strlen(name) || strncasecmp(item, name, len))
		return -1;
	if (!semicolon)
		return 1000;
	return qlen > 2 && !strncasecmp(q, "q=", 2) ? weight(q + 2, qlen - 2) : -1;
}

/* The weight that the lists give to exactly this name; -1: they do not name it. */
static int named(const struct fields *f, const char *name)
{
	for (size_t i = 0; name && i < f->n; i++) {
		const char *p = f->v[i].value;

		if (strcmp(f->v[i].name, "accept-encoding"))
			continue;
		for (;; p++) {
			size_t len = strcspn(p, ",");
			int q = member(p, len, name);

			if (q >= 0)
				return q;
			p += len;
			if (!*p)
				break;
		}
	}
	return -1;
}

size_t coding_choose(const struct fields *f, const struct coding *out[CODINGS])
{
	int any = named(f, "*"), identity = named(f, "identity"), q[CODINGS];
	size_t n = 0;

	for (size_t i = 0; i < CODINGS; i++) {
		size_t at;
		int mine = named(f, codings[i].name);

		if (mine < 0)
			mine = named(f, codings[i].alias);
		if (mine < 0)
			mine = any;
		/* Not named, "identity" is acceptable, but nothing is said for it. */
		if (mine <= 0 || mine < identity)
			continue;
		for (at = n; at && q[at - 1] < mine; at--) {
			q[at] = q[at - 1];
			out[at] = out[at - 1];
		}
		q[at] = mine;
		out[at] = &codings[i];
		n++;
	}
	return n;
}
