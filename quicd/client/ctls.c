// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "ctls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/ocsp.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"

#define PRIORITY                                                                                   \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:"                     \
	"+CHACHA20-POLY1305:+AES-128-CCM:%DISABLE_TLS13_COMPAT_MODE"

static bool is_address(const char *host)
{
	struct in6_addr a;

	return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

static int fail(const char *what, const char *path, const char *why)
{
	log_err("%s %s: %s", what, path, why);
	return QUICC_LOCAL;
}

int ctls_init(struct ctls *t, const struct options *o)
{
	int rv;

	*t = (struct ctls){.o = o};
	rv = gnutls_certificate_allocate_credentials(&t->cred);
	if (rv)
		return fail("TLS", "", gnutls_strerror(rv));
	if (o->ca) {
		rv = gnutls_certificate_set_x509_trust_file(t->cred, o->ca, GNUTLS_X509_FMT_PEM);
		if (rv <= 0)
			return fail("--ca", o->ca,
				    rv ? gnutls_strerror(rv) : "no certificate in it");
	} else if (!o->insecure) {
		rv = gnutls_certificate_set_x509_system_trust(t->cred);
		if (rv < 0)
			return fail("system's certificates", "", gnutls_strerror(rv));
	}
	if (o->cert) {
		rv = gnutls_certificate_set_x509_key_file(t->cred, o->cert, o->key,
							  GNUTLS_X509_FMT_PEM);
		if (rv < 0)
			return fail("--cert", o->cert, gnutls_strerror(rv));
	}
	if (o->keylog) {
		t->keylog = keylog_open(o->keylog, true, (uid_t)-1, (gid_t)-1);
		if (!t->keylog)
			return fail("--keylog", o->keylog, strerror(errno));
	}
	return -1;
}

char *ctls_name(const struct options *o, unsigned int i)
{
	const char *name = options_sni(o, i);
	size_t len;

	if (!name && is_address(o->host))
		return NULL;
	name = name ? name : o->host;
	len = strlen(name);
	return strndup(name, len && name[len - 1] == '.' ? len - 1 : len);
}

void ctls_free(struct ctls *t)
{
	if (t->cred)
		gnutls_certificate_free_credentials(t->cred);
	keylog_close(t->keylog);
	gnutls_free(t->ticket.data);
}

static int log_key(gnutls_session_t session, const char *label, const gnutls_datum_t *secret)
{
	struct ctls *t = gnutls_db_get_ptr(session);

	keylog_write(t->keylog, session, label, secret);
	return 0;
}

static int configure(struct ctls *t, const char *name, const struct alpn_list *a,
		     gnutls_session_t s)
{
	const struct options *o = t->o;
	gnutls_datum_t alpn[ALPN_MAX];
	int rv = gnutls_priority_set_direct(s, PRIORITY, NULL);

	if (!rv && ngtcp2_crypto_gnutls_configure_client_session(s))
		rv = GNUTLS_E_INTERNAL_ERROR;
	if (!rv)
		rv = gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, t->cred);
	for (unsigned int i = 0; a && i < a->n; i++)
		alpn[i] = (gnutls_datum_t){(unsigned char *)a->name[i],
					   (unsigned int)strlen(a->name[i])};
	if (!rv && a)
		rv = gnutls_alpn_set_protocols(s, alpn, a->n, GNUTLS_ALPN_MANDATORY);
	/* Addresses are not sent (RFC 6066, 3). The certificate must have them all the same. */
	if (!rv && name && !is_address(name))
		rv = gnutls_server_name_set(s, GNUTLS_NAME_DNS, name, strlen(name));
	if (!rv && t->ticket.size)
		rv = gnutls_session_set_data(s, t->ticket.data, t->ticket.size);
	if (!rv && !o->insecure)
		gnutls_session_set_verify_cert(s, name ? name : o->host, 0);
	if (!rv && t->keylog)
		gnutls_session_set_keylog_function(s, log_key);
	return rv;
}

int ctls_session(struct ctls *t, const char *name, const struct alpn_list *alpn,
		 ngtcp2_crypto_conn_ref *ref, gnutls_session_t *out)
{
	unsigned int early = t->ticket.size && !t->params_len ? 0 : GNUTLS_ENABLE_EARLY_DATA;
	int rv = gnutls_init(out, GNUTLS_CLIENT | early | GNUTLS_NO_END_OF_EARLY_DATA);

	if (rv)
		return rv;
	gnutls_session_set_ptr(*out, ref);
	gnutls_db_set_ptr(*out, t);
	rv = configure(t, name, alpn, *out);
	if (rv) {
		gnutls_deinit(*out);
		*out = NULL;
	}
	return rv;
}

void ctls_keep_ticket(struct ctls *t, gnutls_session_t session, ngtcp2_conn *conn)
{
	ngtcp2_ssize n;

	gnutls_free(t->ticket.data);
	t->ticket = (gnutls_datum_t){0};
	if (gnutls_session_get_data2(session, &t->ticket))
		return;
	n = ngtcp2_conn_encode_0rtt_transport_params(conn, t->params, sizeof(t->params));
	t->params_len = n > 0 ? (size_t)n : 0;
}

void ctls_print(gnutls_session_t session, const char *label)
{
	char *desc = gnutls_session_get_desc(session);
	const gnutls_datum_t *chain;
	gnutls_datum_t ocsp;
	unsigned int n = 0;

	fprintf(stderr, "%sTLS: %s%s\n", label, desc ? desc : "?",
		gnutls_session_is_resumed(session) ? ", resumed" : "");
	gnutls_free(desc);
	if (!gnutls_ocsp_status_request_get(session, &ocsp))
		fprintf(stderr, "%sOCSP response: %u octets\n", label, ocsp.size);
	chain = gnutls_certificate_get_peers(session, &n);
	for (unsigned int i = 0; i < n; i++) {
		gnutls_x509_crt_t crt;
		gnutls_datum_t text;

		if (gnutls_x509_crt_init(&crt))
			return;
		if (!gnutls_x509_crt_import(crt, &chain[i], GNUTLS_X509_FMT_DER) &&
		    !gnutls_x509_crt_print(crt, GNUTLS_CRT_PRINT_ONELINE, &text)) {
			fprintf(stderr, "%scertificate %u: %s\n", label, i, text.data);
			gnutls_free(text.data);
		}
		gnutls_x509_crt_deinit(crt);
	}
}

bool ctls_print_refusal(gnutls_session_t session)
{
	unsigned int status = gnutls_session_get_verify_cert_status(session);
	gnutls_datum_t text;

	if (!status || status == (unsigned int)-1)
		return false;
	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0))
		return false;
	log_err("certificate refused: %s", text.data);
	gnutls_free(text.data);
	return true;
}
