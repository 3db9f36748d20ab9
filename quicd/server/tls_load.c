// SPDX-License-Identifier: GPL-2.0-or-later
/* Certificates, keys, ciphers: loaded at the start and at each reload. */
#define _GNU_SOURCE
#include "tls_load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/keylog.h"
#include "aead.h"
#include "privilege.h"
#include "replay.h"

/* RFC 9001 allows every cipher of TLS 1.3 except CCM_8, and forbids compatibility mode. */
#define TLS_PRIORITY                                                                               \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:"                     \
	"+CHACHA20-POLY1305:+AES-128-CCM:%DISABLE_TLS13_COMPAT_MODE"

int tls_shared_begin(struct tls_shared *s)
{
	if (!s->replay)
		return 0;
	if (s->anti_replay)
		gnutls_anti_replay_deinit(s->anti_replay);
	s->anti_replay = NULL;
	if (gnutls_anti_replay_init(&s->anti_replay))
		return -ENOMEM;
	gnutls_anti_replay_set_add_function(s->anti_replay, replay_add);
	gnutls_anti_replay_set_ptr(s->anti_replay, s->replay);
	return 0;
}

/*
 * A new file belongs to the account that appends to it after an upgrade. Before root becomes that
 * account, a link may be the account's, and is not followed. Logs the reason of a failure.
 */
static int open_keylog(struct tls_shared *s, const struct config *c)
{
	bool for_other = c->user && !geteuid();
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;
	int err = for_other ? privilege_find(c, &uid, &gid) : 0;

	if (err)
		return err;
	s->keylog = keylog_open(c->keylog, !for_other, uid, gid);
	if (s->keylog)
		return 0;
	err = -errno;
	config_err(c, config_line(c, "debug", "keylog"), "keylog %s: %s", c->keylog,
		   strerror(-err));
	return err;
}

struct tls_shared *tls_shared_new(const struct config *c, bool may_create)
{
	struct tls_shared *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	aead_init();
	if (c->tickets && gnutls_session_ticket_key_generate(&s->ticket_key))
		goto fail;
	if (c->early_data) {
		s->replay = replay_new();
		if (!s->replay || tls_shared_begin(s))
			goto fail;
	}
	if (c->keylog && may_create && open_keylog(s, c))
		goto fail;
	return s;
fail:
	tls_shared_free(s);
	return NULL;
}

gnutls_datum_t tls_shared_key(const struct tls_shared *s)
{
	return s->ticket_key;
}

void tls_shared_take_key(struct tls_shared *s, const uint8_t *key, size_t len)
{
	if (len && s->ticket_key.size == len)
		memcpy(s->ticket_key.data, key, len);
}

static void free_key(gnutls_datum_t *key)
{
	if (key->data)
		gnutls_memset(key->data, 0, key->size);
	gnutls_free(key->data);
}

void tls_shared_free(struct tls_shared *s)
{
	if (!s)
		return;
	if (s->anti_replay)
		gnutls_anti_replay_deinit(s->anti_replay);
	replay_free(s->replay);
	keylog_close(s->keylog);
	free_key(&s->ticket_key);
	free(s);
}

/* Says which of two files is at fault: GnuTLS reports one error for the pair. */
static bool readable(const struct config *c, int line, const char *what, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		config_err(c, line, "%s %s: %s", what, path, strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

static int load_pair(const struct config *c, gnutls_certificate_credentials_t cred, size_t i)
{
	int rv;

	if (!readable(c, c->cert.line[i], "certificate", c->cert.item[i]) ||
	    !readable(c, c->key.line[i], "key", c->key.item[i]))
		return -EIO;
	rv = gnutls_certificate_set_x509_key_file(cred, c->cert.item[i], c->key.item[i],
						  GNUTLS_X509_FMT_PEM);
	if (rv >= 0)
		return 0;
	config_err(c, c->cert.line[i], "certificate %s with key %s: %s", c->cert.item[i],
		   c->key.item[i], gnutls_strerror(rv));
	return -EINVAL;
}

/*
 * The OCSP response of pair @i of the file, which is number @at in @cred. One that does not fit is
 * left out, with a warning if @warn: a renewed certificate must be taken before its response is
 * there.
 */
static int load_ocsp(const struct config *c, gnutls_certificate_credentials_t cred, size_t i,
		     unsigned int at, bool warn)
{
	bool unfit;
	int rv;

	if (!tls_has_ocsp(c, i))
		return 0;
	if (!readable(c, c->ocsp.line[i], "OCSP response", c->ocsp.item[i]))
		return -EIO;
	rv = gnutls_certificate_set_ocsp_status_request_file2(cred, c->ocsp.item[i], at,
							      GNUTLS_X509_FMT_DER);
	if (rv >= 0)
		return 0;
	unfit = rv == GNUTLS_E_EXPIRED || rv == GNUTLS_E_OCSP_MISMATCH_WITH_CERTS;
	if (!unfit)
		config_err(c, c->ocsp.line[i], "OCSP response %s for %s: %s", c->ocsp.item[i],
			   c->cert.item[i], gnutls_strerror(rv));
	else if (warn)
		config_warn(c, c->ocsp.line[i], "OCSP response %s for %s is not sent: %s",
			    c->ocsp.item[i], c->cert.item[i],
			    rv == GNUTLS_E_EXPIRED ? "it has ended" : gnutls_strerror(rv));
	return unfit ? 0 : -EINVAL;
}

static int load_trust(const struct config *c, gnutls_certificate_credentials_t cred)
{
	int rv, line = config_line(c, "tls", "client-ca");

	if (!c->client_ca)
		return 0;
	if (!readable(c, line, "client-ca", c->client_ca))
		return -EIO;
	rv = gnutls_certificate_set_x509_trust_file(cred, c->client_ca, GNUTLS_X509_FMT_PEM);
	if (rv > 0)
		return 0;
	config_err(c, line, "client-ca %s: %s", c->client_ca,
		   rv ? gnutls_strerror(rv) : "holds no certificate");
	return -EINVAL;
}

/* Continues after a mistake, so that all are reported. */
static int load_certificates(struct tls *t, const struct config *c)
{
	int err = load_trust(c, t->cred);
	unsigned int loaded = 0; /* GnuTLS numbers those that it took */

	for (size_t i = 0; i < c->cert.n; i++)
		if (load_pair(c, t->cred, i) || load_ocsp(c, t->cred, i, loaded++, true))
			err = -EINVAL;
	if (err || c->cert.n == 1)
		return err;
	t->pair = calloc(c->cert.n, sizeof(*t->pair));
	if (!t->pair)
		return -ENOMEM;
	while (!err && t->npairs < c->cert.n) {
		if (gnutls_certificate_allocate_credentials(&t->pair[t->npairs]))
			return -ENOMEM;
		err = load_pair(c, t->pair[t->npairs], t->npairs);
		if (!err)
			err = load_ocsp(c, t->pair[t->npairs], t->npairs, 0, false);
		if (!err)
			err = load_trust(c, t->pair[t->npairs]);
		t->npairs++;
	}
	return err;
}

/* A cipher string must not add protocols that QUIC forbids (RFC 9001, 4.2), nor remove all. */
static const char *priority_unfit(gnutls_priority_t p)
{
	const unsigned int *list;
	int n = gnutls_priority_protocol_list(p, &list);

	if (n < 1)
		return "leaves no protocol: TLS 1.3 needs a group";
	return n > 1 || list[0] != GNUTLS_TLS1_3 ? "only TLS 1.3 is allowed" : NULL;
}

static int load_priority(struct tls *t, const struct config *c)
{
	const char *at, *why;
	char *text;
	int rv;

	/* "+" or "-" change the default list; GnuTLS's words ("AES-256-GCM") replace it. */
	if (asprintf(&text, "%s%s%s", TLS_PRIORITY, c->ciphers ? ":" : "",
		     c->ciphers ? c->ciphers : "") < 0)
		return -ENOMEM;
	rv = gnutls_priority_init(&t->priority, text, &at);
	if (rv < 0)
		config_err(c, config_line(c, "tls", "ciphers"), "ciphers = %s: %s, at \"%.40s\"",
			   c->ciphers ? c->ciphers : "", gnutls_strerror(rv), at);
	free(text);
	if (rv < 0)
		return -EINVAL;
	why = priority_unfit(t->priority);
	if (!why)
		return 0;
	config_err(c, config_line(c, "tls", "ciphers"), "ciphers = %s: %s", c->ciphers, why);
	return -EINVAL;
}

struct tls *tls_load(const struct config *c, struct tls_shared *s)
{
	struct tls *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return NULL;
	atomic_init(&t->refs, 1);
	t->config = c;
	t->shared = s;
	err = gnutls_certificate_allocate_credentials(&t->cred) ? -ENOMEM : load_certificates(t, c);
	/*
	 * The client CA may change: clients admitted by the old one must show their
	 * certificate again.
	 */
	if (!err && c->tickets && c->client_ca &&
	    gnutls_session_ticket_key_generate(&t->ticket_key))
		err = -EIO;
	if (load_priority(t, c) || err) {
		tls_unref(t);
		return NULL;
	}
	return t;
}

struct tls *tls_ref(struct tls *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void tls_unref(struct tls *t)
{
	if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (t->cred)
		gnutls_certificate_free_credentials(t->cred);
	for (size_t i = 0; i < t->npairs; i++)
		gnutls_certificate_free_credentials(t->pair[i]);
	free(t->pair);
	if (t->priority)
		gnutls_priority_deinit(t->priority);
	free_key(&t->ticket_key);
	free(t);
}
