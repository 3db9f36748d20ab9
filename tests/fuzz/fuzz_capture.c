// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quic-inspect from frame to line. The input is a little-endian pcap file, so that captures are
 * seeds; it is taken apart here, because libpcap is not what is to be tested. For all frames, a
 * line of text is printable ASCII, and a line of JSON an object with all of its fields.
 */
#include <pcap/pcap.h>
#include <jansson.h>

#include "fuzz.h"
#include "inspect.h"
#include "link.h"
#include "output.h"

#define LINKTYPE_RAW 101

static uint32_t le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static void check_text(const char *line, size_t len)
{
	CHECK(len && line[len - 1] == '\n');
	for (size_t i = 0; i < len - 1; i++)
		CHECK(line[i] >= ' ' && line[i] <= '~');
}

static void check_json(const char *line, size_t len)
{
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);

	CHECK(len && memchr(line, '\n', len) == line + len - 1);
	CHECK(json_is_object(object) && json_object_size(object) == 14);
	json_decref(object);
}

static void on_flow(void *arg, const struct qi_flow *flow)
{
	unsigned int *flows = arg;
	char *line = NULL;
	size_t len;
	FILE *out;

	++*flows;
	out = open_memstream(&line, &len);
	CHECK(out && !qi_output_text(out, flow) && !fclose(out));
	check_text(line, len);
	free(line);
	out = open_memstream(&line, &len);
	CHECK(out && !qi_output_json(out, flow) && !fclose(out));
	check_json(line, len);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int reported = 0, frames = 0;
	struct qi_flows *flows;
	struct qi_frags *frags;
	uint32_t dlt, len;

	if (size < 24)
		return 0;
	dlt = le32(data + 20);
	if (dlt == LINKTYPE_RAW)
		dlt = DLT_RAW;
	if (dlt > INT32_MAX || !qi_link_known(dlt))
		return 0;
	/* Small limits, so that few frames reach them. */
	flows = qi_flows_new(2, 4, size % 2, on_flow, &reported);
	frags = qi_frags_new(2);
	CHECK(flows && frags);
	for (data += 24, size -= 24; size >= 16; data += len, size -= len) {
		uint8_t *frame;

		len = le32(data + 8);
		data += 16;
		size -= 16;
		if (len > size)
			len = size;
		/* In memory of its own, so that a byte too far is noticed. */
		frame = malloc(len + !len);
		CHECK(frame);
		memcpy(frame, data, len);
		CHECK(!qi_inspect_frame(flows, frags, dlt, frame, len, le32(data - 16)));
		free(frame);
		frames++;
	}
	qi_flows_flush(flows);
	CHECK(!reported || frames);
	qi_frags_free(frags);
	qi_flows_free(flows);
	return 0;
}
