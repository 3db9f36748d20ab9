// SPDX-License-Identifier: GPL-2.0-or-later
#include "cidmap.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CIDMAP_MIN 256

static inline uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static void sipround(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

uint64_t siphash24(const uint64_t key[2], const uint8_t *data, size_t len)
{
	uint64_t v[4] = {
		key[0] ^ UINT64_C(0x736f6d6570736575),
		key[1] ^ UINT64_C(0x646f72616e646f6d),
		key[0] ^ UINT64_C(0x6c7967656e657261),
		key[1] ^ UINT64_C(0x7465646279746573),
	};
	uint64_t last = (uint64_t)len << 56, word;

	for (; len >= 8; data += 8, len -= 8) {
		memcpy(&word, data, 8);
		word = le64toh(word);
		v[3] ^= word;
		sipround(v);
		sipround(v);
		v[0] ^= word;
	}
	for (size_t i = 0; i < len; i++)
		last |= (uint64_t)data[i] << (8 * i);
	v[3] ^= last;
	sipround(v);
	sipround(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sipround(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

int cidmap_init(struct cidmap *m, const uint8_t key[16])
{
	*m = (struct cidmap){.mask = CIDMAP_MIN - 1};
	memcpy(m->key, key, sizeof(m->key));
	m->bucket = calloc(CIDMAP_MIN, sizeof(*m->bucket));
	return m->bucket ? 0 : -ENOMEM;
}

void cidmap_free(struct cidmap *m)
{
	free(m->bucket);
	m->bucket = NULL;
}

static struct cid_entry **slot(const struct cidmap *m, const uint8_t *id, size_t len)
{
	return &m->bucket[siphash24(m->key, id, len) & m->mask];
}

static struct cid_entry **find(const struct cidmap *m, const uint8_t *id, size_t len)
{
	struct cid_entry **p;

	for (p = slot(m, id, len); *p; p = &(*p)->next)
		if ((*p)->len == len && !memcmp((*p)->id, id, len))
			break;
	return p;
}

struct conn *cidmap_find(const struct cidmap *m, const uint8_t *id, size_t len)
{
	struct cid_entry *e = *find(m, id, len);

	return e ? e->conn : NULL;
}

/* Doubles the table; if there is no memory the old one stays in use, only slower. */
static void grow(struct cidmap *m)
{
	struct cidmap bigger = *m;

	bigger.mask = m->mask * 2 + 1;
	bigger.bucket = calloc(bigger.mask + 1, sizeof(*bigger.bucket));
	if (!bigger.bucket)
		return;
	for (size_t i = 0; i <= m->mask; i++) {
		while (m->bucket[i]) {
			struct cid_entry *e = m->bucket[i], **to = slot(&bigger, e->id, e->len);

			m->bucket[i] = e->next;
			e->next = *to;
			*to = e;
		}
	}
	free(m->bucket);
	*m = bigger;
}

int cidmap_add(struct cidmap *m, struct list *owner, struct conn *conn, const uint8_t *id,
	       size_t len)
{
	struct cid_entry *e, **p;

	if (len > CIDMAP_ID_MAX)
		return -EINVAL;
	if (m->count > m->mask)
		grow(m);
	p = find(m, id, len);
	if (*p)
		return -EEXIST;
	e = malloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	*e = (struct cid_entry){.conn = conn, .len = (uint8_t)len};
	memcpy(e->id, id, len);
	*p = e;
	list_add_tail(owner, &e->of_conn);
	m->count++;
	return 0;
}

static void unlink_entry(struct cidmap *m, struct cid_entry **p)
{
	struct cid_entry *e = *p;

	*p = e->next;
	list_del(&e->of_conn);
	free(e);
	m->count--;
}

void cidmap_remove(struct cidmap *m, const uint8_t *id, size_t len)
{
	struct cid_entry **p = find(m, id, len);

	if (*p)
		unlink_entry(m, p);
}

void cidmap_remove_all(struct cidmap *m, struct list *owner)
{
	while (!list_empty(owner)) {
		struct cid_entry *e = container_of(owner->next, struct cid_entry, of_conn);

		unlink_entry(m, find(m, e->id, e->len));
	}
}
