// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In place of proxy.c where there is neither llhttp nor http-parser: refuses a backend in the
 * configuration.
 */
#include "../server/config.h"
#include "../server/loader.h"
#include "h3conf.h"
#include "handler.h"

static void check(struct loader *l)
{
	const struct h3_conf *conf = l->c->mode_conf;

	if (conf->backends.n)
		loader_complain(l, config_line(l->c, "http3", "backend"),
				"backend = %s: this quicd was built without llhttp and "
				"http-parser: it has no reverse proxy",
				conf->backends.one[0].text);
}

static bool takes(const struct h3_req *r)
{
	(void)r;
	return false;
}

const struct h3_handler h3_proxy = {.check = check, .takes = takes};
