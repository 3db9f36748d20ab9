/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of the 0-RTT ClientHellos seen, so that none is accepted twice (RFC 8446, 8.2).
 * One for all workers; bounded: when it is full, early data is refused.
 */
#ifndef QUICD_REPLAY_H
#define QUICD_REPLAY_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

struct replay;

struct replay *replay_new(void);
void replay_free(struct replay *r);
/* For gnutls_anti_replay_set_add_function(); takes the lock. */
int replay_add(void *r, time_t expires, const gnutls_datum_t *key, const gnutls_datum_t *data);
/* The ClientHello that this thread is about to read counts as seen, or does not any more. */
void replay_refuse(bool refuse);

#endif
