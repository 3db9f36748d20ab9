// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In place of proxy.c where llhttp is not to be had. The configuration refuses a backend
 * then, so that no request ever comes here.
 */
#include "h3.h"
#include "pool.h"

bool upstream_available(void)
{
	return false;
}

struct upstream_pool *upstream_pool_new(struct worker *w)
{
	(void)w;
	return NULL;
}

void upstream_pool_free(struct upstream_pool *p)
{
	(void)p;
}

int proxy_start(struct h3_req *r)
{
	return h3_error(r, 501, NULL);
}

void proxy_input(struct h3_req *r)
{
	(void)r;
}

void proxy_room(struct h3_req *r)
{
	(void)r;
}

void proxy_cancel(struct h3_req *r)
{
	(void)r;
}
