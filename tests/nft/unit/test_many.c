// SPDX-License-Identifier: GPL-2.0-or-later
/* Elements that go around the library: which, and how they join its message. */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "attr.h"
#include "elems.h"

#define MANY 1500

/* A table with a set or map: @head is in the block, @elem has the number twice. */
static char *table(const char *head, const char *elem, int n, const char *tail)
{
	struct nx_buf b = NX_BUF_INIT;

	nx_buf_fmt(&b, "table inet t {\n\tmap m {\n\t\t%s\n\t\telements = {\n", head);
	for (int i = 0; i < n; i++) {
		nx_buf_fmt(&b, elem, i, i);
		nx_buf_str(&b, i + 1 < n ? ",\n" : "\n");
	}
	nx_buf_fmt(&b, "\t\t}\n\t}\n%s}\n", tail);
	return b.p;
}

static void go_with(struct pass *p, const char *src, size_t bulk_min, bool named_marks)
{
	memset(p, 0, sizeof(*p));
	p->lang.dir = NX_IN;
	p->lang.short_names = true;
	p->lang.bulk_min = bulk_min;
	p->lang.named_marks = named_marks;
	p->text = nx_text_new("f", strdup(src), strlen(src));
	nx_translate(&p->lang, p->text, NULL);
	assert_false(p->lang.oom);
}

static void go(struct pass *p, const char *src, bool allowed)
{
	go_with(p, src, allowed ? NX_BULK_MIN : 0, false);
}

static size_t count(const char *s, const char *what)
{
	size_t n = 0;

	for (; (s = strstr(s, what)); s += strlen(what))
		n++;
	return n;
}

struct form {
	const char *head, *elem, *tail;
	enum nx_bulk_data data;
};

static void simple(void **state)
{
	static const struct form forms[] = {
		{"typeof quic sni", "\"h%d.example.com\"", "", NX_BULK_NONE},
		{"typeof quic alpn", "\"p%d\"", "", NX_BULK_NONE},
		{"typeof quic sni : meta mark", "\"h%d.example.com\" : %d", "", NX_BULK_MARK},
		{"typeof quic sni : ct mark;", "h%d.example.com:%d", "", NX_BULK_MARK},
		{"typeof quic sni : th dport", "\"h%d\" : %d", "", NX_BULK_PORT},
		{"typeof quic sni : verdict", "\"h%d\" : jump web", "", NX_BULK_SAME},
		{"typeof quic sni : ip daddr . udp dport", "\"h%d\" : 10.0.0.1 . 8443", "",
		 NX_BULK_SAME},
		{"comment \"so many\"\n\t\ttypeof quic sni", "# note\n\"h%d\"",
		 "\tset other { typeof quic sni; }\n", NX_BULK_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct form *f = &forms[i];
		char *src = table(f->head, f->elem, MANY, f->tail);
		struct pass p;

		go(&p, src, true);
		assert_non_null(p.lang.bulk);
		assert_null(p.lang.bulk->next);
		assert_int_equal(p.lang.bulk->n, MANY);
		assert_int_equal(p.lang.bulk->data, f->data);
		assert_string_equal(p.lang.bulk->set, "m");
		assert_int_equal(count(pass_text(&p), "\nqn"), 1);
		assert_int_equal(count(pass_text(&p), "\n"), count(src, "\n"));
		pass_free(&p);
		go(&p, src, false);
		assert_null(p.lang.bulk);
		assert_int_equal(count(pass_text(&p), "\nqn"), MANY);
		pass_free(&p);
		free(src);
	}
}

static void others(void **state)
{
	static const struct form forms[] = {
		{"typeof quic sni : meta mark; flags constant", "\"h%d\" : %d", "", 0},
		{"typeof quic sni : meta mark; size 100000", "\"h%d\" : %d", "", 0},
		{"typeof quic sni; counter", "\"h%d\"", "", 0},
		{"typeof quic sni . udp dport", "\"h%d\" . %d", "", 0},
		{"typeof quic sni : quic alpn", "\"h%d\" : \"p%d\"", "", 0},
		{"typeof quic version", "%d", "", 0},
		{"typeof quic sni", "\"h%d\" timeout 1h", "", 0},
		{"typeof quic sni", "\"h%d\" comment \"x\"", "", 0},
		{"typeof quic sni : meta mark", "\"h%d\" : 0%d", "", 0},
		{"typeof quic sni : meta mark", "\"h%d\" : 5000000%03d", "", 0},
		{"typeof quic sni : meta mark", "\"h%d\" : $m", "", 0},
		{"typeof quic sni : th dport", "\"h%d\" : 64500%d", "", 0},
		{"typeof quic sni : verdict", "\"h%d\" : jump { accept; }", "", 0},
		{"typeof quic sni : verdict", "\"h%d\" : jump c%d", "", 0},
		{"typeof quic sni : ip dscp", "\"h%d\" : %d", "", 0},
		{"define m = 1\n\t\ttypeof quic sni : meta mark", "\"h%d\" : 1", "", 0},
		{"typeof quic sni", "\"\"", "", 0},
		{"typeof quic sni", "\n\"h%d\"", "", 0},
		{"typeof quic sni", "\"h%d\"\r", "", 0},
		{"typeof quic sni", "\"h%d\" \"h%d\"", "", 0},
	};
	struct pass p;
	char *src, *two;

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		src = table(forms[i].head, forms[i].elem, MANY, forms[i].tail);
		go(&p, src, true);
		if (p.lang.bulk)
			fail_msg("%s, %s", forms[i].head, forms[i].elem);
		pass_free(&p);
		free(src);
	}
	/* a mark may have a name of digits */
	src = table("typeof quic sni : meta mark", "\"h%d\" : %d", MANY, "");
	go_with(&p, src, NX_BULK_MIN, true);
	assert_null(p.lang.bulk);
	pass_free(&p);
	free(src);
	/* too few */
	src = table("typeof quic sni", "\"h%d\"", NX_BULK_MIN - 1, "");
	go(&p, src, true);
	assert_null(p.lang.bulk);
	pass_free(&p);
	free(src);
	/* the same set twice: it could be flushed in between */
	src = table("typeof quic sni", "\"h%d\"", MANY, "");
	two = malloc(2 * strlen(src) + 1);
	strcpy(two, src);
	strcat(two, src);
	go(&p, two, true);
	assert_non_null(p.lang.bulk);
	assert_null(p.lang.bulk->next);
	assert_int_equal(count(pass_text(&p), "\nqn"), MANY + 1);
	pass_free(&p);
	free(two);
	free(src);
}

/* A name that cannot be one is told once, at its place. */
static void wrong_name(void **state)
{
	struct nx_buf elem = NX_BUF_INIT;
	struct pass p;
	char *src;

	(void)state;
	nx_buf_str(&elem, "\"h%d");
	nx_buf_char(&elem, 'x', 100);
	nx_buf_str(&elem, "\"");
	src = table("typeof quic sni", elem.p, NX_BULK_MIN, "");
	go(&p, src, true);
	assert_null(p.lang.bulk);
	assert_int_equal(p.lang.nerrs, NX_BULK_MIN);
	assert_int_equal(count(p.lang.errors.p, "f:5:"), 1);
	pass_free(&p);
	free(src);
	nx_buf_free(&elem);
}

static void warned_once(void **state)
{
	char *src = table("typeof quic sni", "\"h%d.example.com:443\"", MANY, "");
	struct pass p;

	(void)state;
	go(&p, src, true);
	assert_non_null(p.lang.bulk);
	assert_int_equal(count(p.lang.warnings.p, "Warning"), 1);
	pass_free(&p);
	free(src);
}

/* The library's message: @n elements named as the first ones of @b. */
static char space[1 << 16];

static struct nlmsghdr *message(const struct nx_bulk *b, size_t n, uint32_t mark, bool flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(space);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	struct nx_buf out = NX_BUF_INIT;
	struct nx_bulk_elem e;
	size_t list, elem, nest, at = 0;
	char key[64];

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM;
	nlh->nlmsg_seq = 7;
	nfg->nfgen_family = NFPROTO_INET;
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, "t");
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, "m");
	list = nx_attr_begin(&out, NFTA_SET_ELEM_LIST_ELEMENTS);
	while (n--) {
		assert_true(nx_bulk_next(b, &at, &e));
		memset(key, 0, sizeof(key));
		memcpy(key, e.name, e.len);
		elem = nx_attr_begin(&out, NFTA_LIST_ELEM);
		nest = nx_attr_begin(&out, NFTA_SET_ELEM_KEY);
		nx_attr_put(&out, NFTA_DATA_VALUE, key, b->width);
		nx_attr_end(&out, nest);
		if (b->data != NX_BULK_NONE) {
			nest = nx_attr_begin(&out, NFTA_SET_ELEM_DATA);
			nx_attr_put(&out, NFTA_DATA_VALUE, &mark, sizeof(mark));
			nx_attr_end(&out, nest);
		}
		if (flags)
			nx_attr_u32(&out, NFTA_SET_ELEM_FLAGS, 1);
		nx_attr_end(&out, elem);
	}
	nx_attr_end(&out, list);
	memcpy((char *)nlh + nlh->nlmsg_len, out.p, out.len);
	nlh->nlmsg_len += out.len;
	nx_buf_free(&out);
	return nlh;
}

/* Every element of @b but the first is in @out, in its order, with its number. */
static void same_elements(const struct nx_buf *out, const struct nx_bulk *b)
{
	const struct nlmsghdr *nlh = (const void *)out->p;
	const struct nlattr *list, *elem, *data;
	int left = (int)out->len;
	struct nx_bulk_elem e;
	size_t at = 0, n = 1;

	nx_bulk_next(b, &at, &e);
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		assert_true(nx_elems_are(nlh, b));
		assert_int_equal(nlh->nlmsg_seq, 7);
		list = mnl_nlmsg_get_payload_offset(nlh, sizeof(struct nfgenmsg));
		while (mnl_attr_get_type(list) != NFTA_SET_ELEM_LIST_ELEMENTS)
			list = mnl_attr_next(list);
		mnl_attr_for_each_nested(elem, list)
		{
			char key[64] = "";

			assert_true(nx_bulk_next(b, &at, &e));
			memcpy(key, e.name, e.len);
			data = mnl_attr_get_payload(nx_attr_find(elem, NFTA_SET_ELEM_KEY));
			assert_int_equal(mnl_attr_get_payload_len(data), b->width);
			assert_memory_equal(mnl_attr_get_payload(data), key, b->width);
			if (b->data == NX_BULK_MARK) {
				data = mnl_attr_get_payload(nx_attr_find(elem, NFTA_SET_ELEM_DATA));
				assert_memory_equal(mnl_attr_get_payload(data), &e.num, 4);
			}
			n++;
		}
	}
	assert_int_equal(left, 0);
	assert_int_equal(n, b->n);
}

static void joined(void **state)
{
	static const struct form forms[] = {
		{"typeof quic sni", "\"h%d.example.com\"", "", NX_BULK_NONE},
		{"typeof quic alpn", "\"p%d\"", "", NX_BULK_NONE},
		{"typeof quic sni : meta mark", "\"h%d.example.com\" : 70000%d", "", NX_BULK_MARK},
		{"typeof quic sni : ct id", "\"h%d.example.com\" : 5", "", NX_BULK_SAME},
	};
	struct nx_buf out = NX_BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char *src = table(forms[i].head, forms[i].elem, MANY, "");
		const struct nx_bulk *b;
		struct nlmsghdr *nlh;
		struct nx_bulk_elem e;
		struct pass p;
		size_t at = 0;

		go(&p, src, true);
		b = p.lang.bulk;
		nx_bulk_next(b, &at, &e);
		nlh = message(b, 1, e.num, false);
		assert_true(nx_elems_are(nlh, b));
		assert_int_equal(nx_elems_put(&out, nlh, b), 0);
		assert_true(b->width < 64 || out.len > 65536);
		same_elements(&out, b);
		nx_buf_reset(&out);
		/* two elements, another attribute, other data, another key */
		assert_int_equal(nx_elems_put(&out, message(b, 2, e.num, false), b), -EINVAL);
		assert_int_equal(nx_elems_put(&out, message(b, 1, e.num, true), b), -EINVAL);
		assert_int_equal(nx_elems_put(&out, message(b, 0, e.num, false), b), -EINVAL);
		if (b->data == NX_BULK_MARK)
			assert_int_equal(nx_elems_put(&out, message(b, 1, ~e.num, false), b),
					 -EINVAL);
		nlh = message(b, 1, e.num, false);
		((char *)nlh)[nlh->nlmsg_len - (b->data == NX_BULK_NONE ? 4 : 16)] ^= 1;
		assert_int_equal(nx_elems_put(&out, nlh, b), -EINVAL);
		assert_int_equal(out.len, 0);
		/* another set, table, family, message */
		nlh = message(b, 1, e.num, false);
		((struct nfgenmsg *)mnl_nlmsg_get_payload(nlh))->nfgen_family = NFPROTO_IPV4;
		assert_false(nx_elems_are(nlh, b));
		nlh = message(b, 1, e.num, false);
		nlh->nlmsg_type++;
		assert_false(nx_elems_are(nlh, b));
		nlh = message(b, 1, e.num, false);
		*(char *)memchr((char *)nlh + 20, 'm', 20) = 'n';
		assert_false(nx_elems_are(nlh, b));
		pass_free(&p);
		free(src);
	}
	nx_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(simple),     cmocka_unit_test(others),
		cmocka_unit_test(wrong_name), cmocka_unit_test(warned_once),
		cmocka_unit_test(joined),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
