// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stock nft's output as it comes, cut anywhere. The first byte chooses what is known of sets, the
 * second where the text is cut: the translation is the same wherever that is. Text without
 * placeholders, with no set known, must stay as it is.
 */
#include "fuzz.h"
#include "pieces.h"

/** struct way - one way through a text */
struct way {
	struct nx_pieces pieces;
	struct nx_slots slots;
	struct nx_map known;
	struct nx_buf out;
};

static void begin(struct way *w, uint8_t how)
{
	struct nx_layout pair = {
		.n = 2, .key = {nx_key_by_id(NFT_QUIC_ALPN), nx_key_by_id(NFT_QUIC_SNI_CONCAT)}};
	struct nx_set_id id = {"ip", "t", 1, "s", 1};

	memset(w, 0, sizeof(*w));
	if (how & 1)
		CHECK(!nx_layouts_put(&w->known, &id, &pair));
	w->pieces.lang = (struct nx_lang){
		.dir = NX_OUT, .slots = &w->slots, .known = &w->known, .numeric = how & 2};
}

/* @cut: 0 for all at once, or the seed of the lengths */
static void pass(struct way *w, const char *s, size_t len, uint32_t cut)
{
	size_t before = 0;

	for (size_t at = 0; at < len;) {
		size_t n = len - at, left;

		if (cut) {
			cut = cut * 1664525 + 1013904223;
			n = 1 + (cut >> 24) % ((cut >> 16 & 3) ? 7 : 200);
			n = n < len - at ? n : len - at;
		}
		CHECK(nx_pieces_add(&w->pieces, s + at, n, &w->out));
		at += n;
		/* nothing waits that was not waiting and is not new */
		left = w->pieces.raw.len;
		CHECK(left <= before + n && w->pieces.seen == left && !w->pieces.start);
		before = left;
	}
	CHECK(nx_pieces_flush(&w->pieces, &w->out));
	CHECK(!w->pieces.raw.len && !w->out.oom);
}

static void end(struct way *w)
{
	nx_pieces_free(&w->pieces);
	nx_slots_free(&w->slots);
	nx_layouts_clear(&w->known);
	nx_buf_free(&w->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = {data, size};
	uint8_t how = fuzz_u8(&in), cut = fuzz_u8(&in);
	const char *s = (const char *)in.p;
	struct way once, cuts;

	begin(&once, how);
	begin(&cuts, how);
	pass(&once, s, in.left, 0);
	pass(&cuts, s, in.left, cut + 1u);
	CHECK(once.out.len == cuts.out.len);
	CHECK(!once.out.len || !memcmp(once.out.p, cuts.out.p, once.out.len));
	if (!(how & 1) && !memmem(s, in.left, "@", 1))
		CHECK(once.out.len == in.left && !memcmp(nx_buf_cstr(&once.out), s, in.left));
	end(&once);
	end(&cuts);
	return 0;
}
