// SPDX-License-Identifier: GPL-2.0-or-later
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "abilities.h"
#include "heap.h"
#include "hooks.h"
#include "real.h"
#include "start.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void)
{
	const char *env = getenv("NFT_QUIC");
	const struct link_map *map;
	struct nx_real *real;
	const char *why = "it has no link map";
	void *lib;

	if (!env || strcmp(env, "off"))
		nx_heap_start();
	real = nx_real_open(&lib, &map);
	if (env && !strcmp(env, "off"))
		return;
	if (map)
		why = nx_hooks_install(map, lib, &real->can);
	if (why) {
		fprintf(stderr, "nft-quic: cannot hook %s: %s; `quic` is not available\n",
			map ? map->l_name : NX_REAL_SONAME, why);
		real->blind = true;
		return;
	}
	nx_abilities_find(&real->can, real->nft_ctx_input_set_flags);
	real->active = true;
}

const struct nx_real *nx_start(void)
{
	pthread_once(&once, init);
	return nx_real();
}
