// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>

#include "keys.h"

/* clang-format off */
/*
 * The keys in the order in which messages list them: KEY(id, name, width, kind, what). A FORM
 * is a key under another number, which the language has no word of its own for.
 */
#define KEYS(KEY, FORM)                                                                     \
	KEY(ALPN,    "alpn",    NFT_QUIC_ALPN_LEN, NX_NAME, "offered application protocol") \
	KEY(SNI,     "sni",     NFT_QUIC_SNI_LEN,  NX_NAME, "server name")                  \
	KEY(VERSION, "version", 4,                 NX_NUM,  "version")                      \
	KEY(TYPE,    "type",    1,                 NX_NUM,  "packet type")                  \
	KEY(DCID,    "dcid",    NFT_QUIC_CID_LEN,  NX_CID,  "destination connection ID")    \
	KEY(SCID,    "scid",    NFT_QUIC_CID_LEN,  NX_CID,  "source connection ID")         \
	KEY(ECH,     "ech",     1,                 NX_NUM,  "encrypted ClientHello")        \
	KEY(HELLO,   "hello",   1,                 NX_NUM,  "readable ClientHello")         \
	KEY(SERVER_ID, "server-id", 2,             NX_ID,   "server ID")                    \
	KEY(STATE,   "state",   1,                 NX_NUM,  "state of the connection")      \
	FORM(SNI_CONCAT, "sni", NFT_QUIC_SNI_CONCAT_LEN, NX_NAME, "server name")
/* clang-format on */

#define ENTRY(id_, name_, width_, kind_, what_)                                                    \
	[NFT_QUIC_##id_] = {                                                                       \
		.name = name_,                                                                     \
		.id = NFT_QUIC_##id_,                                                              \
		.width = width_,                                                                   \
		.kind = kind_,                                                                     \
		.what = what_,                                                                     \
	},
#define LISTED(id_, name_, ...) ", " name_
#define UNLISTED(...)
#define ONE(...) +1

static const struct nx_key keys[] = {KEYS(ENTRY, ENTRY)};

#define PART(id_, name_, what_, n_)                                                                \
	[n_] = {                                                                                   \
		.name = name_,                                                                     \
		.id = NFT_QUIC_##id_,                                                              \
		.width = n_,                                                                       \
		.kind = NX_ID,                                                                     \
		.what = what_,                                                                     \
	}
#define PARTS(...)                                                                                 \
	{                                                                                          \
		PART(__VA_ARGS__, 1),  PART(__VA_ARGS__, 2),  PART(__VA_ARGS__, 3),                \
		PART(__VA_ARGS__, 4),  PART(__VA_ARGS__, 5),  PART(__VA_ARGS__, 6),                \
		PART(__VA_ARGS__, 7),  PART(__VA_ARGS__, 8),  PART(__VA_ARGS__, 9),                \
		PART(__VA_ARGS__, 10), PART(__VA_ARGS__, 11), PART(__VA_ARGS__, 12),               \
		PART(__VA_ARGS__, 13), PART(__VA_ARGS__, 14), PART(__VA_ARGS__, 15),               \
	}

/* Parts of connection IDs, by their length. */
static const struct nx_key parts[][NFT_QUIC_PART_MAX + 1] = {
	PARTS(DCID, "dcid", "destination connection ID"),
	PARTS(SCID, "scid", "source connection ID"),
	PARTS(SERVER_ID, "server-id", "server ID"),
};

_Static_assert(NFT_QUIC_PART_MAX == 15, "each length has its entry");

_Static_assert(0 KEYS(ONE, ONE) == NFT_QUIC_KEY_MAX + 1, "each key has a line");

const struct nx_key *nx_key_by_id(uint32_t id)
{
	return id <= NFT_QUIC_KEY_MAX ? &keys[id] : NULL;
}

const struct nx_key *nx_key_by_name(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strlen(keys[i].name) == len && !memcmp(keys[i].name, name, len))
			return &keys[i];
	}
	return NULL;
}

const struct nx_key *nx_key_part(const struct nx_key *k, size_t bytes)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i][1].id != k->id)
			continue;
		if (keys[k->id].width == bytes)
			return &keys[k->id];
		return bytes && bytes <= NFT_QUIC_PART_MAX ? &parts[i][bytes] : NULL;
	}
	return NULL;
}

const struct nx_key *nx_key_by_place(uint32_t bit_off, uint32_t bits)
{
	uint32_t bit = bit_off % NX_KEY_STRIDE;
	const struct nx_key *k;

	if (bit_off < NX_KEY_FIRST)
		return NULL;
	k = nx_key_by_id((bit_off - NX_KEY_FIRST) / NX_KEY_STRIDE);
	if (bit && nx_key_has_parts(k))
		k = nx_key_part(k, bits / 8);
	return k && nx_key_offset(k) == bit_off && k->width * 8u == bits ? k : NULL;
}

const struct nx_key *nx_key_in_concat(const struct nx_key *k)
{
	return k && k->id == NFT_QUIC_SNI ? &keys[NFT_QUIC_SNI_CONCAT] : k;
}

uint32_t nx_key_offset(const struct nx_key *k)
{
	return NX_KEY_FIRST + k->id * NX_KEY_STRIDE +
	       (k->kind == NX_ID ? k->width * NX_PART_STRIDE : 0);
}

const struct nx_port_word *nx_port_word(uint32_t num)
{
	static const struct nx_port_word words[NX_PORT_WORDS] = {
		{"original", "proto-dst", IP_CT_DIR_ORIGINAL, NFT_CT_PROTO_DST},
		{"original", "proto-src", IP_CT_DIR_ORIGINAL, NFT_CT_PROTO_SRC},
		{"reply", "proto-dst", IP_CT_DIR_REPLY, NFT_CT_PROTO_DST},
		{"reply", "proto-src", IP_CT_DIR_REPLY, NFT_CT_PROTO_SRC},
	};

	return num && num <= NX_PORT_WORDS ? &words[num - 1] : NULL;
}

const char *nx_key_names(void)
{
	static const char names[] = KEYS(LISTED, UNLISTED);

	return names + strlen(", ");
}

bool nx_layout_quic(const struct nx_layout *l)
{
	for (unsigned int i = 0; i < l->n; i++) {
		if (l->key[i])
			return true;
	}
	for (unsigned int i = 0; i < l->dn; i++) {
		if (l->data[i])
			return true;
	}
	return false;
}

bool nx_layout_takes(const struct nx_layout *set, const struct nx_layout *sel, unsigned int part,
		     bool whole)
{
	unsigned int has = 0, is = 0;

	if (sel->n == 1 && !whole)
		return nx_key_room(sel->key[part]) >= nx_key_room(set->key[part]);
	for (unsigned int i = 0; i < set->n && i < sel->n; i++) {
		/* an ID gets the set's length, nft compares the types of its own */
		if (!set->key[i] || !sel->key[i] || nx_key_has_parts(sel->key[i]))
			continue;
		has += nx_key_room(set->key[i]);
		is += nx_key_room(sel->key[i]);
	}
	return has == is;
}

bool nx_layout_equal(const struct nx_layout *a, const struct nx_layout *b)
{
	return a->n == b->n && a->dn == b->dn &&
	       !memcmp(a->key, b->key, a->n * sizeof(a->key[0])) &&
	       !memcmp(a->data, b->data, a->dn * sizeof(a->data[0]));
}
