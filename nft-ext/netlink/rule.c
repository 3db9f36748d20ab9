// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "attr.h"
#include "rule.h"

/** struct cmp - a stock comparison of a register with bytes */
struct cmp {
	uint32_t sreg, op;
	const uint8_t *data;
	size_t len;
};

static const struct nlattr *expressions(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) == NFTA_RULE_EXPRESSIONS)
			return attr;
	}
	return NULL;
}

static bool is_expr(const struct nlattr *elem, const char *name)
{
	return nx_attr_is(elem, NFTA_EXPR_NAME, name);
}

/** struct load - a payload expression on a placeholder */
struct load {
	uint32_t dreg, bit_off, bits;
};

/* A payload expression whose offset no packet can have: one of ours. */
static bool is_placeholder(const struct nlattr *elem, struct load *load)
{
	const struct nlattr *data;
	uint32_t base, off, len;

	if (!is_expr(elem, "payload"))
		return false;
	data = nx_attr_find(elem, NFTA_EXPR_DATA);
	if (!data || !nx_attr_get_u32(data, NFTA_PAYLOAD_BASE, &base) ||
	    !nx_attr_get_u32(data, NFTA_PAYLOAD_OFFSET, &off) ||
	    !nx_attr_get_u32(data, NFTA_PAYLOAD_LEN, &len) ||
	    !nx_attr_get_u32(data, NFTA_PAYLOAD_DREG, &load->dreg))
		return false;
	if (base != NX_PAYLOAD_INNER || off < NX_KEY_FIRST / 8 || off > UINT32_MAX / 8 || len > 64)
		return false;
	load->bit_off = off * 8;
	load->bits = len * 8;
	return true;
}

static bool read_cmp(const struct nlattr *elem, struct cmp *cmp)
{
	const struct nlattr *data, *val;

	if (!elem || !is_expr(elem, "cmp"))
		return false;
	data = nx_attr_find(elem, NFTA_EXPR_DATA);
	if (!data || !nx_attr_get_u32(data, NFTA_CMP_SREG, &cmp->sreg) ||
	    !nx_attr_get_u32(data, NFTA_CMP_OP, &cmp->op))
		return false;
	val = nx_attr_find(data, NFTA_CMP_DATA);
	if (val)
		val = nx_attr_find(val, NFTA_DATA_VALUE);
	if (!val)
		return false;
	cmp->data = mnl_attr_get_payload(val);
	cmp->len = mnl_attr_get_payload_len(val);
	return cmp->op == NFT_CMP_EQ || cmp->op == NFT_CMP_NEQ;
}

static void put_quic_load(struct nx_buf *b, const struct nx_key *k, uint32_t dreg)
{
	size_t elem = nx_attr_begin(b, NFTA_LIST_ELEM), data;

	nx_attr_str(b, NFTA_EXPR_NAME, "quic");
	data = nx_attr_begin(b, NFTA_EXPR_DATA);
	nx_attr_u32(b, NFTA_QUIC_KEY, k->id);
	nx_attr_u32(b, NFTA_QUIC_DREG, dreg);
	if (k->kind == NX_ID)
		nx_attr_u32(b, NFTA_QUIC_LEN, k->width);
	nx_attr_end(b, data);
	nx_attr_end(b, elem);
}

static void put_quic_match(struct nx_buf *b, const struct nx_key *k, const void *lit, size_t len,
			   bool invert)
{
	size_t elem = nx_attr_begin(b, NFTA_LIST_ELEM), data;

	nx_attr_str(b, NFTA_EXPR_NAME, "quic");
	data = nx_attr_begin(b, NFTA_EXPR_DATA);
	nx_attr_u32(b, NFTA_QUIC_KEY, k->id);
	if (invert)
		nx_attr_u32(b, NFTA_QUIC_FLAGS, NFT_QUIC_F_INVERT);
	nx_attr_put(b, NFTA_QUIC_DATA, lit, len);
	nx_attr_end(b, data);
	nx_attr_end(b, elem);
}

static void put_mask(struct nx_buf *b, uint32_t reg, const uint8_t *mask, size_t len)
{
	static const uint8_t none[NFT_QUIC_CID_LEN];
	size_t elem = nx_attr_begin(b, NFTA_LIST_ELEM), data, value;

	nx_attr_str(b, NFTA_EXPR_NAME, "bitwise");
	data = nx_attr_begin(b, NFTA_EXPR_DATA);
	nx_attr_u32(b, NFTA_BITWISE_SREG, reg);
	nx_attr_u32(b, NFTA_BITWISE_DREG, reg);
	nx_attr_u32(b, NFTA_BITWISE_LEN, len);
	value = nx_attr_begin(b, NFTA_BITWISE_MASK);
	nx_attr_put(b, NFTA_DATA_VALUE, mask, len);
	nx_attr_end(b, value);
	value = nx_attr_begin(b, NFTA_BITWISE_XOR);
	nx_attr_put(b, NFTA_DATA_VALUE, none, len);
	nx_attr_end(b, value);
	nx_attr_end(b, data);
	nx_attr_end(b, elem);
}

/* The bytes of attribute @type inside of @nest if it is a value of @len bytes, else NULL. */
static const uint8_t *value_of(const struct nlattr *nest, uint16_t type, size_t len)
{
	const struct nlattr *val = nx_attr_find(nest, type);

	val = val ? nx_attr_find(val, NFTA_DATA_VALUE) : NULL;
	return val && mnl_attr_get_payload_len(val) == len ? mnl_attr_get_payload(val) : NULL;
}

/* The mask that @elem lays over a number of @len bytes in register @reg, or NULL. */
static const uint8_t *read_mask(const struct nlattr *elem, uint32_t reg, size_t len)
{
	const struct nlattr *data;
	uint32_t sreg, dreg, n, op = 0;
	const uint8_t * xor ;

	if (!elem || !is_expr(elem, "bitwise"))
		return NULL;
	data = nx_attr_find(elem, NFTA_EXPR_DATA);
	if (!data || !nx_attr_get_u32(data, NFTA_BITWISE_SREG, &sreg) ||
	    !nx_attr_get_u32(data, NFTA_BITWISE_DREG, &dreg) ||
	    !nx_attr_get_u32(data, NFTA_BITWISE_LEN, &n) || n != len || dreg != sreg || sreg != reg)
		return NULL;
	nx_attr_get_u32(data, NFTA_BITWISE_OP, &op);
	xor = value_of(data, NFTA_BITWISE_XOR, len);
	for (size_t i = 0; xor&&i < len; i++)
		op |= xor[i];
	return xor && !op ? value_of(data, NFTA_BITWISE_MASK, len) : NULL;
}

/* @next is the expression behind; *used tells that it is part of the match. */
static int out_one(struct nx_buf *b, const struct load *load, const struct nlattr *next,
		   const struct nx_slots *slots, bool *used)
{
	const struct nx_slot *slot = nx_slot_by_place(slots, load->bit_off, load->bits);
	const struct nx_slot *mask = nx_slot_mask_by_place(slots, load->bit_off, load->bits);
	const struct nx_key *k = nx_key_by_place(load->bit_off, load->bits);
	struct cmp cmp;
	bool has_cmp = read_cmp(next, &cmp) && cmp.sreg == load->dreg;
	const uint32_t one = htonl(1);

	*used = false;
	if (load->bit_off == NX_MARK_OFFSET && has_cmp) {
		*used = true;
		return 0;
	}
	if (slot) {
		if (!has_cmp || cmp.len != sizeof(one) || memcmp(cmp.data, &one, sizeof(one)))
			return -EINVAL;
		put_quic_match(b, slot->key, slot->lit.b, slot->lit.len, cmp.op == NFT_CMP_NEQ);
		*used = true;
		return 0;
	}
	if (mask) {
		put_quic_load(b, mask->key, load->dreg);
		put_mask(b, load->dreg, mask->lit.b, mask->lit.len);
		return 0;
	}
	if (!k)
		return -EINVAL;
	if (has_cmp && !nx_key_is_number(k) && cmp.len == k->width) {
		while (cmp.len && !cmp.data[cmp.len - 1])
			cmp.len--;
		put_quic_match(b, k->id == NFT_QUIC_SNI_CONCAT ? nx_key_by_id(NFT_QUIC_SNI) : k,
			       cmp.data, cmp.len, cmp.op == NFT_CMP_NEQ);
		*used = true;
		return 0;
	}
	put_quic_load(b, k, load->dreg);
	return 0;
}

/* The expression behind @elem, or NULL. */
static const struct nlattr *behind(const struct nlattr *list, const struct nlattr *elem)
{
	const struct nlattr *next = mnl_attr_next(elem);
	const char *end = (const char *)mnl_attr_get_payload(list) + mnl_attr_get_payload_len(list);

	return mnl_attr_ok(next, end - (const char *)next) ? next : NULL;
}

/* At the mark of such a rule: the expression that stands for a server ID in it. */
static const struct nx_port_word *read_port_word(const struct load *load, const struct nlattr *next)
{
	struct cmp cmp;
	uint32_t num;

	if (load->bit_off != NX_PORT_OFFSET || !read_cmp(next, &cmp) || cmp.len != sizeof(num))
		return NULL;
	memcpy(&num, cmp.data, sizeof(num));
	return nx_port_word(ntohl(num));
}

/* Does @elem load this expression? */
static bool is_port_word(const struct nlattr *elem, const struct nx_port_word *word, uint32_t *dreg)
{
	const struct nlattr *data, *dir;
	uint32_t key;

	if (!word || !is_expr(elem, "ct"))
		return false;
	data = nx_attr_find(elem, NFTA_EXPR_DATA);
	dir = data ? nx_attr_find(data, NFTA_CT_DIRECTION) : NULL;
	return dir && nx_attr_get_u32(data, NFTA_CT_KEY, &key) && key == word->ct_key &&
	       mnl_attr_get_payload_len(dir) == 1 && mnl_attr_get_u8(dir) == word->ct_dir &&
	       nx_attr_get_u32(data, NFTA_CT_DREG, dreg);
}

static int out_list(struct nx_buf *b, const struct nlattr *list, const struct nx_slots *slots,
		    unsigned int *nquic)
{
	const struct nx_port_word *word = NULL;
	const struct nlattr *elem;
	struct load load;
	bool used = false;

	mnl_attr_for_each_nested(elem, list)
	{
		const struct nlattr *next = behind(list, elem);
		int rc;

		if (used) {
			used = false;
			continue;
		}
		if (is_port_word(elem, word, &load.dreg)) {
			put_quic_load(b, nx_key_by_id(NFT_QUIC_SERVER_ID), load.dreg);
			(*nquic)++;
			continue;
		}
		if (!is_placeholder(elem, &load)) {
			nx_attr_copy(b, elem);
			continue;
		}
		if (load.bit_off == NX_PORT_OFFSET) {
			word = read_port_word(&load, next);
			if (!word)
				return -EINVAL;
			used = true;
			continue;
		}
		rc = out_one(b, &load, next, slots, &used);
		if (rc)
			return rc;
		(*nquic)++;
	}
	return 0;
}

static bool any(const struct nlattr *list, bool (*is)(const struct nlattr *elem))
{
	const struct nlattr *elem;

	mnl_attr_for_each_nested(elem, list)
	{
		if (is(elem))
			return true;
	}
	return false;
}

static bool any_placeholder(const struct nlattr *elem)
{
	struct load load;

	return is_placeholder(elem, &load);
}

static bool any_quic(const struct nlattr *elem)
{
	return is_expr(elem, "quic");
}

/* The message with its list of expressions replaced by @list. */
static int rebuild(const struct nlmsghdr *nlh, const struct nlattr *list, struct nx_buf *exprs,
		   struct nx_buf *out)
{
	const char *from = (const char *)nlh, *behind = (const char *)mnl_attr_next(list);
	const char *end = from + nlh->nlmsg_len;

	nx_buf_add(out, from, (const char *)list - from);
	nx_attr_put(out, list->nla_type, nx_buf_cstr(exprs), exprs->len);
	if (behind < end)
		nx_buf_add(out, behind, end - behind);
	if (out->oom || exprs->oom)
		return -ENOMEM;
	((struct nlmsghdr *)out->p)->nlmsg_len = out->len;
	return 0;
}

int nx_rule_out(struct nlmsghdr *nlh, size_t room, const struct nx_slots *slots,
		unsigned int *nquic)
{
	const struct nlattr *list = expressions(nlh);
	struct nx_buf exprs = NX_BUF_INIT, msg = NX_BUF_INIT;
	int rc;

	*nquic = 0;
	if (!list || !any(list, any_placeholder))
		return 0;
	rc = out_list(&exprs, list, slots, nquic);
	if (!rc)
		rc = rebuild(nlh, list, &exprs, &msg);
	if (!rc && msg.len > room)
		rc = -EMSGSIZE;
	if (!rc)
		memcpy(nlh, msg.p, msg.len);
	nx_buf_free(&exprs);
	nx_buf_free(&msg);
	return rc;
}

static void put_payload(struct nx_buf *b, uint32_t bit_off, uint32_t bits, uint32_t dreg)
{
	size_t elem = nx_attr_begin(b, NFTA_LIST_ELEM), data;

	nx_attr_str(b, NFTA_EXPR_NAME, "payload");
	data = nx_attr_begin(b, NFTA_EXPR_DATA);
	nx_attr_u32(b, NFTA_PAYLOAD_DREG, dreg);
	nx_attr_u32(b, NFTA_PAYLOAD_BASE, NX_PAYLOAD_INNER);
	nx_attr_u32(b, NFTA_PAYLOAD_OFFSET, bit_off / 8);
	nx_attr_u32(b, NFTA_PAYLOAD_LEN, bits / 8);
	nx_attr_end(b, data);
	nx_attr_end(b, elem);
}

static void put_cmp(struct nx_buf *b, uint32_t sreg, uint32_t op, const void *val, size_t len)
{
	size_t elem = nx_attr_begin(b, NFTA_LIST_ELEM), data, value;

	nx_attr_str(b, NFTA_EXPR_NAME, "cmp");
	data = nx_attr_begin(b, NFTA_EXPR_DATA);
	nx_attr_u32(b, NFTA_CMP_SREG, sreg);
	nx_attr_u32(b, NFTA_CMP_OP, op);
	value = nx_attr_begin(b, NFTA_CMP_DATA);
	nx_attr_put(b, NFTA_DATA_VALUE, val, len);
	nx_attr_end(b, value);
	nx_attr_end(b, data);
	nx_attr_end(b, elem);
}

static int in_match(struct nx_buf *b, const struct nx_key *k, const struct nlattr *data,
		    uint32_t flags, struct nx_slots *slots)
{
	uint32_t op = flags & NFT_QUIC_F_INVERT ? NFT_CMP_NEQ : NFT_CMP_EQ;
	const uint32_t one = htonl(1);
	struct nx_lit lit = {0};
	uint32_t num;
	int rc;

	if (nx_key_is_number(k) || mnl_attr_get_payload_len(data) > NFT_QUIC_DATA_MAX)
		return -EINVAL;
	lit.len = mnl_attr_get_payload_len(data);
	memcpy(lit.b, mnl_attr_get_payload(data), lit.len);
	if (nx_lit_fits(&lit, k->width)) {
		put_payload(b, nx_key_offset(k), k->width * 8u, NFT_REG_1);
		put_cmp(b, NFT_REG_1, op, lit.b, k->width);
		return 0;
	}
	rc = nx_slot_put(slots, k, &lit, &num);
	if (rc)
		return rc;
	put_payload(b, nx_slot_offset(num), NX_SLOT_BITS, NFT_REG_1);
	put_cmp(b, NFT_REG_1, op, &one, sizeof(one));
	return 0;
}

static int in_load(struct nx_buf *b, const struct nx_key *k, uint32_t dreg, const uint8_t *mask,
		   struct nx_slots *slots)
{
	uint32_t num;
	int rc;

	if (!mask) {
		put_payload(b, nx_key_offset(k), k->width * 8u, dreg);
		return 0;
	}
	rc = nx_slot_put_mask(slots, k, mask, &num);
	if (!rc)
		put_payload(b, nx_slot_offset(num), k->width * 8u, dreg);
	return rc;
}

/* @next is the expression behind; *used tells that it is a mask of this one. */
static int in_one(struct nx_buf *b, const struct nlattr *elem, const struct nlattr *next,
		  struct nx_slots *slots, bool *used)
{
	const struct nlattr *data = nx_attr_find(elem, NFTA_EXPR_DATA), *lit;
	uint32_t key, dreg, len, flags = 0;
	const struct nx_key *k;
	const uint8_t *mask;

	if (!data || !nx_attr_get_u32(data, NFTA_QUIC_KEY, &key))
		return -EINVAL;
	nx_attr_get_u32(data, NFTA_QUIC_FLAGS, &flags);
	k = nx_key_by_id(key);
	if (k && nx_attr_get_u32(data, NFTA_QUIC_LEN, &len))
		k = nx_key_part(k, len);
	if (!k || flags & ~NFT_QUIC_F_INVERT)
		return -EINVAL;
	lit = nx_attr_find(data, NFTA_QUIC_DATA);
	if (lit)
		return in_match(b, k, lit, flags, slots);
	if (!nx_attr_get_u32(data, NFTA_QUIC_DREG, &dreg))
		return -EINVAL;
	mask = nx_key_is_number(k) ? read_mask(next, dreg, k->width) : NULL;
	*used = mask;
	return in_load(b, k, dreg, mask, slots);
}

int nx_rule_in(const struct nlmsghdr *nlh, struct nx_buf *out, struct nx_slots *slots)
{
	const struct nlattr *list = expressions(nlh), *elem;
	struct nx_buf exprs = NX_BUF_INIT;
	bool used = false;
	int rc = 0;

	if (!list || !any(list, any_quic))
		return 0;
	mnl_attr_for_each_nested(elem, list)
	{
		if (used)
			used = false;
		else if (any_quic(elem))
			rc = in_one(&exprs, elem, behind(list, elem), slots, &used);
		else
			nx_attr_copy(&exprs, elem);
		if (rc)
			break;
	}
	if (!rc)
		rc = rebuild(nlh, list, &exprs, out);
	nx_buf_free(&exprs);
	return rc ? rc : 1;
}
