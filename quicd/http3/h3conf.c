// SPDX-License-Identifier: GPL-2.0-or-later
#include "h3conf.h"

#include <string.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../server/config.h"
#include "../server/loader.h"
#include "handler.h"
#include "httpval.h"
#include "mime.h"

static int parse_backend(void *values, const char *value, int line, char *why)
{
	return backends_parse(&((struct h3_conf *)values)->backends, value, line, why);
}

#define AT(field) .offset = offsetof(struct h3_conf, field)

/* clang-format off */
static const struct conf_key http3_keys[] = {
	{ "root", CONF_STRING, AT(root) },
	{ "index", CONF_STRING, AT(index) },
	{ "backend", CONF_CUSTOM, .parse = parse_backend, .repeat = 1 },
	{ "balance", CONF_ENUM, AT(backends.balance), .names = balance_names },
	{ "backend-path", CONF_STRING, AT(upstream_path) },
	{ "backend-timeout", CONF_DURATION, AT(upstream_timeout), 100 * NS_PER_MS, NS_PER_DAY },
	{ "mime-types", CONF_STRING, AT(mime_types) },
	{ "precompressed", CONF_BOOL, AT(precompressed) },
	{ "add-header", CONF_CUSTOM, .parse = h3_parse_add, .repeat = 1 },
	{ "remove-header", CONF_CUSTOM, .parse = h3_parse_remove, .repeat = 1 },
	{ "error-page", CONF_CUSTOM, .parse = h3_parse_page, .repeat = 1 },
	{ "redirect", CONF_CUSTOM, .parse = h3_parse_redirect, .repeat = 1 },
	{ "idle-timeout", CONF_DURATION, AT(idle_timeout), 0, NS_PER_DAY },
	{ "connect-timeout", CONF_DURATION, AT(connect_timeout), NS_PER_MS, 600 * NS_PER_S },
};
/* clang-format on */

static const struct h3_conf default_conf = {
	.root_fd = -1,
	.upstream_timeout = 60 * NS_PER_S,
	.connect_timeout = 10 * NS_PER_S,
	.idle_timeout = 300 * NS_PER_S,
};

static void check_alpn(struct loader *l)
{
	const struct string_list *alpn = &l->c->alpn;

	for (size_t i = 0; i < alpn->n; i++)
		if (strcmp(alpn->item[i], "h3") && strncmp(alpn->item[i], "h3-", 3))
			loader_complain(l, config_line(l->c, "service", "alpn"),
					"alpn = %s: mode http3 serves only h3 and its drafts",
					alpn->item[i]);
}

/* Between files and a backend the path decides. */
static void check_path(struct loader *l)
{
	const struct h3_conf *conf = l->c->mode_conf;

	if (conf->root && conf->backends.n && !conf->upstream_path)
		loader_complain(l, config_line(l->c, "http3", "backend"),
				"backend beside root needs a backend-path");
	if (conf->upstream_path && (!conf->backends.n || !conf->root))
		loader_complain(l, config_line(l->c, "http3", "backend-path"),
				"backend-path needs both root and backend");
	if (conf->upstream_path && conf->upstream_path[0] != '/')
		loader_complain(l, config_line(l->c, "http3", "backend-path"),
				"backend-path = %s: does not begin with a slash",
				conf->upstream_path);
	else if (conf->upstream_path &&
		 (!http_is_visible(conf->upstream_path) || strchr(conf->upstream_path, '#')))
		loader_complain(l, config_line(l->c, "http3", "backend-path"),
				"backend-path = %s: no path of a request begins so",
				conf->upstream_path);
}

static void check(struct loader *l)
{
	const struct h3_conf *conf = l->c->mode_conf;

	check_alpn(l);
	if (!conf->root && !conf->backends.n)
		loader_complain(l, 0, "\"root\" or \"backend\" is missing in section [http3]");
	h3_handlers_check(l);
	check_path(l);
}

static void free_conf(void *values)
{
	struct h3_conf *conf = values;

	if (conf->root_fd >= 0)
		close(conf->root_fd);
	mime_free(conf->mime);
	h3_rules_free(&conf->rules);
	backends_free(&conf->backends);
}

const struct mode_conf h3_section = {
	.keys = http3_keys,
	.nkeys = sizeof(http3_keys) / sizeof(http3_keys[0]),
	.values = &default_conf,
	.size = sizeof(default_conf),
	.check = check,
	.free = free_conf,
};
