// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slots.h"

static int put(struct nx_slots *s, const struct nx_key *key, bool mask, const struct nx_lit *lit,
	       uint32_t *num)
{
	uint8_t name[2 + NFT_QUIC_DATA_MAX];
	struct nx_slot *slot, **v;

	name[0] = key->id;
	name[1] = mask;
	memcpy(name + 2, lit->b, lit->len);
	slot = nx_map_get(&s->index, name, 2 + lit->len);
	if (slot) {
		*num = slot->num;
		return 0;
	}
	if (s->n > NX_SLOT_MAX)
		return -ENOSPC;
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 16;

		v = realloc(s->v, cap * sizeof(*v));
		if (!v)
			return -ENOMEM;
		s->v = v;
		s->cap = cap;
	}
	slot = malloc(sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	slot->key = key;
	slot->num = s->n;
	slot->mask = mask;
	slot->lit = *lit;
	if (nx_map_put(&s->index, name, 2 + lit->len, slot, NULL)) {
		free(slot);
		return -ENOMEM;
	}
	s->v[s->n++] = slot;
	*num = slot->num;
	return 0;
}

int nx_slot_put(struct nx_slots *s, const struct nx_key *key, const struct nx_lit *lit,
		uint32_t *num)
{
	return put(s, key, false, lit, num);
}

int nx_slot_put_mask(struct nx_slots *s, const struct nx_key *key, const uint8_t *mask,
		     uint32_t *num)
{
	struct nx_lit lit = {.len = key->width};

	memcpy(lit.b, mask, key->width);
	return put(s, key, true, &lit, num);
}

static const struct nx_slot *by_place(const struct nx_slots *s, uint32_t bit_off)
{
	uint32_t num;

	if (bit_off < NX_SLOT_FIRST || bit_off % NX_SLOT_STRIDE)
		return NULL;
	num = (bit_off - NX_SLOT_FIRST) / NX_SLOT_STRIDE;
	return num < s->n ? s->v[num] : NULL;
}

const struct nx_slot *nx_slot_by_place(const struct nx_slots *s, uint32_t bit_off, uint32_t bits)
{
	const struct nx_slot *slot = by_place(s, bit_off);

	return slot && !slot->mask && bits == NX_SLOT_BITS ? slot : NULL;
}

const struct nx_slot *nx_slot_mask_by_place(const struct nx_slots *s, uint32_t bit_off,
					    uint32_t bits)
{
	const struct nx_slot *slot = by_place(s, bit_off);

	return slot && slot->mask && bits == slot->key->width * 8u ? slot : NULL;
}

uint32_t nx_slot_offset(uint32_t num)
{
	return NX_SLOT_FIRST + num * NX_SLOT_STRIDE;
}

void nx_slots_free(struct nx_slots *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	nx_map_clear(&s->index, NULL);
	*s = (struct nx_slots){0};
}
