// SPDX-License-Identifier: GPL-2.0-or-later
#include "settings.h"

#define STREAM_CONTROL		0x00
#define FRAME_SETTINGS		0x04
#define QPACK_BLOCKED_STREAMS	0x07 /* RFC 9204, 5 */
#define ENABLE_CONNECT_PROTOCOL 0x08 /* RFC 9220, 5 */

/* A variable-length integer (RFC 9000, 16). Returns false at the end of the data. */
static bool get(const uint8_t **at, const uint8_t *end, uint64_t *n)
{
	size_t len;

	if (*at == end)
		return false;
	len = (size_t)1 << (**at >> 6);
	if ((size_t)(end - *at) < len)
		return false;
	*n = **at & 0x3f;
	for (size_t i = 1; i < len; i++)
		*n = *n << 8 | (*at)[i];
	*at += len;
	return true;
}

size_t settings_find_connect(const uint8_t *data, size_t len)
{
	const uint8_t *at = data, *end = data + len;
	uint64_t stream, frame, frame_len, id, value;

	if (!get(&at, end, &stream) || stream != STREAM_CONTROL || !get(&at, end, &frame) ||
	    frame != FRAME_SETTINGS || !get(&at, end, &frame_len))
		return 0;
	if (frame_len < (uint64_t)(end - at))
		end = at + frame_len;
	while (at < end) {
		const uint8_t *here = at;

		if (!get(&at, end, &id) || !get(&at, end, &value))
			return 0;
		if (id == ENABLE_CONNECT_PROTOCOL && *here == ENABLE_CONNECT_PROTOCOL)
			return (size_t)(here - data);
	}
	return 0;
}

/* The integer that ends at @last is complete. */
static void advance(struct settings_reader *s, uint8_t *last)
{
	switch (s->at) {
	case SETTINGS_STREAM_TYPE:
		s->other = s->n != STREAM_CONTROL;
		s->at = s->other ? SETTINGS_END : SETTINGS_FRAME_TYPE;
		break;
	case SETTINGS_FRAME_TYPE:
		s->at = s->n == FRAME_SETTINGS ? SETTINGS_FRAME_LENGTH : SETTINGS_END;
		break;
	case SETTINGS_FRAME_LENGTH:
		s->left = s->n;
		s->at = SETTINGS_ID;
		break;
	case SETTINGS_ID:
		/* Its last byte is the whole value, however long the integer is. */
		if (s->n == QPACK_BLOCKED_STREAMS)
			*last = SETTINGS_RESERVED;
		s->at = SETTINGS_VALUE;
		break;
	case SETTINGS_VALUE:
		s->at = SETTINGS_ID;
		break;
	case SETTINGS_END:
		break;
	}
}

void settings_never_block(struct settings_reader *s, uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len && s->at != SETTINGS_END; i++) {
		if (s->need) {
			s->n = s->n << 8 | data[i];
		} else {
			s->need = (size_t)1 << (data[i] >> 6);
			s->n = data[i] & 0x3f;
		}
		if (s->at >= SETTINGS_ID)
			s->left--;
		if (!--s->need)
			advance(s, &data[i]);
		if (s->at >= SETTINGS_ID && !s->left)
			s->at = SETTINGS_END;
	}
}
