/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slots: literals that do not fit a register, or that zero padding would make ambiguous.
 *
 * Stock nft sees literal number n as `@ih,8388608+1024*n,32 1`; the bytes wait here. A slot
 * lives as long as its table, since rules in libnftables' cache refer to it.
 *
 * A number under a mask has a slot, too, as wide as the number: nft 1.1 may print the mask of a raw
 * payload as a load of the mask's bits alone, which not all masks survive.
 */
#ifndef NX_SLOTS_H
#define NX_SLOTS_H

#include "keys.h"
#include "literal.h"
#include "map.h"

/**
 * struct nx_slots - the literals of one nft context; all zero is an empty table
 * @v:		by number
 * @n:		how many
 * @cap:	room in @v
 * @index:	key and bytes to entry, so that equal literals share a slot
 */
struct nx_slots {
	struct nx_slot **v;
	size_t n, cap;
	struct nx_map index;
};

/**
 * struct nx_slot - one literal and the key that it is compared with, or a mask and the masked key
 * @key:	the key
 * @num:	its number
 * @mask:	@lit is a mask of the key's width
 * @lit:	the bytes
 */
struct nx_slot {
	const struct nx_key *key;
	uint32_t num;
	bool mask;
	struct nx_lit lit;
};

/**
 * nx_slot_put - number of a literal, a new one if it has none yet
 *
 * Return: 0, -ENOMEM, or -ENOSPC at NX_SLOT_MAX.
 */
int nx_slot_put(struct nx_slots *s, const struct nx_key *key, const struct nx_lit *lit,
		uint32_t *num);

/** nx_slot_put_mask - number of a masked number; @mask has the key's width */
int nx_slot_put_mask(struct nx_slots *s, const struct nx_key *key, const uint8_t *mask,
		     uint32_t *num);

/** nx_slot_mask_by_place - the masked number whose placeholder this is, or NULL */
const struct nx_slot *nx_slot_mask_by_place(const struct nx_slots *s, uint32_t bit_off,
					    uint32_t bits);

/** nx_slot_by_place - the literal whose placeholder is at @bit_off, or NULL */
const struct nx_slot *nx_slot_by_place(const struct nx_slots *s, uint32_t bit_off, uint32_t bits);

/** nx_slot_offset - bit offset of a slot's placeholder */
uint32_t nx_slot_offset(uint32_t num);

void nx_slots_free(struct nx_slots *s);

#endif /* NX_SLOTS_H */
