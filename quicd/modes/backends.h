/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The backends of a service, and which one is asked. Their state is one for all workers: one that
 * cannot be reached three times within ten seconds is asked after all others for ten seconds.
 */
#ifndef QUICD_BACKENDS_H
#define QUICD_BACKENDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../server/resolve.h"

struct conn;
struct loader;

#define BACKENDS_MAX	  16
#define BACKEND_FAILS_MAX 3

enum balance {
	BALANCE_ORDER,
	BALANCE_ROUND_ROBIN,
};

extern const char *const balance_names[];

struct backend {
	char *text;
	int line;
	struct backend_addrs addrs;
	/* Times of the last failures, the oldest at nfailed modulo their number. */
	_Atomic uint64_t failed[BACKEND_FAILS_MAX];
	atomic_uint nfailed;
	_Atomic uint64_t aside_until; /* 0: it is not put aside */
};

/* In the configuration of a mode. */
struct backends {
	struct backend one[BACKENDS_MAX];
	int n;
	int balance; /* enum balance */
	atomic_uint turn;
};

/* The backends for one stream or request, in the order in which they are tried. */
struct backend_pick {
	struct backends *of;
	uint8_t order[BACKENDS_MAX];
	uint8_t n, at;
};

/* A value of the file, one backend. For struct conf_key; 0, -EINVAL or -ENOMEM. */
int backends_parse(struct backends *b, const char *value, int line, char *why);
/* Resolves their names; complains in the name of @section. */
void backends_check(struct loader *l, const char *section, struct backends *b);
void backends_free(struct backends *b);

/* Makes the order: those that are not put aside first. There must be at least one. */
void backends_pick(struct backends *b, struct backend_pick *p, uint64_t now);
const struct backend_addrs *backends_addrs(const struct backend_pick *p);
/*
 * The present one could not be reached, with the reason in errno. Returns true if the next one
 * is to be tried.
 */
bool backends_failed(struct conn *c, struct backend_pick *p);
void backends_worked(struct conn *c, struct backend_pick *p);

/* For backends_failed(): true if the backend is put aside by this failure. */
bool backend_note_failure(struct backend *b, uint64_t now);

#endif
