/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A worker's state for mode handoff: its connection to the service. */
#ifndef QUICD_MODES_HANDOFF_H
#define QUICD_MODES_HANDOFF_H

struct handoff;
struct worker;

struct handoff *handoff_new(struct worker *w);
/* After all connections of the worker have ended. */
void handoff_free(struct handoff *h);

#endif
