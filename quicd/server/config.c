// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "../common/quicver.h"
#include "../common/udp.h"
#include "keytab.h"
#include "loader.h"
#include "mode.h"

/* Longest line of a file; libinih would silently cut a longer one in two. */
#define CONF_LINE_MAX 4096

static void say(enum log_level level, const struct config *c, int line, const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (line)
		log_msg(level, "%s:%d: %s", c->path, line, text);
	else
		log_msg(level, "%s: %s", c->path, text);
}

void config_err(const struct config *c, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_LEVEL_ERROR, c, line, fmt, ap);
	va_end(ap);
}

void config_warn(const struct config *c, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_LEVEL_WARNING, c, line, fmt, ap);
	va_end(ap);
}

void loader_complain(struct loader *l, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_LEVEL_ERROR, l->c, line, fmt, ap);
	va_end(ap);
	l->errors++;
}

static const struct section *find_section(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->nsections; i++)
		if (!strcmp(c->section[i].name, name))
			return &c->section[i];
	return NULL;
}

static const struct conf_key *find_key(const struct section *s, const char *name)
{
	for (size_t i = 0; s && i < s->nkeys; i++)
		if (!strcmp(s->keys[i].name, name))
			return &s->keys[i];
	return NULL;
}

static int *line_of(const struct section *s, const struct conf_key *k)
{
	return &s->given[k - s->keys];
}

int config_line(const struct config *c, const char *section, const char *name)
{
	const struct section *s = find_section(c, section);

	return *line_of(s, find_key(s, name));
}

/* The items that were added last are from this line. */
static int note_lines(struct string_list *list, size_t from, int line)
{
	int *all = realloc(list->line, list->n * sizeof(*all));

	if (!all)
		return -ENOMEM;
	list->line = all;
	for (size_t i = from; i < list->n; i++)
		all[i] = line;
	return 0;
}

static int on_value(void *user, const char *section, const char *name, const char *value)
{
	struct loader *l = user;
	const struct section *s = find_section(l->c, section);
	const struct conf_key *k = find_key(s, name);
	char why[CONF_WHY_MAX] = "";
	void *dst;
	int err, *given;

	if (!k) {
		if (!section[0])
			loader_complain(l, l->line, "key \"%s\" stands before the first section",
					name);
		else if (s) /* check_line() has seen to the others */
			loader_complain(l, l->line, "unknown key \"%s\" in section [%s]", name,
					section);
		return 1;
	}
	given = line_of(s, k);
	if (*given && !k->repeat) {
		loader_complain(l, l->line, "\"%s\" was given before, in line %d", name, *given);
		return 1;
	}
	*given = l->line;
	dst = (char *)s->values + k->offset;
	if (k->type == CONF_CUSTOM) {
		err = k->parse(s->values, value, l->line, why);
	} else if (k->type == CONF_LIST) {
		struct string_list *list = dst;
		size_t from = list->n;

		err = conf_value(k, list, value, why);
		if (!err)
			err = note_lines(list, from, l->line);
	} else {
		err = conf_value(k, dst, value, why);
	}
	if (err == -ENOMEM)
		loader_complain(l, l->line, "out of memory");
	else if (err)
		loader_complain(l, l->line, "%s = %s: %s", name, value, why);
	return 1;
}

/* Nothing but a comment is left of the line, for libinih reads no more of it. */
static bool ends_there(const char *rest)
{
	rest += strspn(rest, " \t\r\n");
	return !*rest || *rest == ';' || *rest == '#';
}

/*
 * Errors that libinih does not report: unknown sections without keys, and more than one line
 * that makes no sense. Lines that begin with a blank are left to it, since they may continue a
 * value.
 */
static void check_line(struct loader *l, const char *line)
{
	size_t len = strcspn(line, "]");
	char section[64];

	if (line[0] == '[' && line[len] == ']' && !ends_there(line + len + 1)) {
		loader_complain(l, l->line, "after [section] there is only room for a comment");
	} else if (line[0] == '[' && line[len] == ']') {
		snprintf(section, sizeof(section), "%.*s", (int)len - 1, line + 1);
		if (!find_section(l->c, section))
			loader_complain(l, l->line, "unknown section [%s]", section);
	} else if (!strchr(" \t\r\n;#", line[0]) && (line[0] == '[' || !strpbrk(line, "=:"))) {
		loader_complain(l, l->line, "neither [section] nor key = value");
		l->rubbish = true;
	}
}

/*
 * For libinih a line that begins with a blank continues the value before it, but here keys and
 * sections may be indented. (An address in brackets has its port after them.)
 */
static const char *unindent(const char *line)
{
	const char *p = line + strspn(line, " \t"), *end = p;

	if (*p == '[') {
		end = p + strcspn(p, "]");
		return *end && strchr(" \t\r\n", end[1]) ? p : line;
	}
	while (isalnum((unsigned char)*end) || *end == '-')
		end++;
	return end > p && end[strspn(end, " \t")] == '=' ? p : line;
}

/*
 * libinih's reader, called once per line. It counts lines, since libinih does not tell the
 * handler.
 */
static char *read_line(char *buf, int size, void *user)
{
	static const char bom[] = "\xef\xbb\xbf", nothing[] = "\n";
	struct loader *l = user;
	const char *line;
	ssize_t n = getline(&l->text, &l->text_size, l->file);

	if (n < 0) {
		if (ferror(l->file))
			loader_complain(l, 0, "cannot be read: %s", strerror(errno));
		return NULL;
	}
	l->line++;
	line = l->text;
	if (l->line == 1 && !strncmp(line, bom, strlen(bom)))
		line += strlen(bom);
	line = unindent(line);
	if (strlen(l->text) != (size_t)n) {
		loader_complain(l, l->line, "holds a NUL octet");
		line = nothing;
	} else if (strlen(line) >= (size_t)size) {
		loader_complain(l, l->line, "line longer than %d characters", size - 2);
		line = nothing;
	}
	check_line(l, line);
	return strcpy(buf, line);
}

static void set_defaults(struct config *c)
{
	c->workers = 1;
	c->max_connections = 10000;
	c->max_streams = 100;
	c->retry_threshold = 1000;
	c->idle_timeout = 100 * NS_PER_S;
	c->handshake_timeout = 10 * NS_PER_S;
	c->drain_timeout = 30 * NS_PER_S;
	c->upgrade_timeout = NS_PER_DAY;
	c->log_level = LOG_LEVEL_INFO;
	c->cid_rotation = UINT64_MAX;
	c->cid.nonce_len = 10;
	c->versions[0] = NGTCP2_PROTO_VER_V1;
	c->versions[1] = NGTCP2_PROTO_VER_V2;
	c->nversions = 2;
	c->stream_window = 1 << 20;
	c->connection_window = 8 << 20;
	c->access.sample = 1;
	c->gso = c->gro = c->ecn = c->pmtud = true;
	c->max_udp_payload = UDP_SEND_MAX;
	c->receive_buffer = c->send_buffer = 2 << 20;
}

static int add_section(struct config *c, const struct section *model)
{
	struct section *s = &c->section[c->nsections++];

	*s = *model;
	s->given = calloc(s->nkeys, sizeof(*s->given));
	return s->given && s->values ? 0 : -ENOMEM;
}

/* Each mode gets its section, since the whole file is checked; the mode is known only later. */
static int make_sections(struct config *c)
{
	size_t n = keytab_len;
	int err = 0;

	for (size_t i = 0; c->modes[i]; i++)
		n++;
	c->section = calloc(n, sizeof(*c->section));
	if (!c->section)
		return -ENOMEM;
	for (size_t i = 0; !err && i < keytab_len; i++)
		err = add_section(c, &(struct section){.name = keytab[i]->name,
						       .keys = keytab[i]->keys,
						       .nkeys = keytab[i]->nkeys,
						       .values = c});
	for (size_t i = 0; !err && c->modes[i]; i++) {
		const struct mode_conf *mc = c->modes[i]->conf;
		void *values;

		if (!mc)
			continue;
		values = malloc(mc->size);
		if (values)
			memcpy(values, mc->values, mc->size);
		err = add_section(c, &(struct section){.name = c->modes[i]->name,
						       .keys = mc->keys,
						       .nkeys = mc->nkeys,
						       .values = values,
						       .mode = c->modes[i]});
	}
	return err;
}

/* Of the modes' sections, only that of the chosen mode counts. */
static void choose_section(struct config *c)
{
	for (size_t i = 0; i < c->nsections; i++)
		if (c->mode && c->section[i].mode == c->mode)
			c->mode_conf = c->section[i].values;
}

/* The service's name, if none is given: the file's name without its ending. */
static char *name_from_path(const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	const char *dot = strrchr(base, '.');

	return dot && dot != base ? strndup(base, (size_t)(dot - base)) : strdup(base);
}

struct config *config_load(const char *path, const struct mode *const *modes)
{
	struct loader l = {0};
	int bad;

	l.c = calloc(1, sizeof(*l.c));
	if (!l.c)
		return NULL;
	set_defaults(l.c);
	l.c->path = strdup(path);
	l.c->name = name_from_path(path);
	l.c->modes = modes;
	if (!l.c->path || !l.c->name || make_sections(l.c)) {
		log_err("%s: out of memory", path);
		goto fail;
	}
	l.file = fopen(path, "re");
	if (!l.file) {
		log_err("%s: %s", path, strerror(errno));
		goto fail;
	}
	ini_max_line = CONF_LINE_MAX;
	bad = ini_parse_stream(read_line, &l, on_value, &l);
	fclose(l.file);
	free(l.text);
	if (bad > 0 && !l.rubbish)
		loader_complain(&l, bad, "neither [section] nor key = value");
	else if (bad < 0)
		loader_complain(&l, 0, "out of memory");
	choose_section(l.c);
	if (l.line || !l.errors)
		confcheck(&l);
	if (!l.errors)
		return l.c;
fail:
	config_free(l.c);
	return NULL;
}

static void free_list(struct string_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->item[i]);
	free(l->item);
	free(l->line);
}

static void free_section(struct section *s)
{
	for (size_t i = 0; s->values && i < s->nkeys; i++)
		if (s->keys[i].type == CONF_STRING)
			free(*(char **)((char *)s->values + s->keys[i].offset));
	free(s->given);
	if (!s->mode)
		return;
	if (s->mode->conf->free && s->values)
		s->mode->conf->free(s->values);
	free(s->values);
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->nsections; i++)
		free_section(&c->section[i]);
	free(c->section);
	free_list(&c->alpn);
	free_list(&c->cert);
	free_list(&c->key);
	free_list(&c->ocsp);
	free(c->listen);
	free(c->path);
	free(c);
}
