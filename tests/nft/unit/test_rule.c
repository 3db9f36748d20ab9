// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules on the wire, out and in. */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "attr.h"
#include "rule.h"

static char space[65536];

/* A rule message with the expressions that @add puts into a buffer. */
static struct nlmsghdr *message(void (*add)(struct nx_buf *b))
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(space);
	struct nx_buf b = NX_BUF_INIT;
	size_t list;

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nfgenmsg));
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, "t");
	list = nx_attr_begin(&b, NFTA_RULE_EXPRESSIONS);
	add(&b);
	nx_attr_end(&b, list);
	assert_false(b.oom);
	memcpy((char *)nlh + nlh->nlmsg_len, b.p, b.len);
	nlh->nlmsg_len += b.len;
	nx_buf_free(&b);
	mnl_attr_put_strz(nlh, NFTA_RULE_USERDATA, "after");
	return nlh;
}

static void payload(struct nx_buf *b, uint32_t base, uint32_t bit_off, uint32_t bits, uint32_t reg)
{
	size_t elem = nx_attr_begin(b, NFTA_LIST_ELEM), data;

	nx_attr_str(b, NFTA_EXPR_NAME, "payload");
	data = nx_attr_begin(b, NFTA_EXPR_DATA);
	nx_attr_u32(b, NFTA_PAYLOAD_DREG, reg);
	nx_attr_u32(b, NFTA_PAYLOAD_BASE, base);
	nx_attr_u32(b, NFTA_PAYLOAD_OFFSET, bit_off / 8);
	nx_attr_u32(b, NFTA_PAYLOAD_LEN, bits / 8);
	nx_attr_end(b, data);
	nx_attr_end(b, elem);
}

static void cmp(struct nx_buf *b, uint32_t reg, uint32_t op, const void *val, size_t len)
{
	size_t elem = nx_attr_begin(b, NFTA_LIST_ELEM), data, nest;

	nx_attr_str(b, NFTA_EXPR_NAME, "cmp");
	data = nx_attr_begin(b, NFTA_EXPR_DATA);
	nx_attr_u32(b, NFTA_CMP_SREG, reg);
	nx_attr_u32(b, NFTA_CMP_OP, op);
	nest = nx_attr_begin(b, NFTA_CMP_DATA);
	nx_attr_put(b, NFTA_DATA_VALUE, val, len);
	nx_attr_end(b, nest);
	nx_attr_end(b, data);
	nx_attr_end(b, elem);
}

static void other(struct nx_buf *b, const char *name)
{
	size_t elem = nx_attr_begin(b, NFTA_LIST_ELEM);

	nx_attr_str(b, NFTA_EXPR_NAME, name);
	nx_attr_end(b, elem);
}

/* The n-th expression of a message. */
static const struct nlattr *expr(const struct nlmsghdr *nlh, unsigned int n)
{
	const struct nlattr *attr, *elem;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) != NFTA_RULE_EXPRESSIONS)
			continue;
		mnl_attr_for_each_nested(elem, attr)
		{
			if (!n--)
				return elem;
		}
	}
	return NULL;
}

static const uint8_t smb[64] = "smb";

static void rule_literals(struct nx_buf *b)
{
	static const uint8_t one[4] = {0, 0, 0, 1};

	other(b, "counter");
	payload(b, 3, 524288, 128, NFT_REG_1);
	cmp(b, NFT_REG_1, NFT_CMP_EQ, smb, 16);
	payload(b, 3, 528384, 512, NFT_REG_1);
	cmp(b, NFT_REG_1, NFT_CMP_NEQ, smb, 64);
	payload(b, 3, 8388608, 32, NFT_REG_1);
	cmp(b, NFT_REG_1, NFT_CMP_NEQ, one, 4);
	payload(b, 3, 540672, 32, NFT_REG_1);
	cmp(b, NFT_REG_1, NFT_CMP_GTE, one, 4);
	payload(b, 3, 524288, 128, NFT_REG_1);
	payload(b, 3, 536576, 384, NFT_REG_2);
	other(b, "lookup");
	payload(b, 3, 64, 128, NFT_REG_1); /* a stock raw payload */
}

static void check_match(const struct nlattr *e, uint32_t key, uint32_t flags, const char *data,
			size_t len)
{
	const struct nlattr *d = nx_attr_find(e, NFTA_EXPR_DATA), *lit;
	uint32_t k, f = 0, dreg;

	assert_true(nx_attr_is(e, NFTA_EXPR_NAME, "quic"));
	assert_true(nx_attr_get_u32(d, NFTA_QUIC_KEY, &k));
	assert_int_equal(k, key);
	nx_attr_get_u32(d, NFTA_QUIC_FLAGS, &f);
	assert_int_equal(f, flags);
	assert_false(nx_attr_get_u32(d, NFTA_QUIC_DREG, &dreg));
	lit = nx_attr_find(d, NFTA_QUIC_DATA);
	assert_non_null(lit);
	assert_int_equal(mnl_attr_get_payload_len(lit), len);
	assert_memory_equal(mnl_attr_get_payload(lit), data, len);
}

static void check_load(const struct nlattr *e, uint32_t key, uint32_t reg)
{
	const struct nlattr *d = nx_attr_find(e, NFTA_EXPR_DATA);
	uint32_t k, dreg;

	assert_true(nx_attr_is(e, NFTA_EXPR_NAME, "quic"));
	assert_true(nx_attr_get_u32(d, NFTA_QUIC_KEY, &k));
	assert_true(nx_attr_get_u32(d, NFTA_QUIC_DREG, &dreg));
	assert_int_equal(k, key);
	assert_int_equal(dreg, reg);
	assert_null(nx_attr_find(d, NFTA_QUIC_DATA));
}

static void test_out_and_in(void **state)
{
	struct nx_slots slots = {0};
	struct nx_buf back = NX_BUF_INIT;
	struct nx_lit lit = {.len = 2, .b = {'a', 0}};
	struct nlmsghdr *nlh;
	unsigned int n, len;
	uint32_t num;
	char *before;

	(void)state;
	assert_int_equal(nx_slot_put(&slots, nx_key_by_id(NFT_QUIC_SCID), &lit, &num), 0);
	nlh = message(rule_literals);
	len = nlh->nlmsg_len;
	before = malloc(len);
	memcpy(before, nlh, len);
	assert_int_equal(nx_rule_out(nlh, sizeof(space), &slots, &n), 0);
	assert_int_equal(n, 6);
	assert_true(nx_attr_is(expr(nlh, 0), NFTA_EXPR_NAME, "counter"));
	check_match(expr(nlh, 1), NFT_QUIC_ALPN, 0, "smb", 3);
	check_match(expr(nlh, 2), NFT_QUIC_SNI, NFT_QUIC_F_INVERT, "smb", 3);
	check_match(expr(nlh, 3), NFT_QUIC_SCID, NFT_QUIC_F_INVERT, "a\0", 2);
	check_load(expr(nlh, 4), NFT_QUIC_VERSION, NFT_REG_1);
	assert_true(nx_attr_is(expr(nlh, 5), NFTA_EXPR_NAME, "cmp"));
	check_load(expr(nlh, 6), NFT_QUIC_ALPN, NFT_REG_1);
	check_load(expr(nlh, 7), NFT_QUIC_SNI_CONCAT, NFT_REG_2);
	assert_true(nx_attr_is(expr(nlh, 8), NFTA_EXPR_NAME, "lookup"));
	assert_true(nx_attr_is(expr(nlh, 9), NFTA_EXPR_NAME, "payload"));
	assert_null(expr(nlh, 10));
	/* the attribute behind the expressions is still there */
	assert_non_null(memmem(nlh, nlh->nlmsg_len, "after", 6));

	assert_int_equal(nx_rule_in(nlh, &back, &slots), 1);
	assert_int_equal(back.len, len);
	assert_memory_equal(back.p, before, len);
	free(before);
	nx_buf_free(&back);
	nx_slots_free(&slots);
}

static void rule_stock(struct nx_buf *b)
{
	payload(b, 2, 16, 16, NFT_REG_1);
	cmp(b, NFT_REG_1, NFT_CMP_EQ, "\1\xbb", 2);
	other(b, "counter");
}

static void test_stock_untouched(void **state)
{
	struct nlmsghdr *nlh = message(rule_stock);
	struct nx_slots slots = {0};
	struct nx_buf back = NX_BUF_INIT;
	unsigned int n, len = nlh->nlmsg_len;
	char *before = malloc(len);

	(void)state;
	memcpy(before, nlh, len);
	assert_int_equal(nx_rule_out(nlh, sizeof(space), &slots, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(nlh->nlmsg_len, len);
	assert_memory_equal(nlh, before, len);
	assert_int_equal(nx_rule_in(nlh, &back, &slots), 0);
	assert_int_equal(back.len, 0);
	free(before);
}

static void rule_bad_slot(struct nx_buf *b)
{
	payload(b, 3, 8388608 + 1024 * 7, 32, NFT_REG_1);
	cmp(b, NFT_REG_1, NFT_CMP_EQ, "\0\0\0\1", 4);
}

static void rule_mark(struct nx_buf *b)
{
	payload(b, 3, NX_MARK_OFFSET, 32, NFT_REG_1);
	cmp(b, NFT_REG_1, NFT_CMP_NEQ, "\0\0\0\1", 4);
	other(b, "counter");
}

/* A placeholder that cannot be expressed stays, and the kernel refuses it. */
static void test_refused(void **state)
{
	struct nx_slots slots = {0};
	struct nlmsghdr *nlh = message(rule_bad_slot);
	unsigned int n;

	(void)state;
	assert_int_equal(nx_rule_out(nlh, sizeof(space), &slots, &n), -EINVAL);
	assert_true(nx_attr_is(expr(nlh, 0), NFTA_EXPR_NAME, "payload"));
	nlh = message(rule_literals);
	assert_int_equal(nx_rule_out(nlh, 64, &slots, &n), -EINVAL);
	/* the mark of nft -o never leaves */
	nlh = message(rule_mark);
	assert_int_equal(nx_rule_out(nlh, sizeof(space), &slots, &n), 0);
	assert_true(nx_attr_is(expr(nlh, 0), NFTA_EXPR_NAME, "counter"));
	assert_null(expr(nlh, 1));
}

static void rule_newer(struct nx_buf *b)
{
	size_t elem = nx_attr_begin(b, NFTA_LIST_ELEM), data;

	nx_attr_str(b, NFTA_EXPR_NAME, "quic");
	data = nx_attr_begin(b, NFTA_EXPR_DATA);
	nx_attr_u32(b, NFTA_QUIC_KEY, NFT_QUIC_KEY_MAX + 1);
	nx_attr_u32(b, NFTA_QUIC_DREG, NFT_REG_1);
	nx_attr_end(b, data);
	nx_attr_end(b, elem);
}

static void test_newer_kernel(void **state)
{
	struct nx_slots slots = {0};
	struct nx_buf back = NX_BUF_INIT;

	(void)state;
	assert_int_equal(nx_rule_in(message(rule_newer), &back, &slots), -EINVAL);
	nx_buf_free(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_and_in),
		cmocka_unit_test(test_stock_untouched),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_newer_kernel),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("rules on the wire", tests, NULL, NULL);
}
