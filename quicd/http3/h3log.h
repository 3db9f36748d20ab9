/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request that is over: its line in the access log and its place in the histograms. */
#ifndef QUICD_H3LOG_H
#define QUICD_H3LOG_H

struct h3_req;

/* Once for each request, before it is freed. */
void h3_log(struct h3_req *r);

#endif
