// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Userdata is a list of type byte, length byte, value; nested ones are such lists again.
 * nft writes a payload expression as its protocol (0 if raw), type, base, offset and length,
 * and a concatenation as a list of expressions.
 */
#include <stdint.h>
#include <string.h>

#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>

#include "udata.h"

/* nft's numbers, the same since 0.9.4 */
enum { EXPR_VALUE = 4, EXPR_PAYLOAD = 7, EXPR_META = 9, EXPR_CT = 12, EXPR_CONCAT = 13 };
enum { PAYLOAD_DESC, PAYLOAD_TYPE, PAYLOAD_BASE, PAYLOAD_OFFSET, PAYLOAD_LEN };
enum { CONCAT_TYPE, CONCAT_DATA };

struct span {
	const uint8_t *p;
	size_t len;
};

/* The value of the first entry of this type. */
static bool find(struct span in, uint8_t type, struct span *val)
{
	while (in.len >= 2 && in.len - 2 >= in.p[1]) {
		if (in.p[0] == type) {
			val->p = in.p + 2;
			val->len = in.p[1];
			return true;
		}
		in.len -= 2 + in.p[1];
		in.p += 2 + in.p[1];
	}
	return false;
}

static bool find_u32(struct span in, uint8_t type, uint32_t *val)
{
	struct span s;

	if (!find(in, type, &s) || s.len != sizeof(*val))
		return false;
	memcpy(val, s.p, sizeof(*val));
	return true;
}

static const struct nx_key *payload_key(struct span in)
{
	uint32_t desc, base, off, bits;

	if (!find_u32(in, PAYLOAD_DESC, &desc) || desc || !find_u32(in, PAYLOAD_BASE, &base) ||
	    !find_u32(in, PAYLOAD_OFFSET, &off) || !find_u32(in, PAYLOAD_LEN, &bits))
		return NULL;
	return nx_key_by_place(off, bits);
}

static void side(struct span in, uint8_t type, uint8_t *n, const struct nx_key **key)
{
	struct span typeof_expr, data, part, sub;
	uint32_t etype;

	*n = 0;
	if (!find(in, type, &typeof_expr) ||
	    !find_u32(typeof_expr, NFTNL_UDATA_SET_TYPEOF_EXPR, &etype) ||
	    !find(typeof_expr, NFTNL_UDATA_SET_TYPEOF_DATA, &data))
		return;
	if (etype == EXPR_PAYLOAD) {
		key[(*n)++] = payload_key(data);
		return;
	}
	for (unsigned int i = 0; etype == EXPR_CONCAT && i < NX_COMPS && find(data, i, &part);
	     i++) {
		uint32_t sub_type;

		key[(*n)++] = find_u32(part, CONCAT_TYPE, &sub_type) && sub_type == EXPR_PAYLOAD &&
					      find(part, CONCAT_DATA, &sub)
				      ? payload_key(sub)
				      : NULL;
	}
}

void nx_udata_layout(const void *udata, size_t len, struct nx_layout *layout)
{
	struct span in = {udata, len};

	memset(layout, 0, sizeof(*layout));
	side(in, NFTNL_UDATA_SET_KEY_TYPEOF, &layout->n, layout->key);
	side(in, NFTNL_UDATA_SET_DATA_TYPEOF, &layout->dn, layout->data);
}

bool nx_udata_ranges(const void *udata, size_t len)
{
	struct span in = {udata, len};
	struct nx_layout l;
	uint32_t interval;

	nx_udata_layout(udata, len, &l);
	return l.n > 1 && nx_layout_quic(&l) &&
	       find_u32(in, NFTNL_UDATA_SET_DATA_INTERVAL, &interval) && interval;
}

/* nft's types of data, and an expression of that type for each */
enum { TYPE_INTEGER = 4, TYPE_BITS = 6 };
enum { BYTEORDER_HOST = 1 };

static const struct typical {
	uint8_t type, expr;
	uint32_t arg[2]; /* of a payload: protocol and field; of meta and ct: the key */
} typical[] = {
	{7, EXPR_PAYLOAD, {12, 12}}, /* ip daddr */
	{8, EXPR_PAYLOAD, {13, 9}},  /* ip6 daddr */
	{13, EXPR_PAYLOAD, {6, 2}},  /* udp dport */
	{19, EXPR_META, {NFT_META_MARK}}, {23, EXPR_META, {NFT_META_PRIORITY}},
	{30, EXPR_CT, {NFT_CT_LABELS}},	  {36, EXPR_PAYLOAD, {12, 3}}, /* ip dscp */
};

static void put_u32(struct nx_buf *b, uint8_t type, uint32_t val)
{
	nx_buf_char(b, type, 1);
	nx_buf_char(b, sizeof(val), 1);
	nx_buf_add(b, &val, sizeof(val));
}

static size_t nest(struct nx_buf *b, uint8_t type)
{
	nx_buf_char(b, type, 1);
	nx_buf_char(b, 0, 1);
	return b->len;
}

static void unnest(struct nx_buf *b, size_t at)
{
	if (!b->oom)
		b->p[at - 1] = b->len - at;
}

/* An expression of this type and length. An unknown type becomes bytes of a packet, an integer. */
static void put_typical(struct nx_buf *b, uint8_t etype, uint8_t edata, uint32_t type,
			uint32_t bytes, bool host)
{
	const struct typical *t = NULL, zone = {TYPE_INTEGER, EXPR_CT, {NFT_CT_ZONE}};
	size_t at;

	for (size_t i = 0; i < sizeof(typical) / sizeof(typical[0]); i++)
		t = typical[i].type == type ? &typical[i] : t;
	if (!t && host && bytes == sizeof(uint16_t))
		t = &zone;
	put_u32(b, etype, t ? t->expr : EXPR_PAYLOAD);
	at = nest(b, edata);
	if (!t) {
		put_u32(b, PAYLOAD_DESC, 0);
		put_u32(b, PAYLOAD_TYPE, 0);
		put_u32(b, PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
		put_u32(b, PAYLOAD_OFFSET, 0);
		put_u32(b, PAYLOAD_LEN, bytes * 8);
	} else if (t->expr == EXPR_PAYLOAD) {
		put_u32(b, PAYLOAD_DESC, t->arg[0]);
		put_u32(b, PAYLOAD_TYPE, t->arg[1]);
	} else {
		put_u32(b, 0, t->arg[0]);
		if (t->expr == EXPR_CT)
			put_u32(b, 1, UINT32_MAX); /* of no direction */
	}
	unnest(b, at);
}

/* For data without an expression, nft writes attributes that mean nothing to it. */
static bool nameless(struct span in)
{
	struct span data;
	uint32_t etype;

	return !find(in, NFTNL_UDATA_SET_DATA_TYPEOF, &data) ||
	       (find_u32(data, NFTNL_UDATA_SET_TYPEOF_EXPR, &etype) && etype == EXPR_VALUE);
}

static void copy_without(struct nx_buf *out, struct span in, uint8_t type)
{
	while (in.len >= 2 && in.len - 2 >= in.p[1]) {
		size_t n = 2 + in.p[1];

		if (in.p[0] != type)
			nx_buf_add(out, in.p, n);
		in.p += n;
		in.len -= n;
	}
}

bool nx_udata_name_data(struct nx_buf *out, const void *udata, size_t len, uint32_t type,
			uint32_t bytes)
{
	struct span in = {udata, len};
	struct nx_layout l;
	uint32_t order = 0, interval = 0;
	unsigned int n = 0;
	size_t at, data, part;

	nx_udata_layout(udata, len, &l);
	if (l.n < 2 || !nx_layout_quic(&l) || type == NFT_DATA_VERDICT || !nameless(in))
		return false;
	find_u32(in, NFTNL_UDATA_SET_DATABYTEORDER, &order);
	find_u32(in, NFTNL_UDATA_SET_DATA_INTERVAL, &interval);
	bytes /= interval ? 2 : 1;
	copy_without(out, in, NFTNL_UDATA_SET_DATA_TYPEOF);
	at = nest(out, NFTNL_UDATA_SET_DATA_TYPEOF);
	if (!(type >> TYPE_BITS)) {
		put_typical(out, NFTNL_UDATA_SET_TYPEOF_EXPR, NFTNL_UDATA_SET_TYPEOF_DATA, type,
			    bytes, order == BYTEORDER_HOST);
	} else {
		put_u32(out, NFTNL_UDATA_SET_TYPEOF_EXPR, EXPR_CONCAT);
		data = nest(out, NFTNL_UDATA_SET_TYPEOF_DATA);
		while (type >> TYPE_BITS * (n + 1))
			n++;
		/* the first part is in the highest bits */
		for (unsigned int i = 0; i <= n; i++) {
			part = nest(out, i);
			put_typical(out, CONCAT_TYPE, CONCAT_DATA,
				    type >> TYPE_BITS * (n - i) & ((1 << TYPE_BITS) - 1),
				    sizeof(uint32_t), false);
			unnest(out, part);
		}
		unnest(out, data);
	}
	unnest(out, at);
	return true;
}
