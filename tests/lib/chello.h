/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds TLS 1.3 ClientHellos as QUIC clients send them (RFC 8446 4.1.2). */
#ifndef QT_CHELLO_H
#define QT_CHELLO_H

#include <stdbool.h>
#include "buf.h"

/**
 * struct qt_chello - what stands in it
 * @sni:	host name; NULL leaves the extension out
 * @sni_len:	its length, 0 for strlen(@sni); lets names hold a NUL
 * @alpn:	protocols with commas between; NULL leaves the extension out
 * @ech:	with an encrypted_client_hello extension
 * @names_last:	server_name and ALPN behind all others, behind the filling
 * @size:	fill with a key share until the message has so many bytes; 0: no filling
 */
struct qt_chello {
	const char *sni;
	size_t sni_len;
	const char *alpn;
	bool ech;
	bool names_last;
	size_t size;
};

/** qt_chello - append the message, with its handshake header */
void qt_chello(struct qt_buf *out, const struct qt_chello *h);

/* Parts, to put a wrong message together. */
size_t qt_ext_begin(struct qt_buf *out, uint16_t type);
void qt_ext_end(struct qt_buf *out, size_t begin);
void qt_ext_sni(struct qt_buf *out, const void *name, size_t len);
void qt_ext_alpn(struct qt_buf *out, const char *protocols);

#endif /* QT_CHELLO_H */
