// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the kernel's state: the rules of a chain, expression by expression, and the elements
 * of the anonymous sets that they use. It reads netlink itself, since it is to prove what
 * the facade makes of it.
 *
 *	dump FAMILY TABLE [CHAIN | set NAME]
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "nft_quic.h"

static const char *const key_names[] = {"alpn", "sni", "type",	"sni48",     "version", "dcid",
					"scid", "ech", "hello", "server-id", "state"};
static const char *table, *want_chain;
static int family;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static const struct nlattr *find(const struct nlattr *nest, int type)
{
	const struct nlattr *a;

	if (nest) {
		mnl_attr_for_each_nested(a, nest)
		{
			if (mnl_attr_get_type(a) == type)
				return a;
		}
	}
	return NULL;
}

/* Bytes: a string in quotes if they print, else hex; the padding as a count. */
static void bytes(const struct nlattr *a)
{
	const unsigned char *p = mnl_attr_get_payload(a);
	unsigned int len = mnl_attr_get_payload_len(a), n = len, printable = len > 4;

	while (n && !p[n - 1] && len > 4)
		n--;
	for (unsigned int i = 0; i < n; i++)
		printable &= isprint(p[i]) && p[i] != '"';
	if (printable && n) {
		printf("\"%.*s\"", (int)n, p);
	} else {
		printf("0x");
		for (unsigned int i = 0; i < n; i++)
			printf("%02x", p[i]);
	}
	if (n < len)
		printf("+%u", len - n);
}

static void raw(const struct nlattr *a)
{
	const unsigned char *p = mnl_attr_get_payload(a);

	for (unsigned int i = 0; i < mnl_attr_get_payload_len(a); i++)
		printf("%02x", p[i]);
}

static unsigned int number(const struct nlattr *a)
{
	return a ? ntohl(mnl_attr_get_u32(a)) : 0;
}

static void quic(const struct nlattr *data)
{
	const struct nlattr *lit = find(data, NFTA_QUIC_DATA), *dreg = find(data, NFTA_QUIC_DREG);
	const struct nlattr *length = find(data, NFTA_QUIC_LEN);
	unsigned int key = number(find(data, NFTA_QUIC_KEY));
	unsigned int flags = number(find(data, NFTA_QUIC_FLAGS));
	const char *name = key <= NFT_QUIC_KEY_MAX ? key_names[key] : "?";

	if (lit) {
		const unsigned char *p = mnl_attr_get_payload(lit);
		unsigned int len = mnl_attr_get_payload_len(lit), printable = len > 0;

		for (unsigned int i = 0; i < len; i++)
			printable &= isprint(p[i]) && p[i] != '"';
		printf("  [ quic %s %s ", name, flags & NFT_QUIC_F_INVERT ? "!=" : "==");
		if (printable) {
			printf("\"%.*s\" ]\n", (int)len, p);
		} else {
			printf("0x");
			raw(lit);
			printf(" ]\n");
		}
	} else {
		printf("  [ quic load %s", name);
		if (length)
			printf(" %ub", number(length));
		printf(" => reg %u%s ]\n", number(dreg), flags ? " with flags" : "");
	}
}

static void elements(const char *set);

/* Bytes as words of this machine's order. */
static void words(const uint8_t *value, uint32_t len)
{
	uint32_t word, i, n;

	for (i = 0; i < len; i += sizeof(word)) {
		n = len - i < sizeof(word) ? len - i : sizeof(word);
		word = 0;
		memcpy(&word, value + i, n);
		printf(" 0x%08x", word);
	}
}

/*
 * A line of libnftnl's with the value of a comparison, an immediate or a mask in one form, words of
 * this machine's order: libnftnl before 1.3 printed these, later ones print bytes.
 */
static void put_line(const char *line, const struct nftnl_expr *expr)
{
	const char *type = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), *end = strstr(line, " 0x");
	const uint8_t *value = NULL, *mask = NULL;
	uint32_t len = 0, mask_len = 0;

	if (end && !strcmp(type, "cmp")) {
		value = nftnl_expr_get(expr, NFTNL_EXPR_CMP_DATA, &len);
	} else if (end && !strcmp(type, "immediate")) {
		value = nftnl_expr_get(expr, NFTNL_EXPR_IMM_DATA, &len);
	} else if (end && !strcmp(type, "bitwise")) {
		mask = nftnl_expr_get(expr, NFTNL_EXPR_BITWISE_MASK, &mask_len);
		value = nftnl_expr_get(expr, NFTNL_EXPR_BITWISE_XOR, &len);
	}
	if (!value) {
		printf("  %s\n", line);
		return;
	}
	printf("  %.*s", (int)(end - line), line);
	if (mask) {
		words(mask, mask_len);
		printf(" ) ^");
	}
	words(value, len);
	printf(" ]\n");
}

/* libnftnl's text for one stock expression. */
static void stock(const struct nlattr *elem)
{
	char msg[65536], text[65536], *line, *save;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(msg);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	const struct nlattr *data = find(elem, NFTA_EXPR_DATA), *name;
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct nftnl_expr_iter *iter;
	struct nftnl_expr *expr;
	struct nlattr *nest;

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE;
	nfg->nfgen_family = family;
	nest = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	mnl_attr_put(nlh, elem->nla_type, mnl_attr_get_payload_len(elem),
		     mnl_attr_get_payload(elem));
	mnl_attr_nest_end(nlh, nest);
	if (!rule || nftnl_rule_nlmsg_parse(nlh, rule) < 0)
		die("rule");
	nftnl_rule_snprintf(text, sizeof(text), rule, NFTNL_OUTPUT_DEFAULT, 0);
	iter = nftnl_expr_iter_create(rule);
	expr = iter ? nftnl_expr_iter_next(iter) : NULL;
	if (!expr)
		die("expression");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		while (*line == ' ')
			line++;
		if (*line == '[')
			put_line(line, expr);
	}
	nftnl_expr_iter_destroy(iter);
	nftnl_rule_free(rule);
	name = find(elem, NFTA_EXPR_NAME);
	if (name && !strcmp(mnl_attr_get_str(name), "lookup")) {
		const struct nlattr *set = find(data, NFTA_LOOKUP_SET);

		if (set && !strncmp(mnl_attr_get_str(set), "__", 2))
			elements(mnl_attr_get_str(set));
	}
}

static int rule_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a, *elem, *exprs = NULL;
	const char *chain = "", *in = "";

	(void)arg;
	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(a) == NFTA_RULE_EXPRESSIONS)
			exprs = a;
		else if (mnl_attr_get_type(a) == NFTA_RULE_CHAIN)
			chain = mnl_attr_get_str(a);
		else if (mnl_attr_get_type(a) == NFTA_RULE_TABLE)
			in = mnl_attr_get_str(a);
	}
	if (strcmp(in, table) || (want_chain && strcmp(chain, want_chain)) || !exprs)
		return MNL_CB_OK;
	printf("%s\n", chain);
	mnl_attr_for_each_nested(elem, exprs)
	{
		if (!strcmp(mnl_attr_get_str(find(elem, NFTA_EXPR_NAME)), "quic"))
			quic(find(elem, NFTA_EXPR_DATA));
		else
			stock(elem);
	}
	return MNL_CB_OK;
}

static int verdict(const struct nlattr *v)
{
	const struct nlattr *chain = find(v, NFTA_VERDICT_CHAIN);
	int code = (int)number(find(v, NFTA_VERDICT_CODE));

	return printf("%d%s%s", code, chain ? " " : "", chain ? mnl_attr_get_str(chain) : "");
}

static int elem_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a, *e, *key, *data, *ud;

	(void)arg;
	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(a) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(e, a)
		{
			key = find(find(e, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);
			data = find(e, NFTA_SET_ELEM_DATA);
			ud = find(e, NFTA_SET_ELEM_USERDATA);
			printf("    element ");
			if (key)
				bytes(key);
			else
				printf("*");
			if (data && find(data, NFTA_DATA_VALUE)) {
				printf(" : ");
				bytes(find(data, NFTA_DATA_VALUE));
			} else if (data) {
				printf(" : ");
				verdict(find(data, NFTA_DATA_VERDICT));
			}
			if (ud) {
				printf(" userdata ");
				raw(ud);
			}
			printf("\n");
		}
	}
	return MNL_CB_OK;
}

static void ask(int type, const char *set, mnl_cb_t cb)
{
	char buf[65536];
	struct mnl_socket *nl = mnl_socket_open(NETLINK_NETFILTER);
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	int seq = time(NULL), n = 1;

	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		die("socket");
	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = seq;
	nfg->nfgen_family = family;
	mnl_attr_put_strz(nlh, set ? NFTA_SET_ELEM_LIST_TABLE : NFTA_RULE_TABLE, table);
	if (set)
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		die("send");
	while (n > 0) {
		ssize_t len = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		n = len < 0 ? -1 : mnl_cb_run(buf, len, seq, mnl_socket_get_portid(nl), cb, NULL);
	}
	if (n < 0)
		die("dump");
	mnl_socket_close(nl);
}

static void elements(const char *set)
{
	fflush(stdout);
	ask(NFT_MSG_GETSETELEM, set, elem_cb);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int num;
	} families[] = {{"ip", NFPROTO_IPV4},	    {"ip6", NFPROTO_IPV6},
			{"inet", NFPROTO_INET},	    {"bridge", NFPROTO_BRIDGE},
			{"netdev", NFPROTO_NETDEV}, {"arp", NFPROTO_ARP}};

	for (size_t i = 0; argc > 2 && i < sizeof(families) / sizeof(families[0]); i++) {
		if (!strcmp(argv[1], families[i].name))
			family = families[i].num;
	}
	if (!family) {
		fprintf(stderr, "usage: dump FAMILY TABLE [CHAIN | set NAME]\n");
		return 2;
	}
	table = argv[2];
	if (argc > 4 && !strcmp(argv[3], "set")) {
		ask(NFT_MSG_GETSETELEM, argv[4], elem_cb);
		return 0;
	}
	want_chain = argc > 3 ? argv[3] : NULL;
	ask(NFT_MSG_GETRULE, NULL, rule_cb);
	return 0;
}
