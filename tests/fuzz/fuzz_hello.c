// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ClientHellos of any bytes. The first two bytes of the input choose a prefix: a verdict on
 * it must agree with the verdict on all.
 */
#include "fuzz.h"
#include "hello.h"

static void check_names(const uint8_t *buf, size_t len, const struct nq_hello *h)
{
	unsigned int pos = 0, n, sum = 0;
	const uint8_t *name;

	CHECK(h->sni_len <= NQ_SNI_MAX);
	CHECK(h->sni_off + h->sni_len <= len && h->alpn_off + h->alpn_len <= len);
	for (unsigned int i = 0; i < h->sni_len; i++)
		CHECK(buf[h->sni_off + i] > 0x20 && buf[h->sni_off + i] < 0x7f);
	while ((n = nq_alpn_next(buf + h->alpn_off, h->alpn_len, &pos, &name))) {
		CHECK(name + n <= buf + h->alpn_off + h->alpn_len);
		CHECK(!memchr(name, 0, n));
		sum += 1 + n;
	}
	CHECK(sum == h->alpn_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = {data, size};
	struct nq_hello part = {0}, all = {0};
	enum nq_verdict vp, va;
	uint8_t *copy;
	size_t cut = fuzz_u16(&in);

	if (cut > in.left)
		cut = in.left;
	/* In memory of the exact size, so that a read past the prefix shows. */
	copy = malloc(cut + 1);
	CHECK(copy);
	memcpy(copy, in.p, cut);
	vp = cut ? nq_hello_parse(copy, cut, &part) : NQ_MORE;
	free(copy);

	va = nq_hello_parse(in.p, in.left, &all);
	if (vp == NQ_NOT_OURS)
		CHECK(va == NQ_NOT_OURS);
	if (vp == NQ_DONE)
		CHECK(va == NQ_DONE && !memcmp(&part, &all, sizeof(all)));
	if (va == NQ_MORE)
		CHECK(vp == NQ_MORE);
	if (va == NQ_DONE)
		check_names(in.p, in.left, &all);
	return 0;
}
