/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS secrets in the NSS key log format, for Wireshark. Only by explicit option. */
#ifndef QUICD_KEYLOG_H
#define QUICD_KEYLOG_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <sys/types.h>

struct keylog;

/*
 * Opens @path to append, mode 0600; a symbolic link at its end is followed only if @follow says so.
 * A new file goes to @uid and @gid (-1: as it is made).
 * Returns NULL and sets errno on failure.
 */
struct keylog *keylog_open(const char *path, bool follow, uid_t uid, gid_t gid);
void keylog_close(struct keylog *k);
void keylog_write(struct keylog *k, gnutls_session_t session, const char *label,
		  const gnutls_datum_t *secret);

#endif
