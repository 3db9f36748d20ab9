// SPDX-License-Identifier: GPL-2.0-or-later
#include "initial.h"
#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>

static const struct {
	uint32_t version;
	uint8_t salt[20];
} qt_salts[] = {
	{QT_V1, /* RFC 9001 5.2 */
	 {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	  0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a}},
	{QT_V2, /* RFC 9369 3.3.1 */
	 {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
	  0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9}},
	{QT_DRAFT29, /* draft-ietf-quic-tls-29 5.2 */
	 {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
	  0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99}},
	{0xff00001b, /* draft-ietf-quic-tls-27 5.2 */
	 {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
	  0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02}},
	{0xff000016, /* draft-ietf-quic-tls-22 5.2 */
	 {0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a,
	  0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a}},
	{0x54303530, /* Google's T050 */
	 {0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80,
	  0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48, 0x83, 0x10}},
	{0x54303531, /* Google's T051 */
	 {0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50,
	  0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d}},
};

struct qt_cid qt_cid(uint8_t seed, uint8_t len)
{
	struct qt_cid cid = {.len = len};
	unsigned int i;

	for (i = 0; i < len; i++)
		cid.id[i] = seed + i;
	return cid;
}

const uint8_t *qt_salt(uint32_t version)
{
	size_t i;

	for (i = 0; i < sizeof(qt_salts) / sizeof(qt_salts[0]); i++)
		if (qt_salts[i].version == version)
			return qt_salts[i].salt;
	return NULL;
}

/* HKDF-Expand-Label with an empty context (RFC 8446 7.1) */
static void qt_expand(const uint8_t secret[32], const char *label, uint8_t *out, size_t len)
{
	const size_t label_len = strlen(label);
	struct hmac_sha256_ctx ctx;
	uint8_t info[32] = {0, len, 6 + label_len, 't', 'l', 's', '1', '3', ' '};

	assert(label_len <= sizeof(info) - 10);
	memcpy(info + 9, label, label_len);
	hmac_sha256_set_key(&ctx, 32, secret);
	hkdf_expand(&ctx, (nettle_hash_update_func *)hmac_sha256_update,
		    (nettle_hash_digest_func *)hmac_sha256_digest, 32, 10 + label_len, info, len,
		    out);
}

bool qt_keys(uint32_t version, bool server, const struct qt_cid *cid, struct qt_keys *keys)
{
	const uint8_t *salt = qt_salt(version);
	bool v2 = version == QT_V2;
	struct hmac_sha256_ctx ctx;
	uint8_t secret[32], side[32];

	if (!salt)
		return false;
	hmac_sha256_set_key(&ctx, 20, salt);
	hkdf_extract(&ctx, (nettle_hash_update_func *)hmac_sha256_update,
		     (nettle_hash_digest_func *)hmac_sha256_digest, 32, cid->len, cid->id, secret);
	qt_expand(secret, server ? "server in" : "client in", side, sizeof(side));
	qt_expand(side, v2 ? "quicv2 key" : "quic key", keys->key, sizeof(keys->key));
	qt_expand(side, v2 ? "quicv2 iv" : "quic iv", keys->iv, sizeof(keys->iv));
	qt_expand(side, v2 ? "quicv2 hp" : "quic hp", keys->hp, sizeof(keys->hp));
	return true;
}

/* First byte without packet number length: RFC 9000 17.2, RFC 9369 3.2. */
static uint8_t qt_first(enum qt_type type, uint32_t version)
{
	unsigned int bits = version == QT_V2 ? (type + 1) % 4 : type;

	return 0xc0 | bits << 4;
}

static void qt_put_ids(struct qt_buf *out, uint8_t first, const struct qt_packet *p)
{
	qt_put_u8(out, first);
	qt_put_uint(out, p->version, 4);
	qt_put_u8(out, p->dcid.len);
	qt_put(out, p->dcid.id, p->dcid.len);
	qt_put_u8(out, p->scid.len);
	qt_put(out, p->scid.id, p->scid.len);
}

static void qt_protect(uint8_t *first, uint8_t *pn, unsigned int pn_len, const uint8_t hp[16])
{
	struct aes128_ctx aes;
	uint8_t mask[16];
	unsigned int i;

	aes128_set_encrypt_key(&aes, hp);
	aes128_encrypt(&aes, 16, mask, pn + 4);
	*first ^= mask[0] & 0x0f;
	for (i = 0; i < pn_len; i++)
		pn[i] ^= mask[1 + i];
}

void qt_initial(struct qt_buf *out, const struct qt_packet *p, const struct qt_buf *frames)
{
	unsigned int pn_len = p->pn_len ? p->pn_len : 4, i;
	size_t start = out->len, pn_at, text_at, len_at, pad = 0, used;
	uint32_t keys_as = p->keys_as ? p->keys_as : p->version;
	struct gcm_aes128_ctx gcm;
	struct qt_keys keys;
	uint8_t first;

	assert(qt_keys(keys_as, p->server, p->key_cid ? p->key_cid : &p->dcid, &keys));
	first = qt_first(QT_INITIAL, p->version) | p->reserved << 2 | (pn_len - 1);
	qt_put_ids(out, p->clear_fixed ? first & ~0x40 : first, p);
	qt_put_varint(out, p->token_len);
	qt_put(out, p->token, p->token_len);

	/* The length always takes two bytes, or four where two are not enough. */
	used = out->len - start + 2 + pn_len + frames->len + 16;
	if (p->pad_to > used)
		pad = p->pad_to - used;
	len_at = pn_len + frames->len + pad + 16;
	if (len_at < 1 << 14)
		qt_put_u16(out, len_at | 0x4000);
	else
		qt_put_uint(out, len_at | 0x80000000, 4);

	pn_at = out->len;
	qt_put_uint(out, p->pn, pn_len);
	text_at = out->len;
	qt_put(out, frames->p, frames->len);
	qt_fill(out, 0, pad);
	for (i = 0; i < 4; i++)
		keys.iv[8 + i] ^= i < 4 - pn_len ? 0 : out->p[pn_at + i - (4 - pn_len)];

	gcm_aes128_set_key(&gcm, keys.key);
	gcm_aes128_set_iv(&gcm, 12, keys.iv);
	gcm_aes128_update(&gcm, text_at - start, out->p + start);
	gcm_aes128_encrypt(&gcm, out->len - text_at, out->p + text_at, out->p + text_at);
	qt_fill(out, 0, 16);
	gcm_aes128_digest(&gcm, 16, out->p + out->len - 16);
	/* Less than a sample's worth of payload cannot be protected; see the tests of short ones.
	 */
	if (out->len - pn_at >= 20)
		qt_protect(out->p + start, out->p + pn_at, pn_len, keys.hp);
}

void qt_opaque(struct qt_buf *out, enum qt_type type, const struct qt_packet *p, size_t len)
{
	size_t i;

	qt_put_ids(out, qt_first(type, p->version) | 3, p);
	qt_put_varint(out, len + 4);
	qt_put_uint(out, p->pn, 4);
	for (i = 0; i < len; i++)
		qt_put_u8(out, (i * 89 + p->pn * 151 + 7) ^ i >> 8);
}

void qt_retry(struct qt_buf *out, const struct qt_packet *p)
{
	/* RFC 9001 5.8, RFC 9369 3.3.3 */
	const char *key = p->version == 1 ? "be0c690b9f66575a1d766b54e368c84e"
					  : "8fb4b01b56ac48e260fbcbcead7ccc92";
	const char *iv = p->version == 1 ? "461599d35d632bf2239825bb" : "d86969bc2d7c6d9990efb04a";
	static struct qt_buf hex, pseudo;
	struct gcm_aes128_ctx gcm;
	size_t start = out->len;

	qt_put_ids(out, qt_first(QT_RETRY, p->version), p);
	qt_put(out, p->token, p->token_len);
	if (!p->key_cid) {
		qt_fill(out, 0x5a, 16);
		return;
	}
	hex.len = pseudo.len = 0;
	qt_put_hex(&hex, key);
	qt_put_hex(&hex, iv);
	qt_put_u8(&pseudo, p->key_cid->len);
	qt_put(&pseudo, p->key_cid->id, p->key_cid->len);
	qt_put(&pseudo, out->p + start, out->len - start);
	gcm_aes128_set_key(&gcm, hex.p);
	gcm_aes128_set_iv(&gcm, 12, hex.p + 16);
	gcm_aes128_update(&gcm, pseudo.len, pseudo.p);
	qt_fill(out, 0, 16);
	gcm_aes128_digest(&gcm, 16, out->p + out->len - 16);
}

void qt_version_negotiation(struct qt_buf *out, const struct qt_packet *p, uint32_t version)
{
	struct qt_packet vn = *p;

	vn.version = 0;
	qt_put_ids(out, 0xc0, &vn);
	qt_put_uint(out, version, 4);
}

void qt_frame_crypto(struct qt_buf *frames, uint64_t off, const void *data, size_t len)
{
	qt_put_u8(frames, 0x06);
	qt_put_varint(frames, off);
	qt_put_varint(frames, len);
	qt_put(frames, data, len);
}

void qt_frame_ack(struct qt_buf *frames, uint64_t largest, uint64_t first, bool ecn)
{
	qt_put_u8(frames, ecn ? 0x03 : 0x02);
	qt_put_varint(frames, largest);
	qt_put_varint(frames, 25); /* delay */
	qt_put_varint(frames, 0);  /* further ranges */
	qt_put_varint(frames, first);
	if (ecn) {
		qt_put_varint(frames, 1);
		qt_put_varint(frames, 0);
		qt_put_varint(frames, 0);
	}
}

void qt_frame_ping(struct qt_buf *frames)
{
	qt_put_u8(frames, 0x01);
}

void qt_frame_padding(struct qt_buf *frames, size_t n)
{
	qt_fill(frames, 0, n);
}

void qt_frame_close(struct qt_buf *frames, uint64_t error)
{
	qt_put_u8(frames, 0x1c);
	qt_put_varint(frames, error);
	qt_put_varint(frames, 0x06); /* caused by a CRYPTO frame */
	qt_put_varint(frames, 0);    /* no reason */
}
