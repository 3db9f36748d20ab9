// SPDX-License-Identifier: GPL-2.0-or-later
#include "confkey.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit no_units[] = {{"", 1}, {NULL, 0}};
static const struct unit sizes[] = {
	{"", 1},
	{"k", UINT64_C(1) << 10},
	{"K", UINT64_C(1) << 10},
	{"M", UINT64_C(1) << 20},
	{"G", UINT64_C(1) << 30},
	{NULL, 0},
};
static const struct unit times[] = {
	{"", 1000000000},   {"ms", 1000000},	  {"s", 1000000000},
	{"m", 60000000000}, {"h", 3600000000000}, {NULL, 0},
};

static int parse_number(const struct conf_key *k, const struct unit *units, const char *value,
			uint64_t *dst, char *why)
{
	const struct unit *u;
	uint64_t n;
	char *end;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (end == value || value[0] < '0' || value[0] > '9') {
		snprintf(why, CONF_WHY_MAX, "not a number");
		return -EINVAL;
	}
	for (u = units; u->name && strcmp(u->name, end); u++)
		;
	if (!u->name) {
		snprintf(why, CONF_WHY_MAX, "unknown unit \"%.20s\"", end);
		return -EINVAL;
	}
	if (errno || n > UINT64_MAX / u->factor || n * u->factor < k->min ||
	    n * u->factor > k->max) {
		/* Limits are shown in the unit that the user wrote. */
		snprintf(why, CONF_WHY_MAX, "out of range, %" PRIu64 "%s to %" PRIu64 "%s",
			 (k->min + u->factor - 1) / u->factor, u->name, k->max / u->factor,
			 u->name);
		return -EINVAL;
	}
	*dst = n * u->factor;
	return 0;
}

static int parse_bool(const char *value, bool *dst, char *why)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	static const char *const no[] = {"no", "false", "off", "0"};

	for (size_t i = 0; i < 4; i++) {
		if (!strcasecmp(value, yes[i]) || !strcasecmp(value, no[i])) {
			*dst = !strcasecmp(value, yes[i]);
			return 0;
		}
	}
	snprintf(why, CONF_WHY_MAX, "neither yes nor no");
	return -EINVAL;
}

static int parse_enum(const struct conf_key *k, const char *value, int *dst, char *why)
{
	size_t n;

	for (int i = 0; k->names[i]; i++) {
		if (k->names[i][0] && !strcmp(k->names[i], value)) {
			*dst = i;
			return 0;
		}
	}
	n = (size_t)snprintf(why, CONF_WHY_MAX, "not one of");
	for (int i = 0; k->names[i] && n < CONF_WHY_MAX; i++)
		if (k->names[i][0])
			n += (size_t)snprintf(why + n, CONF_WHY_MAX - n, " %s", k->names[i]);
	return -EINVAL;
}

static int parse_string(const char *value, char **dst, char *why)
{
	char *s;

	if (!value[0]) {
		snprintf(why, CONF_WHY_MAX, "empty");
		return -EINVAL;
	}
	s = strdup(value);
	if (!s)
		return -ENOMEM;
	free(*dst);
	*dst = s;
	return 0;
}

int conf_list_add(struct string_list *l, const char *value)
{
	static const char sep[] = ", \t";

	for (value += strspn(value, sep); *value; value += strspn(value, sep)) {
		size_t len = strcspn(value, sep);
		char **item = realloc(l->item, (l->n + 1) * sizeof(*item));

		if (!item)
			return -ENOMEM;
		l->item = item;
		item[l->n] = strndup(value, len);
		if (!item[l->n])
			return -ENOMEM;
		l->n++;
		value += len;
	}
	return 0;
}

static int parse_list(const char *value, struct string_list *dst, char *why)
{
	size_t before = dst->n;
	int err = conf_list_add(dst, value);

	if (!err && dst->n == before) {
		snprintf(why, CONF_WHY_MAX, "empty");
		return -EINVAL;
	}
	return err;
}

int conf_value(const struct conf_key *k, void *dst, const char *value, char *why)
{
	switch (k->type) {
	case CONF_STRING:
		return parse_string(value, dst, why);
	case CONF_UINT:
		return parse_number(k, no_units, value, dst, why);
	case CONF_SIZE:
		return parse_number(k, sizes, value, dst, why);
	case CONF_DURATION:
		return parse_number(k, times, value, dst, why);
	case CONF_BOOL:
		return parse_bool(value, dst, why);
	case CONF_ENUM:
		return parse_enum(k, value, dst, why);
	case CONF_LIST:
		return parse_list(value, dst, why);
	case CONF_CUSTOM:
		break;
	}
	return -EINVAL;
}
