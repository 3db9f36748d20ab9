// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of any bytes: what a walk hands out lies inside, in order, and validity is its end. */
#include "fuzz.h"
#include "frames.h"

static void fuzz_frames(u8 framing, const uint8_t *data, size_t size)
{
	/* A type that no Initial may hold; for each framing the other's CRYPTO. */
	const uint8_t bad = framing == NQ_FRAMING_GOOGLE ? 0x06 : 0x08;
	const uint8_t *last = data;
	struct nq_crypto crypto;
	struct nq_cursor c;
	enum nq_verdict v;

	nq_frames_init(&c, data, size);
	while ((v = nq_frames_next(&c, framing, &crypto)) == NQ_MORE) {
		CHECK(crypto.data > last || (!crypto.len && crypto.data >= last));
		CHECK(crypto.data + crypto.len <= data + size);
		CHECK(crypto.off < 1ULL << 62 && crypto.off + crypto.len < 1ULL << 62);
		last = crypto.data + crypto.len;
	}
	CHECK(nq_frames_valid(framing, data, size) == (v == NQ_DONE && size));
	/* A valid packet with PADDING behind it is still one; with a frame of no Initial it is not.
	 */
	if (size && v == NQ_DONE) {
		uint8_t *more = malloc(size + 1);

		CHECK(more);
		memcpy(more, data, size);
		more[size] = 0;
		CHECK(nq_frames_valid(framing, more, size + 1));
		more[size] = bad;
		CHECK(!nq_frames_valid(framing, more, size + 1));
		free(more);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_frames(NQ_FRAMING_IETF, data, size);
	fuzz_frames(NQ_FRAMING_GOOGLE, data, size);
	return 0;
}
