// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "mime.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDING_MAX 64 /* with the NUL */
#define UNKNOWN	   "application/octet-stream"

struct entry {
	const char *ending, *type;
};

/* The parsed file: text holds all the strings, v is sorted by ending, in lower case. */
struct mime {
	struct entry *v;
	size_t n, cap;
	char **text;
	size_t ntext;
};

/* Sorted by ending, in lower case. */
static const struct entry types[] = {
	{"7z", "application/x-7z-compressed"},
	{"aac", "audio/aac"},
	{"avif", "image/avif"},
	{"bmp", "image/bmp"},
	{"bz2", "application/x-bzip2"},
	{"css", "text/css; charset=utf-8"},
	{"csv", "text/csv; charset=utf-8"},
	{"deb", "application/vnd.debian.binary-package"},
	{"eot", "application/vnd.ms-fontobject"},
	{"epub", "application/epub+zip"},
	{"flac", "audio/flac"},
	{"gif", "image/gif"},
	{"gz", "application/gzip"},
	{"htm", "text/html; charset=utf-8"},
	{"html", "text/html; charset=utf-8"},
	{"ico", "image/vnd.microsoft.icon"},
	{"ics", "text/calendar; charset=utf-8"},
	{"jar", "application/java-archive"},
	{"jpeg", "image/jpeg"},
	{"jpg", "image/jpeg"},
	{"js", "text/javascript; charset=utf-8"},
	{"json", "application/json"},
	{"jsonld", "application/ld+json"},
	{"m4a", "audio/mp4"},
	{"map", "application/json"},
	{"md", "text/markdown; charset=utf-8"},
	{"mjs", "text/javascript; charset=utf-8"},
	{"mov", "video/quicktime"},
	{"mp3", "audio/mpeg"},
	{"mp4", "video/mp4"},
	{"mpeg", "video/mpeg"},
	{"oga", "audio/ogg"},
	{"ogg", "audio/ogg"},
	{"ogv", "video/ogg"},
	{"opus", "audio/ogg"},
	{"otf", "font/otf"},
	{"pdf", "application/pdf"},
	{"png", "image/png"},
	{"rss", "application/rss+xml"},
	{"svg", "image/svg+xml"},
	{"tar", "application/x-tar"},
	{"tif", "image/tiff"},
	{"tiff", "image/tiff"},
	{"ttf", "font/ttf"},
	{"txt", "text/plain; charset=utf-8"},
	{"wasm", "application/wasm"},
	{"wav", "audio/wav"},
	{"webm", "video/webm"},
	{"webmanifest", "application/manifest+json"},
	{"webp", "image/webp"},
	{"woff", "font/woff"},
	{"woff2", "font/woff2"},
	{"xhtml", "application/xhtml+xml"},
	{"xml", "application/xml"},
	{"xz", "application/x-xz"},
	{"zip", "application/zip"},
	{"zst", "application/zstd"},
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->ending, ((const struct entry *)b)->ending);
}

static const char *ending_of(const char *path)
{
	const char *base = strrchr(path, '/'), *dot = strrchr(base ? base : path, '.');

	return dot ? dot + 1 : "";
}

/* Returns false if there is no ending or a longer one than any. */
static bool lower(const char *ending, char out[ENDING_MAX])
{
	size_t n = 0;

	for (; ending[n] && n < ENDING_MAX - 1; n++)
		out[n] = (char)tolower((unsigned char)ending[n]);
	out[n] = '\0';
	return n && !ending[n];
}

static const struct entry *find(const struct entry *v, size_t n, const char *ending)
{
	const struct entry key = {.ending = ending};

	return n ? bsearch(&key, v, n, sizeof(*v), compare) : NULL;
}

const char *mime_type(const char *path)
{
	return mime_find(NULL, path);
}

const char *mime_find(const struct mime *m, const char *path)
{
	char ending[ENDING_MAX];
	const struct entry *e = NULL;

	if (!lower(ending_of(path), ending))
		return UNKNOWN;
	if (m)
		e = find(m->v, m->n, ending);
	if (!e)
		e = find(types, sizeof(types) / sizeof(types[0]), ending);
	return e ? e->type : UNKNOWN;
}

/* Keeps @s for the life of @m. */
static const char *keep(struct mime *m, char *s)
{
	char **text = s ? realloc(m->text, (m->ntext + 1) * sizeof(*text)) : NULL;

	if (!text) {
		free(s);
		return NULL;
	}
	m->text = text;
	text[m->ntext++] = s;
	return s;
}

static int add(struct mime *m, const char *ending, const char *type)
{
	if (m->n == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 1024;
		struct entry *v = realloc(m->v, cap * sizeof(*v));

		if (!v)
			return -1;
		m->v = v;
		m->cap = cap;
	}
	m->v[m->n++] = (struct entry){ending, type};
	return 0;
}

static int take_line(struct mime *m, char *line)
{
	char *save, *word = strtok_r(line, " \t\r\n", &save);
	const char *type = NULL;

	if (!word || word[0] == '#')
		return 0;
	for (char *ending; (ending = strtok_r(NULL, " \t\r\n", &save));) {
		char low[ENDING_MAX];
		const char *kept;

		if (!type) {
			char *text = NULL;

			if (asprintf(&text, "%s%s", word,
				     strncmp(word, "text/", 5) ? "" : "; charset=utf-8") < 0)
				return -1;
			type = keep(m, text);
		}
		if (!lower(ending, low))
			continue;
		kept = keep(m, strdup(low));
		if (!type || !kept || add(m, kept, type))
			return -1;
	}
	return 0;
}

struct mime *mime_load(const char *path)
{
	FILE *f = fopen(path, "re");
	struct mime *m = f ? calloc(1, sizeof(*m)) : NULL;
	char *line = NULL;
	size_t size = 0;
	int err = m ? 0 : errno;

	while (!err && getline(&line, &size, f) >= 0)
		if (take_line(m, line))
			err = ENOMEM;
	if (!err && ferror(f))
		err = errno;
	free(line);
	if (f)
		fclose(f);
	if (err) {
		mime_free(m);
		errno = err;
		return NULL;
	}
	if (m->n)
		qsort(m->v, m->n, sizeof(*m->v), compare);
	return m;
}

void mime_free(struct mime *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->ntext; i++)
		free(m->text[i]);
	free(m->text);
	free(m->v);
	free(m);
}
