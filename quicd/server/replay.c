// SPDX-License-Identifier: GPL-2.0-or-later
#include "replay.h"

#include <gnutls/crypto.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cidmap.h"

#define REPLAY_MAX     65536
#define REPLAY_BUCKETS 65536
#define REPLAY_KEY_MAX 64
#define NONE	       UINT32_MAX

struct seen {
	time_t expires;
	uint32_t next; /* in the bucket */
	uint8_t len;
	uint8_t key[REPLAY_KEY_MAX];
};

/* Entries form a ring, oldest first: they expire in the order in which they came. */
struct replay {
	pthread_mutex_t lock; /* over everything below */
	uint64_t hash_key[2];
	uint32_t first, count;
	uint32_t bucket[REPLAY_BUCKETS];
	struct seen ring[REPLAY_MAX];
};

struct replay *replay_new(void)
{
	struct replay *r = malloc(sizeof(*r));

	if (!r)
		return NULL;
	r->first = r->count = 0;
	pthread_mutex_init(&r->lock, NULL);
	for (size_t i = 0; i < REPLAY_BUCKETS; i++)
		r->bucket[i] = NONE;
	gnutls_rnd(GNUTLS_RND_NONCE, r->hash_key, sizeof(r->hash_key));
	return r;
}

void replay_free(struct replay *r)
{
	if (r)
		pthread_mutex_destroy(&r->lock);
	free(r);
}

static uint32_t *bucket_of(struct replay *r, const uint8_t *key, size_t len)
{
	return &r->bucket[siphash24(r->hash_key, key, len) % REPLAY_BUCKETS];
}

static void drop_oldest(struct replay *r)
{
	uint32_t i = r->first, *p = bucket_of(r, r->ring[i].key, r->ring[i].len);

	while (*p != i)
		p = &r->ring[*p].next;
	*p = r->ring[i].next;
	r->first = (r->first + 1) % REPLAY_MAX;
	r->count--;
}

static int add(struct replay *r, time_t expires, const gnutls_datum_t *key)
{
	time_t now = time(NULL);
	uint32_t *b, i;

	if (key->size > REPLAY_KEY_MAX)
		return GNUTLS_E_DB_ENTRY_EXISTS;
	while (r->count && r->ring[r->first].expires < now)
		drop_oldest(r);
	b = bucket_of(r, key->data, key->size);
	for (i = *b; i != NONE; i = r->ring[i].next)
		if (r->ring[i].len == key->size && !memcmp(r->ring[i].key, key->data, key->size))
			return GNUTLS_E_DB_ENTRY_EXISTS;
	if (r->count == REPLAY_MAX)
		return GNUTLS_E_DB_ENTRY_EXISTS;
	i = (r->first + r->count++) % REPLAY_MAX;
	r->ring[i] = (struct seen){.expires = expires, .next = *b, .len = (uint8_t)key->size};
	memcpy(r->ring[i].key, key->data, key->size);
	*b = i;
	return 0;
}

static _Thread_local bool refused;

void replay_refuse(bool refuse)
{
	refused = refuse;
}

int replay_add(void *ptr, time_t expires, const gnutls_datum_t *key, const gnutls_datum_t *data)
{
	struct replay *r = ptr;
	int rv;

	(void)data;
	if (refused)
		return GNUTLS_E_DB_ENTRY_EXISTS;
	pthread_mutex_lock(&r->lock);
	rv = add(r, expires, key);
	pthread_mutex_unlock(&r->lock);
	return rv;
}
