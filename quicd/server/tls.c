// SPDX-License-Identifier: GPL-2.0-or-later
#include "tls.h"

#include <ctype.h>
#include <errno.h>
#include <gnutls/x509.h>
#include <string.h>

#include "../common/keylog.h"
#include "../common/list.h"
#include "../common/log.h"
#include "aead.h"
#include "replay.h"
#include "tls_load.h"

#define TLS_EXT_ALPN	  16
#define TLS_EXT_PSK_MODES 45
#define TLS_EXT_KEY_SHARE 51
#define TLS_EXT_QUIC	  57

/* ProtocolName list<2..2^16-1>, each opaque<1..2^8-1> (RFC 7301, 3.1) */
static bool next_protocol(const unsigned char **p, const unsigned char *end, gnutls_datum_t *name)
{
	if (*p == end || !**p || **p > end - *p - 1)
		return false;
	name->size = **p;
	name->data = (unsigned char *)*p + 1;
	*p += 1 + name->size;
	return true;
}

/* Place in the service's order of preference; SIZE_MAX: not one of its protocols. */
static size_t rank(const struct config *c, const gnutls_datum_t *name)
{
	if (name->size > ALPN_NAME_MAX)
		return SIZE_MAX;
	for (size_t i = 0; i < c->alpn.n && !c->alpn_any; i++)
		if (strlen(c->alpn.item[i]) == name->size &&
		    !memcmp(c->alpn.item[i], name->data, name->size))
			return i;
	return c->alpn_any ? 0 : SIZE_MAX;
}

/*
 * GnuTLS has no wildcard and takes at most eight protocols, so it is given only the one to
 * choose.
 */
static int choose_alpn(struct tls_session *s, const unsigned char *data, unsigned int size)
{
	const unsigned char *p = data + 2, *end = data + size;
	gnutls_datum_t name, chosen;
	size_t best = SIZE_MAX;

	if (size < 2)
		return 0;
	while (next_protocol(&p, end, &name)) {
		size_t r = rank(s->tls->config, &name);

		if (r < best) {
			best = r;
			chosen = name;
		}
	}
	return best == SIZE_MAX
		       ? 0
		       : gnutls_alpn_set_protocols(s->session, &chosen, 1, GNUTLS_ALPN_MANDATORY);
}

static bool group_allowed(const struct tls *t, unsigned int id)
{
	static const struct {
		unsigned int id; /* RFC 8446, 4.2.7 */
		gnutls_group_t group;
	} groups[] = {
		{0x17, GNUTLS_GROUP_SECP256R1},	 {0x18, GNUTLS_GROUP_SECP384R1},
		{0x19, GNUTLS_GROUP_SECP521R1},	 {0x1d, GNUTLS_GROUP_X25519},
		{0x1e, GNUTLS_GROUP_X448},	 {0x100, GNUTLS_GROUP_FFDHE2048},
		{0x101, GNUTLS_GROUP_FFDHE3072}, {0x102, GNUTLS_GROUP_FFDHE4096},
		{0x103, GNUTLS_GROUP_FFDHE6144}, {0x104, GNUTLS_GROUP_FFDHE8192},
	};
	const unsigned int *list;
	int n = gnutls_priority_group_list(t->priority, &list);

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		for (int k = 0; groups[i].id == id && k < n; k++)
			if (list[k] == groups[i].group)
				return true;
	return false;
}

/* KeyShareClientHello (RFC 8446, 4.2.8): has it a share of a group that the service takes? */
static bool has_share(const struct tls *t, const unsigned char *data, unsigned int size)
{
	const unsigned char *p = data + 2, *end = data + size;

	while (size >= 2 && end - p >= 4) {
		unsigned int len = p[2] << 8 | p[3];

		if (group_allowed(t, p[0] << 8 | p[1]))
			return true;
		if ((ptrdiff_t)len > end - p - 4)
			break;
		p += 4 + len;
	}
	return false;
}

static int on_extension(void *ctx, unsigned int type, const unsigned char *data, unsigned int size)
{
	struct tls_session *s = ctx;

	if (type == TLS_EXT_PSK_MODES)
		s->takes_tickets = true;
	if (type == TLS_EXT_QUIC)
		s->has_params = true;
	/*
	 * A HelloRetryRequest refuses early data (RFC 8446, 4.2.10). GnuTLS, which accepts it
	 * before it knows that one is needed, is told that it is a replay.
	 */
	if (type == TLS_EXT_KEY_SHARE)
		replay_refuse(!has_share(s->tls, data, size));
	if (type == TLS_EXT_ALPN)
		return choose_alpn(s, data, size);
	return 0;
}

/* A handshake without a protocol or transport parameters ends here (RFC 9001, 8.1 and 8.2). */
static int on_client_hello(gnutls_session_t session, unsigned int type, unsigned int when,
			   unsigned int incoming, const gnutls_datum_t *msg)
{
	ngtcp2_crypto_conn_ref *ref = gnutls_session_get_ptr(session);
	struct tls_session *s = container_of(ref, struct tls_session, ref);
	gnutls_datum_t alpn;

	(void)type;
	(void)incoming;
	if (when == GNUTLS_HOOK_PRE) {
		s->has_params = false;
		replay_refuse(false);
		return gnutls_ext_raw_parse(s, on_extension, msg,
					    GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO);
	}
	if (!s->has_params)
		return GNUTLS_E_MISSING_EXTENSION;
	return gnutls_alpn_get_selected_protocol(session, &alpn) ? GNUTLS_E_NO_APPLICATION_PROTOCOL
								 : 0;
}

/* The name as it was sent. */
static size_t sent_name(const struct tls_session *s, char out[256])
{
	size_t len = 256;
	unsigned int type;

	if (gnutls_server_name_get(s->session, out, &len, &type, 0) || type != GNUTLS_NAME_DNS)
		out[0] = '\0';
	return strlen(out);
}

size_t tls_sni(const struct tls_session *s, char out[256])
{
	size_t len = sent_name(s, out);

	for (size_t i = 0; i < len; i++)
		out[i] = (char)tolower((unsigned char)out[i]);
	if (len && out[len - 1] == '.')
		out[--len] = '\0';
	return len;
}

static bool pair_has_name(gnutls_certificate_credentials_t cred, const char *name)
{
	gnutls_x509_crt_t *chain;
	unsigned int n;
	bool found;

	if (gnutls_certificate_get_x509_crt(cred, 0, &chain, &n))
		return false;
	found = gnutls_x509_crt_check_hostname(chain[0], name);
	for (unsigned int i = 0; i < n; i++)
		gnutls_x509_crt_deinit(chain[i]);
	gnutls_free(chain);
	return found;
}

/*
 * Host names are compared without regard to case (RFC 6066, 3), and some clients send a name as
 * the user typed it; but GnuTLS compares octets when it chooses among certificates. For such a
 * name the choice is made here.
 */
static int on_names_known(gnutls_session_t session)
{
	ngtcp2_crypto_conn_ref *ref = gnutls_session_get_ptr(session);
	struct tls_session *s = container_of(ref, struct tls_session, ref);
	char sent[256], name[256];

	sent_name(s, sent);
	tls_sni(s, name);
	if (!strcmp(sent, name))
		return 0;
	for (size_t i = 0; i < s->tls->npairs; i++)
		if (pair_has_name(s->tls->pair[i], name))
			return gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
						      s->tls->pair[i]);
	return 0;
}

static int log_key(gnutls_session_t session, const char *label, const gnutls_datum_t *secret)
{
	ngtcp2_crypto_conn_ref *ref = gnutls_session_get_ptr(session);
	struct tls_session *s = container_of(ref, struct tls_session, ref);

	keylog_write(s->tls->shared->keylog, session, label, secret);
	return 0;
}

static int configure(struct tls_session *s)
{
	struct tls *t = s->tls;
	const struct config *c = t->config;
	int rv = gnutls_priority_set(s->session, t->priority);

	if (!rv && c->tickets)
		rv = gnutls_session_ticket_enable_server(
			s->session, t->ticket_key.data ? &t->ticket_key : &t->shared->ticket_key);
	if (!rv && ngtcp2_crypto_gnutls_configure_server_session(s->session))
		rv = GNUTLS_E_INTERNAL_ERROR;
	if (!rv)
		rv = gnutls_credentials_set(s->session, GNUTLS_CRD_CERTIFICATE, t->cred);
	if (rv)
		return rv;
	aead_attach(s->session);
	gnutls_handshake_set_hook_function(s->session, GNUTLS_HANDSHAKE_CLIENT_HELLO,
					   GNUTLS_HOOK_BOTH, on_client_hello);
	gnutls_handshake_set_post_client_hello_function(s->session, on_names_known);
	if (c->early_data) {
		gnutls_anti_replay_enable(s->session, t->shared->anti_replay);
		/* The one value that QUIC allows (RFC 9001, 4.6.1). */
		gnutls_record_set_max_early_data_size(s->session, 0xffffffffu);
	}
	if (c->client_cert != CLIENT_CERT_NONE) {
		gnutls_certificate_server_set_request(
			s->session, c->client_cert == CLIENT_CERT_REQUIRE ? GNUTLS_CERT_REQUIRE
									  : GNUTLS_CERT_REQUEST);
		if (c->client_cert == CLIENT_CERT_REQUIRE)
			gnutls_session_set_verify_cert(s->session, NULL, 0);
	}
	if (t->shared->keylog)
		gnutls_session_set_keylog_function(s->session, log_key);
	return 0;
}

int tls_session_init(struct tls_session *s, struct tls *t)
{
	unsigned int flags =
		GNUTLS_SERVER | GNUTLS_NO_END_OF_EARLY_DATA | GNUTLS_NO_AUTO_SEND_TICKET;
	int rv;

	if (t->config->early_data)
		flags |= GNUTLS_ENABLE_EARLY_DATA;
	if (!t->config->tickets)
		flags |= GNUTLS_NO_TICKETS;
	rv = gnutls_init(&s->session, flags);
	if (rv)
		return -ENOMEM;
	s->tls = tls_ref(t);
	gnutls_session_set_ptr(s->session, &s->ref);
	rv = configure(s);
	if (rv) {
		log_err("TLS session: %s", gnutls_strerror(rv));
		tls_session_free(s);
		return -EINVAL;
	}
	return 0;
}

void tls_session_free(struct tls_session *s)
{
	if (s->session)
		gnutls_deinit(s->session);
	tls_unref(s->tls);
	s->session = NULL;
	s->tls = NULL;
}

int tls_send_ticket(struct tls_session *s)
{
	if (!s->tls->config->tickets || !s->takes_tickets)
		return 0;
	return gnutls_session_ticket_send(s->session, 1, 0) ? -EIO : 0;
}

size_t tls_alpn(const struct tls_session *s, char out[256])
{
	gnutls_datum_t alpn = {0};

	if (gnutls_alpn_get_selected_protocol(s->session, &alpn))
		alpn.size = 0;
	if (alpn.size)
		memcpy(out, alpn.data, alpn.size);
	out[alpn.size] = '\0';
	return alpn.size;
}

bool tls_client_verified(const struct tls_session *s)
{
	unsigned int status, n;

	if (s->tls->config->client_cert == CLIENT_CERT_NONE ||
	    !gnutls_certificate_get_peers(s->session, &n))
		return false;
	return !gnutls_certificate_verify_peers3(s->session, NULL, &status) && !status;
}

bool tls_client_admitted(const struct tls_session *s)
{
	return s->tls->config->client_cert != CLIENT_CERT_REQUIRE ||
	       !gnutls_session_is_resumed(s->session) || tls_client_verified(s);
}

/* The subject of the verified client certificate, or only the part of it that @oid names. */
static size_t client_subject(const struct tls_session *s, const char *oid, char out[256])
{
	const gnutls_datum_t *der;
	gnutls_x509_crt_t crt;
	size_t len = 256;
	unsigned int n;
	int rv;

	out[0] = '\0';
	if (!tls_client_verified(s))
		return 0;
	der = gnutls_certificate_get_peers(s->session, &n);
	if (gnutls_x509_crt_init(&crt))
		return 0;
	rv = gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER);
	if (!rv)
		rv = oid ? gnutls_x509_crt_get_dn_by_oid(crt, oid, 0, 0, out, &len)
			 : gnutls_x509_crt_get_dn(crt, out, &len);
	if (rv)
		out[0] = '\0';
	gnutls_x509_crt_deinit(crt);
	return strlen(out);
}

size_t tls_client_name(const struct tls_session *s, char out[256])
{
	return client_subject(s, NULL, out);
}

size_t tls_client_cn(const struct tls_session *s, char out[256])
{
	return client_subject(s, GNUTLS_OID_X520_COMMON_NAME, out);
}
