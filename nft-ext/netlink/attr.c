// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <string.h>

#include "attr.h"

static void put_header(struct nx_buf *b, uint16_t type, size_t len)
{
	struct nlattr h = {.nla_type = type, .nla_len = MNL_ATTR_HDRLEN + len};

	if (MNL_ATTR_HDRLEN + len > UINT16_MAX)
		b->oom = true;
	nx_buf_add(b, &h, sizeof(h));
}

void nx_attr_put(struct nx_buf *b, uint16_t type, const void *data, size_t len)
{
	put_header(b, type, len);
	nx_buf_add(b, data, len);
	nx_buf_char(b, '\0', MNL_ALIGN(len) - len);
}

void nx_attr_u32(struct nx_buf *b, uint16_t type, uint32_t val)
{
	val = htonl(val);
	nx_attr_put(b, type, &val, sizeof(val));
}

void nx_attr_str(struct nx_buf *b, uint16_t type, const char *s)
{
	nx_attr_put(b, type, s, strlen(s) + 1);
}

void nx_attr_copy(struct nx_buf *b, const struct nlattr *attr)
{
	nx_attr_put(b, attr->nla_type, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
}

size_t nx_attr_begin(struct nx_buf *b, uint16_t type)
{
	size_t at = b->len;

	put_header(b, NLA_F_NESTED | type, 0);
	return at;
}

void nx_attr_end(struct nx_buf *b, size_t at)
{
	uint16_t len = b->len - at;

	if (b->oom)
		return;
	if (b->len - at > UINT16_MAX)
		b->oom = true;
	else
		memcpy(b->p + at + offsetof(struct nlattr, nla_len), &len, sizeof(len));
}

const struct nlattr *nx_attr_find(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
	{
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

bool nx_attr_get_u32(const struct nlattr *nest, uint16_t type, uint32_t *val)
{
	const struct nlattr *attr = nx_attr_find(nest, type);

	if (!attr || mnl_attr_get_payload_len(attr) < sizeof(*val))
		return false;
	*val = ntohl(mnl_attr_get_u32(attr));
	return true;
}

bool nx_attr_is(const struct nlattr *nest, uint16_t type, const char *s)
{
	const struct nlattr *attr = nx_attr_find(nest, type);
	size_t len = strlen(s);

	/* NUL or not at the end: both are met */
	return attr && mnl_attr_get_payload_len(attr) >= len &&
	       mnl_attr_get_payload_len(attr) <= len + 1 &&
	       !memcmp(mnl_attr_get_payload(attr), s, len) &&
	       (mnl_attr_get_payload_len(attr) == len ||
		!((const char *)mnl_attr_get_payload(attr))[len]);
}
