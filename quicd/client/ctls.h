/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client's side of TLS. */
#ifndef QUICC_CTLS_H
#define QUICC_CTLS_H

#include "../common/keylog.h"
#include "../common/quicver.h"
#include "options.h"

struct ctls {
	const struct options *o;
	gnutls_certificate_credentials_t cred;
	struct keylog *keylog;
	/* From an earlier connection, for 0-RTT. */
	gnutls_datum_t ticket;
	uint8_t params[256];
	size_t params_len;
};

/* Loads trust and certificates. Returns -1, or an exit status after saying what is wrong. */
int ctls_init(struct ctls *t, const struct options *o);
void ctls_free(struct ctls *t);

/*
 * The name that connection @i asks for by SNI, to be freed; NULL for an address. A name's
 * trailing dot is not part of it (RFC 6066, 3).
 */
char *ctls_name(const struct options *o, unsigned int i);

/*
 * Makes a session that asks for @name, unless that is an address, and offers @alpn (each may be
 * NULL); @ref becomes its pointer. Returns 0 or a GnuTLS error.
 */
int ctls_session(struct ctls *t, const char *name, const struct alpn_list *alpn,
		 ngtcp2_crypto_conn_ref *ref, gnutls_session_t *out);

/* Keeps the session's ticket; @conn's parameters go with it. */
void ctls_keep_ticket(struct ctls *t, gnutls_session_t session, ngtcp2_conn *conn);

/* Prints protocol, cipher and certificate chain to stderr, @label before each line. */
void ctls_print(gnutls_session_t session, const char *label);
/* Prints why the server's certificate was refused, if it was; returns true then. */
bool ctls_print_refusal(gnutls_session_t session);

#endif
