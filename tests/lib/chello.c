// SPDX-License-Identifier: GPL-2.0-or-later
#include "chello.h"

size_t qt_ext_begin(struct qt_buf *out, uint16_t type)
{
	qt_put_u16(out, type);
	return qt_len_begin(out, 2);
}

void qt_ext_end(struct qt_buf *out, size_t begin)
{
	qt_len_end(out, begin, 2);
}

void qt_ext_sni(struct qt_buf *out, const void *name, size_t len)
{
	size_t ext = qt_ext_begin(out, 0);
	size_t list = qt_len_begin(out, 2);

	qt_put_u8(out, 0);
	qt_put_u16(out, len);
	qt_put(out, name, len);
	qt_len_end(out, list, 2);
	qt_ext_end(out, ext);
}

void qt_ext_alpn(struct qt_buf *out, const char *protocols)
{
	size_t ext = qt_ext_begin(out, 16);
	size_t list = qt_len_begin(out, 2);

	while (*protocols) {
		size_t n = strcspn(protocols, ",");

		qt_put_u8(out, n);
		qt_put(out, protocols, n);
		protocols += n + (protocols[n] == ',');
	}
	qt_len_end(out, list, 2);
	qt_ext_end(out, ext);
}

static void qt_put_names(struct qt_buf *out, const struct qt_chello *h)
{
	if (h->sni)
		qt_ext_sni(out, h->sni, h->sni_len ? h->sni_len : strlen(h->sni));
	if (h->alpn)
		qt_ext_alpn(out, h->alpn);
}

/* QUIC transport parameters (RFC 9001 8.2), as a client would send them. */
static void qt_put_parameters(struct qt_buf *out)
{
	size_t ext = qt_ext_begin(out, 57);

	qt_put_hex(out, "04048010000005048008000008024064010480007530");
	qt_ext_end(out, ext);
}

static void qt_put_ech(struct qt_buf *out)
{
	size_t ext = qt_ext_begin(out, 0xfe0d);

	qt_put_hex(out, "0000010001 2a 0020");
	qt_fill(out, 0xe1, 32);
	qt_put_u16(out, 176);
	qt_fill(out, 0xe2, 176);
	qt_ext_end(out, ext);
}

void qt_chello(struct qt_buf *out, const struct qt_chello *h)
{
	size_t start = out->len, msg, exts, ext, names_len = 0, fill = 0;

	qt_put_u8(out, 1);
	msg = qt_len_begin(out, 3);
	qt_put_u16(out, 0x0303);
	qt_fill(out, 0xa5, 32);
	qt_put_u8(out, 0);
	qt_put_u16(out, 6);
	qt_put_hex(out, "130113021303 0100");
	exts = qt_len_begin(out, 2);
	if (!h->names_last)
		qt_put_names(out, h);
	ext = qt_ext_begin(out, 43); /* supported_versions */
	qt_put_hex(out, "020304");
	qt_ext_end(out, ext);
	if (h->ech)
		qt_put_ech(out);
	qt_put_parameters(out);

	if (h->names_last) {
		size_t before = out->len;

		qt_put_names(out, h);
		names_len = out->len - before;
		out->len = before;
	}
	if (h->size > out->len - start + names_len + 10)
		fill = h->size - (out->len - start + names_len + 10);
	ext = qt_ext_begin(out, 51); /* key_share, as long as wanted */
	qt_put_u16(out, fill + 4);
	qt_put_u16(out, 0x11ec);
	qt_put_u16(out, fill);
	while (fill--)
		qt_put_u8(out, 0x30 + fill % 77);
	qt_ext_end(out, ext);
	if (h->names_last)
		qt_put_names(out, h);
	qt_len_end(out, exts, 2);
	qt_len_end(out, msg, 3);
}
