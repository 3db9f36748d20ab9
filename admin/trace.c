// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

#define IP4_LEN 20
#define IP6_LEN 40
#define IDS	1024
#define BUFFER	(4 << 20)
/* Nobody waits for longer, whatever comes. */
#define MOST_MS 20000

/* Headers come with the first event of each base chain, and the ID of a packet's place in memory
 * with all: the number in the header says to whom the ID belongs from then on. */
struct na_trace {
	const struct na_ruleset *rs;
	struct na_trail *trails;
	size_t n;
	struct mnl_socket *sock;
	struct known {
		uint32_t id;
		size_t number; /* 0: nobody's */
		struct qi_tuple tuple;
		int iif, oif;
	} ids[IDS];
	size_t next_id;
};

struct na_trace *na_trace_open(const struct na_ruleset *rs, struct na_trail *trails, size_t n)
{
	struct na_trace *t = na_need(calloc(1, sizeof(*t)));
	int group = NFNLGRP_NFTRACE, size = BUFFER;

	t->rs = rs;
	t->trails = trails;
	t->n = n;
	t->sock = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (t->sock && mnl_socket_bind(t->sock, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_setsockopt(t->sock, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0) {
		setsockopt(mnl_socket_get_fd(t->sock), SOL_SOCKET, SO_RCVBUFFORCE, &size,
			   sizeof(size));
		return t;
	}
	na_trace_close(t);
	return NULL;
}

void na_trace_close(struct na_trace *t)
{
	if (t->sock)
		mnl_socket_close(t->sock);
	free(t);
}

void na_trail_free(struct na_trail *trail)
{
	for (size_t i = 0; i < trail->n; i++)
		free(trail->step[i].target);
	free(trail->step);
}

static uint16_t get16(const unsigned char *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* The number of a datagram of ours, 0 of others. */
static size_t read_network(const struct nlattr *a, struct qi_tuple *t)
{
	const unsigned char *p = mnl_attr_get_payload(a);
	size_t len = mnl_attr_get_payload_len(a);

	*t = (struct qi_tuple){0};
	if (len >= IP4_LEN && p[0] >> 4 == 4) {
		t->net = QI_NET_IPV4;
		memcpy(t->src, p + 12, 4);
		memcpy(t->dst, p + 16, 4);
		return p[9] == IPPROTO_UDP ? get16(p + 4) : 0;
	}
	if (len >= IP6_LEN && p[0] >> 4 == 6) {
		t->net = QI_NET_IPV6;
		memcpy(t->src, p + 8, 16);
		memcpy(t->dst, p + 24, 16);
		return p[6] == IPPROTO_UDP ? get16(p + 2) : 0;
	}
	return 0;
}

static void take_headers(const struct nlattr *const tb[], struct known *k)
{
	const struct nlattr *transport = tb[NFTA_TRACE_TRANSPORT_HEADER];
	const unsigned char *p;

	k->number = read_network(tb[NFTA_TRACE_NETWORK_HEADER], &k->tuple);
	if (transport && mnl_attr_get_payload_len(transport) >= 4) {
		p = mnl_attr_get_payload(transport);
		k->tuple.sport = get16(p);
		k->tuple.dport = get16(p + 2);
	}
	k->iif = tb[NFTA_TRACE_IIF] ? (int)ntohl(mnl_attr_get_u32(tb[NFTA_TRACE_IIF])) : 0;
	k->oif = tb[NFTA_TRACE_OIF] ? (int)ntohl(mnl_attr_get_u32(tb[NFTA_TRACE_OIF])) : 0;
}

static struct known *known_by(struct na_trace *t, uint32_t id, bool make)
{
	struct known *k;

	for (size_t i = 0; i < IDS; i++)
		if (t->ids[i].id == id && t->ids[i].number)
			return &t->ids[i];
	if (!make)
		return NULL;
	k = &t->ids[t->next_id++ % IDS];
	*k = (struct known){.id = id};
	return k;
}

static const char *family_name(int family)
{
	switch (family) {
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_NETDEV:
		return "netdev";
	case NFPROTO_BRIDGE:
		return "bridge";
	default:
		return "";
	}
}

static const struct na_chain *find_chain(const struct na_ruleset *rs, const char *family,
					 const char *table, const char *chain)
{
	struct na_chain of = {.family = family, .table = table};

	return na_ruleset_chain(rs, &of, chain);
}

static const struct na_rule *find_rule(const struct na_ruleset *rs, const struct na_chain *chain,
				       uint64_t handle)
{
	for (size_t i = 0; i < rs->n_rules; i++)
		if (rs->rule[i].chain == chain && (uint64_t)rs->rule[i].handle == handle)
			return &rs->rule[i];
	return NULL;
}

static void read_verdict(const struct nlattr *const tb[], struct na_step *step)
{
	const struct nlattr *a;

	if (tb[NFTA_TRACE_POLICY])
		step->code = (int)ntohl(mnl_attr_get_u32(tb[NFTA_TRACE_POLICY]));
	if (!tb[NFTA_TRACE_VERDICT])
		return;
	mnl_attr_for_each_nested(a, tb[NFTA_TRACE_VERDICT])
	{
		if (mnl_attr_get_type(a) == NFTA_VERDICT_CODE)
			step->code = (int)ntohl(mnl_attr_get_u32(a));
		else if (mnl_attr_get_type(a) == NFTA_VERDICT_CHAIN)
			step->target = na_printf("%s", mnl_attr_get_str(a));
	}
}

static int event(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[NFTA_TRACE_MAX + 1] = {0}, *a;
	struct na_trace *t = arg;
	struct na_trail *trail;
	struct na_step step = {0};
	struct known *k;
	uint32_t type;

	if (nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE))
		return MNL_CB_OK;
	mnl_attr_for_each(a, nlh, sizeof(*nfg)) if (mnl_attr_get_type(a) <= NFTA_TRACE_MAX)
		tb[mnl_attr_get_type(a)] = a;
	if (!tb[NFTA_TRACE_ID] || !tb[NFTA_TRACE_TYPE] || !tb[NFTA_TRACE_TABLE] ||
	    !tb[NFTA_TRACE_CHAIN])
		return MNL_CB_OK;
	k = known_by(t, mnl_attr_get_u32(tb[NFTA_TRACE_ID]), tb[NFTA_TRACE_NETWORK_HEADER]);
	if (k && tb[NFTA_TRACE_NETWORK_HEADER])
		take_headers(tb, k);
	if (!k || !k->number || k->number > t->n)
		return MNL_CB_OK;
	step.chain = find_chain(t->rs, family_name(nfg->nfgen_family),
				mnl_attr_get_str(tb[NFTA_TRACE_TABLE]),
				mnl_attr_get_str(tb[NFTA_TRACE_CHAIN]));
	if (!step.chain)
		return MNL_CB_OK;
	type = ntohl(mnl_attr_get_u32(tb[NFTA_TRACE_TYPE]));
	step.type = type == NFT_TRACETYPE_POLICY   ? NA_STEP_POLICY
		    : type == NFT_TRACETYPE_RETURN ? NA_STEP_RETURN
						   : NA_STEP_RULE;
	if (tb[NFTA_TRACE_RULE_HANDLE])
		step.rule = find_rule(t->rs, step.chain,
				      be64toh(mnl_attr_get_u64(tb[NFTA_TRACE_RULE_HANDLE])));
	read_verdict(tb, &step);
	/* the end of a chain, which a policy or the caller's next rule follows */
	if (!step.rule && step.type != NA_STEP_POLICY && step.code == NFT_CONTINUE)
		return MNL_CB_OK;
	step.tuple = k->tuple;
	step.iif = k->iif;
	step.oif = k->oif;
	trail = &t->trails[k->number - 1];
	trail->step = na_need(realloc(trail->step, (trail->n + 1) * sizeof(*trail->step)));
	trail->step[trail->n++] = step;
	return MNL_CB_OK;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

bool na_trace_wait(struct na_trace *t, bool (*over)(const struct na_trail *trails, size_t n),
		   int silent_ms)
{
	struct pollfd p = {.fd = mnl_socket_get_fd(t->sock), .events = POLLIN};
	long long end = now_ms() + MOST_MS;
	static char buf[1 << 17];
	bool whole = true;
	ssize_t n;

	while (now_ms() < end &&
	       poll(&p, 1, over(t->trails, t->n) && silent_ms > 100 ? 100 : silent_ms) > 0) {
		n = mnl_socket_recvfrom(t->sock, buf, sizeof(buf));
		if (n < 0 && errno != ENOBUFS)
			return false;
		whole &= n >= 0;
		if (n > 0)
			mnl_cb_run(buf, (size_t)n, 0, 0, event, t);
	}
	return whole;
}
