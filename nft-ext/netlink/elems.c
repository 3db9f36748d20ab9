// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "attr.h"
#include "elems.h"

#define MSG_MAX	 60000 /* bytes of elements: a nested attribute has less than 64 KiB */
#define ELEM_MAX 512   /* bytes of one: its key, and data of 64 bytes or a chain's name */

/**
 * struct sample - the library's element
 * @attr:	it, with its header
 * @key:	where the bytes of the key are in it
 * @num:	where the number is, or 0
 */
struct sample {
	const struct nlattr *attr;
	size_t key, num;
};

bool nx_elems_are(const struct nlmsghdr *nlh, const struct nx_bulk *b)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;
	bool table = false, set = false;

	if (nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM) ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg) ||
	    strcmp(nx_family_name(nfg->nfgen_family), b->family ? b->family : "ip"))
		return false;
	mnl_attr_for_each(a, nlh, sizeof(*nfg))
	{
		if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_TABLE)
			table = !strcmp(mnl_attr_get_str(a), b->table);
		else if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_SET)
			set = !strcmp(mnl_attr_get_str(a), b->set);
	}
	return table && set;
}

/* The bytes of a number in a register: how many. */
static size_t number(enum nx_bulk_data data, uint32_t num, uint8_t bytes[4])
{
	uint16_t port = htons(num);

	if (data == NX_BULK_PORT)
		memcpy(bytes, &port, sizeof(port));
	else
		memcpy(bytes, &num, sizeof(num));
	return data == NX_BULK_PORT ? sizeof(port) : sizeof(num);
}

/* Where the only value of a nested attribute is in @elem, if it is @want; else 0. */
static size_t value_at(const struct nlattr *elem, const struct nlattr *nest, const void *want,
		       size_t len)
{
	const struct nlattr *v = mnl_attr_get_payload(nest);

	if (mnl_attr_get_payload_len(nest) != MNL_ALIGN(MNL_ATTR_HDRLEN + len) ||
	    mnl_attr_get_type(v) != NFTA_DATA_VALUE || mnl_attr_get_payload_len(v) != len ||
	    memcmp(mnl_attr_get_payload(v), want, len))
		return 0;
	return (const char *)mnl_attr_get_payload(v) - (const char *)elem;
}

/* False unless it is just what the first element of @b is to be. */
static bool read_sample(struct sample *s, const struct nlattr *elem, const struct nx_bulk *b)
{
	char key[NFT_QUIC_SNI_LEN] = "";
	struct nx_bulk_elem first;
	const struct nlattr *a;
	uint8_t bytes[4];
	size_t at = 0, len;
	bool data = false;

	*s = (struct sample){.attr = elem};
	if (!nx_bulk_next(b, &at, &first) || mnl_attr_get_len(elem) > ELEM_MAX)
		return false;
	memcpy(key, first.name, first.len);
	mnl_attr_for_each_nested(a, elem)
	{
		if (mnl_attr_get_type(a) == NFTA_SET_ELEM_KEY && !s->key) {
			s->key = value_at(elem, a, key, b->width);
		} else if (mnl_attr_get_type(a) == NFTA_SET_ELEM_DATA && !data) {
			data = true;
			if (b->data == NX_BULK_SAME)
				continue;
			len = number(b->data, first.num, bytes);
			s->num = value_at(elem, a, bytes, len);
		} else {
			return false;
		}
	}
	return s->key && data == (b->data != NX_BULK_NONE) &&
	       !s->num == (b->data == NX_BULK_NONE || b->data == NX_BULK_SAME);
}

/* All of a message but its elements. */
static void put_head(struct nx_buf *out, const struct nlmsghdr *nlh)
{
	const struct nlattr *a;

	nx_buf_add(out, nlh, MNL_NLMSG_HDRLEN + sizeof(struct nfgenmsg));
	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(a) != NFTA_SET_ELEM_LIST_ELEMENTS)
			nx_attr_copy(out, a);
	}
}

static void put_elem(struct nx_buf *out, const struct sample *s, const struct nx_bulk *b,
		     const struct nx_bulk_elem *e)
{
	size_t at = out->len;
	uint8_t bytes[4];

	nx_buf_add(out, s->attr, MNL_ALIGN(s->attr->nla_len));
	if (out->oom)
		return;
	memcpy(out->p + at + s->key, e->name, e->len);
	memset(out->p + at + s->key + e->len, 0, b->width - e->len);
	if (s->num)
		memcpy(out->p + at + s->num, bytes, number(b->data, e->num, bytes));
}

int nx_elems_put(struct nx_buf *out, const struct nlmsghdr *nlh, const struct nx_bulk *b)
{
	const struct nlattr *list = NULL, *elem = NULL, *a;
	struct nx_bulk_elem e;
	struct sample s;
	size_t at = 0, msg, nest;
	bool more;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_ELEMENTS)
			list = a;
	}
	if (!list)
		return -EINVAL;
	mnl_attr_for_each_nested(a, list)
	{
		if (elem)
			return -EINVAL;
		elem = a;
	}
	if (!elem || !read_sample(&s, elem, b))
		return -EINVAL;
	/* with a message's head for each 50 elements, which is too much */
	nx_buf_room(out,
		    b->n * MNL_ALIGN(elem->nla_len) + b->n / 50 * (nlh->nlmsg_len - list->nla_len));
	nx_bulk_next(b, &at, &e);
	more = nx_bulk_next(b, &at, &e);
	while (more && !out->oom) {
		msg = out->len;
		put_head(out, nlh);
		nest = nx_attr_begin(out, list->nla_type);
		while (more && out->len - nest < MSG_MAX && !out->oom) {
			put_elem(out, &s, b, &e);
			more = nx_bulk_next(b, &at, &e);
		}
		nx_attr_end(out, nest);
		if (!out->oom)
			((struct nlmsghdr *)(out->p + msg))->nlmsg_len = out->len - msg;
	}
	return out->oom ? -ENOMEM : 0;
}
