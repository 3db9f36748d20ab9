// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "literal.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool is_hex(const char *s, size_t len)
{
	return len >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
}

static int parse_bytes(const struct nx_key *k, const char *s, size_t len, struct nx_lit *lit,
		       struct nx_buf *err)
{
	size_t n = (len - 2) / 2;

	if (len % 2) {
		nx_buf_fmt(err, "quic %s: an even number of hex digits must follow 0x", k->name);
		return -EINVAL;
	}
	if (n > NFT_QUIC_DATA_MAX || (k->kind == NX_CID && n > k->width)) {
		nx_buf_fmt(err, "quic %s: %zu bytes, at most %d are possible", k->name, n,
			   k->kind == NX_CID ? k->width : NFT_QUIC_DATA_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < n; i++) {
		int hi = hex_digit(s[2 + 2 * i]), lo = hex_digit(s[3 + 2 * i]);

		if (hi < 0 || lo < 0) {
			nx_buf_fmt(err, "quic %s: \"%.*s\" is not a hex number", k->name, (int)len,
				   s);
			return -EINVAL;
		}
		lit->b[i] = hi << 4 | lo;
	}
	lit->len = n;
	return 0;
}

/* A host name or a pattern of one: "*", "*.parent", no other star (RFC 6066 3, RFC 6125). */
static int check_sni(const char *s, size_t len, struct nx_buf *err)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = s[i];

		if (c >= 0x80) {
			nx_buf_str(err,
				   "quic sni: write international names as they travel (xn--...)");
			return -EINVAL;
		}
		if (c <= ' ' || c == 0x7f) {
			nx_buf_str(
				err,
				"quic sni: blanks and control characters cannot be in a host name");
			return -EINVAL;
		}
		if (c == '*' && (i || (len > 1 && s[1] != '.') || len == 2)) {
			nx_buf_str(err, "quic sni: a star can only be the whole name or its first "
					"label, \"*.example.com\"");
			return -EINVAL;
		}
		if (c == '.' && (!i || s[i - 1] == '.')) {
			nx_buf_str(err, "quic sni: empty label in host name");
			return -EINVAL;
		}
	}
	return 0;
}

/* Small letters, digits, dashes and single dots, as in nearly all host names; copied to @b. */
static bool plain_host(const char *s, size_t len, uint8_t *b)
{
	static const bool plain[256] = {
		['-'] = true, ['.'] = true, ['0' ... '9'] = true, ['a' ... 'z'] = true};
	unsigned char before = '.';

	for (size_t i = 0; i < len; i++) {
		unsigned char c = s[i];

		if (!plain[c] || (c == '.' && before == '.'))
			return false;
		b[i] = before = c;
	}
	return before != '.';
}

static int parse_name(const struct nx_key *k, const char *s, size_t len, struct nx_lit *lit,
		      struct nx_buf *err)
{
	bool sni = k->id != NFT_QUIC_ALPN;

	if (sni && len > 1 && s[len - 1] == '.' && s[len - 2] != '.' && !(len == 2 && *s == '*'))
		len--;
	if (!len) {
		nx_buf_fmt(err, "quic %s: empty name", k->name);
		return -EINVAL;
	}
	if (len > NFT_QUIC_DATA_MAX) {
		nx_buf_fmt(err, "quic %s: name of %zu bytes is too long, at most %d are possible",
			   k->name, len, NFT_QUIC_DATA_MAX);
		return -EINVAL;
	}
	lit->len = len;
	if (sni && plain_host(s, len, lit->b))
		return 0;
	if (sni && check_sni(s, len, err))
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = s[i];

		if (c < ' ' || c == 0x7f) {
			nx_buf_fmt(err,
				   "quic %s: write a name with control characters as 0x and hex "
				   "digits",
				   k->name);
			return -EINVAL;
		}
		lit->b[i] = sni && c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
	}
	return 0;
}

int nx_lit_parse(const struct nx_key *k, const char *s, size_t len, bool quoted, struct nx_lit *lit,
		 struct nx_buf *err)
{
	memset(lit, 0, sizeof(*lit));
	if (!quoted && is_hex(s, len))
		return parse_bytes(k, s, len, lit, err);
	if (k->kind == NX_CID) {
		nx_buf_fmt(err, "quic %s: expected 0x and hex digits", k->name);
		return -EINVAL;
	}
	if (!quoted && s[0] >= '0' && s[0] <= '9') {
		nx_buf_fmt(err, "quic %s: expected a quoted name, not a number", k->name);
		return -EINVAL;
	}
	return parse_name(k, s, len, lit, err);
}

bool nx_lit_fits(const struct nx_lit *lit, size_t width)
{
	return lit->len && lit->len <= width && lit->b[lit->len - 1];
}

static void add_hex(struct nx_buf *out, const uint8_t *b, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	if (!nx_buf_room(out, 2 * n))
		return;
	for (size_t i = 0; i < n; i++) {
		out->p[out->len++] = digits[b[i] >> 4];
		out->p[out->len++] = digits[b[i] & 15];
	}
	out->p[out->len] = '\0';
}

void nx_lit_hex(struct nx_buf *out, const struct nx_lit *lit, size_t width)
{
	nx_buf_add(out, "0x", 2);
	add_hex(out, lit->b, lit->len);
	if (lit->len < width)
		nx_buf_char(out, '0', 2 * (width - lit->len));
}

/* RFC 3629: what a terminal and a JSON string can show. */
static bool is_utf8(const uint8_t *s, size_t len)
{
	while (len) {
		unsigned int more = *s < 0x80		      ? 0
				    : *s >= 0xc2 && *s < 0xe0 ? 1
				    : *s >= 0xe0 && *s < 0xf0 ? 2
				    : *s >= 0xf0 && *s < 0xf5 ? 3
							      : 4;

		if (more >= len || more > 3)
			return false;
		if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] >= 0xa0) ||
		    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] >= 0x90))
			return false;
		for (unsigned int i = 1; i <= more; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return false;
		}
		s += more + 1;
		len -= more + 1;
	}
	return true;
}

bool nx_lit_quotable(const struct nx_key *k, const struct nx_lit *lit)
{
	struct nx_buf scrap = NX_BUF_INIT;
	struct nx_lit again;
	bool ok;

	if (k->kind != NX_NAME || !lit->len || memchr(lit->b, '"', lit->len) ||
	    !is_utf8(lit->b, lit->len))
		return false;
	ok = !nx_lit_parse(k, (const char *)lit->b, lit->len, true, &again, &scrap) &&
	     again.len == lit->len && !memcmp(again.b, lit->b, lit->len);
	nx_buf_free(&scrap);
	return ok;
}

void nx_lit_text(struct nx_buf *out, const struct nx_key *k, const struct nx_lit *lit)
{
	if (nx_lit_quotable(k, lit)) {
		nx_buf_char(out, '"', 1);
		nx_buf_add(out, lit->b, lit->len);
		nx_buf_char(out, '"', 1);
	} else {
		nx_lit_hex(out, lit, 0);
	}
}

/* Leading zeros may be missing. */
static bool from_hex(const char *s, size_t len, size_t width, uint8_t *b)
{
	while (len > 2 * width && *s == '0')
		s++, len--;
	if (!len || len > 2 * width)
		return false;
	for (size_t i = 0; i < len; i++) {
		int d = hex_digit(s[len - 1 - i]);

		if (d < 0)
			return false;
		b[width - 1 - i / 2] |= i % 2 ? d << 4 : d;
	}
	return true;
}

/* A pass over the bytes for each digit, of which a 64-byte number has at most 155. */
static bool from_decimal(const char *s, size_t len, size_t width, uint8_t *b)
{
	for (; len; s++, len--) {
		unsigned int carry = *s - '0';

		if (*s < '0' || *s > '9')
			return false;
		for (size_t i = width; i-- > 0;) {
			carry += b[i] * 10u;
			b[i] = carry;
			carry >>= 8;
		}
		if (carry)
			return false;
	}
	return true;
}

int nx_lit_from_number(const char *s, size_t len, size_t width, struct nx_lit *lit)
{
	bool ok;

	memset(lit, 0, sizeof(*lit));
	if (!len || width > sizeof(lit->b))
		return -EINVAL;
	ok = is_hex(s, len) ? from_hex(s + 2, len - 2, width, lit->b)
			    : from_decimal(s, len, width, lit->b);
	if (!ok)
		return -EINVAL;
	lit->len = width;
	while (lit->len && !lit->b[lit->len - 1])
		lit->len--;
	return 0;
}

struct symbol {
	uint8_t key;
	uint32_t val;
	const char *name;
};

static const struct symbol symbols[] = {
	{NFT_QUIC_VERSION, 0x00000001, "v1"},
	{NFT_QUIC_VERSION, 0x6b3343cf, "v2"},
	{NFT_QUIC_TYPE, NFT_QUIC_TYPE_INITIAL, "initial"},
	{NFT_QUIC_TYPE, NFT_QUIC_TYPE_0RTT, "0rtt"},
	{NFT_QUIC_TYPE, NFT_QUIC_TYPE_HANDSHAKE, "handshake"},
	{NFT_QUIC_TYPE, NFT_QUIC_TYPE_RETRY, "retry"},
	{NFT_QUIC_TYPE, NFT_QUIC_TYPE_VERSION_NEGOTIATION, "version-negotiation"},
	{NFT_QUIC_TYPE, NFT_QUIC_TYPE_SHORT, "short"},
	{NFT_QUIC_ECH, 0, "missing"},
	{NFT_QUIC_ECH, 1, "exists"},
	{NFT_QUIC_HELLO, NFT_QUIC_HELLO_MISSING, "missing"},
	{NFT_QUIC_HELLO, NFT_QUIC_HELLO_EXISTS, "exists"},
	{NFT_QUIC_STATE, NFT_QUIC_STATE_NEW, "new"},
	{NFT_QUIC_STATE, NFT_QUIC_STATE_ESTABLISHED, "established"},
	{NFT_QUIC_STATE, NFT_QUIC_STATE_MOVED, "moved"},
	{NFT_QUIC_STATE, NFT_QUIC_STATE_UNKNOWN, "unknown"},
};

#define NSYMBOLS   (sizeof(symbols) / sizeof(symbols[0]))
#define DRAFT_BASE 0xff000000u /* versions of the drafts, RFC 9000 15 */

static bool eat_digits(const char *s, size_t len, unsigned int base, uint32_t *val)
{
	uint64_t v = 0;

	if (!len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int d = hex_digit(s[i]);

		if (d < 0 || (unsigned int)d >= base)
			return false;
		v = v * base + d;
		if (v > UINT32_MAX)
			return false;
	}
	*val = v;
	return true;
}

int nx_num_parse(const struct nx_key *k, const char *s, size_t len, uint32_t *val)
{
	for (size_t i = 0; i < NSYMBOLS; i++) {
		if (symbols[i].key == k->id && strlen(symbols[i].name) == len &&
		    !memcmp(symbols[i].name, s, len)) {
			*val = symbols[i].val;
			return 0;
		}
	}
	if (k->id == NFT_QUIC_VERSION && len > 6 && !memcmp(s, "draft-", 6) &&
	    eat_digits(s + 6, len - 6, 10, val) && *val && *val < 256) {
		*val |= DRAFT_BASE;
		return 0;
	}
	if (!len || s[0] < '0' || s[0] > '9')
		return -ENOENT;
	if (is_hex(s, len) ? !eat_digits(s + 2, len - 2, 16, val) : !eat_digits(s, len, 10, val))
		return -ENOENT;
	if (k->width < 4 && *val >> 8 * k->width)
		return -ERANGE;
	return 0;
}

void nx_num_text(struct nx_buf *out, const struct nx_key *k, uint32_t val, bool numeric)
{
	for (size_t i = 0; i < NSYMBOLS && !numeric; i++) {
		if (symbols[i].key == k->id && symbols[i].val == val) {
			nx_buf_str(out, symbols[i].name);
			return;
		}
	}
	if (k->id == NFT_QUIC_VERSION && !numeric && val > DRAFT_BASE && val < DRAFT_BASE + 256)
		nx_buf_fmt(out, "draft-%u", (unsigned int)(val - DRAFT_BASE));
	else if (k->id == NFT_QUIC_VERSION)
		nx_buf_fmt(out, "0x%08x", (unsigned int)val);
	else
		nx_buf_fmt(out, "%u", (unsigned int)val);
}

size_t nx_id_width(const char *s, size_t len)
{
	uint32_t val;

	if (!is_hex(s, len))
		return eat_digits(s, len, 10, &val) && val <= UINT16_MAX ? sizeof(uint16_t) : 0;
	for (size_t i = 2; i < len; i++) {
		if (hex_digit(s[i]) < 0)
			return 0;
	}
	return len % 2 ? 0 : (len - 2) / 2;
}

int nx_id_parse(const struct nx_key *k, const char *s, size_t len, struct nx_lit *lit,
		struct nx_buf *err)
{
	size_t width = nx_id_width(s, len);

	if (!width) {
		nx_buf_fmt(err,
			   "quic %s: expected 0x and two hex digits for each byte%s, not \"%.*s\"",
			   k->name, nx_key_is_port(k) ? ", or a number up to 65535" : "", (int)len,
			   s);
		return -EINVAL;
	}
	if (width != k->width) {
		nx_buf_fmt(err, "quic %s: \"%.*s\" has %zu byte%s, %d are compared", k->name,
			   (int)len, s, width, width == 1 ? "" : "s", k->width);
		return -EINVAL;
	}
	memset(lit, 0, sizeof(*lit));
	nx_lit_from_number(s, len, width, lit);
	lit->len = width;
	return 0;
}

void nx_id_text(struct nx_buf *out, const struct nx_key *k, const uint8_t *b, bool hex)
{
	if (nx_key_is_port(k) && !hex) {
		nx_buf_fmt(out, "%u", b[0] << 8 | b[1]);
		return;
	}
	nx_buf_str(out, "0x");
	add_hex(out, b, k->width);
}

const char *nx_num_symbols(const struct nx_key *k)
{
	switch (k->id) {
	case NFT_QUIC_VERSION:
		return "v1, v2, draft-N or a number";
	case NFT_QUIC_TYPE:
		return "initial, 0rtt, handshake, retry, version-negotiation or short";
	case NFT_QUIC_STATE:
		return "new, established, moved or unknown";
	default:
		return "exists or missing";
	}
}
