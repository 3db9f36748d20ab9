// SPDX-License-Identifier: GPL-2.0-or-later
#include "settings.h"

#define STREAM_CONTROL		0x00
#define FRAME_SETTINGS		0x04
#define QPACK_BLOCKED_STREAMS	0x07 /* RFC 9204, 5 */
#define ENABLE_CONNECT_PROTOCOL 0x08 /* RFC 9220, 5 */

/* A variable-length integer (RFC 9000, 16). Returns false at the end of the data. */
static bool get(const uint8_t **at, const uint8_t *end, uint64_t *n)
{
	struct varint v = {0};

	while (*at < end)
		if (varint_take(&v, *(*at)++)) {
			*n = v.n;
			return true;
		}
	return false;
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
		s->other = s->v.n != STREAM_CONTROL;
		s->at = s->other ? SETTINGS_END : SETTINGS_FRAME_TYPE;
		break;
	case SETTINGS_FRAME_TYPE:
		s->at = s->v.n == FRAME_SETTINGS ? SETTINGS_FRAME_LENGTH : SETTINGS_END;
		break;
	case SETTINGS_FRAME_LENGTH:
		s->left = s->v.n;
		s->at = SETTINGS_ID;
		break;
	case SETTINGS_ID:
		/* Its last byte is the whole value, however long the integer is. */
		if (s->v.n == QPACK_BLOCKED_STREAMS)
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
		if (s->at >= SETTINGS_ID)
			s->left--;
		if (varint_take(&s->v, data[i]))
			advance(s, &data[i]);
		if (s->at >= SETTINGS_ID && !s->left)
			s->at = SETTINGS_END;
	}
}
