// SPDX-License-Identifier: GPL-2.0-or-later
#include "settings.h"

#include <stdbool.h>

#define STREAM_CONTROL		0x00
#define FRAME_SETTINGS		0x04
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
