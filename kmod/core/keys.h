/* SPDX-License-Identifier: GPL-2.0-only */
/* Initial keys from a connection ID (RFC 9001 5.2, RFC 9369 3.3). */
#ifndef NQ_KEYS_H
#define NQ_KEYS_H

#include "types.h"
#include "version.h"

/**
 * struct nq_keys - what opens one side's Initials
 * @key:	AES-128-GCM key
 * @iv:		its nonce, to be xored with the packet number
 * @hp:		AES-128 key of header protection
 */
struct nq_keys {
	u8 key[16];
	u8 iv[12];
	u8 hp[16];
};

/**
 * nq_keys_derive - the client's Initial keys
 * @ver:	the version, for its salt and labels
 * @dcid:	of the client's first Initial
 * @dcid_len:	0 to NQ_CID_MAX
 * @keys:	gets the keys
 *
 * Costs 14 compressions of SHA-256.
 */
void nq_keys_derive(const struct nq_version *ver, const u8 *dcid, size_t dcid_len,
		    struct nq_keys *keys);

/** nq_keys_derive_server - the server's Initial keys; as nq_keys_derive() */
void nq_keys_derive_server(const struct nq_version *ver, const u8 *dcid, size_t dcid_len,
			   struct nq_keys *keys);

/** enum nq_secret - the outputs of HKDF-Expand-Label on the way from a connection ID to the keys */
enum nq_secret {
	NQ_SECRET_SIDE,
	NQ_SECRET_KEY,
	NQ_SECRET_IV,
	NQ_SECRET_HP,
	NQ_SECRETS,
};

/**
 * nq_keys_chain - the 14 compressions, in C
 * @salt:	of the version
 * @dcid:	the connection ID, padded as a hash's second block
 * @info:	the input of each HKDF-Expand-Label, padded the same way
 * @keys:	gets the keys
 */
void nq_keys_chain(const struct nq_salt *salt, const u8 dcid[64], const u8 info[NQ_SECRETS][64],
		   struct nq_keys *keys);

#endif /* NQ_KEYS_H */
