// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"

struct nx_map_entry {
	struct nx_map_entry *next;
	void *val;
	uint32_t hash;
	uint32_t len;
	char key[];
};

static uint32_t hash_of(const void *key, size_t len)
{
	const unsigned char *p = key;
	uint32_t h = 2166136261u; /* FNV-1a */

	while (len--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

static struct nx_map_entry **find(const struct nx_map *m, const void *key, size_t len, uint32_t h)
{
	struct nx_map_entry **e = &m->slot[h & (m->nslots - 1)];

	while (*e && ((*e)->hash != h || (*e)->len != len || memcmp((*e)->key, key, len)))
		e = &(*e)->next;
	return e;
}

void *nx_map_get(const struct nx_map *m, const void *key, size_t len)
{
	struct nx_map_entry *e;

	if (!m->n)
		return NULL;
	e = *find(m, key, len, hash_of(key, len));
	return e ? e->val : NULL;
}

static int grow(struct nx_map *m)
{
	size_t nslots = m->nslots ? m->nslots * 2 : 64;
	struct nx_map_entry **slot = calloc(nslots, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	for (size_t i = 0; i < m->nslots; i++) {
		struct nx_map_entry *e = m->slot[i], *next;

		for (; e; e = next) {
			next = e->next;
			e->next = slot[e->hash & (nslots - 1)];
			slot[e->hash & (nslots - 1)] = e;
		}
	}
	free(m->slot);
	m->slot = slot;
	m->nslots = nslots;
	return 0;
}

int nx_map_put(struct nx_map *m, const void *key, size_t len, void *val, void **old)
{
	uint32_t h = hash_of(key, len);
	struct nx_map_entry **pos, *e;

	if (old)
		*old = NULL;
	if (m->n >= m->nslots && val && grow(m))
		return -ENOMEM;
	if (!m->nslots)
		return 0;
	pos = find(m, key, len, h);
	e = *pos;
	if (e) {
		if (old)
			*old = e->val;
		e->val = val;
		if (!val) {
			*pos = e->next;
			free(e);
			m->n--;
		}
		return 0;
	}
	if (!val)
		return 0;
	e = malloc(sizeof(*e) + len);
	if (!e)
		return -ENOMEM;
	e->next = NULL;
	e->val = val;
	e->hash = h;
	e->len = len;
	memcpy(e->key, key, len);
	*pos = e;
	m->n++;
	return 0;
}

void nx_map_clear(struct nx_map *m, void (*fn)(void *val))
{
	for (size_t i = 0; i < m->nslots; i++) {
		struct nx_map_entry *e = m->slot[i], *next;

		for (; e; e = next) {
			next = e->next;
			if (fn)
				fn(e->val);
			free(e);
		}
	}
	free(m->slot);
	*m = (struct nx_map){0};
}
