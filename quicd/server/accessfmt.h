/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of the access log: what one tells, and how it is written. Pure functions. */
#ifndef QUICD_ACCESSFMT_H
#define QUICD_ACCESSFMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/addr.h"

/* X(enumerator, name in the file and in JSON) */
#define ACCESS_FIELDS(X)                                                                           \
	X(TIME, time)                                                                              \
	X(CLIENT, client)                                                                          \
	X(USER, user)                                                                              \
	X(METHOD, method)                                                                          \
	X(SCHEME, scheme)                                                                          \
	X(HOST, host)                                                                              \
	X(PATH, path)                                                                              \
	X(STATUS, status)                                                                          \
	X(END, end)                                                                                \
	X(CODE, code)                                                                              \
	X(SENT, sent)                                                                              \
	X(RECEIVED, received)                                                                      \
	X(DURATION, duration)                                                                      \
	X(REFERER, referer)                                                                        \
	X(AGENT, agent)                                                                            \
	X(ALPN, alpn)                                                                              \
	X(SNI, sni)                                                                                \
	X(EARLY, early)                                                                            \
	X(CONNECTION, connection)                                                                  \
	X(STREAM, stream)                                                                          \
	X(BACKEND, backend)

enum access_field {
#define X(id, name) ACCESS_##id,
	ACCESS_FIELDS(X)
#undef X
		ACCESS_NFIELDS,
};

enum access_format {
	ACCESS_COMBINED,
	ACCESS_JSON,
};

enum access_end {
	ACCESS_OK,
	ACCESS_RESET,  /* by either side */
	ACCESS_CLOSED, /* the connection ended first */
};

/* A request or a stream that is over. Texts may be NULL and may hold any octet. */
struct access_entry {
	uint64_t wall; /* of the beginning, ns since 1970 */
	uint64_t duration;
	union addr client;
	const char *user;
	const char *method, *scheme, *host, *path, *referer, *agent;
	unsigned int status; /* 0: there was no answer */
	enum access_end end;
	uint64_t code; /* with which the stream was reset */
	uint64_t sent, received;
	const char *alpn, *sni;
	bool early;
	uint64_t connection;
	int64_t stream;
	const union addr *backend; /* NULL: none */
	bool is_request;	   /* else a stream */
};

/* Longest value of a client, in octets; the rest of a longer one is left out. */
#define ACCESS_TEXT_MAX 1024
/* A line with all fields at their longest, each octet written as six, fits. */
#define ACCESS_LINE_MAX 65536

/* Fields of a JSON line, in this order. */
struct access_list {
	unsigned char field[ACCESS_NFIELDS];
	size_t n;
};

/* Number of the field of that name, or -1. */
int access_field(const char *name);
/* The list that is used if none is given. */
const struct access_list *access_default(bool requests);

/* IPv4 keeps 24 bits, IPv6 48. */
void access_shorten(union addr *a);

/* Each writes one line, its end included, into @out of ACCESS_LINE_MAX; returns the length. */
size_t access_combined(const struct access_entry *e, char *out);
size_t access_json(const struct access_entry *e, const struct access_list *list, char *out);

#endif
