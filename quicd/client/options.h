/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICC_OPTIONS_H
#define QUICC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/addr.h"

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

#define CONNECTIONS_MAX 64
#define MOVES_MAX	16

/* Protocols to offer on a connection. */
struct alpn_list {
	const char *name[ALPN_MAX];
	unsigned int n;
};

/* A change of the local address. */
struct move {
	enum {
		MOVE_REBIND,  /* as a NAT does it: the connections are not told */
		MOVE_MIGRATE, /* RFC 9000, 9.2 */
	} kind;
	enum {
		MOVE_AT_HELLO,	   /* the first flight is out */
		MOVE_AT_HANDSHAKE, /* the server has answered, and we not yet */
		MOVE_AT_BYTES,	   /* this many were received on all streams */
	} when;
	uint64_t bytes;
};

struct options {
	char *host, *port;
	/* Connection i has the lists' item i modulo their length. */
	struct alpn_list alpn[CONNECTIONS_MAX];
	const char *sni[CONNECTIONS_MAX];
	unsigned int nalpn, nsni, connections;
	bool in_turn; /* each connection begins when the one before has ended */
	struct move move[MOVES_MAX];
	union addr bind[MOVES_MAX + 1]; /* of the first socket, and after each move */
	unsigned int nmoves, nbind;
	union addr listen; /* sa_family 0: no --listen */
	const char *ca;	   /* NULL: the system's */
	const char *cert, *key;
	const char *keylog;
	bool insecure, early_data, quiet_stdin;
	uint32_t version; /* of the first packet; 0: v1, and take what is negotiated */
	unsigned int streams;
	uint64_t timeout; /* of the handshake, ns */
	int verbose;
};

/* The protocols that connection @i offers; NULL: none. */
const struct alpn_list *options_alpn(const struct options *o, unsigned int i);
/* The name that connection @i asks for; NULL: the host, unless it is an address. */
const char *options_sni(const struct options *o, unsigned int i);

/* Returns -1 to continue, or the exit status. */
int options_parse(struct options *o, int argc, char **argv);

#endif
