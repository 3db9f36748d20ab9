// SPDX-License-Identifier: GPL-2.0-or-later
#include "fieldscan.h"

#include "../common/quicver.h"
#include "fields.h"

#define FRAME_HEADERS 0x01

/* nghttp3's NGHTTP3_QPACK_MAX_NAMELEN and NGHTTP3_QPACK_MAX_VALUELEN. */
#define NAME_MAX_LEN  FIELD_NAME_MAX
#define VALUE_MAX_LEN 65536

/* One byte of an integer of QPACK (RFC 7541, 5.1). Returns true at its end. */
static bool take_prefixed(struct fieldscan *s, uint8_t b, unsigned int prefix)
{
	uint8_t mask = (uint8_t)((1U << prefix) - 1);

	if (!s->more) {
		s->value = b & mask;
		s->n = 0;
		s->more = s->value == mask;
		return !s->more;
	}
	if (s->n > 56) { /* longer than any that is allowed (RFC 9204, 4.1.1) */
		s->at = SCAN_OFF;
		return false;
	}
	s->value += (uint64_t)(b & 0x7f) << s->n;
	s->n += 7;
	s->more = b & 0x80;
	return !s->more;
}

/* The integer of a frame is complete. */
static void advance_frame(struct fieldscan *s)
{
	if (s->at == SCAN_FRAME_TYPE) {
		s->type = s->frame.n;
		s->at = SCAN_FRAME_LENGTH;
		return;
	}
	s->left = s->frame.n;
	if (!s->left)
		s->at = SCAN_FRAME_TYPE;
	else
		s->at = s->type == FRAME_HEADERS ? SCAN_INSERT_COUNT : SCAN_SKIP;
}

/* The first byte of a field line, which begins with its kind and an integer (RFC 9204, 4.5.2 to 6).
 */
static enum fieldscan_at begin_line(struct fieldscan *s, uint8_t b, unsigned int *prefix)
{
	if (b & 0x80)
		*prefix = 6;
	else if (b & 0x40)
		*prefix = 4;
	else if (b & 0x20)
		*prefix = 3;
	else
		*prefix = b & 0x10 ? 4 : 3;
	s->huffman = (b & 0x28) == 0x28;
	if ((b & 0xc0) == 0x40 || !(b & 0xf0))
		return SCAN_NAME_REF;
	return (b & 0xe0) == 0x20 ? SCAN_NAME_LENGTH : SCAN_INDEX;
}

/* The integer at s->at is complete. Returns false if the string that it announces is too long. */
static bool advance(struct fieldscan *s)
{
	bool name = s->at == SCAN_NAME_LENGTH;

	switch (s->at) {
	case SCAN_INSERT_COUNT:
		s->at = SCAN_BASE;
		break;
	case SCAN_NAME_REF:
		s->at = SCAN_VALUE_LENGTH;
		break;
	case SCAN_NAME_LENGTH:
	case SCAN_VALUE_LENGTH:
		if (QUICVER_H3_STRING(s->value, s->huffman) > (name ? NAME_MAX_LEN : VALUE_MAX_LEN))
			return false;
		s->string = s->value;
		s->at = name ? SCAN_NAME : SCAN_VALUE;
		if (!s->string)
			s->at = name ? SCAN_VALUE_LENGTH : SCAN_LINE;
		break;
	default:
		s->at = SCAN_LINE;
	}
	return true;
}

/* One byte of a field section that is no part of a string. Returns false if a string is too long.
 */
static bool take_field(struct fieldscan *s, uint8_t b)
{
	unsigned int prefix = 8;

	if (!s->more && s->at == SCAN_LINE)
		s->at = begin_line(s, b, &prefix);
	else if (!s->more && s->at == SCAN_VALUE_LENGTH)
		s->huffman = b & 0x80;
	if (s->at == SCAN_BASE || s->at == SCAN_VALUE_LENGTH)
		prefix = 7;
	return !take_prefixed(s, b, prefix) || advance(s);
}

static uint64_t min3(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t n = a < b ? a : b;

	return n < c ? n : c;
}

/* Passes over a part of a string or of a frame. Returns how many bytes. */
static size_t skip(struct fieldscan *s, size_t len)
{
	size_t n = (size_t)min3(len, s->left, s->at == SCAN_SKIP ? s->left : s->string);

	if (s->at != SCAN_SKIP) {
		s->string -= n;
		if (!s->string)
			s->at = s->at == SCAN_NAME ? SCAN_VALUE_LENGTH : SCAN_LINE;
	}
	return n;
}

size_t fieldscan(struct fieldscan *s, const uint8_t *data, size_t len)
{
	size_t i = 0;

	while (i < len && s->at != SCAN_OFF) {
		size_t n = 1;

		if (s->at == SCAN_FRAME_TYPE || s->at == SCAN_FRAME_LENGTH) {
			if (varint_take(&s->frame, data[i++]))
				advance_frame(s);
			continue;
		}
		if (s->at == SCAN_SKIP || s->at == SCAN_NAME || s->at == SCAN_VALUE) {
			n = skip(s, len - i);
		} else if (!take_field(s, data[i])) {
			s->at = SCAN_OFF;
			return i;
		}
		i += n;
		s->left -= n;
		if (!s->left && s->at != SCAN_OFF) {
			s->at = SCAN_FRAME_TYPE;
			s->more = false;
		}
	}
	return len;
}
