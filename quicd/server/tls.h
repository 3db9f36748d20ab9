/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's side of TLS: certificates, ALPN, tickets. */
#ifndef QUICD_TLS_H
#define QUICD_TLS_H

#include <gnutls/gnutls.h>
#include <stdint.h>

#include "../common/quicver.h"
#include "config.h"

/*
 * Certificates and everything else that handshakes share. Immutable once loaded, and
 * reference-counted, so that workers and connections from before a reload keep theirs.
 */
struct tls;

/* Kept across a reload: ticket key and replay memory. */
struct tls_shared;

/* @may_create: open the key log, which is created if need be. */
struct tls_shared *tls_shared_new(const struct config *c, bool may_create);
/*
 * Before any session: early data with a ticket from before now is refused, as another process
 * may have seen it. Returns 0 or -errno.
 */
int tls_shared_begin(struct tls_shared *s);
void tls_shared_free(struct tls_shared *s);

/* The key of session tickets: as it is (empty if there are none), or from another process. */
gnutls_datum_t tls_shared_key(const struct tls_shared *s);
void tls_shared_take_key(struct tls_shared *s, const uint8_t *key, size_t len);

/* Loads certificates and keys. On failure logs which file it was and returns NULL. */
struct tls *tls_load(const struct config *c, struct tls_shared *s);
struct tls *tls_ref(struct tls *t);
void tls_unref(struct tls *t);

/* One connection's session; @ref comes first because GnuTLS hands back a pointer to it. */
struct tls_session {
	ngtcp2_crypto_conn_ref ref;
	gnutls_session_t session;
	struct tls *tls;
	bool takes_tickets; /* the client named a PSK mode (RFC 8446, 4.2.9) */
	bool has_params;    /* its ClientHello has QUIC transport parameters */
};

/* @ref must be set already. Takes a reference on @t. Returns 0 or -errno. */
int tls_session_init(struct tls_session *s, struct tls *t);
void tls_session_free(struct tls_session *s);

/*
 * After the handshake: sends a session ticket, if the service has them and the client can use
 * one.
 */
int tls_send_ticket(struct tls_session *s);

/* Copies the protocol negotiated, NUL-terminated; empty without one. It may contain any octet. */
size_t tls_alpn(const struct tls_session *s, char out[256]);
/* The server name, in lower case and without the trailing dot of an absolute name. */
size_t tls_sni(const struct tls_session *s, char out[256]);
/* Subject of the verified client certificate as a DN; empty without one. */
size_t tls_client_name(const struct tls_session *s, char out[256]);
/* Only its common name. */
size_t tls_client_cn(const struct tls_session *s, char out[256]);
/* True if the client has shown a certificate signed by the client CA. */
bool tls_client_verified(const struct tls_session *s);
/*
 * False if the service requires a certificate and that of a resumed session, from an earlier
 * connection, is no longer valid. GnuTLS verifies it only the first time.
 */
bool tls_client_admitted(const struct tls_session *s);

#endif
