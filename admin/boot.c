// SPDX-License-Identifier: GPL-2.0-or-later
/* Units are read, nothing of them is run. */
#include "boot.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "units.h"

#define FILES_MAX 32
#define WORDS_MAX 64

/* The next word, without its quotes; NULL behind the last one. */
static char *next_word(char **at)
{
	char *p = *at + strspn(*at, " \t"), *word = p, *to = p, quote = 0;

	if (!*p)
		return NULL;
	for (; *p && (quote || !strchr(" \t", *p)); p++) {
		if (*p == quote)
			quote = 0;
		else if (!quote && (*p == '"' || *p == '\''))
			quote = *p;
		else
			*to++ = *p;
	}
	*at = *p ? p + 1 : p;
	*to = '\0';
	return word;
}

/*
 * As nft reads its options: of several files the last one counts, and -c loads none. @optimizes:
 * whether there is -o.
 */
static const char *file_of(char *const *word, size_t n, bool *optimizes)
{
	const char *file = NULL;

	*optimizes = false;
	for (size_t i = 0; i < n; i++) {
		const char *w = word[i], *p;

		if (!strcmp(w, "--check"))
			return NULL;
		if (!strcmp(w, "--file"))
			file = ++i < n ? word[i] : NULL;
		else if (!strncmp(w, "--file=", 7))
			file = w + 7;
		else if (!strcmp(w, "--define") || !strcmp(w, "--includepath"))
			i++;
		*optimizes |= !strcmp(w, "--optimize");
		if (w[0] != '-' || w[1] == '-')
			continue;
		for (p = w + 1; *p && !strchr("cfDI", *p); p++)
			*optimizes |= *p == 'o';
		if (*p == 'c')
			return NULL;
		if (*p && !p[1])
			i++;
		if (*p == 'f')
			file = p[1] ? p + 1 : i < n ? word[i] : NULL;
	}
	return file;
}

static bool add_line(json_t *files, char *line);

/* A shell's command. Its files are not told, as a shell may do anything to their names. */
static bool shell_optimizes(char *line)
{
	json_t *files = na_need(json_array());
	bool optimizes = add_line(files, line);

	json_decref(files);
	return optimizes;
}

/* True if it loads a file by `nft -o`. */
static bool add_command(json_t *files, char *const *word, size_t n)
{
	const char *name, *file;
	bool optimizes;
	json_t *v;
	size_t i, skip;

	if (!n)
		return false;
	skip = strspn(word[0], "@-:+!");
	name = strrchr(word[0] + skip, '/');
	name = name ? name + 1 : word[0] + skip;
	/* behind a path with @ its name comes once more */
	i = memchr(word[0], '@', skip) ? 2 : 1;
	if (!strcmp(name, "sh") && i + 1 < n && !strcmp(word[i], "-c"))
		return shell_optimizes(word[i + 1]);
	if (strcmp(name, "nft") || i >= n)
		return false;
	file = file_of(word + i, n - i, &optimizes);
	if (!file)
		return false;
	v = *file == '/' && !strchr(file, '%') && json_array_size(files) < FILES_MAX
		    ? json_string(file)
		    : NULL;
	if (v)
		json_array_append_new(files, v);
	return optimizes;
}

static bool add_line(json_t *files, char *line)
{
	char *word[WORDS_MAX], *w;
	bool optimizes = false;
	size_t n = 0;

	while ((w = next_word(&line)) != NULL && n < WORDS_MAX) {
		if (!strcmp(w, ";")) {
			optimizes |= add_command(files, word, n);
			n = 0;
			continue;
		}
		word[n++] = w;
	}
	return add_command(files, word, n) || optimizes;
}

bool na_unit_parse(json_t *files, char *text)
{
	json_t *mine = na_need(json_array()), *v;
	bool service = false, optimizes = false;
	char *end;
	size_t i;

	for (char *p = text; (p = strstr(p, "\\\n")) != NULL;)
		p[0] = p[1] = ' ';
	for (char *line = text; *line; line = end) {
		end = strchrnul(line, '\n');
		if (*end)
			*end++ = '\0';
		line += strspn(line, " \t");
		if (*line == '[')
			service = !strncmp(line, "[Service]", 9);
		if (!service || strncmp(line, "ExecStart", 9))
			continue;
		line += 9 + strspn(line + 9, " \t");
		if (*line != '=')
			continue;
		line += 1 + strspn(line + 1, " \t");
		/* an empty one takes back those before */
		if (!*line) {
			json_array_clear(mine);
			optimizes = false;
		}
		optimizes |= add_line(mine, line);
	}
	json_array_foreach(mine, i, v)
	{
		bool known = false;
		const json_t *other;
		size_t k;

		json_array_foreach(files, k, other) known |= json_equal(other, v);
		if (!known && json_array_size(files) < FILES_MAX)
			json_array_append(files, v);
	}
	json_decref(mine);
	return optimizes;
}

/* The files that services load, and the services that do so with `nft -o`. */
static void by_services(struct na_boot *b)
{
	const char *name, *end;
	json_t *v;
	char *text;

	json_object_foreach(b->units, name, v)
	{
		end = strrchr(name, '.');
		if (!end || strcmp(end, ".service"))
			continue;
		text = na_printf("%s", json_string_value(v));
		if (na_unit_parse(b->files, text))
			json_array_append_new(b->optimizing, na_need(json_string(name)));
		free(text);
	}
}

const struct na_boot *na_boot_read(struct na_boot *b)
{
	if (b->units)
		return b;
	b->units = na_units_at_boot(b->root);
	b->files = na_need(json_array());
	b->optimizing = na_need(json_array());
	by_services(b);
	return b;
}

void na_boot_clear(struct na_boot *b)
{
	json_decref(b->units);
	json_decref(b->files);
	json_decref(b->optimizing);
	b->units = b->files = b->optimizing = NULL;
}
