// SPDX-License-Identifier: GPL-2.0-or-later
/* The JSON translator, both ways, on any JSON. The first byte chooses the way. */
#include "fuzz.h"
#include "jwalk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nx_layout sni = {.n = 1, .key = {nx_key_by_id(NFT_QUIC_SNI)}};
	struct nx_set_id id = {"ip", "t", 1, "s", 1};
	struct fuzz_in in = {data, size};
	struct nx_slots slots = {0};
	struct nx_map known = {0};
	uint8_t how = fuzz_u8(&in);
	struct nx_lang lang = {.dir = how & 1 ? NX_OUT : NX_IN,
			       .slots = &slots,
			       .known = &known,
			       .numeric = how & 2};
	struct nx_jwalk w = {.lang = &lang, .typeof_in = how & 4};
	json_t *v, *before;

	v = json_loadb((const char *)in.p, in.left, 0, NULL);
	if (!v)
		return 0;
	CHECK(!nx_layouts_put(&known, &id, &sni));
	before = json_deep_copy(v);
	nx_jwalk(&w, v);
	CHECK(!lang.oom);
	if (!w.changed && !lang.nerrs)
		CHECK(json_equal(v, before));
	json_decref(before);
	json_decref(v);
	nx_lang_free(&lang);
	nx_layouts_clear(&known);
	nx_slots_free(&slots);
	return 0;
}
