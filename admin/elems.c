// SPDX-License-Identifier: GPL-2.0-or-later
#include "elems.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

/* NFTA_SET_COUNT, which older headers do not have */
#define SET_COUNT 20

struct reading {
	const struct na_set *set;
	json_t *list;
};

static bool is(const json_t *j, const char *word)
{
	return json_is_string(j) && !strcmp(json_string_value(j), word);
}

enum na_part na_elems_part(const json_t *type)
{
	const json_t *quic, *payload, *field, *proto;

	if (is(type, "inet_service"))
		return NA_PART_PORT;
	if (is(type, "ipv4_addr"))
		return NA_PART_IP4;
	if (is(type, "ipv6_addr"))
		return NA_PART_IP6;
	quic = json_object_get(json_object_get(type, "quic"), "key");
	if (is(quic, "sni") || is(quic, "alpn"))
		return NA_PART_NAME;
	payload = json_object_get(type, "payload");
	field = json_object_get(payload, "field");
	proto = json_object_get(payload, "protocol");
	if (is(field, "dport") || is(field, "sport"))
		return NA_PART_PORT;
	if (is(field, "daddr") || is(field, "saddr"))
		return is(proto, "ip6")	 ? NA_PART_IP6
		       : is(proto, "ip") ? NA_PART_IP4
					 : NA_PART_OTHER;
	return NA_PART_OTHER;
}

static json_t *part_value(enum na_part part, const unsigned char *data, size_t len)
{
	char text[INET6_ADDRSTRLEN];

	switch (part) {
	case NA_PART_NAME:
		while (len && !data[len - 1])
			len--;
		return json_stringn_nocheck((const char *)data, len);
	case NA_PART_PORT:
		return len >= 2 ? json_integer(data[0] << 8 | data[1]) : json_null();
	case NA_PART_IP4:
	case NA_PART_IP6:
		if (len < (part == NA_PART_IP4 ? 4 : 16))
			return json_null();
		inet_ntop(part == NA_PART_IP4 ? AF_INET : AF_INET6, data, text, sizeof(text));
		return json_string(text);
	default:
		return json_null();
	}
}

json_t *na_elems_value(const json_t *type, const unsigned char *data, size_t len)
{
	static const size_t width[] = {[NA_PART_PORT] = 4, [NA_PART_IP4] = 4, [NA_PART_IP6] = 16};
	const json_t *inner = json_object_get(type, "typeof"), *parts, *v;
	json_t *out;
	size_t i;

	if (inner)
		type = inner;
	parts = json_is_array(type) ? type : json_object_get(type, "concat");
	if (!parts)
		return na_need(part_value(na_elems_part(type), data, len));
	out = na_need(json_array());
	json_array_foreach(parts, i, v)
	{
		enum na_part part = na_elems_part(v);

		if (part < NA_PART_PORT || len < width[part]) {
			json_decref(out);
			return json_null();
		}
		json_array_append_new(out, part_value(part, data, width[part]));
		data += width[part];
		len -= width[part];
	}
	return na_need(json_pack("{so}", "concat", out));
}

json_t *na_elems_verdict(int code, const char *chain)
{
	switch (code) {
	case NF_ACCEPT:
		return json_pack("{sn}", "accept");
	case NF_DROP:
		return json_pack("{sn}", "drop");
	case NFT_RETURN:
		return json_pack("{sn}", "return");
	case NFT_CONTINUE:
		return json_pack("{sn}", "continue");
	case NFT_JUMP:
	case NFT_GOTO:
		return chain ? json_pack("{s{ss}}", code == NFT_JUMP ? "jump" : "goto", "target",
					 chain)
			     : json_null();
	default:
		return json_null();
	}
}

static json_t *verdict_of(const struct nlattr *verdict)
{
	const struct nlattr *v;
	const char *chain = NULL;
	int code = NF_STOP; /* which no map has */

	mnl_attr_for_each_nested(v, verdict)
	{
		if (mnl_attr_get_type(v) == NFTA_VERDICT_CODE)
			code = (int)ntohl(mnl_attr_get_u32(v));
		else if (mnl_attr_get_type(v) == NFTA_VERDICT_CHAIN)
			chain = mnl_attr_get_str(v);
	}
	return na_need(na_elems_verdict(code, chain));
}

static json_t *value_of(const struct nlattr *attr, const json_t *type)
{
	const struct nlattr *v;

	mnl_attr_for_each_nested(v, attr)
	{
		if (mnl_attr_get_type(v) == NFTA_DATA_VERDICT)
			return verdict_of(v);
		if (mnl_attr_get_type(v) == NFTA_DATA_VALUE)
			return na_elems_value(type, mnl_attr_get_payload(v),
					      mnl_attr_get_payload_len(v));
	}
	return json_null();
}

static void element(struct reading *r, const struct nlattr *elem)
{
	json_t *key = NULL, *data = NULL;
	const struct nlattr *a;
	bool expires = false;

	mnl_attr_for_each_nested(a, elem)
	{
		switch (mnl_attr_get_type(a)) {
		case NFTA_SET_ELEM_FLAGS:
			/* the end of an interval is no element */
			if (!(ntohl(mnl_attr_get_u32(a)) & NFT_SET_ELEM_INTERVAL_END))
				break;
			json_decref(key);
			json_decref(data);
			return;
		case NFTA_SET_ELEM_TIMEOUT:
		case NFTA_SET_ELEM_EXPIRATION:
			expires = true;
			break;
		case NFTA_SET_ELEM_KEY:
			key = value_of(a, r->set->type);
			break;
		case NFTA_SET_ELEM_DATA:
			data = value_of(a, r->set->data);
			break;
		}
	}
	if (!key)
		key = json_null();
	if (expires)
		key = na_need(json_pack("{s{so, sb}}", "elem", "val", key, "expires", true));
	if (r->set->data)
		key = na_need(json_pack("[oo]", key, data ? data : json_null()));
	json_array_append_new(r->list, key);
}

static int message(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a, *e;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) if (mnl_attr_get_type(a) ==
							       NFTA_SET_ELEM_LIST_ELEMENTS)
		mnl_attr_for_each_nested(e, a) element(arg, e);
	return MNL_CB_OK;
}

static int family_of(const char *name)
{
	return !strcmp(name, "ip")	 ? NFPROTO_IPV4
	       : !strcmp(name, "ip6")	 ? NFPROTO_IPV6
	       : !strcmp(name, "inet")	 ? NFPROTO_INET
	       : !strcmp(name, "arp")	 ? NFPROTO_ARP
	       : !strcmp(name, "bridge") ? NFPROTO_BRIDGE
					 : NFPROTO_NETDEV;
}

/* Of a set and of its elements, table and name have the same attributes. */
static struct mnl_socket *ask(const struct na_set *set, uint16_t type, uint16_t flags,
			      unsigned int seq)
{
	struct mnl_socket *sock = mnl_socket_open(NETLINK_NETFILTER);
	char buf[1024];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = seq;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = (uint8_t)family_of(set->family);
	nfg->version = NFNETLINK_V0;
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, set->table);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set->name);
	if (sock && mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) > 0)
		return sock;
	if (sock)
		mnl_socket_close(sock);
	return NULL;
}

json_t *na_elems_read(const struct na_set *set, size_t most, bool *whole)
{
	struct reading r = {.set = set, .list = na_need(json_array())};
	unsigned int seq = (unsigned int)time(NULL);
	struct mnl_socket *sock = ask(set, NFT_MSG_GETSETELEM, NLM_F_DUMP, seq);
	size_t room = 1 << 17;
	char *buf = na_need(malloc(room));
	ssize_t n;
	int rc = sock ? MNL_CB_OK : MNL_CB_ERROR;
	bool enough = false;

	while (rc > MNL_CB_STOP && !enough) {
		/* once more after the last that is wanted: that may be the end */
		enough = most && json_array_size(r.list) > most;
		n = mnl_socket_recvfrom(sock, buf, room);
		rc = n < 0 ? MNL_CB_ERROR
			   : mnl_cb_run(buf, (size_t)n, seq, mnl_socket_get_portid(sock), message,
					&r);
	}
	if (sock)
		mnl_socket_close(sock);
	free(buf);
	*whole = rc == MNL_CB_STOP;
	if (rc >= MNL_CB_STOP)
		return r.list;
	json_decref(r.list);
	return NULL;
}

static int count_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a;
	json_int_t *n = arg;

	mnl_attr_for_each(a, nlh,
			  sizeof(struct nfgenmsg)) if (mnl_attr_get_type(a) == SET_COUNT &&
						       mnl_attr_get_payload_len(a) == 4) *n =
		ntohl(mnl_attr_get_u32(a));
	return MNL_CB_STOP;
}

json_int_t na_elems_count(const struct na_set *set)
{
	unsigned int seq = (unsigned int)time(NULL);
	struct mnl_socket *sock = ask(set, NFT_MSG_GETSET, 0, seq);
	char buf[1 << 14];
	json_int_t n = -1;
	ssize_t len;

	if (!sock)
		return -1;
	len = mnl_socket_recvfrom(sock, buf, sizeof(buf));
	if (len > 0)
		mnl_cb_run(buf, (size_t)len, seq, mnl_socket_get_portid(sock), count_message, &n);
	mnl_socket_close(sock);
	return n;
}
