// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a rule stands in /etc/nftables.conf and the files that it includes. */
#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "text.h"

#define CONF  "/etc/nftables.conf"
#define DEPTH 4

struct search {
	const char *rule;
	char *file;
	int line;
	unsigned int found;
};

/* Equal but for white space around and between words, up to the end or a comment. */
static bool same(const char *line, const char *end, const char *rule)
{
	for (;;) {
		bool gap = line < end && isspace((unsigned char)*line);

		while (line < end && isspace((unsigned char)*line))
			line++;
		if (gap && *rule == ' ')
			rule++;
		if (line == end || *line == '#' || *line == ';' || !*rule)
			return !*rule && (line == end || *line == '#' || *line == ';');
		if (*line++ != *rule++)
			return false;
	}
}

static void look(struct search *s, const char *path, int depth);

/* include "PATTERN" */
static void follow(struct search *s, const char *line, const char *end, int depth)
{
	const char *from = memchr(line, '"', (size_t)(end - line)), *to;
	char *pattern;
	glob_t files;

	to = from ? memchr(from + 1, '"', (size_t)(end - from - 1)) : NULL;
	if (!to || depth >= DEPTH)
		return;
	pattern = from[1] == '/' ? na_printf("%.*s", (int)(to - from - 1), from + 1)
				 : na_printf("/etc/%.*s", (int)(to - from - 1), from + 1);
	if (!glob(pattern, 0, NULL, &files)) {
		for (size_t i = 0; i < files.gl_pathc; i++)
			look(s, files.gl_pathv[i], depth + 1);
		globfree(&files);
	}
	free(pattern);
}

static void look(struct search *s, const char *path, int depth)
{
	char *text = na_read_config(path);
	int number = 0;

	for (char *line = text, *end; line && *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		number++;
		line += strspn(line, " \t");
		if (!strncmp(line, "include ", 8))
			follow(s, line, end, depth);
		if (!same(line, end, s->rule))
			continue;
		s->found++;
		free(s->file);
		s->file = na_shown(path);
		s->line = number;
	}
	free(text);
}

bool na_place_find(const char *rule, char **file, int *line)
{
	struct search s = {.rule = rule};

	look(&s, CONF, 0);
	*file = s.file;
	*line = s.line;
	if (s.found == 1)
		return true;
	free(s.file);
	*file = NULL;
	return false;
}
