// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The nft text translator, both ways, on any text. The first byte chooses: the way, and what
 * is known of sets. Text without the words and placeholders of quic must stay as it is, and
 * lines must stay lines.
 */
#include "debug.h"
#include "early.h"
#include "errmap.h"
#include "fuzz.h"
#include "lang.h"
#include "shorts.h"
#include "walk.h"

static size_t lines(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += s[i] == '\n';
	return n;
}

static bool has(const struct nx_text *t, const char *word)
{
	return memmem(t->src, t->len, word, strlen(word));
}

/* Elements that go around the library, of any text. */
static void check_bulk(const struct nx_lang *lang)
{
	struct nx_bulk_elem e;

	CHECK(!lang->bulk || (lang->bulk_min && lang->dir == NX_IN));
	for (const struct nx_bulk *b = lang->bulk; b; b = b->next) {
		size_t at = 0, n = 0;

		for (; nx_bulk_next(b, &at, &e); n++)
			CHECK(e.len && e.len <= b->width && at <= b->elems.len);
		CHECK(n == b->n && n >= lang->bulk_min);
	}
}

static void check(const struct nx_text *t, const struct nx_lang *lang, bool known)
{
	size_t len, end = 0;
	const char *s = nx_text_result(t, &len);

	CHECK(!lang->oom);
	for (size_t i = 0; i < t->n; i++) {
		const struct nx_edit *e = &t->edit[i];

		CHECK(e->src >= end && e->src + e->src_len <= t->len);
		CHECK(e->dst + e->dst_len <= len);
		end = e->src + e->src_len;
	}
	CHECK(lines(s, len) == lines(t->src, t->len));
	/* of a set that is known, elements are translated, and the type that stock nft prints */
	if (!has(t, "quic") && !has(t, "@") &&
	    !(known && (has(t, "element") || (lang->dir == NX_OUT && has(t, "type")))))
		CHECK(!t->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nx_layout pair = {
		.n = 2, .key = {nx_key_by_id(NFT_QUIC_ALPN), nx_key_by_id(NFT_QUIC_SNI_CONCAT)}};
	struct nx_set_id id = {"ip", "t", 1, "s", 1};
	struct fuzz_in in = {data, size};
	struct nx_slots slots = {0};
	struct nx_map known = {0};
	uint8_t how = fuzz_u8(&in);
	struct nx_lang lang = {.dir = how & 1 ? NX_OUT : NX_IN,
			       .slots = &slots,
			       .known = &known,
			       .numeric = how & 4,
			       .per_rule = how & 8,
			       .short_names = how & 16,
			       .bulk_min = how & 32 ? 2 : 0};
	struct nx_buf mapped = NX_BUF_INIT, debug = NX_BUF_INIT, early = NX_BUF_INIT;
	uint8_t name[NFT_QUIC_SNI_LEN];
	struct nx_text *t;
	char *copy = malloc(in.left + 1);

	CHECK(copy);
	memcpy(copy, in.p, in.left);
	copy[in.left] = '\0';
	if (how & 2)
		CHECK(!nx_layouts_put(&known, &id, &pair));
	t = nx_text_new("f", copy, in.left);
	CHECK(t);
	nx_translate(&lang, t, NULL);
	if (!lang.per_rule)
		check(t, &lang, how & 2);
	check_bulk(&lang);
	/* any bytes may come as messages, too */
	nx_errmap((const char *)in.p, in.left, &t, 1, &lang, &mapped);
	CHECK(!mapped.oom);
	nx_debug_out((const char *)in.p, in.left, &slots, in.left & 1, &debug);
	CHECK(!debug.oom);
	nx_early_warn(t, &early);
	CHECK(!early.oom && lines(nx_buf_cstr(&early), early.len) <= 3);
	CHECK(nx_short_get(&lang.shorts, t->src, name) <= sizeof(name));

	nx_buf_free(&mapped);
	nx_buf_free(&debug);
	nx_buf_free(&early);
	nx_text_free(t);
	nx_lang_free(&lang);
	nx_layouts_clear(&known);
	nx_slots_free(&slots);
	return 0;
}
