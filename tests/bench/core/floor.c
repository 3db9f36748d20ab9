// SPDX-License-Identifier: GPL-2.0-or-later
#include "floor.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <string.h>
#include <immintrin.h>

/* For all functions below */
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("aes,pclmul,sha,sse4.1,ssse3"))),               \
			     apply_to = function)
#else
#pragma GCC target("aes,pclmul,sha,sse4.1,ssse3")
#endif

#define ROUNDS 10
#define WIDE   8

static const uint32_t k256[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

/* A state of SHA-256 in the order that the instructions want. */
struct sha {
	__m128i abef, cdgh;
};

/* HMAC with a key: the states after the first blocks. */
struct hmac {
	struct sha inner, outer;
};

static struct sha sha_start;
static struct hmac salt_key; /* of version 1 */
/* The last block of each inner hash, padded: 0 is the DCID's, without the DCID */
static uint8_t msg_dcid[64], msg_in[64], msg_key[64], msg_iv[64], msg_hp[64];

static inline __m128i words(__m128i v)
{
	return _mm_shuffle_epi8(v,
				_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
}

static inline __m128i load(const void *p)
{
	return _mm_loadu_si128(p);
}

/* @m: the block as four vectors of big-endian words */
static inline struct sha compress(struct sha s, __m128i m0, __m128i m1, __m128i m2, __m128i m3)
{
	__m128i m[4] = {m0, m1, m2, m3}, abef = s.abef, cdgh = s.cdgh;

#pragma GCC unroll 16
	for (int i = 0; i < 16; i++) {
		__m128i w;

		if (i >= 4) {
			__m128i last = m[(i + 3) & 3];

			w = _mm_sha256msg1_epu32(m[i & 3], m[(i + 1) & 3]);
			w = _mm_add_epi32(w, _mm_alignr_epi8(last, m[(i + 2) & 3], 4));
			m[i & 3] = _mm_sha256msg2_epu32(w, last);
		}
		w = _mm_add_epi32(m[i & 3], load(k256 + 4 * i));
		cdgh = _mm_sha256rnds2_epu32(cdgh, abef, w);
		abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(w, 0x0e));
	}
	s.abef = _mm_add_epi32(s.abef, abef);
	s.cdgh = _mm_add_epi32(s.cdgh, cdgh);
	return s;
}

/* The hash as words in order: a to d and e to h. */
static inline void ordered(struct sha s, __m128i *abcd, __m128i *efgh)
{
	__m128i feba = _mm_shuffle_epi32(s.abef, 0x1b), dchg = _mm_shuffle_epi32(s.cdgh, 0xb1);

	*abcd = _mm_blend_epi16(feba, dchg, 0xf0);
	*efgh = _mm_alignr_epi8(dchg, feba, 8);
}

static inline struct sha compress_bytes(struct sha s, const uint8_t *p)
{
	return compress(s, words(load(p)), words(load(p + 16)), words(load(p + 32)),
			words(load(p + 48)));
}

/* Inner hash over a prepared block, outer hash over its result. */
static inline void mac(const struct hmac *h, const uint8_t *block, __m128i *abcd, __m128i *efgh)
{
	ordered(compress_bytes(h->inner, block), abcd, efgh);
	ordered(compress(h->outer, *abcd, *efgh, _mm_set_epi32(0, 0, 0, (int)0x80000000),
			 _mm_set_epi32((64 + 32) * 8, 0, 0, 0)),
		abcd, efgh);
}

static inline struct hmac mac_key(__m128i abcd, __m128i efgh)
{
	const __m128i in = _mm_set1_epi8(0x36), out = _mm_set1_epi8(0x5c);

	return (struct hmac){
		compress(sha_start, _mm_xor_si128(abcd, in), _mm_xor_si128(efgh, in), in, in),
		compress(sha_start, _mm_xor_si128(abcd, out), _mm_xor_si128(efgh, out), out, out)};
}

static inline void put(uint8_t *out, __m128i abcd, __m128i efgh)
{
	_mm_storeu_si128((void *)out, words(abcd));
	_mm_storeu_si128((void *)(out + 16), words(efgh));
}

void floor_keys(const uint8_t *dcid, struct floor_keys *keys)
{
	uint8_t block[64];
	__m128i abcd, efgh;
	struct hmac h;

	memcpy(block, msg_dcid, sizeof(block));
	memcpy(block, dcid, FLOOR_CID_LEN);
	mac(&salt_key, block, &abcd, &efgh);
	h = mac_key(abcd, efgh);
	mac(&h, msg_in, &abcd, &efgh);
	h = mac_key(abcd, efgh);
	mac(&h, msg_key, &abcd, &efgh);
	put(keys->key, abcd, efgh);
	mac(&h, msg_iv, &abcd, &efgh);
	put(keys->iv, abcd, efgh);
	mac(&h, msg_hp, &abcd, &efgh);
	put(keys->hp, abcd, efgh);
}

/* Pad @len bytes in @block, behind one block of HMAC's key (FIPS 180-4 5.1.1). */
static void pad(uint8_t block[64], size_t len)
{
	block[len] = 0x80;
	block[62] = (64 + len) * 8 >> 8;
	block[63] = (64 + len) * 8;
}

/* HkdfLabel with an empty context and the counter of HKDF-Expand (RFC 8446 7.1). */
static void label(uint8_t block[64], uint8_t out_len, const char *text)
{
	size_t n = strlen(text);

	memset(block, 0, 64);
	block[1] = out_len;
	block[2] = n;
	memcpy(block + 3, text, n);
	block[3 + n + 1] = 1;
	pad(block, 3 + n + 2);
}

bool floor_init(void)
{
	static const uint8_t salt[32] = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34,
					 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8,
					 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
	const unsigned int need = bit_AES | bit_PCLMUL | bit_SSE4_1 | bit_SSSE3;
	unsigned int a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & need) != need)
		return false;
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_SHA))
		return false;

	/* FIPS 180-4 5.3.3 */
	sha_start.abef = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c);
	sha_start.cdgh = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19);
	salt_key = mac_key(words(load(salt)), words(load(salt + 16)));
	memset(msg_dcid, 0, sizeof(msg_dcid));
	pad(msg_dcid, FLOOR_CID_LEN);
	label(msg_in, 32, "tls13 client in");
	label(msg_key, 16, "tls13 quic key");
	label(msg_iv, 12, "tls13 quic iv");
	label(msg_hp, 16, "tls13 quic hp");
	return true;
}

static inline __m128i next_key(__m128i k, __m128i assist)
{
	k = _mm_xor_si128(k, _mm_slli_si128(k, 4));
	k = _mm_xor_si128(k, _mm_slli_si128(k, 8));
	return _mm_xor_si128(k, _mm_shuffle_epi32(assist, 0xff));
}

static inline void schedule(__m128i k[ROUNDS + 1], const uint8_t *key)
{
	k[0] = load(key);
#define NEXT(i, rcon) (k[i] = next_key(k[i - 1], _mm_aeskeygenassist_si128(k[i - 1], rcon)))
	NEXT(1, 0x01);
	NEXT(2, 0x02);
	NEXT(3, 0x04);
	NEXT(4, 0x08);
	NEXT(5, 0x10);
	NEXT(6, 0x20);
	NEXT(7, 0x40);
	NEXT(8, 0x80);
	NEXT(9, 0x1b);
	NEXT(10, 0x36);
#undef NEXT
}

static inline __m128i encrypt(const __m128i k[ROUNDS + 1], __m128i b)
{
	b = _mm_xor_si128(b, k[0]);
	for (int r = 1; r < ROUNDS; r++)
		b = _mm_aesenc_si128(b, k[r]);
	return _mm_aesenclast_si128(b, k[ROUNDS]);
}

static inline __m128i reverse(__m128i v)
{
	return _mm_shuffle_epi8(v,
				_mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

/* A product of two elements before it is reduced. */
struct product {
	__m128i lo, mid, hi;
};

static inline void multiply(struct product *p, __m128i a, __m128i b)
{
	p->lo = _mm_xor_si128(p->lo, _mm_clmulepi64_si128(a, b, 0x00));
	p->hi = _mm_xor_si128(p->hi, _mm_clmulepi64_si128(a, b, 0x11));
	p->mid = _mm_xor_si128(p->mid, _mm_clmulepi64_si128(a, b, 0x01));
	p->mid = _mm_xor_si128(p->mid, _mm_clmulepi64_si128(a, b, 0x10));
}

/* Divide by x^128 modulo POLYVAL's polynomial (RFC 8452 3). */
static inline __m128i reduce(struct product p)
{
	const __m128i poly = _mm_set_epi64x(0, (long long)0xc200000000000000);
	__m128i lo = _mm_xor_si128(p.lo, _mm_slli_si128(p.mid, 8));
	__m128i hi = _mm_xor_si128(p.hi, _mm_srli_si128(p.mid, 8));

	for (int i = 0; i < 2; i++)
		lo = _mm_xor_si128(_mm_shuffle_epi32(lo, 0x4e), _mm_clmulepi64_si128(lo, poly, 0));
	return _mm_xor_si128(hi, lo);
}

static inline __m128i dot(__m128i a, __m128i b)
{
	struct product p = {0};

	multiply(&p, a, b);
	return reduce(p);
}

/* GHASH's key as POLYVAL's, times x (RFC 8452 appendix A). */
static inline __m128i hash_key(__m128i h)
{
	uint64_t v[2];

	_mm_storeu_si128((void *)v, reverse(h));
	h = _mm_set_epi64x((long long)(v[1] << 1 | v[0] >> 63), (long long)(v[0] << 1));
	return v[1] >> 63 ? _mm_xor_si128(h, _mm_set_epi64x((long long)0xc200000000000000, 1)) : h;
}

static __m128i hash(const __m128i h[WIDE], __m128i y, const uint8_t *p, size_t len)
{
	uint8_t last[16] = {0};

	for (; len >= 16 * WIDE; len -= 16 * WIDE, p += 16 * WIDE) {
		struct product sum = {0};

		multiply(&sum, _mm_xor_si128(y, reverse(load(p))), h[WIDE - 1]);
#pragma GCC unroll 8
		for (int i = 1; i < WIDE; i++)
			multiply(&sum, reverse(load(p + 16 * i)), h[WIDE - 1 - i]);
		y = reduce(sum);
	}
	for (; len >= 16; len -= 16, p += 16)
		y = dot(_mm_xor_si128(y, reverse(load(p))), h[0]);
	if (len) {
		memcpy(last, p, len);
		y = dot(_mm_xor_si128(y, reverse(load(last))), h[0]);
	}
	return y;
}

static inline __m128i counter(__m128i iv, uint32_t n)
{
	return _mm_insert_epi32(iv, (int)__builtin_bswap32(n), 3);
}

static void ctr(const __m128i k[ROUNDS + 1], __m128i iv, uint8_t *p, size_t len)
{
	uint8_t last[16] = {0};
	uint32_t n = 2;

	for (; len >= 16 * WIDE; len -= 16 * WIDE, p += 16 * WIDE) {
		__m128i b[WIDE];

#pragma GCC unroll 8
		for (int i = 0; i < WIDE; i++)
			b[i] = _mm_xor_si128(counter(iv, n++), k[0]);
		for (int r = 1; r < ROUNDS; r++) {
#pragma GCC unroll 8
			for (int i = 0; i < WIDE; i++)
				b[i] = _mm_aesenc_si128(b[i], k[r]);
		}
#pragma GCC unroll 8
		for (int i = 0; i < WIDE; i++)
			_mm_storeu_si128((void *)(p + 16 * i),
					 _mm_xor_si128(load(p + 16 * i),
						       _mm_aesenclast_si128(b[i], k[ROUNDS])));
	}
	for (; len >= 16; len -= 16, p += 16)
		_mm_storeu_si128((void *)p, _mm_xor_si128(load(p), encrypt(k, counter(iv, n++))));
	if (len) {
		memcpy(last, p, len);
		_mm_storeu_si128((void *)last,
				 _mm_xor_si128(load(last), encrypt(k, counter(iv, n))));
		memcpy(p, last, len);
	}
}

bool floor_open(const struct floor_keys *keys, uint8_t *dgram, size_t pn_off, size_t len)
{
	const size_t aad = pn_off + 4, text = len - aad - 16;
	uint8_t mask[16], nonce[16] = {0};
	__m128i k[ROUNDS + 1], h[WIDE], iv, y;

	schedule(k, keys->hp);
	_mm_storeu_si128((void *)mask, encrypt(k, load(dgram + pn_off + 4)));
	dgram[0] ^= mask[0] & 0x0f;
	memcpy(nonce, keys->iv, 12);
	for (int i = 0; i < 4; i++) {
		dgram[pn_off + i] ^= mask[1 + i];
		nonce[8 + i] ^= dgram[pn_off + i];
	}
	iv = load(nonce);

	schedule(k, keys->key);
	h[0] = hash_key(encrypt(k, _mm_setzero_si128()));
	for (int i = 1; i < WIDE; i++)
		h[i] = dot(h[i - 1], h[0]);
	y = hash(h, _mm_setzero_si128(), dgram, aad);
	y = hash(h, y, dgram + aad, text);
	y = dot(_mm_xor_si128(y, _mm_set_epi64x((long long)aad * 8, (long long)text * 8)), h[0]);
	y = _mm_xor_si128(reverse(y), encrypt(k, counter(iv, 1)));
	y = _mm_xor_si128(y, load(dgram + aad + text));
	if (!_mm_testz_si128(y, y))
		return false;
	ctr(k, iv, dgram + aad, text);
	return true;
}

#ifdef __clang__
#pragma clang attribute pop
#endif

#else

bool floor_init(void)
{
	return false;
}

void floor_keys(const uint8_t *dcid, struct floor_keys *keys)
{
	(void)dcid;
	(void)keys;
}

bool floor_open(const struct floor_keys *keys, uint8_t *dgram, size_t pn_off, size_t len)
{
	(void)keys;
	(void)dgram;
	(void)pn_off;
	(void)len;
	return false;
}

#endif /* __x86_64__ */
