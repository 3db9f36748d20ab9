// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Userdata is a list of type byte, length byte, value; nested ones are such lists again.
 * nft writes a payload expression as its protocol (0 if raw), type, base, offset and length,
 * and a concatenation as a list of expressions.
 */
#include <stdint.h>
#include <string.h>

#include <libnftnl/udata.h>

#include "udata.h"

/* nft's numbers, the same since 0.9.4 */
enum { EXPR_PAYLOAD = 7, EXPR_CONCAT = 13 };
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

	if (!find_u32(in, PAYLOAD_DESC, &desc) || desc ||
	    !find_u32(in, PAYLOAD_BASE, &base) || !find_u32(in, PAYLOAD_OFFSET, &off) ||
	    !find_u32(in, PAYLOAD_LEN, &bits))
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
	for (unsigned int i = 0; etype == EXPR_CONCAT && i < NX_COMPS && find(data, i, &part); i++) {
		uint32_t sub_type;

		key[(*n)++] = find_u32(part, CONCAT_TYPE, &sub_type) && sub_type == EXPR_PAYLOAD &&
					      find(part, CONCAT_DATA, &sub) ? payload_key(sub) : NULL;
	}
}

void nx_udata_layout(const void *udata, size_t len, struct nx_layout *layout)
{
	struct span in = { udata, len };

	memset(layout, 0, sizeof(*layout));
	side(in, NFTNL_UDATA_SET_KEY_TYPEOF, &layout->n, layout->key);
	side(in, NFTNL_UDATA_SET_DATA_TYPEOF, &layout->dn, layout->data);
}
