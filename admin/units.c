// SPDX-License-Identifier: GPL-2.0-or-later
/* Units are read, nothing of them is run. */
#include "units.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

#define UNITS_MAX 2000

/* In the order of systemd.unit(5), without what a boot loses. */
static const char *const dirs[] = {
	"/run/systemd/generator.early",	 "/etc/systemd/system",	    "/run/systemd/generator",
	"/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
	"/run/systemd/generator.late",
};
#define N_DIRS (sizeof(dirs) / sizeof(dirs[0]))

static const char *const words[] = {"Wants", "Requires", "BindsTo", "Upholds"};
static const char *const folders[] = {"wants", "requires", "upholds"};

struct units {
	const char *root;
	json_t *entry[N_DIRS]; /* the names in each folder */
	json_t *found, *seen;
};

/* The names in a folder, as keys; with one folder twice only the first has them. */
static json_t *names_in(const char *path)
{
	json_t *names = na_need(json_object());
	DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (*e->d_name != '.')
			json_object_set_new(names, e->d_name, json_true());
	if (dir)
		closedir(dir);
	return names;
}

static bool is_null(const char *path)
{
	char real[PATH_MAX];

	return realpath(path, real) && !strcmp(real, "/dev/null");
}

/* The path of a unit's file, NULL if it has none or is masked. The caller frees it. */
static char *file_of(const struct units *u, const char *name)
{
	char *path;

	for (size_t i = 0; i < N_DIRS; i++) {
		if (!json_object_get(u->entry[i], name))
			continue;
		path = na_printf("%s%s/%s", u->root, dirs[i], name);
		if (na_exists(path) && !is_null(path))
			return path;
		if (na_exists(path)) {
			free(path);
			return NULL;
		}
		free(path);
	}
	return NULL;
}

/* Names that a unit's folders may have: its own, its template's, that of the file behind a link. */
static json_t *names_of(const char *name, const char *path)
{
	json_t *names = na_need(json_pack("[s]", name));
	const char *at = strchr(name, '@'), *end = strrchr(name, '.'), *base;
	char real[PATH_MAX], *one;

	if (at && end > at + 1) {
		one = na_printf("%.*s%s", (int)(at + 1 - name), name, end);
		json_array_append_new(names, json_string(one));
		free(one);
	}
	base = realpath(path, real) ? strrchr(real, '/') : NULL;
	if (base && strcmp(base + 1, name))
		json_array_append_new(names, json_string(base + 1));
	return names;
}

static void visit(struct units *u, const char *name);

/* The units that a line of [Unit] pulls in. */
static void by_line(struct units *u, char *line)
{
	char *save, *value = strchr(line, '=');
	size_t len;

	if (!value)
		return;
	for (len = (size_t)(value - line); len && strchr(" \t", line[len - 1]);)
		len--;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (len == strlen(words[i]) && !strncmp(line, words[i], len))
			for (char *w = strtok_r(value + 1, " \t", &save); w;
			     w = strtok_r(NULL, " \t", &save))
				visit(u, w);
}

static void by_text(struct units *u, const char *text)
{
	char *copy = na_printf("%s", text), *save;
	bool unit = false;

	for (char *p = copy; (p = strstr(p, "\\\n")) != NULL;)
		p[0] = p[1] = ' ';
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " \t");
		if (*line == '[')
			unit = !strncmp(line, "[Unit]", 6);
		else if (unit)
			by_line(u, line);
	}
	free(copy);
}

/* Calls @one for what is in the folders NAME.SUFFIX; of files of one name the first folder's
 * counts. */
static void each_in(struct units *u, const json_t *names, const char *suffix,
		    void (*one)(struct units *u, const char *path, const char *name, FILE *text),
		    FILE *text)
{
	json_t *done = na_need(json_object()), *in, *v, *mark;
	const char *entry;
	size_t i;

	for (size_t d = 0; d < N_DIRS; d++) {
		json_array_foreach(names, i, v)
		{
			char *name = na_printf("%s.%s", json_string_value(v), suffix);
			char *path = na_printf("%s%s/%s", u->root, dirs[d], name), *file;

			in = json_object_get(u->entry[d], name) ? names_in(path) : NULL;
			json_object_foreach(in, entry, mark)
			{
				if (json_object_get(done, entry))
					continue;
				json_object_set(done, entry, mark);
				file = na_printf("%s/%s", path, entry);
				if (!is_null(file))
					one(u, file, entry, text);
				free(file);
			}
			json_decref(in);
			free(path);
			free(name);
		}
	}
	json_decref(done);
}

static void pull(struct units *u, const char *path, const char *name, FILE *text)
{
	(void)path;
	(void)text;
	visit(u, name);
}

static void add_text(struct units *u, const char *path, const char *name, FILE *text)
{
	size_t len = strlen(name);
	char *more;

	(void)u;
	if (len < 5 || strcmp(name + len - 5, ".conf"))
		return;
	more = na_read_config(path);
	fprintf(text, "\n%s", more ? more : "");
	free(more);
}

static void visit(struct units *u, const char *name)
{
	char *path, *text;
	json_t *names;
	struct na_buf b;

	if (json_object_get(u->seen, name) || json_object_size(u->seen) == UNITS_MAX ||
	    strchr(name, '%'))
		return;
	json_object_set_new(u->seen, name, json_true());
	path = file_of(u, name);
	names = names_of(name, path ? path : "");
	if (!path && json_array_size(names) > 1)
		path = file_of(u, json_string_value(json_array_get(names, 1)));
	if (path) {
		na_buf_open(&b);
		text = na_read_config(path);
		fputs(text ? text : "", b.f);
		free(text);
		each_in(u, names, "d", add_text, b.f);
		text = na_take(&b);
		json_object_set_new(u->found, name,
				    na_need(json_stringn_nocheck(text, strlen(text))));
		by_text(u, text);
		free(text);
		for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
			each_in(u, names, folders[i], pull, NULL);
	}
	json_decref(names);
	free(path);
}

json_t *na_units_at_boot(const char *root)
{
	struct units u = {
		.root = root, .found = na_need(json_object()), .seen = na_need(json_object())};

	for (size_t i = 0; i < N_DIRS; i++) {
		char *path = na_printf("%s%s", root, dirs[i]);

		u.entry[i] = names_in(path);
		free(path);
	}
	visit(&u, "default.target");
	for (size_t i = 0; i < N_DIRS; i++)
		json_decref(u.entry[i]);
	json_decref(u.seen);
	return u.found;
}
