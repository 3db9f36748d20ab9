/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The quic keys and their raw-payload placeholders.
 *
 * To stock nft `quic alpn` is the raw payload @ih,524288,128. The kernel refuses such
 * offsets, so a placeholder that gets out untranslated loads nothing. The numbers are
 * frozen: the userdata of sets keeps them in the kernel.
 */
#ifndef NX_KEYS_H
#define NX_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nft_quic.h"

#define NX_KEY_STRIDE  4096u		      /* bits between two keys' offsets */
#define NX_KEY_FIRST   (128u * NX_KEY_STRIDE) /* bit offset of key 0 */
#define NX_PART_STRIDE 256u	/* bits between parts of a connection ID, per byte of length */
#define NX_SLOT_FIRST  8388608u /* bit offset of slot 0 */
#define NX_SLOT_STRIDE 1024u	/* bits between two slots' offsets */
#define NX_SLOT_BITS   32u	/* width of a slot */
#define NX_SLOT_MAX    ((0xffffffffu - NX_SLOT_FIRST) / NX_SLOT_STRIDE)
/* matches that are dropped on the way to the kernel, see mark_rule and name_port */
#define NX_MARK_OFFSET	 (NX_SLOT_FIRST - NX_SLOT_STRIDE)
#define NX_PORT_OFFSET	 (NX_SLOT_FIRST - 2 * NX_SLOT_STRIDE)
#define NX_PAYLOAD_INNER 3 /* NFT_PAYLOAD_INNER_HEADER, "@ih" */

/**
 * enum nx_kind - the form of a key's values
 * @NX_NAME:	bytes, written as a quoted string; compared for equality only
 * @NX_CID:	bytes, written as hex digits; compared for equality only
 * @NX_NUM:	a number with symbols
 * @NX_ID:	a part of a connection ID: a number to stock nft, written as hex digits of its full
 *		width; a server ID of two bytes in decimal, as a port is
 */
enum nx_kind { NX_NAME, NX_CID, NX_NUM, NX_ID };

/**
 * struct nx_key - one key
 * @name:	as written after `quic`
 * @id:		enum nft_quic_keys
 * @width:	bytes in a register
 * @kind:	form of its values
 * @what:	for `describe`
 */
struct nx_key {
	const char *name;
	uint8_t id;
	uint8_t width;
	enum nx_kind kind;
	const char *what;
};

/** nx_key_by_id - the key with that number, or NULL */
const struct nx_key *nx_key_by_id(uint32_t id);
/** nx_key_by_name - the key that is written so, NULL if none. Never NFT_QUIC_SNI_CONCAT. */
const struct nx_key *nx_key_by_name(const char *name, size_t len);
/** nx_key_by_place - the key whose placeholder has this offset and length in bits, or NULL */
const struct nx_key *nx_key_by_place(uint32_t bit_off, uint32_t bits);
/**
 * nx_key_part - the key for so many bytes of a connection ID
 * @k:		NFT_QUIC_DCID, NFT_QUIC_SCID or NFT_QUIC_SERVER_ID, of any width
 * @bytes:	from its beginning
 *
 * Return: NULL if that cannot be.
 */
const struct nx_key *nx_key_part(const struct nx_key *k, size_t bytes);
/** nx_key_in_concat - the key to use for @k where it is a part of a concatenation */
const struct nx_key *nx_key_in_concat(const struct nx_key *k);
/** nx_key_offset - bit offset of the placeholder */
uint32_t nx_key_offset(const struct nx_key *k);
/** nx_key_names - the names of all keys, for messages */
const char *nx_key_names(void);

/*
 * A server ID of two bytes stands where stock nft wants a port, too, and there no raw payload will
 * do. So a rule may have one of these expressions of conntrack's in its place, and says which by
 * the number that NX_PORT_OFFSET is compared with: the one of them that it does not use itself.
 */
#define NX_PORT_WORDS	4
#define NX_NO_PORT_WORD (NX_PORT_WORDS + 1) /* the rule uses them all itself */
#define NX_NO_PORT                                                                                 \
	"quic server-id: cannot stand for a port in a rule that compares all four ports of ct "    \
	"original and ct reply"

/** struct nx_port_word - `ct original proto-dst` and the like */
struct nx_port_word {
	const char *dir, *key;
	uint8_t ct_dir, ct_key; /* enum ip_conntrack_dir, enum nft_ct_keys */
};

/** nx_port_word - the one with this number, from 1 to NX_PORT_WORDS; else NULL */
const struct nx_port_word *nx_port_word(uint32_t num);

#define NX_CONCAT_MAX 64 /* bytes of a set's key; nft 1.0.6 aborts above */
#define NX_CONCAT_PARTS                                                                            \
	4 /* nft keeps the typeof of a set with so many parts, not of longer ones                  \
	   */
/*
 * The registers have 64 bytes. nft gives 16 of them to a value, or a concatenation's length: it
 * aborts if that is not left, and a longer value without a concatenation runs into the next.
 */
#define NX_REG_MAX    16
#define NX_BESIDE_MAX 48
#define NX_COMPS      16 /* parts of a concatenation, as many as there are 32-bit registers */

/**
 * struct nx_layout - which parts of a set's key and data are quic keys
 * @n:		parts of the key
 * @dn:		parts of the data, 0 in a set
 * @key:	per part: the key, NULL if it is one of stock nft's
 * @data:	likewise for a map's data
 */
struct nx_layout {
	uint8_t n, dn;
	const struct nx_key *key[NX_COMPS];
	const struct nx_key *data[NX_COMPS];
};

/** nx_layout_quic - is there any quic key in it? */
bool nx_layout_quic(const struct nx_layout *l);
/** nx_layout_equal - the same parts? */
bool nx_layout_equal(const struct nx_layout *a, const struct nx_layout *b);
/**
 * nx_layout_takes - is a key that @part of a set is not of as long as it must be?
 * @set:	the set's
 * @sel:	of what is looked up there
 * @part:	a part of both that is a quic key, of several lengths in neither
 * @whole:	it must have the set's length; else it may be longer
 *
 * nft aborts at a concatenation of another length than its set, or cannot list it.
 */
bool nx_layout_takes(const struct nx_layout *set, const struct nx_layout *sel, unsigned int part,
		     bool whole);

/** nx_key_has_parts - is it an ID, of which there are keys of several widths? */
static inline bool nx_key_has_parts(const struct nx_key *k)
{
	return k && (k->kind == NX_CID || k->kind == NX_ID);
}

/** nx_key_is_number - does stock nft compare it as the number that it is there? */
static inline bool nx_key_is_number(const struct nx_key *k)
{
	return k->kind == NX_NUM || k->kind == NX_ID;
}

/** nx_key_is_port - is it a server ID that may be the number of a port? */
static inline bool nx_key_is_port(const struct nx_key *k)
{
	return k->id == NFT_QUIC_SERVER_ID && k->width == 2;
}

/** nx_key_room - bytes that a key takes in the registers, which have four each */
static inline unsigned int nx_key_room(const struct nx_key *k)
{
	return (k->width + 3u) / 4 * 4;
}

#endif /* NX_KEYS_H */
