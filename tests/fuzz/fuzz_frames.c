// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of any bytes: what a walk hands out lies inside, in order, and validity is its end. */
#include "fuzz.h"
#include "frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *last = data;
	struct nq_crypto crypto;
	struct nq_cursor c;
	enum nq_verdict v;

	nq_frames_init(&c, data, size);
	while ((v = nq_frames_next(&c, &crypto)) == NQ_MORE) {
		CHECK(crypto.data > last || (!crypto.len && crypto.data >= last));
		CHECK(crypto.data + crypto.len <= data + size);
		CHECK(crypto.off < 1ULL << 62 && crypto.off + crypto.len < 1ULL << 62);
		last = crypto.data + crypto.len;
	}
	CHECK(nq_frames_valid(data, size) == (v == NQ_DONE && size));
	/* A valid packet with PADDING behind it is still one; with a frame of no Initial it is not.
	 */
	if (size && v == NQ_DONE) {
		uint8_t *more = malloc(size + 1);

		CHECK(more);
		memcpy(more, data, size);
		more[size] = 0;
		CHECK(nq_frames_valid(more, size + 1));
		more[size] = 0x08;
		CHECK(!nq_frames_valid(more, size + 1));
		free(more);
	}
	return 0;
}
