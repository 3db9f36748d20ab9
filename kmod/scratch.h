/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-CPU memory in which packets are decrypted. */
#ifndef NQ_SCRATCH_H
#define NQ_SCRATCH_H

#include <linux/spinlock.h>

#include "core/flight.h"

#define NQ_DGRAM_MAX 65535

/**
 * struct nq_scratch - work space of one CPU
 * @lock:	whoever is at work; BHs off. Contended only if a task was moved to another
 *		CPU between finding its scratch and taking the lock.
 * @flight:	the flight being worked on
 * @dgram:	copy of the datagram, decrypted in place
 */
struct nq_scratch {
	spinlock_t lock;
	struct nq_flight flight;
	u8 dgram[NQ_DGRAM_MAX];
};

/**
 * nq_scratch_alloc - make sure that every CPU has its scratch
 *
 * Called before the first hook is registered; the memory stays until the module goes.
 * May sleep. Return: 0 or -ENOMEM.
 */
int nq_scratch_alloc(void);
void nq_scratch_free(void);

/** nq_scratch_get - this CPU's, locked. Not to be called twice. */
struct nq_scratch *nq_scratch_get(void);
void nq_scratch_put(struct nq_scratch *s);

#endif /* NQ_SCRATCH_H */
