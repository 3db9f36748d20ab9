/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another program's library that reads the names of flows, if it is installed. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "flows.h"

/**
 * struct peer - such a library
 * @version:	as it says itself
 * @start:	once, before all else. Return: is it ready?
 * @read:	read one flow, from the first of its state to the last. Return: was the host name
 *		found?
 */
struct peer {
	const char *(*version)(void);
	bool (*start)(void);
	bool (*read)(const struct flow *f);
};

/* Linked if pkg-config knows libndpi. */
extern const struct peer peer_ndpi __attribute__((weak));

#endif /* BENCH_PEER_H */
