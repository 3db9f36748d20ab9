// SPDX-License-Identifier: GPL-2.0-or-later
/* A name is kept as the register's width, its length and its bytes; its word has the offset of
 * these. */
#include <string.h>

#include "shorts.h"

#define PREFIX "qn" /* no word of nft's begins so */
#define BASE   36
#define DIGITS 7

bool nx_short_put(struct nx_buf *shorts, struct nx_buf *out, const struct nx_lit *lit, size_t width)
{
	static const char digits[BASE + 1] = "0123456789abcdefghijklmnopqrstuvwxyz";
	char word[sizeof(PREFIX) + DIGITS], *p = word + sizeof(word);
	uint8_t head[2] = {width, lit->len};
	size_t at = shorts->len;

	/* the reader takes whole words of eight bytes */
	if (!lit->len || lit->len > width || width > NFT_QUIC_SNI_LEN || width % 8 ||
	    at > UINT32_MAX)
		return false;
	do
		*--p = digits[at % BASE];
	while (at /= BASE);
	p -= strlen(PREFIX);
	memcpy(p, PREFIX, strlen(PREFIX));
	nx_buf_add(shorts, head, sizeof(head));
	nx_buf_add(shorts, lit->b, lit->len);
	nx_buf_add(out, p, word + sizeof(word) - p);
	out->oom |= shorts->oom;
	return true;
}

size_t nx_short_get(const struct nx_buf *shorts, const char *s, uint8_t b[NFT_QUIC_SNI_LEN])
{
	size_t at = 0, n, width, len;

	if (strncmp(s, PREFIX, strlen(PREFIX)))
		return 0;
	s += strlen(PREFIX);
	for (n = 0; s[n]; n++) {
		bool letter = s[n] >= 'a' && s[n] <= 'z';

		if ((!letter && (s[n] < '0' || s[n] > '9')) || n == DIGITS)
			return 0;
		at = at * BASE + (letter ? s[n] - 'a' + 10 : s[n] - '0');
	}
	if (!n || at + 2 > shorts->len)
		return 0;
	width = (uint8_t)shorts->p[at];
	len = (uint8_t)shorts->p[at + 1];
	if (width > NFT_QUIC_SNI_LEN || width % 8 || !len || len > width ||
	    at + 2 + len > shorts->len)
		return 0;
	memcpy(b, shorts->p + at + 2, len);
	memset(b + len, 0, width - len);
	return width;
}
