/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of struct tls: between tls_load.c, which makes one, and the sessions of tls.c. */
#ifndef QUICD_TLS_LOAD_H
#define QUICD_TLS_LOAD_H

#include <stdatomic.h>
#include <string.h>

#include "tls.h"

struct keylog;
struct replay;

/* True if pair @i has a file with an OCSP response. */
static inline bool tls_has_ocsp(const struct config *c, size_t i)
{
	return i < c->ocsp.n && strcmp(c->ocsp.item[i], "none");
}

struct tls_shared {
	gnutls_datum_t ticket_key;
	gnutls_anti_replay_t anti_replay;
	struct replay *replay;
	struct keylog *keylog;
};

struct tls {
	atomic_int refs;
	gnutls_certificate_credentials_t cred;
	/* If there are several pairs, each one by itself, for names that GnuTLS would not find. */
	gnutls_certificate_credentials_t *pair;
	size_t npairs;
	gnutls_priority_t priority;
	gnutls_datum_t ticket_key;   /* its own, if there is a client CA: see tls_load() */
	const struct config *config; /* outlives every tls */
	struct tls_shared *shared;
};

#endif
