// SPDX-License-Identifier: GPL-2.0-only
#include "hello.h"
#include "cursor.h"

enum {
	NQ_TLS_1_2 = 0x0303, /* legacy_version of TLS 1.3 */

	NQ_EXT_SERVER_NAME = 0,
	NQ_EXT_ALPN = 16,
	NQ_EXT_PARAMETERS = 57,
	NQ_EXT_PARAMETERS_DRAFT = 0xffa5, /* up to draft-ietf-quic-tls-32 */
	NQ_EXT_ECH = 0xfe0d,

	NQ_PARAMETER_IDLE = 1, /* max_idle_timeout */

	NQ_NAME_HOST = 0,
};

#define NQ_TLS_RANDOM 32

static bool nq_hello_host_ok(const u8 *name, unsigned int len)
{
	unsigned int i;

	if (len > NQ_SNI_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f)
			return false;
	return true;
}

/* ServerNameList (RFC 6066 3): at most one host_name; other types are stepped over. */
static void nq_hello_sni(struct nq_cursor *c, struct nq_hello *hello)
{
	bool seen = false;
	u16 len, off;
	const u8 *name;
	u8 type;

	/* A server's hello has it empty; a client that sends it so names nobody. */
	if (!nq_cursor_left(c))
		return;
	if (nq_cursor_u16(c) != nq_cursor_left(c))
		nq_cursor_fail(c);
	while (nq_cursor_left(c)) {
		type = nq_cursor_u8(c);
		len = nq_cursor_u16(c);
		off = c->pos;
		name = nq_cursor_take(c, len);
		if (!name || type != NQ_NAME_HOST)
			continue;
		if (seen || !nq_hello_host_ok(name, len)) {
			nq_cursor_fail(c);
			return;
		}
		seen = true;
		hello->sni_off = off;
		hello->sni_len = len;
	}
}

/* ProtocolNameList (RFC 7301 3.1) */
static void nq_hello_alpn(struct nq_cursor *c, struct nq_hello *hello)
{
	const u8 *name;
	u8 len;

	hello->alpn_len = nq_cursor_u16(c);
	hello->alpn_off = c->pos;
	if (hello->alpn_len != nq_cursor_left(c))
		nq_cursor_fail(c);
	while (nq_cursor_left(c)) {
		len = nq_cursor_u8(c);
		name = nq_cursor_take(c, len);
		/* The register of a rule is padded with NULs: h3 and h3\0 would be one. */
		if (name && (!len || memchr(name, 0, len)))
			nq_cursor_fail(c);
	}
}

/*
 * Transport parameters (RFC 9000 18). A server refuses what breaks their grammar; here it only ends
 * the reading, since no name depends on it.
 */
static void nq_hello_parameters(struct nq_cursor c, struct nq_hello *hello)
{
	struct nq_cursor value;
	u64 id, len, ms;

	while (nq_cursor_left(&c)) {
		id = nq_cursor_varint(&c);
		len = nq_cursor_varint(&c);
		if (!nq_cursor_ok(&c) || len > nq_cursor_left(&c))
			return;
		nq_cursor_sub(&c, len, &value);
		if (id == NQ_PARAMETER_IDLE) {
			ms = nq_cursor_varint(&value);
			if (nq_cursor_ok(&value))
				hello->idle_ms = ms > NQ_IDLE_MAX ? NQ_IDLE_MAX : ms;
			return;
		}
		nq_cursor_take(&c, len);
	}
}

static void nq_hello_extensions(struct nq_cursor *c, struct nq_hello *hello)
{
	u16 seen[NQ_EXTENSIONS_MAX], type, len;
	unsigned int n = 0, i;
	struct nq_cursor body;

	while (nq_cursor_left(c)) {
		type = nq_cursor_u16(c);
		len = nq_cursor_u16(c);
		nq_cursor_sub(c, len, &body);
		if (!nq_cursor_ok(c))
			return;
		for (i = 0; i < n && seen[i] != type; i++)
			;
		if (i < n || n == NQ_EXTENSIONS_MAX) {
			nq_cursor_fail(c);
			return;
		}
		seen[n++] = type;

		if (type == NQ_EXT_SERVER_NAME)
			nq_hello_sni(&body, hello);
		else if (type == NQ_EXT_ALPN)
			nq_hello_alpn(&body, hello);
		else if (type == NQ_EXT_ECH)
			hello->ech = true;
		else if (type == NQ_EXT_PARAMETERS || type == NQ_EXT_PARAMETERS_DRAFT)
			nq_hello_parameters(body, hello);
		if (!nq_cursor_ok(&body)) {
			c->state = body.state;
			return;
		}
		nq_cursor_take(c, len);
	}
}

/* The message's body (RFC 8446 4.1.2) */
static void nq_hello_body(struct nq_cursor *c, struct nq_hello *hello)
{
	struct nq_cursor part;
	u16 n;

	if (nq_cursor_u16(c) != NQ_TLS_1_2)
		nq_cursor_fail(c);
	nq_cursor_take(c, NQ_TLS_RANDOM);

	n = nq_cursor_u8(c); /* legacy_session_id */
	if (n > 32)
		nq_cursor_fail(c);
	nq_cursor_take(c, n);

	n = nq_cursor_u16(c); /* cipher_suites */
	if (nq_cursor_ok(c) && (n < 2 || n % 2))
		nq_cursor_fail(c);
	nq_cursor_take(c, n);

	/* legacy_compression_methods: one, null */
	if (nq_cursor_u16(c) != 0x0100)
		nq_cursor_fail(c);

	/* TLS 1.2 lets the extensions be left out; then there are no names. */
	if (!nq_cursor_left(c))
		return;
	n = nq_cursor_u16(c);
	nq_cursor_sub(c, n, &part);
	nq_hello_extensions(&part, hello);
	if (!nq_cursor_ok(&part))
		c->state = part.state;
	nq_cursor_take(c, n);
}

enum nq_verdict nq_hello_parse(const u8 *buf, size_t len, struct nq_hello *hello)
{
	struct nq_hello found = {0};
	struct nq_cursor c, body;
	u32 size;

	nq_cursor_init(&c, buf, len);
	c.limit = NQ_CRYPTO_MAX;
	if (c.avail > c.limit)
		c.avail = c.limit;
	if (nq_cursor_u8(&c) != NQ_HELLO_TYPE)
		nq_cursor_fail(&c);
	size = nq_cursor_uint(&c, 3);
	nq_cursor_sub(&c, size, &body);
	if (!nq_cursor_ok(&c))
		return c.state;
	nq_hello_body(&body, &found);
	if (nq_cursor_left(&body))
		nq_cursor_fail(&body);
	if (!nq_cursor_ok(&body))
		return body.state;
	*hello = found;
	return NQ_DONE;
}
