// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "jtype.h"
#include "types.h"

static json_t *one(char *text)
{
	/* meta keys that are printed without `meta` */
	static const char *const bare[] = {"iif",      "oif",	   "iifname", "oifname",
					   "iifgroup", "oifgroup", "iiftype", "oiftype",
					   "skuid",    "skgid",	   "cgroup",  "rtclassid"};
	char *save, *comma, *head = strtok_r(text, " \t", &save),
			    *field = strtok_r(NULL, " \t", &save);

	if (!head || strtok_r(NULL, " \t", &save))
		return NULL;
	if (!field) {
		if (!strcmp(head, "verdict"))
			return json_pack("{s:n}", "accept");
		for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++) {
			if (!strcmp(head, bare[i]))
				return json_pack("{s:{s:s}}", "meta", "key", head);
		}
		return NULL;
	}
	comma = !strcmp(head, "quic") ? strchr(field, ',') : NULL;
	if (comma) {
		*comma++ = '\0';
		return json_pack("{s:{s:s, s:i}}", head, "key", field, "len", atoi(comma));
	}
	if (!strcmp(head, "quic") || !strcmp(head, "meta") || !strcmp(head, "ct"))
		return json_pack("{s:{s:s}}", head, "key", field);
	if (strchr(head, '@') || !strcmp(head, "fib") || !strcmp(head, "rt") ||
	    !strcmp(head, "socket") || !strcmp(head, "interval") || !strcmp(head, "ipsec") ||
	    !strcmp(head, "osf"))
		return NULL;
	return json_pack("{s:{s:s, s:s}}", "payload", "protocol", head, "field", field);
}

/* Parts are joined by " . ", which no part has inside but `fib`, which is not known here. */
static json_t *parts(char *text)
{
	json_t *concat = NULL, *p;

	while (text) {
		char *dot = strstr(text, " . ");

		if (dot)
			*dot = '\0';
		p = one(text);
		if (!p) {
			json_decref(concat);
			return NULL;
		}
		text = dot ? dot + 3 : NULL;
		if (!concat && !text)
			return p;
		if (!concat)
			concat = json_array();
		json_array_append_new(concat, p);
	}
	return json_pack("{s:o}", "concat", concat);
}

json_t *nx_jtype_of_text(const char *text)
{
	char *copy = strdup(text);
	json_t *expr = copy ? parts(copy) : NULL;

	free(copy);
	return expr ? json_pack("{s:o}", "typeof", expr) : NULL;
}

static const char *text_of_name(const json_t *name)
{
	const char *s = json_string_value(name);

	return s ? nx_type_expr(s, strlen(s)) : NULL;
}

json_t *nx_jtype_of_name(const json_t *type)
{
	const char *text = text_of_name(type);
	json_t *concat, *p, *expr;
	size_t i;

	if (text)
		return nx_jtype_of_text(text);
	if (!json_is_array(type))
		return NULL;
	concat = json_array();
	json_array_foreach(type, i, p)
	{
		char *copy = text_of_name(p) ? strdup(text_of_name(p)) : NULL;

		expr = copy ? one(copy) : NULL;
		free(copy);
		if (!expr) {
			json_decref(concat);
			return NULL;
		}
		json_array_append_new(concat, expr);
	}
	return json_pack("{s:{s:o}}", "typeof", "concat", concat);
}

bool nx_jtype_known(const json_t *name)
{
	static const char *const objects[] = {"counter",    "quota",	     "limit",
					      "secmark",    "synproxy",	     "ct helper",
					      "ct timeout", "ct expectation"};
	const char *s = json_string_value(name);

	for (size_t i = 0; s && i < sizeof(objects) / sizeof(objects[0]); i++) {
		if (!strcmp(objects[i], s))
			return false;
	}
	return s;
}
