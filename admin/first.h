/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First flights: the datagrams with which clients begin, made here or read from a capture. */
#ifndef NA_FIRST_H
#define NA_FIRST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../inspect/packet.h"

/**
 * struct na_first - one datagram of a first flight
 * @tuple:	client first
 * @data:	its payload
 * @names:	what was read with it: {"version", "complete", "alpn", "sni"}; NULL if its
 *ClientHello is not complete with it
 */
struct na_first {
	struct qi_tuple tuple;
	unsigned char *data;
	size_t len;
	json_t *names;
};

struct na_firsts {
	struct na_first *d;
	size_t n;
	size_t left; /* behind NA_FIRSTS_MAX */
};

/* More datagrams are not replayed. */
#define NA_FIRSTS_MAX 64

/**
 * na_first_make() - add the flight of a client that asks for @sni and offers @alpn
 * @sni:	a host name, or NULL
 * @alpn:	@n_alpn protocols
 *
 * Its addresses are left 0. Return: NULL, or what is wrong.
 */
const char *na_first_make(struct na_firsts *f, const char *sni, const char *const *alpn,
			  size_t n_alpn);

/** na_first_capture() - add the clients' Initials in a capture; a message is written if it fails */
int na_first_capture(struct na_firsts *f, const char *path);

/** na_first_names() - read names, datagram by datagram */
void na_first_names(struct na_firsts *f);

/** na_first_complete() - was the ClientHello read with datagram @i or a later one of its flow? */
bool na_first_complete(const struct na_firsts *f, size_t i);

void na_firsts_free(struct na_firsts *f);

#endif
