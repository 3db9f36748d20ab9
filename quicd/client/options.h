/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICC_OPTIONS_H
#define QUICC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses, documented in quicc(1). */
enum quicc_exit {
	QUICC_OK = 0,
	QUICC_LOCAL = 1,     /* usage, files, name resolution, sockets */
	QUICC_HANDSHAKE = 2, /* no common version, refused, transport error */
	QUICC_TLS = 3,	     /* certificate, ALPN, any TLS alert */
	QUICC_TIMEOUT = 4,   /* no answer, or the connection went silent */
	QUICC_STREAM = 5,    /* a stream was reset or the server closed with an error */
};

/* GnuTLS's own limit. */
#define ALPN_MAX      8
#define ALPN_NAME_MAX 31

struct options {
	char *host, *port;
	const char *alpn[ALPN_MAX];
	unsigned int nalpn;
	const char *sni; /* NULL: the host, unless it is an address */
	const char *ca;	 /* NULL: the system's */
	const char *cert, *key;
	const char *keylog;
	bool insecure, early_data, quiet_stdin;
	uint32_t version; /* of the first packet; 0: v1, and take what is negotiated */
	unsigned int streams;
	uint64_t timeout; /* of the handshake, ns */
	int verbose;
};

/* Returns -1 to continue, or the exit status. */
int options_parse(struct options *o, int argc, char **argv);

#endif
