// SPDX-License-Identifier: GPL-2.0-only
#include "keys.h"
#include "simd.h"

#define NQ_HASH_LEN  32
#define NQ_BLOCK_LEN 64
#define NQ_LABEL_MAX 16

/* FIPS 180-4 5.3.3 */
#define NQ_SHA256_INITIAL                                                                          \
	{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,                                           \
	 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}

/* HMAC-SHA256 (RFC 2104) whose key is hashed: both states after their first block. */
struct nq_hmac {
	struct nq_salt key;
	bool simd; /* between nq_simd_begin(NQ_SIMD_SHA) and its end */
};

static void nq_hash_block(bool simd, u32 state[8], const u8 block[NQ_BLOCK_LEN])
{
	if (simd)
		nq_simd_sha256(state, block);
	else
		nq_sha256_block(state, block);
}

static void nq_hmac_key(struct nq_hmac *h, const u8 key[NQ_HASH_LEN])
{
	static const struct nq_salt initial = {NQ_SHA256_INITIAL, NQ_SHA256_INITIAL};
	u8 pad[NQ_BLOCK_LEN];
	int i;

	h->key = initial;
	memset(pad, 0x36, sizeof(pad));
	for (i = 0; i < NQ_HASH_LEN; i++)
		pad[i] ^= key[i];
	nq_hash_block(h->simd, h->key.inner, pad);
	for (i = 0; i < NQ_BLOCK_LEN; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	nq_hash_block(h->simd, h->key.outer, pad);
}

/* The last block of a hash whose first block is in @state already; @len is at most 55. */
static void nq_hash_last(bool simd, u32 state[8], const u8 *msg, size_t len, u8 out[NQ_HASH_LEN])
{
	const unsigned int bits = (NQ_BLOCK_LEN + len) * 8;
	u8 block[NQ_BLOCK_LEN] = {0};
	int i;

	memcpy(block, msg, len);
	block[len] = 0x80;
	block[NQ_BLOCK_LEN - 2] = bits >> 8;
	block[NQ_BLOCK_LEN - 1] = bits;
	nq_hash_block(simd, state, block);
	for (i = 0; i < 8; i++) {
		out[4 * i] = state[i] >> 24;
		out[4 * i + 1] = state[i] >> 16;
		out[4 * i + 2] = state[i] >> 8;
		out[4 * i + 3] = state[i];
	}
}

static void nq_hmac(const struct nq_hmac *h, const u8 *msg, size_t len, u8 out[NQ_HASH_LEN])
{
	struct nq_salt state = h->key;

	nq_hash_last(h->simd, state.inner, msg, len, out);
	nq_hash_last(h->simd, state.outer, out, NQ_HASH_LEN, out);
}

/*
 * HKDF-Expand-Label with an empty context (RFC 8446 7.1). @len is at most the hash's, so
 * that one round of HKDF-Expand is enough.
 */
static void nq_expand_label(const struct nq_hmac *secret, const char *label, u8 *out, size_t len)
{
	static const char prefix[] = "tls13 ";
	const size_t prefix_len = sizeof(prefix) - 1, label_len = strlen(label);
	u8 info[3 + sizeof(prefix) - 1 + NQ_LABEL_MAX + 2], hash[NQ_HASH_LEN];
	size_t n = 0;

	info[n++] = 0;
	info[n++] = len;
	info[n++] = prefix_len + label_len;
	memcpy(info + n, prefix, prefix_len);
	n += prefix_len;
	memcpy(info + n, label, label_len);
	n += label_len;
	info[n++] = 0; /* no context */
	info[n++] = 1; /* first round */
	nq_hmac(secret, info, n, hash);
	memcpy(out, hash, len);
}

void nq_keys_derive(const struct nq_version *ver, const u8 *dcid, size_t dcid_len,
		    struct nq_keys *keys)
{
	struct nq_hmac h = {.key = *ver->salt, .simd = nq_simd_begin(NQ_SIMD_SHA)};
	u8 secret[NQ_HASH_LEN];

	/* initial_secret = HKDF-Extract(salt, dcid) */
	nq_hmac(&h, dcid, dcid_len, secret);

	nq_hmac_key(&h, secret);
	nq_expand_label(&h, "client in", secret, sizeof(secret));

	nq_hmac_key(&h, secret);
	nq_expand_label(&h, ver->v2 ? "quicv2 key" : "quic key", keys->key, sizeof(keys->key));
	nq_expand_label(&h, ver->v2 ? "quicv2 iv" : "quic iv", keys->iv, sizeof(keys->iv));
	nq_expand_label(&h, ver->v2 ? "quicv2 hp" : "quic hp", keys->hp, sizeof(keys->hp));
	if (h.simd)
		nq_simd_end();
}
