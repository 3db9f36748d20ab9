// SPDX-License-Identifier: GPL-2.0-or-later
/* Section [access]: its keys and their checks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "keytab.h"
#include "loader.h"
#include "mode.h"

static const char *const format_names[] = {"combined", "json", NULL};
static const char *const address_names[] = {"full", "short", NULL};

static int add_field(struct access_list *l, const char *name, char *why)
{
	int field = access_field(name);

	if (field < 0) {
		snprintf(why, CONF_WHY_MAX, "no field is named %.40s", name);
		return -EINVAL;
	}
	for (size_t i = 0; i < l->n; i++)
		if (l->field[i] == field) {
			snprintf(why, CONF_WHY_MAX, "%s stands there twice", name);
			return -EINVAL;
		}
	l->field[l->n++] = (unsigned char)field;
	return 0;
}

static int parse_fields(void *cfg, const char *value, int line, char *why)
{
	struct config *c = cfg;
	struct string_list l = {0};
	int err = conf_list_add(&l, value);

	(void)line;
	if (!err && !l.n) {
		snprintf(why, CONF_WHY_MAX, "empty");
		err = -EINVAL;
	}
	for (size_t i = 0; !err && i < l.n; i++)
		err = add_field(&c->access.fields, l.item[i], why);
	for (size_t i = 0; i < l.n; i++)
		free(l.item[i]);
	free(l.item);
	return err;
}

#define AT(field) .offset = offsetof(struct config, access.field)

/* clang-format off */
static const struct conf_key access_keys[] = {
	{ "log", CONF_STRING, AT(log) },
	{ "format", CONF_ENUM, AT(format), .names = format_names },
	{ "fields", CONF_CUSTOM, .parse = parse_fields, .repeat = 1 },
	{ "sample", CONF_UINT, AT(sample), 1, 1000000000 },
	{ "addresses", CONF_ENUM, AT(addresses), .names = address_names },
};
/* clang-format on */

const struct keytab_section access_section = {
	"access",
	access_keys,
	sizeof(access_keys) / sizeof(access_keys[0]),
};

static bool known_place(const char *log)
{
	const char *path = strncmp(log, "syslog:", 7) ? NULL : log + 7;

	if (path)
		return path[0] == '/' && strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path);
	return log[0] == '/' || !strcmp(log, "syslog") || !strcmp(log, "journal");
}

void access_check(struct loader *l)
{
	struct config *c = l->c;
	const struct access_conf *a = &c->access;
	int line = config_line(c, "access", "log");

	for (size_t i = 0; i < access_section.nkeys; i++) {
		int given = config_line(c, "access", access_keys[i].name);

		if (given && !line)
			loader_complain(l, given, "%s needs a log", access_keys[i].name);
	}
	if (!line)
		return;
	if (!c->mode->access_log)
		loader_complain(l, line, "section [access] has no meaning with mode = %s",
				c->mode->name);
	if (a->log && !known_place(a->log))
		loader_complain(l, line,
				"log = %s: no absolute path, syslog, syslog:PATH or journal",
				a->log);
	if (a->fields.n && a->format != ACCESS_JSON)
		loader_complain(l, config_line(c, "access", "fields"),
				"fields needs format = json: the others are fixed");
	if (!a->fields.n)
		c->access.fields = *access_default(c->mode->access_requests);
}
