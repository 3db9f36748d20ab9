/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sending on byte streams: each stream has a queue that keeps bytes until they are
 * acknowledged, and the streams of a connection that have something to send take turns.
 */
#ifndef QUICD_SENDQ_H
#define QUICD_SENDQ_H

#include "../common/chunkq.h"
#include "../common/list.h"
#include "../server/mode.h"

struct send_stream {
	int64_t id;
	struct chunkq q;
	struct list ready; /* in conn.sendq while there is something to send */
	bool fin;	   /* nothing will be added */
	bool fin_sent;
	bool blocked; /* by the stream's flow control */
	bool shut;    /* reset or stopped: nothing more may be sent */
};

void sendq_init(struct send_stream *s, int64_t id);
void sendq_free(struct send_stream *s, struct conn *c);

/* After bytes were added or fin was set: queues the stream and wakes the connection. */
void sendq_ready(struct send_stream *s, struct conn *c);

/* For struct mode; stream user data must begin with a struct send_stream. */
int sendq_next(struct conn *c, struct tx *tx);
int sendq_sent(struct conn *c, const struct tx *tx, size_t len);
int sendq_blocked(struct conn *c, const struct tx *tx);
int sendq_shut(struct conn *c, const struct tx *tx);
int sendq_unblocked(struct conn *c, int64_t id, void *stream);

#endif
