/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From connection ID to connection: a hash table keyed with a secret, since clients
 * choose the IDs of their first packets. One thread only.
 */
#ifndef QUICD_CIDMAP_H
#define QUICD_CIDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "../common/list.h"

#define CIDMAP_ID_MAX 20

struct conn;

struct cid_entry {
	struct cid_entry *next; /* in the bucket */
	struct list of_conn;	/* the connection's own list of entries */
	struct conn *conn;
	uint8_t len;
	uint8_t id[CIDMAP_ID_MAX];
};

struct cidmap {
	struct cid_entry **bucket;
	size_t mask, count;
	uint64_t key[2];
};

/* @key: 16 random octets. Returns 0 or -ENOMEM. */
int cidmap_init(struct cidmap *m, const uint8_t key[16]);
void cidmap_free(struct cidmap *m);

struct conn *cidmap_find(const struct cidmap *m, const uint8_t *id, size_t len);

/* Adds an entry to @owner, the connection's list. Returns 0, -EEXIST or -ENOMEM. */
int cidmap_add(struct cidmap *m, struct list *owner, struct conn *conn, const uint8_t *id,
	       size_t len);
/* Removes one ID, if it is there; or all IDs of a connection. */
void cidmap_remove(struct cidmap *m, const uint8_t *id, size_t len);
void cidmap_remove_all(struct cidmap *m, struct list *owner);

/* SipHash-2-4 (Aumasson, Bernstein 2012), 64 bits. */
uint64_t siphash24(const uint64_t key[2], const uint8_t *data, size_t len);

#endif
