// SPDX-License-Identifier: GPL-2.0-only
#include "keys.h"

#define NQ_HASH_LEN  32
#define NQ_BLOCK_LEN 64
#define NQ_LABEL_MAX 16

/* HMAC-SHA256 with its key already hashed; one key serves several messages. */
struct nq_hmac {
	struct nq_sha256 inner, outer;
};

static void nq_hmac_key(struct nq_hmac *h, const u8 key[NQ_HASH_LEN])
{
	u8 pad[NQ_BLOCK_LEN];
	int i;

	memset(pad, 0x36, sizeof(pad));
	for (i = 0; i < NQ_HASH_LEN; i++)
		pad[i] ^= key[i];
	nq_sha256_init(&h->inner);
	nq_sha256_update(&h->inner, pad, sizeof(pad));

	for (i = 0; i < NQ_BLOCK_LEN; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	nq_sha256_init(&h->outer);
	nq_sha256_update(&h->outer, pad, sizeof(pad));
}

static void nq_hmac(const struct nq_hmac *h, const u8 *msg, size_t len, u8 out[NQ_HASH_LEN])
{
	struct nq_sha256 s = h->inner;

	nq_sha256_update(&s, msg, len);
	nq_sha256_final(&s, out);
	s = h->outer;
	nq_sha256_update(&s, out, NQ_HASH_LEN);
	nq_sha256_final(&s, out);
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
	struct nq_hmac h;
	u8 secret[NQ_HASH_LEN];

	/* initial_secret = HKDF-Extract(salt, dcid) */
	nq_sha256_resume(&h.inner, ver->salt->inner, 1);
	nq_sha256_resume(&h.outer, ver->salt->outer, 1);
	nq_hmac(&h, dcid, dcid_len, secret);

	nq_hmac_key(&h, secret);
	nq_expand_label(&h, "client in", secret, sizeof(secret));

	nq_hmac_key(&h, secret);
	nq_expand_label(&h, ver->v2 ? "quicv2 key" : "quic key", keys->key, sizeof(keys->key));
	nq_expand_label(&h, ver->v2 ? "quicv2 iv" : "quic iv", keys->iv, sizeof(keys->iv));
	nq_expand_label(&h, ver->v2 ? "quicv2 hp" : "quic hp", keys->hp, sizeof(keys->hp));
}
