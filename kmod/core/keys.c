// SPDX-License-Identifier: GPL-2.0-only
#include "keys.h"
#include "simd.h"

#define NQ_BLOCK_LEN 64
#define NQ_HASH_LEN  32

/* FIPS 180-4 5.3.3 */
#define NQ_SHA256_INITIAL                                                                          \
	{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,                                           \
	 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}

/*
 * The input of HKDF-Expand-Label with an empty context (RFC 8446 7.1) and of HKDF-Expand's only
 * round, padded as the last block of a hash that has one block before it (FIPS 180-4 5.1.1).
 */
struct nq_info {
	u8 len[2], label_len;
	char label[NQ_BLOCK_LEN - 5]; /* the empty context, the round and the padding's 1 follow */
	u8 bits[2];
};

#define NQ_INFO_BITS(label) ((NQ_BLOCK_LEN + 3 + sizeof(label) - 1 + 2) * 8)
#define NQ_INFO(len, label)                                                                        \
	{{0, len},                                                                                 \
	 sizeof(label) - 1,                                                                        \
	 label "\0\1\x80",                                                                         \
	 {NQ_INFO_BITS(label) >> 8, NQ_INFO_BITS(label) & 0xff}}

/* By version and side, in the order of enum nq_secret; RFC 9001 5.2 and RFC 9369 3.3.2 */
#define NQ_INFOS(side, quic)                                                                       \
	{                                                                                          \
		NQ_INFO(32, "tls13 " side " in"),                                                  \
		NQ_INFO(16, "tls13 " quic " key"),                                                 \
		NQ_INFO(12, "tls13 " quic " iv"),                                                  \
		NQ_INFO(16, "tls13 " quic " hp"),                                                  \
	}

static const struct nq_info nq_infos[2][2][NQ_SECRETS] = {
	{NQ_INFOS("client", "quic"), NQ_INFOS("server", "quic")},
	{NQ_INFOS("client", "quicv2"), NQ_INFOS("server", "quicv2")},
};

/* HMAC-SHA256 (RFC 2104) with a key of a hash's length: both states after their first block. */
static void nq_hmac_key(struct nq_salt *h, const u8 key[NQ_HASH_LEN])
{
	static const struct nq_salt initial = {NQ_SHA256_INITIAL, NQ_SHA256_INITIAL};
	u8 pad[NQ_BLOCK_LEN];
	int i;

	*h = initial;
	memset(pad, 0x36, sizeof(pad));
	for (i = 0; i < NQ_HASH_LEN; i++)
		pad[i] ^= key[i];
	nq_sha256_block(h->inner, pad);
	for (i = 0; i < NQ_BLOCK_LEN; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	nq_sha256_block(h->outer, pad);
}

static void nq_hash_last(u32 state[8], const u8 block[NQ_BLOCK_LEN], u8 out[NQ_HASH_LEN])
{
	int i;

	nq_sha256_block(state, block);
	for (i = 0; i < 8; i++) {
		out[4 * i] = state[i] >> 24;
		out[4 * i + 1] = state[i] >> 16;
		out[4 * i + 2] = state[i] >> 8;
		out[4 * i + 3] = state[i];
	}
}

/* @block: the message with the padding of a hash's second block */
static void nq_hmac(const struct nq_salt *h, const u8 block[NQ_BLOCK_LEN], u8 out[NQ_HASH_LEN])
{
	u8 last[NQ_BLOCK_LEN] = {0};
	struct nq_salt state = *h;

	nq_hash_last(state.inner, block, last);
	last[NQ_HASH_LEN] = 0x80;
	last[NQ_BLOCK_LEN - 2] = (NQ_BLOCK_LEN + NQ_HASH_LEN) * 8 >> 8;
	nq_hash_last(state.outer, last, out);
}

void nq_keys_chain(const struct nq_salt *salt, const u8 dcid[NQ_BLOCK_LEN],
		   const u8 info[NQ_SECRETS][NQ_BLOCK_LEN], struct nq_keys *keys)
{
	u8 secret[NQ_HASH_LEN];
	struct nq_salt h;

	/* initial_secret = HKDF-Extract(salt, dcid) */
	nq_hmac(salt, dcid, secret);

	nq_hmac_key(&h, secret);
	nq_hmac(&h, info[NQ_SECRET_SIDE], secret);

	nq_hmac_key(&h, secret);
	nq_hmac(&h, info[NQ_SECRET_KEY], secret);
	memcpy(keys->key, secret, sizeof(keys->key));
	nq_hmac(&h, info[NQ_SECRET_IV], secret);
	memcpy(keys->iv, secret, sizeof(keys->iv));
	nq_hmac(&h, info[NQ_SECRET_HP], secret);
	memcpy(keys->hp, secret, sizeof(keys->hp));
}

static void nq_keys_side(const struct nq_version *ver, bool server, const u8 *dcid, size_t dcid_len,
			 struct nq_keys *keys)
{
	const u8(*info)[NQ_BLOCK_LEN] = (const void *)nq_infos[ver->v2][server];
	const unsigned int bits = (NQ_BLOCK_LEN + dcid_len) * 8;
	u8 block[NQ_BLOCK_LEN] = {0};

	memcpy(block, dcid, dcid_len);
	block[dcid_len] = 0x80;
	block[NQ_BLOCK_LEN - 2] = bits >> 8;
	block[NQ_BLOCK_LEN - 1] = bits & 0xff;
	if (nq_simd_begin(NQ_SIMD_SHA)) {
		nq_simd_keys(ver->salt, block, info, keys);
		nq_simd_end();
	} else {
		nq_keys_chain(ver->salt, block, info, keys);
	}
}

void nq_keys_derive(const struct nq_version *ver, const u8 *dcid, size_t dcid_len,
		    struct nq_keys *keys)
{
	nq_keys_side(ver, false, dcid, dcid_len, keys);
}

void nq_keys_derive_server(const struct nq_version *ver, const u8 *dcid, size_t dcid_len,
			   struct nq_keys *keys)
{
	nq_keys_side(ver, true, dcid, dcid_len, keys);
}
